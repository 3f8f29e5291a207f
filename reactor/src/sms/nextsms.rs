//! NextSMS, as its documentation has it: one text to one number, with a reference of ours.
//!
//! The group of the message's status says what became of it: on its way, refused, or a word that says nothing yet.

use async_trait::async_trait;
use edge::settings::{self, SettingError};
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::exchange::{client, exchange, judged_by_status, sender, without_plus};
use crate::error::ReactorError;
use crate::message::{Delivery, Messenger, Text};

/// The provider's word in settings, rows and metrics.
pub(crate) const NEXTSMS: &str = "nextsms";
/// Where the provider's service lives.
const PROVIDER_URL: &str = "https://messaging-service.co.tz";
/// The name that every account may use.
const COMMON_SENDER: &str = "NEXTSMS";
/// The status of a message for which there was no credit.
const NO_CREDIT: &str = "REJECTED_NOT_ENOUGH_CREDITS";

/// The account at the provider's.
#[derive(Clone)]
pub struct NextSmsSettings {
    /// `SMS_NEXTSMS_URL`: where the service is; the real one by default.
    pub url: String,
    /// `SMS_NEXTSMS_USERNAME`: the account.
    pub username: String,
    /// `SMS_NEXTSMS_PASSWORD`: its secret.
    pub password: String,
    /// `SMS_NEXTSMS_SENDER`: the name that phones show, at most 11 characters.
    pub sender: String,
}

impl std::fmt::Debug for NextSmsSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NextSmsSettings").field("url", &self.url).finish_non_exhaustive()
    }
}

impl NextSmsSettings {
    /// An account at the stand-in of this address, which takes any.
    #[must_use]
    pub fn of_sandbox(url: String) -> Self {
        let account = || "sandbox".to_owned();
        Self { url, username: account(), password: account(), sender: COMMON_SENDER.to_owned() }
    }

    /// The settings of the environment, or `None` where there is no account.
    ///
    /// # Errors
    /// The account has a name and no password, or a sender that is too long.
    pub fn of_environment() -> Result<Option<Self>, SettingError> {
        let Some(username) = settings::text("SMS_NEXTSMS_USERNAME")? else { return Ok(None) };
        Ok(Some(Self {
            url: settings::text("SMS_NEXTSMS_URL")?.unwrap_or_else(|| PROVIDER_URL.to_owned()),
            username,
            password: settings::required("SMS_NEXTSMS_PASSWORD")?,
            sender: sender("SMS_NEXTSMS_SENDER")?.unwrap_or_else(|| COMMON_SENDER.to_owned()),
        }))
    }
}

/// The messenger.
#[derive(Debug)]
pub struct NextSms {
    http: reqwest::Client,
    settings: NextSmsSettings,
}

impl NextSms {
    /// Sends with this account.
    ///
    /// # Errors
    /// The HTTP client cannot be made.
    pub fn new(settings: NextSmsSettings) -> Result<Self, ReactorError> {
        Ok(Self { http: client()?, settings })
    }

    fn body(&self, text: &Text<'_>) -> Value {
        json!({
            "from": self.settings.sender,
            "to": without_plus(text.to),
            "text": text.text,
            "reference": text.reference,
        })
    }
}

#[async_trait]
impl Messenger for NextSms {
    fn name(&self) -> &'static str {
        NEXTSMS
    }

    async fn send(&self, text: &Text<'_>) -> Delivery {
        let url = format!("{}/api/sms/v1/text/single", self.settings.url.trim_end_matches('/'));
        let request = self
            .http
            .post(url)
            .basic_auth(&self.settings.username, Some(&self.settings.password))
            .json(&self.body(text));
        match exchange(request).await {
            Ok((status, body)) => judge(status, &body),
            Err(delivery) => delivery,
        }
    }
}

#[derive(Deserialize)]
struct Answer {
    messages: Vec<Message>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    status: Status,
    #[serde(default)]
    message_id: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    group_name: String,
    #[serde(default)]
    name: String,
}

