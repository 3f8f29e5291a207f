//! Africa's Talking, as its documentation has it: one bulk message to one number.
//!
//! The provider recognises no repeat, so an answer that was lost, or that cannot be read, leaves it unknown whether the
//! message was sent. Certainly not sent are: what could not be connected, what was answered 4xx, and a recipient with a
//! status of refusal. Number and text are never part of an error or a log line.

use std::time::Duration;

use async_trait::async_trait;
use edge::settings::{self, SettingError};
use reqwest::StatusCode;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use serde::Deserialize;

use crate::error::ReactorError;
use crate::message::{Delivery, Messenger};

/// Where the provider's service lives.
const PROVIDER_URL: &str = "https://api.africastalking.com";
/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest sender id that networks take.
const LONGEST_SENDER: usize = 11;

/// The account at the provider's.
#[derive(Clone)]
pub struct SmsSettings {
    /// `SMS_PROVIDER_URL`: where the service is; the real one by default.
    pub url: String,
    /// `SMS_USERNAME`: the account.
    pub username: String,
    /// `SMS_API_KEY`: its secret.
    pub api_key: String,
    /// `SMS_SENDER`: the name that phones show, at most 11 characters; the provider's own without it.
    pub sender: Option<String>,
}

impl std::fmt::Debug for SmsSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SmsSettings").field("url", &self.url).finish_non_exhaustive()
    }
}

impl SmsSettings {
    /// An account at the stand-in of this address, which takes any.
    #[must_use]
    pub fn of_sandbox(url: String) -> Self {
        let account = || "sandbox".to_owned();
        Self { url, username: account(), api_key: account(), sender: None }
    }

    /// The settings of the environment, or `None` where there is no account (`SMS_API_KEY` is not set).
    ///
    /// # Errors
    /// The account has a key and no name, or a sender that is too long.
    pub fn of_environment() -> Result<Option<Self>, SettingError> {
        let Some(api_key) = settings::text("SMS_API_KEY")? else { return Ok(None) };
        let url = settings::text("SMS_PROVIDER_URL")?.unwrap_or_else(|| PROVIDER_URL.to_owned());
        let sender = settings::text("SMS_SENDER")?;
        if sender.as_ref().is_some_and(|sender| sender.chars().count() > LONGEST_SENDER) {
            let reason = format!("at most {LONGEST_SENDER} characters");
            return Err(SettingError::Wrong { name: "SMS_SENDER", reason });
        }
        Ok(Some(Self { url, username: settings::required("SMS_USERNAME")?, api_key, sender }))
    }
}

/// The messenger.
#[derive(Debug)]
pub struct AfricasTalking {
    http: reqwest::Client,
    settings: SmsSettings,
}

impl AfricasTalking {
    /// Sends with this account.
    ///
    /// # Errors
    /// The HTTP client cannot be made.
    pub fn new(settings: SmsSettings) -> Result<Self, ReactorError> {
        let http = reqwest::Client::builder()
            .timeout(PATIENCE)
            // A repeat by the client would be a second message.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .build()
            .map_err(ReactorError::Client)?;
        Ok(Self { http, settings })
    }

    fn form(&self, to: &str, text: &str) -> Result<String, serde_urlencoded::ser::Error> {
        let mut fields = vec![
            ("username", self.settings.username.as_str()),
            ("to", to),
            ("message", text),
            ("bulkSMSMode", "1"),
            ("enqueue", "1"),
        ];
        fields.extend(self.settings.sender.as_deref().map(|sender| ("from", sender)));
        serde_urlencoded::to_string(fields)
    }
}

#[async_trait]
impl Messenger for AfricasTalking {
    async fn send(&self, to: &str, text: &str) -> Delivery {
        let Ok(form) = self.form(to, text) else {
            return Delivery::Refused { reason: "the message cannot be written as a form".to_owned() };
        };
        let url = format!("{}/version1/messaging", self.settings.url.trim_end_matches('/'));
        let request = self
            .http
            .post(url)
            .header("apiKey", &self.settings.api_key)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form);
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) if error.is_connect() || error.is_builder() => {
                return Delivery::Refused { reason: "the provider cannot be reached".to_owned() };
            }
            Err(_) => return Delivery::Unknown,
        };
        let status = response.status();
        match response.bytes().await {
            Ok(body) => judge(status, &body),
            Err(_) => Delivery::Unknown,
        }
    }
}

