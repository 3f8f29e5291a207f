//! NextSMS, as its documentation has it: one text to one number, with a reference of ours.
//!
//! The group of the message's status says what became of it: on its way, refused, or a word that says nothing yet.

use async_trait::async_trait;
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::basic::{BasicAccount, BasicSettings};
use super::exchange::{client, exchange, judged_by_status, without_plus};
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

/// Where an account at this provider is set.
pub(super) const SETTINGS: BasicSettings = BasicSettings {
    url: "SMS_NEXTSMS_URL",
    name: "SMS_NEXTSMS_USERNAME",
    secret: "SMS_NEXTSMS_PASSWORD",
    sender: "SMS_NEXTSMS_SENDER",
    usual_url: PROVIDER_URL,
    usual_sender: COMMON_SENDER,
};

/// The messenger.
#[derive(Debug)]
pub struct NextSms {
    http: reqwest::Client,
    account: BasicAccount,
}

impl NextSms {
    /// Sends with this account.
    ///
    /// # Errors
    /// The HTTP client cannot be made.
    pub fn new(account: BasicAccount) -> Result<Self, ReactorError> {
        Ok(Self { http: client()?, account })
    }

    fn body(&self, text: &Text<'_>) -> Value {
        json!({
            "from": self.account.sender,
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
        let request = self.account.post(&self.http, "/api/sms/v1/text/single").json(&self.body(text));
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
        let settings = BasicAccount {
            url,
            name: "key".to_owned(),
            secret: "hidden".to_owned(),
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
