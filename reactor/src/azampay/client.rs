//! The client: each call once, and what its answer means.
//!
//! Connections are not kept: one that the other side has closed meanwhile would make a checkout unknown that never left. An
//! answer is read to [`LONGEST`] at most.

use std::sync::Arc;
use std::time::Duration;

use domain::event::Provider;
use domain::phone::Phone;
use domain::{Money, Time};
use edge::Clock;
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::token::{self, Held, Token};
use super::{AzamPaySettings, Inquiry, KeyError, PublicKey, Reply, Standing, reply, wallet};
use crate::error::ReactorError;

/// How long a token, an inquiry and a key may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// The longest answer that is read, in bytes.
const LONGEST: usize = 64 * 1_024;

/// Money to be asked of somebody.
#[derive(Debug, Clone, Copy)]
pub struct Collection<'a> {
    /// Whom.
    pub payer: &'a Phone,
    /// At which wallet.
    pub provider: Provider,
    /// How much.
    pub amount: Money,
    /// Our reference.
    pub external_id: &'a str,
}

/// Money to be paid to somebody.
#[derive(Debug, Clone, Copy)]
pub struct PayOut<'a> {
    /// Whom.
    pub to: &'a Phone,
    /// To which wallet.
    pub provider: Provider,
    /// How much.
    pub amount: Money,
    /// Our reference, at most 30 characters; the same on every attempt.
    pub reference: &'a str,
}