#[derive(Deserialize)]
struct Sent {
    #[serde(rename = "SMSMessageData")]
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    #[serde(rename = "Recipients", default)]
    recipients: Vec<Recipient>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recipient {
    status_code: u16,
    #[serde(default)]
    message_id: String,
}

/// What an answer says of the one message that was sent.
fn judge(status: StatusCode, body: &[u8]) -> Delivery {
    if status.is_client_error() {
        return Delivery::Refused { reason: format!("the provider answered {}", status.as_u16()) };
    }
    let Ok(Sent { data }) = serde_json::from_slice::<Sent>(body) else { return Delivery::Unknown };
    if !status.is_success() {
        return Delivery::Unknown;
    }
    let [recipient] = data.recipients.as_slice() else {
        return match data.recipients.len() {
            0 => Delivery::Refused { reason: "the provider took no recipient".to_owned() },
            _ => Delivery::Unknown,
        };
    };
    match recipient.status_code {
        100..=102 => Delivery::Accepted { provider_id: recipient.message_id.clone() },
        401..=409 | 500..=502 => Delivery::Refused {
            reason: format!("the provider refused with status {}", recipient.status_code),
        },
        _ => Delivery::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn settings() -> SmsSettings {
        SmsSettings {
            url: "http://127.0.0.1:9/".to_owned(),
            username: "chaji".to_owned(),
            api_key: "secret".to_owned(),
            sender: Some("ChajiPoa".to_owned()),
        }
    }

    fn judged(status: u16, body: &Value) -> Delivery {
        judge(StatusCode::from_u16(status).unwrap(), body.to_string().as_bytes())
    }

    fn answer(code: u16) -> Value {
        json!({"SMSMessageData": {
            "Message": "Sent to 1/1 Total Cost: TZS 22.0000",
            "Recipients": [{
                "statusCode": code, "number": "+255700000001", "status": "x", "cost": "TZS 22.0000",
                "messageId": "ATXid_1"
            }]
        }})
    }

    fn refused(delivery: &Delivery) -> bool {
        matches!(delivery, Delivery::Refused { .. })
    }

    #[test]
    fn the_recipients_status_says_what_became_of_it() {
        for code in 100..=102 {
            assert_eq!(judged(201, &answer(code)), Delivery::Accepted { provider_id: "ATXid_1".to_owned() });
        }
        for code in (401..=409).chain(500..=502) {
            assert!(refused(&judged(201, &answer(code))), "{code}");
        }
        assert_eq!(judged(201, &answer(7)), Delivery::Unknown);
    }

    #[test]
    fn a_bad_key_and_a_bad_sender_are_refusals() {
        let key = judge(StatusCode::UNAUTHORIZED, b"The supplied authentication is invalid");
        assert!(refused(&key), "{key:?}");
        let sender = json!({"SMSMessageData": {"Message": "InvalidSenderId", "Recipients": []}});
        assert!(refused(&judged(201, &sender)));
    }

    #[test]
    fn what_cannot_be_read_is_unknown() {
        assert_eq!(judge(StatusCode::CREATED, b"<html>"), Delivery::Unknown);
        assert_eq!(judge(StatusCode::BAD_GATEWAY, b"<html>"), Delivery::Unknown);
        assert_eq!(judged(500, &answer(101)), Delivery::Unknown);
        let mut two = answer(101);
        let one = two["SMSMessageData"]["Recipients"][0].clone();
        two["SMSMessageData"]["Recipients"].as_array_mut().unwrap().push(one);
        assert_eq!(judged(201, &two), Delivery::Unknown);
    }

    #[test]
    fn the_form_is_the_documented_one() {
        let form = AfricasTalking::new(settings())
            .unwrap()
            .form("+255700000001", "Namba: 123 456 & ukweli")
            .unwrap();
        assert_eq!(
            form,
            "username=chaji&to=%2B255700000001&message=Namba%3A+123+456+%26+ukweli&bulkSMSMode=1&enqueue=1&from=ChajiPoa"
        );
        assert!(!format!("{:?}", settings()).contains("secret"));
    }

    #[tokio::test]
    async fn a_provider_that_is_not_there_got_nothing() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let messenger = AfricasTalking::new(SmsSettings { url, ..settings() }).unwrap();
        assert!(refused(&messenger.send("+255700000001", "x").await));
    }

    #[tokio::test]
    async fn a_provider_that_hangs_up_may_have_sent_it() {
        use tokio::io::AsyncReadExt as _;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let provider = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4_096];
            let read = socket.read(&mut request).await.unwrap();
            request.truncate(read);
            String::from_utf8(request).unwrap()
        });
        let messenger = AfricasTalking::new(SmsSettings { url, ..settings() }).unwrap();
        assert_eq!(messenger.send("+255700000001", "x").await, Delivery::Unknown);
        let request = provider.await.unwrap().to_lowercase();
        assert!(request.starts_with("post /version1/messaging http/1.1\r\n"), "{request}");
        for header in
            ["apikey: secret", "accept: application/json", "content-type: application/x-www-form-urlencoded"]
        {
            assert!(request.contains(header), "{request}");
        }
    }
}