/// What an answer says of the one message that was sent.
fn judge(status: StatusCode, body: &[u8]) -> Delivery {
    if let Some(delivery) = judged_by_status(status) {
        return delivery;
    }
    let Ok(Answer { messages }) = serde_json::from_slice::<Answer>(body) else { return Delivery::Unknown };
    let [message] = messages.as_slice() else {
        return match messages.len() {
            0 => Delivery::refused("the provider took no recipient"),
            _ => Delivery::Unknown,
        };
    };
    match message.status.group_name.to_ascii_uppercase().as_str() {
        "PENDING" | "ACCEPTED" | "DELIVERED" => Delivery::Accepted { provider_id: id(message) },
        "REJECTED" if message.status.name == NO_CREDIT => {
            Delivery::refused_for_now("the provider wants credit")
        }
        "REJECTED" | "UNDELIVERABLE" => Delivery::refused("the provider refused it"),
        _ => Delivery::Unknown,
    }
}

fn id(message: &Message) -> String {
    match &message.message_id {
        Some(Value::String(id)) => id.clone(),
        Some(Value::Number(id)) => id.to_string(),
        Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sms::exchange::trials::{self, surely_refused};

    fn messenger(url: String) -> Box<dyn Messenger> {
        let settings = NextSmsSettings {
            url,
            username: "key".to_owned(),
            password: "hidden".to_owned(),
            sender: "ChajiPoa".to_owned(),
        };
        assert!(!format!("{settings:?}").contains("hidden"));
        Box::new(NextSms::new(settings).unwrap())
    }

    fn judged(status: u16, body: &Value) -> Delivery {
        judge(StatusCode::from_u16(status).unwrap(), body.to_string().as_bytes())
    }

    fn answer(group: &str, name: &str) -> Value {
        json!({"messages": [{
            "to": "255700000001", "status": {"groupId": 18, "groupName": group, "id": 51, "name": name},
            "messageId": "28", "smsCount": 1
        }]})
    }

    #[test]
    fn the_group_of_its_status_says_what_became_of_it() {
        for group in ["PENDING", "ACCEPTED", "DELIVERED", "Pending"] {
            let expected = Delivery::Accepted { provider_id: "28".to_owned() };
            assert_eq!(judged(200, &answer(group, "ENROUTE (SENT)")), expected);
        }
        assert!(surely_refused(&judged(200, &answer("REJECTED", "REJECTED_SOURCE")), false));
        assert!(surely_refused(&judged(200, &answer("UNDELIVERABLE", "x")), false));
        assert!(surely_refused(&judged(200, &answer("REJECTED", NO_CREDIT)), true));
        assert_eq!(judged(200, &answer("SOMETHING", "x")), Delivery::Unknown);
        assert!(surely_refused(&judged(200, &json!({"messages": []})), false));
        let two = json!({"messages": [answer("PENDING", "x")["messages"][0], answer("PENDING", "x")["messages"][0]]});
        assert_eq!(judged(200, &two), Delivery::Unknown);
        assert_eq!(judged(500, &answer("REJECTED", "x")), Delivery::Unknown);
    }

    #[tokio::test]
    async fn what_may_have_been_sent_is_never_called_refused() {
        trials::lost_answers(messenger).await;
    }

    #[tokio::test]
    async fn the_request_is_the_documented_one() {
        let answer = answer("PENDING", "x").to_string();
        let (_, request) = trials::answered(messenger, 200, &answer).await;
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST /api/sms/v1/text/single HTTP/1.1\r\n"), "{head}");
        assert!(head.contains("Basic a2V5OmhpZGRlbg=="), "{head}");
        let expected = json!({
            "from": "ChajiPoa", "to": "255700000001", "text": "Namba: 123 456 & ukweli", "reference": "7-receipt"
        });
        assert_eq!(serde_json::from_str::<Value>(body).unwrap(), expected);
    }
}