/// How a pay-out is named when it is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayOutName<'a> {
    /// By AzamPay's own reference.
    Theirs(&'a str),
    /// By the reference that we gave it: where no answer told theirs.
    Ours(&'a str),
}

impl<'a> PayOutName<'a> {
    /// The best name there is.
    #[must_use]
    pub fn of(theirs: Option<&'a str>, ours: Option<&'a str>) -> Self {
        theirs.map_or(Self::Ours(ours.unwrap_or_default()), Self::Theirs)
    }
}

/// AzamPay.
pub struct AzamPay {
    http: reqwest::Client,
    settings: AzamPaySettings,
    clock: Arc<dyn Clock>,
    token: Held,
    /// The key that was fetched, where none is configured.
    fetched: Mutex<Option<PublicKey>>,
}

impl std::fmt::Debug for AzamPay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AzamPay").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// An answer that was read to its end.
type Answered = (u16, Vec<u8>);

/// Why there is no answer.
enum Silence {
    /// Nothing was sent.
    Unsent(String),
    /// It was sent, or may have been.
    Lost(String),
}

impl Silence {
    fn why(self) -> String {
        match self {
            Self::Unsent(why) | Self::Lost(why) => why,
        }
    }
}

impl AzamPay {
    /// Speaks to AzamPay with this account.
    ///
    /// # Errors
    /// The HTTP client cannot be made.
    pub fn new(settings: AzamPaySettings, clock: Arc<dyn Clock>) -> Result<Self, ReactorError> {
        let http = reqwest::Client::builder()
            .pool_max_idle_per_host(0)
            // A repeat by the client would be a second prompt.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .build()
            .map_err(ReactorError::Client)?;
        Ok(Self { http, settings, clock, token: Held::default(), fetched: Mutex::default() })
    }

    /// How it is used.
    #[must_use]
    pub const fn settings(&self) -> &AzamPaySettings {
        &self.settings
    }

    /// Asks somebody for money: their phone shows a prompt.
    pub async fn collect(&self, asked: Collection<'_>) -> Reply {
        let url = format!("{}/azampay/mno/checkout", self.settings.checkout_url);
        let body = json!({
            "accountNumber": asked.payer.as_str().trim_start_matches('+'),
            "amount": asked.amount,
            "currency": "TZS",
            "externalId": asked.external_id,
            "provider": wallet::checkout_name(asked.provider),
            "additionalProperties": {},
        });
        match self.let_in(|| self.http.post(&url).json(&body).timeout(self.settings.patience)).await {
            Ok((status, body)) => reply::of_checkout(status, &body),
            Err(silence) => silent(silence),
        }
    }

    /// Pays somebody. The same reference on every attempt: the provider takes it in once.
    pub async fn pay_out(&self, paid: PayOut<'_>) -> Reply {
        let body = match self.disbursement(paid, self.clock.now()) {
            Ok(body) => body,
            Err(why) => return Reply::NotSent { why },
        };
        let url = format!("{}/api/v1/azampay/disburse", self.settings.disburse_url);
        match self.let_in(|| self.http.post(&url).json(&body).timeout(self.settings.patience)).await {
            Ok((status, body)) => reply::of_pay_out(status, &body),
            Err(silence) => silent(silence),
        }
    }

    fn disbursement(&self, paid: PayOut<'_>, now: Time) -> Result<Value, String> {
        let source = self.settings.source.as_ref().ok_or("no account to pay from is configured")?;
        let bank = wallet::bank_name(paid.provider).ok_or("nothing can be paid out to this wallet")?;
        let (to, epoch) = (paid.to.as_str().trim_start_matches('+'), now.timestamp());
        let mut body = json!({
            "source": party(&source.name, &source.bank, &source.account),
            "destination": party("ChajiPoa customer", bank, to),
            "transferDetails": {"type": "USSD", "amount": paid.amount, "dateInEpoch": epoch},
            "externalReferenceId": paid.reference,
            "additionalProperties": {},
            "remarks": "ChajiPoa",
        });
        if let (Some(key), Some(object)) = (&self.settings.checksum_key, body.as_object_mut()) {
            let shillings = paid.amount.shillings();
            let fields = format!("{}{to}TZS{shillings}{epoch}{}", source.account, paid.reference);
            let sum =
                key.checksum(&fields, self.clock.as_ref()).map_err(|error: KeyError| error.to_string())?;
            object.insert("checksum".to_owned(), Value::String(sum));
        }
        Ok(body)
    }

    /// What became of a collection; nothing where no inquiry is configured.
    pub async fn standing_of_collection(&self, transaction_id: &str, provider: Provider) -> Option<Standing> {
        match self.settings.inquiry {
            Inquiry::Off => None,
            Inquiry::Partner => {
                let url = format!("{}/api/v1/partner/gettransactionstatus", self.settings.checkout_url);
                let name = wallet::checkout_name(provider);
                Some(self.inquire(url, [("transactionId", transaction_id), ("provider", name)]).await)
            }
            Inquiry::Disbursement => {
                Some(self.of_reference(PayOutName::Theirs(transaction_id), provider).await)
            }
        }
    }

    /// What became of a pay-out; nothing where no inquiry is configured.
    pub async fn standing_of_pay_out(&self, name: PayOutName<'_>, provider: Provider) -> Option<Standing> {
        match self.settings.inquiry {
            Inquiry::Off => None,
            Inquiry::Partner | Inquiry::Disbursement => Some(self.of_reference(name, provider).await),
        }
    }

    async fn of_reference(&self, name: PayOutName<'_>, provider: Provider) -> Standing {
        let url = format!("{}/api/v1/azampay/transactionstatus", self.settings.disburse_url);
        let bank = wallet::bank_name(provider).unwrap_or_else(|| provider.as_str());
        let named = match name {
            PayOutName::Theirs(reference) => ("pgReferenceId", reference),
            PayOutName::Ours(reference) => ("externalId", reference),
        };
        self.inquire(url, [named, ("bankName", bank)]).await
    }

    async fn inquire(&self, url: String, query: [(&str, &str); 2]) -> Standing {
        let query = serde_urlencoded::to_string(query).unwrap_or_default();
        let url = format!("{url}?{query}");
        match self.let_in(|| self.http.get(&url).timeout(PATIENCE)).await {
            Ok((status, body)) => reply::of_inquiry(status, &body),
            Err(silence) => Standing::Unknown { why: silence.why() },
        }
    }

    /// The key of signed callbacks: the configured one, else AzamPay's own, fetched once.
    ///
    /// # Errors
    /// It is not to be had now; the words say why.
    pub async fn callback_key(&self) -> Result<PublicKey, String> {
        if let Some(key) = &self.settings.callback_key {
            return Ok(key.clone());
        }
        let mut fetched = self.fetched.lock().await;
        if let Some(key) = &*fetched {
            return Ok(key.clone());
        }
        let url = format!("{}/azampay/v1/public-key?format=Pem", self.settings.checkout_url);
        let answer = self.let_in(|| self.http.get(&url).timeout(PATIENCE)).await;
        let (status, body) = answer.map_err(Silence::why)?;
        let text = String::from_utf8_lossy(&body);
        let key = PublicKey::parse(&text).map_err(|error| format!("no key, {status}: {error}"))?;
        Ok(fetched.insert(key).clone())
    }

    /// Sends with a token; once more with a new one if that was refused. No other answer is followed by a repeat.
    async fn let_in(&self, request: impl Fn() -> RequestBuilder) -> Result<Answered, Silence> {
        let token = self.token(None).await?;
        match said(request().bearer_auth(&token)).await {
            Ok((401, _)) => {
                let token = self.token(Some(&token)).await?;
                said(request().bearer_auth(&token)).await
            }
            other => other,
        }
    }

    async fn token(&self, spoilt: Option<&str>) -> Result<String, Silence> {
        let token = self.token.get(self.clock.now(), spoilt, async || self.ask_for_token().await).await;
        token.map_err(Silence::Unsent)
    }

    async fn ask_for_token(&self) -> Result<Token, String> {
        let AzamPaySettings { app_name, client_id, client_secret, .. } = &self.settings;
        let url = format!("{}/AppRegistration/GenerateToken", self.settings.auth_url);
        let body = json!({"appName": app_name, "clientId": client_id, "clientSecret": client_secret});
        let mut request = self.http.post(url).json(&body).timeout(PATIENCE);
        if let Some(key) = &self.settings.api_key {
            request = request.header("X-API-KEY", key);
        }
        let (status, body) = said(request).await.map_err(|silence| format!("no token: {}", silence.why()))?;
        token::read(status, &body)
    }
}

fn silent(silence: Silence) -> Reply {
    match silence {
        Silence::Unsent(why) => Reply::NotSent { why },
        Silence::Lost(why) => Reply::Unknown { why },
    }
}

fn party(name: &str, bank: &str, account: &str) -> Value {
    json!({"countryCode": "TZ", "fullName": name, "bankName": bank, "accountNumber": account, "currency": "TZS"})
}

/// Sends a request and reads its answer.
async fn said(request: RequestBuilder) -> Result<Answered, Silence> {
    let mut response = match request.send().await {
        Ok(response) => response,
        Err(error) if error.is_connect() || error.is_builder() => {
            return Err(Silence::Unsent("the provider cannot be reached".to_owned()));
        }
        Err(error) if error.is_timeout() => return Err(Silence::Lost("no answer in time".to_owned())),
        Err(_) => return Err(Silence::Lost("the connection was cut".to_owned())),
    };
    let status = response.status().as_u16();
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(None) => return Ok((status, body)),
            Ok(Some(chunk)) if body.len().saturating_add(chunk.len()) <= LONGEST => {
                body.extend_from_slice(&chunk)
            }
            Ok(Some(_)) => return Err(Silence::Lost("the answer is too long".to_owned())),
            Err(_) => return Err(Silence::Lost("the answer was cut".to_owned())),
        }
    }
}
