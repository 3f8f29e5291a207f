//! Africa's Talking, as its documentation has it: one bulk message to one number.
//!
//! A recipient with a status of refusal is refused, and so is an answer without any: that is how a wrong sender looks. Of
//! the refusals, those for want of credit or a route and those by an error of theirs may be otherwise later.

use async_trait::async_trait;
use edge::settings::{self, SettingError};
use reqwest::StatusCode;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use serde::Deserialize;

use super::exchange::{client, exchange, judged_by_status, sender};
use crate::error::ReactorError;
use crate::message::{Delivery, Messenger, Text};

/// The provider's word in settings, rows and metrics.
pub(crate) const AFRICASTALKING: &str = "africastalking";
/// Where the provider's service lives.
const PROVIDER_URL: &str = "https://api.africastalking.com";
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
        let sender = sender("SMS_SENDER")?;
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
        Ok(Self { http: client()?, settings })
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
    fn name(&self) -> &'static str {
        AFRICASTALKING
    }

    async fn send(&self, text: &Text<'_>) -> Delivery {
        let Ok(form) = self.form(text.to, text.text) else {
            return Delivery::refused("the message cannot be written as a form");
        };
        let url = format!("{}/version1/messaging", self.settings.url.trim_end_matches('/'));
        let request = self
            .http
            .post(url)
            .header("apiKey", &self.settings.api_key)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form);
        match exchange(request).await {
            Ok((status, body)) => judge(status, &body),
            Err(delivery) => delivery,
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
    if let Some(delivery) = judged_by_status(status) {
        return delivery;
    }
    let Ok(Sent { data }) = serde_json::from_slice::<Sent>(body) else { return Delivery::Unknown };
    let [recipient] = data.recipients.as_slice() else {
        return match data.recipients.len() {
            0 => Delivery::refused("the provider took no recipient"),
            _ => Delivery::Unknown,
        };
    };
    let refused = || format!("the provider refused with status {}", recipient.status_code);
    match recipient.status_code {
        100..=102 => Delivery::Accepted { provider_id: recipient.message_id.clone() },
        // No credit, no route, and errors of their own.
        405 | 407 | 500 | 501 => Delivery::refused_for_now(refused()),
        401..=409 | 502 => Delivery::refused(refused()),
        _ => Delivery::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sms::exchange::trials::{self, surely_refused};
    use serde_json::{Value, json};

    fn messenger(url: String) -> Box<dyn Messenger> {
        let settings = SmsSettings {
            url,
            username: "chaji".to_owned(),
            api_key: "secret".to_owned(),
            sender: Some("ChajiPoa".to_owned()),
        };
        assert!(!format!("{settings:?}").contains("secret"));
        Box::new(AfricasTalking::new(settings).unwrap())
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

    #[test]
    fn the_recipients_status_says_what_became_of_it() {
        for code in 100..=102 {
            assert_eq!(judged(201, &answer(code)), Delivery::Accepted { provider_id: "ATXid_1".to_owned() });
        }
        for code in (401..=409).chain(500..=502) {
            let for_now = [405, 407, 500, 501].contains(&code);
            assert!(surely_refused(&judged(201, &answer(code)), for_now), "{code}");
        }
        assert_eq!(judged(201, &answer(7)), Delivery::Unknown);
    }

    #[test]
    fn a_bad_key_and_a_bad_sender_are_refusals() {
        let key = judge(StatusCode::UNAUTHORIZED, b"The supplied authentication is invalid");
        assert!(surely_refused(&key, true), "{key:?}");
        let sender = json!({"SMSMessageData": {"Message": "InvalidSenderId", "Recipients": []}});
        assert!(surely_refused(&judged(201, &sender), false));
    }

    #[test]
    fn an_answer_for_two_says_nothing_of_one() {
        let mut two = answer(101);
        let one = two["SMSMessageData"]["Recipients"][0].clone();
        two["SMSMessageData"]["Recipients"].as_array_mut().unwrap().push(one);
        assert_eq!(judged(201, &two), Delivery::Unknown);
        assert_eq!(judged(500, &answer(101)), Delivery::Unknown);
    }

    #[tokio::test]
    async fn what_may_have_been_sent_is_never_called_refused() {
        trials::lost_answers(messenger).await;
    }

    #[tokio::test]
    async fn the_request_is_the_documented_one() {
        let (delivery, request) = trials::answered(messenger, 201, &answer(101).to_string()).await;
        assert_eq!(delivery, Delivery::Accepted { provider_id: "ATXid_1".to_owned() });
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST /version1/messaging HTTP/1.1\r\n"), "{head}");
        let head = head.to_lowercase();
        for header in
            ["apikey: secret", "accept: application/json", "content-type: application/x-www-form-urlencoded"]
        {
            assert!(head.contains(header), "{head}");
        }
        assert_eq!(
            body,
            "username=chaji&to=%2B255700000001&message=Namba%3A+123+456+%26+ukweli&bulkSMSMode=1&enqueue=1&from=ChajiPoa"
        );
    }
}
