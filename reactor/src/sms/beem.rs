//! Beem, as its documentation has it: one message to one destination.
//!
//! Code 100 is the only acceptance. A code that says that something timed out between them and the network says nothing
//! of the message; every other one refuses it. Want of credit and a missing route may be otherwise later.

use async_trait::async_trait;
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::basic::{BasicAccount, BasicSettings};
use super::exchange::{client, exchange, judged_by_status, without_plus};
use crate::error::ReactorError;
use crate::message::{Delivery, Messenger, Text};

/// The provider's word in settings, rows and metrics.
pub(crate) const BEEM: &str = "beem";
/// Where the provider's service lives.
const PROVIDER_URL: &str = "https://apisms.beem.africa";
/// The name that every account may use.
const COMMON_SENDER: &str = "INFO";

const TAKEN: i64 = 100;
const NO_CREDIT: i64 = 102;
const NETWORK_TIMED_OUT: i64 = 103;
const NO_ROUTE: i64 = 106;

/// Where an account at this provider is set.
pub(super) const SETTINGS: BasicSettings = BasicSettings {
    url: "SMS_BEEM_URL",
    name: "SMS_BEEM_API_KEY",
    secret: "SMS_BEEM_SECRET_KEY",
    sender: "SMS_BEEM_SENDER",
    usual_url: PROVIDER_URL,
    usual_sender: COMMON_SENDER,
};

/// The messenger.
#[derive(Debug)]
pub struct Beem {
    http: reqwest::Client,
    account: BasicAccount,
}

impl Beem {
    /// Sends with this account.
    ///
    /// # Errors
    /// The HTTP client cannot be made.
    pub fn new(account: BasicAccount) -> Result<Self, ReactorError> {
        Ok(Self { http: client()?, account })
    }

    fn body(&self, text: &Text<'_>) -> Value {
        json!({
            "source_addr": self.account.sender,
            "schedule_time": "",
            "encoding": 0,
            "message": text.text,
            "recipients": [{"recipient_id": 1, "dest_addr": without_plus(text.to)}],
        })
    }
}

#[async_trait]
impl Messenger for Beem {
    fn name(&self) -> &'static str {
        BEEM
    }

    async fn send(&self, text: &Text<'_>) -> Delivery {
        let request = self.account.post(&self.http, "/v1/send").json(&self.body(text));
        match exchange(request).await {
            Ok((status, body)) => judge(status, &body),
            Err(delivery) => delivery,
        }
    }
}

#[derive(Deserialize)]
struct Answer {
    code: i64,
    successful: Option<bool>,
    request_id: Option<Value>,
    valid: Option<i64>,
}

/// What an answer says of the one message that was sent. Its code may stand beside a status of refusal as well.
fn judge(status: StatusCode, body: &[u8]) -> Delivery {
    if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT {
        return Delivery::Unknown;
    }
    let Ok(answer) = serde_json::from_slice::<Answer>(body) else {
        return judged_by_status(status).unwrap_or(Delivery::Unknown);
    };
    let refused = || format!("the provider refused with code {}", answer.code);
    match answer.code {
        TAKEN => taken(&answer, status),
        NETWORK_TIMED_OUT => Delivery::Unknown,
        NO_CREDIT | NO_ROUTE => Delivery::refused_for_now(refused()),
        _ => Delivery::refused(refused()),
    }
}

fn taken(answer: &Answer, status: StatusCode) -> Delivery {
    if !status.is_success() || answer.successful == Some(false) {
        return Delivery::Unknown;
    }
    if answer.valid == Some(0) {
        return Delivery::refused("the provider took no recipient");
    }
    let provider_id = match &answer.request_id {
        Some(Value::String(id)) => id.clone(),
        Some(Value::Number(id)) => id.to_string(),
        Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => String::new(),
    };
    Delivery::Accepted { provider_id }
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
        Box::new(Beem::new(settings).unwrap())
    }

    fn judged(status: u16, body: &Value) -> Delivery {
        judge(StatusCode::from_u16(status).unwrap(), body.to_string().as_bytes())
    }

    fn answer(code: i64) -> Value {
        json!({"successful": code == 100, "request_id": 12_345, "code": code, "message": "x"})
    }

    #[test]
    fn only_the_code_100_is_an_acceptance() {
        assert_eq!(judged(200, &answer(100)), Delivery::Accepted { provider_id: "12345".to_owned() });
        let words = json!({"successful": true, "request_id": "a-1", "code": 100, "valid": 1});
        assert_eq!(judged(200, &words), Delivery::Accepted { provider_id: "a-1".to_owned() });
        for (code, for_now) in [(101, false), (102, true), (106, true), (111, false), (120, false)] {
            for status in [200, 400] {
                assert!(surely_refused(&judged(status, &answer(code)), for_now), "{status} {code}");
            }
        }
    }

    #[test]
    fn an_answer_that_contradicts_itself_says_nothing() {
        assert_eq!(judged(200, &json!({"successful": false, "code": 100})), Delivery::Unknown);
        assert_eq!(judged(400, &json!({"successful": true, "code": 100})), Delivery::Unknown);
        assert_eq!(judged(200, &answer(103)), Delivery::Unknown);
        assert_eq!(judged(500, &answer(101)), Delivery::Unknown);
        let nobody = json!({"successful": true, "request_id": 1, "code": 100, "valid": 0, "invalid": 1});
        assert!(surely_refused(&judged(200, &nobody), false));
    }

    #[tokio::test]
    async fn what_may_have_been_sent_is_never_called_refused() {
        trials::lost_answers(messenger).await;
    }

    #[tokio::test]
    async fn the_request_is_the_documented_one() {
        let (_, request) = trials::answered(messenger, 200, &answer(100).to_string()).await;
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST /v1/send HTTP/1.1\r\n"), "{head}");
        assert!(head.contains("Basic a2V5OmhpZGRlbg=="), "{head}");
        let expected = json!({
            "source_addr": "ChajiPoa", "schedule_time": "", "encoding": 0, "message": "Namba: 123 456 & ukweli",
            "recipients": [{"recipient_id": 1, "dest_addr": "255700000001"}]
        });
        assert_eq!(serde_json::from_str::<Value>(body).unwrap(), expected);
    }
}
