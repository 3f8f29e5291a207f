//! The account at AzamPay, as the environment names it.

use std::time::Duration;

use edge::settings::{self, SettingError};

use super::PublicKey;

/// Where the services live unless told otherwise.
const HOSTS: [&str; 3] = [
    "https://authenticator.azampay.co.tz",
    "https://checkout.azampay.co.tz",
    "https://api-disbursement.azampay.co.tz",
];
/// How long an answer to a checkout may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// A callback usually comes within seconds.
const CALLBACK_WITHIN: Duration = Duration::from_secs(120);
/// A prompt comes so long after it was asked for: a USSD session has to close before.
const PROMPT_AFTER: Duration = Duration::from_millis(500);

/// Which inquiry is asked before and after money moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inquiry {
    /// None: a callback is the proof.
    Off,
    /// The checkout's, by transaction and wallet.
    Partner,
    /// The disbursement's, by reference and bank.
    Disbursement,
}

/// Where pay-outs come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// `AZAMPAY_SOURCE_ACCOUNT`.
    pub account: String,
    /// `AZAMPAY_SOURCE_NAME`.
    pub name: String,
    /// `AZAMPAY_SOURCE_BANK`.
    pub bank: String,
}

/// The account, where it is, and how it is used.
#[derive(Clone)]
pub struct AzamPaySettings {
    /// `AZAMPAY_AUTH_URL`.
    pub auth_url: String,
    /// `AZAMPAY_CHECKOUT_URL`.
    pub checkout_url: String,
    /// `AZAMPAY_DISBURSE_URL`.
    pub disburse_url: String,
    /// `AZAMPAY_APP_NAME`.
    pub app_name: String,
    /// `AZAMPAY_CLIENT_ID`.
    pub client_id: String,
    /// `AZAMPAY_CLIENT_SECRET`; without it there is no account.
    pub client_secret: String,
    /// `AZAMPAY_API_KEY`.
    pub api_key: Option<String>,
    /// `AZAMPAY_INQUIRY`.
    pub inquiry: Inquiry,
    /// Without it nothing is paid out: a person makes every refund.
    pub source: Option<Source>,
    /// `AZAMPAY_CHECKSUM_KEY`, a PEM file.
    pub checksum_key: Option<PublicKey>,
    /// `AZAMPAY_CALLBACK_KEY`, a PEM file; without it AzamPay is asked for its key when a callback is signed.
    pub callback_key: Option<PublicKey>,
    /// `AZAMPAY_TIMEOUT_MS`: how long an answer may take.
    pub patience: Duration,
    /// `AZAMPAY_CALLBACK_WITHIN_MS`: how long a callback may take before it is asked what became of a prompt or a pay-out.
    pub callback_within: Duration,
    /// `AZAMPAY_PROMPT_AFTER_MS`: how long after it was asked for a prompt comes at the earliest.
    pub prompt_after: Duration,
}

impl std::fmt::Debug for AzamPaySettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let urls = (&self.auth_url, &self.checkout_url, &self.disburse_url);
        f.debug_struct("AzamPaySettings").field("urls", &urls).finish_non_exhaustive()
    }
}

impl AzamPaySettings {
    /// An account at the stand-in of this address, which takes any and signs nothing.
    #[must_use]
    pub fn of_sandbox(url: &str) -> Self {
        let word = || "sandbox".to_owned();
        Self {
            auth_url: url.to_owned(),
            checkout_url: url.to_owned(),
            disburse_url: url.to_owned(),
            app_name: word(),
            client_id: word(),
            client_secret: word(),
            api_key: None,
            inquiry: Inquiry::Off,
            source: Some(Source {
                account: "255700000000".to_owned(),
                name: "ChajiPoa".to_owned(),
                bank: "azampesa".to_owned(),
            }),
            checksum_key: None,
            callback_key: None,
            patience: PATIENCE,
            callback_within: CALLBACK_WITHIN,
            prompt_after: PROMPT_AFTER,
        }
    }

    /// The settings of the environment over those of the sandbox at this address, if one is; `None` where there is neither
    /// an account (`AZAMPAY_CLIENT_SECRET` is not set) nor a sandbox.
    ///
    /// # Errors
    /// A value is wrong, or the account has a secret and no name or id.
    pub fn of_environment(sandbox: Option<&str>) -> Result<Option<Self>, SettingError> {
        let mut settings = match (settings::text("AZAMPAY_CLIENT_SECRET")?, sandbox) {
            (Some(client_secret), _) => Self::of_account(client_secret)?,
            (None, Some(url)) => Self::of_sandbox(url),
            (None, None) => return Ok(None),
        };
        settings.inquiry = match settings::text("AZAMPAY_INQUIRY")?.as_deref() {
            None | Some("off") => Inquiry::Off,
            Some("partner") => Inquiry::Partner,
            Some("disbursement") => Inquiry::Disbursement,
            Some(_) => return Err(wrong("AZAMPAY_INQUIRY", "off, partner or disbursement")),
        };
        let millis =
            |name, default| settings::optional(name).map(|ms| ms.map_or(default, Duration::from_millis));
        settings.patience = millis("AZAMPAY_TIMEOUT_MS", settings.patience)?;
        settings.callback_within = millis("AZAMPAY_CALLBACK_WITHIN_MS", settings.callback_within)?;
        settings.prompt_after = millis("AZAMPAY_PROMPT_AFTER_MS", settings.prompt_after)?;
        settings.checksum_key = key("AZAMPAY_CHECKSUM_KEY")?;
        settings.callback_key = key("AZAMPAY_CALLBACK_KEY")?;
        settings.api_key = settings::text("AZAMPAY_API_KEY")?;
        Ok(Some(settings))
    }

    fn of_account(client_secret: String) -> Result<Self, SettingError> {
        let [auth, checkout, disburse] = HOSTS;
        let source = match settings::text("AZAMPAY_SOURCE_ACCOUNT")? {
            None => None,
            Some(account) => Some(Source {
                account,
                name: settings::required("AZAMPAY_SOURCE_NAME")?,
                bank: settings::text("AZAMPAY_SOURCE_BANK")?.unwrap_or_else(|| "azampesa".to_owned()),
            }),
        };
        Ok(Self {
            auth_url: base("AZAMPAY_AUTH_URL", auth)?,
            checkout_url: base("AZAMPAY_CHECKOUT_URL", checkout)?,
            disburse_url: base("AZAMPAY_DISBURSE_URL", disburse)?,
            app_name: settings::required("AZAMPAY_APP_NAME")?,
            client_id: settings::required("AZAMPAY_CLIENT_ID")?,
            client_secret,
            source,
            ..Self::of_sandbox("")
        })
    }
}

fn base(name: &'static str, default: &str) -> Result<String, SettingError> {
    let url = settings::text(name)?.unwrap_or_else(|| default.to_owned());
    if reqwest::Url::parse(&url).is_err() {
        return Err(wrong(name, "not a URL"));
    }
    Ok(url.trim_end_matches('/').to_owned())
}

fn key(name: &'static str) -> Result<Option<PublicKey>, SettingError> {
    let Some(path) = settings::text(name)? else { return Ok(None) };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(name, &error.to_string()))?;
    PublicKey::parse(&text).map(Some).map_err(|error| wrong(name, &error.to_string()))
}

fn wrong(name: &'static str, reason: &str) -> SettingError {
    SettingError::Wrong { name, reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_do_not_show_their_secret() {
        let settings =
            AzamPaySettings { client_secret: "hush".to_owned(), ..AzamPaySettings::of_sandbox("x") };
        assert!(!format!("{settings:?}").contains("hush"));
    }
}
