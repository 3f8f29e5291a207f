//! The wire format of Africa's Talking: its form in, its JSON out. Pure; what is done with a message is decided elsewhere.

use serde::{Deserialize, Serialize};

/// Vodacom Tanzania.
const NETWORK: &str = "64004";
/// What one message costs.
const COST: &str = "TZS 22.0000";

/// The form; what else it holds (`bulkSMSMode`, `enqueue`, …) is taken and ignored, as the provider does.
#[derive(Debug, Deserialize)]
pub(crate) struct Form {
    username: Option<String>,
    to: Option<String>,
    message: Option<String>,
    from: Option<String>,
}

/// A form that has everything it needs.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) numbers: Vec<String>,
    pub(super) message: String,
    pub(super) from: Option<String>,
}

impl Form {
    /// # Errors
    /// The provider's words about what is missing.
    pub(super) fn asked(self) -> Result<Asked, String> {
        let needed = |field: Option<String>, name: &str| {
            field
                .filter(|value| !value.is_empty())
                .ok_or(format!("Request is missing required form field '{name}'."))
        };
        needed(self.username, "username")?;
        let to = needed(self.to, "to")?;
        let message = needed(self.message, "message")?;
        let numbers = to.split(',').map(|number| number.trim().to_owned()).collect();
        Ok(Asked { numbers, message, from: self.from.filter(|from| !from.is_empty()) })
    }
}

/// The whole answer.
#[derive(Debug, Serialize)]
pub(super) struct Answer {
    #[serde(rename = "SMSMessageData")]
    data: MessageData,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct MessageData {
    message: String,
    recipients: Vec<Recipient>,
}

/// What became of the message to one number.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Recipient {
    status_code: u16,
    number: String,
    status: &'static str,
    cost: &'static str,
    message_id: String,
}

impl Recipient {
    /// Taken and sent.
    pub(super) fn sent(number: String, message_id: String) -> Self {
        Self { status_code: 101, number, status: "Success", cost: COST, message_id }
    }

    /// The provider does not send there.
    pub(super) fn refused(number: String) -> Self {
        Self {
            status_code: 403,
            number,
            status: "InvalidPhoneNumber",
            cost: "0",
            message_id: "None".to_owned(),
        }
    }

    fn is_sent(&self) -> bool {
        self.status_code == 101
    }
}

impl Answer {
    pub(super) fn of(recipients: Vec<Recipient>) -> Self {
        let (sent, all) =
            (recipients.iter().filter(|recipient| recipient.is_sent()).count(), recipients.len());
        let total = if sent == 0 { "0".to_owned() } else { format!("TZS {}.0000", sent.saturating_mul(22)) };
        let message = format!("Sent to {sent}/{all} Total Cost: {total}");
        Answer { data: MessageData { message, recipients } }
    }

    /// The sender id is none that may be used: accepted as a request, sent to nobody.
    pub(super) fn bad_sender() -> Self {
        Answer { data: MessageData { message: "InvalidSenderId".to_owned(), recipients: Vec::new() } }
    }
}

/// A delivery report: a form.
pub(super) fn report(id: &str, to: &str, delivered: bool) -> (&'static str, String) {
    let mut form =
        vec![("id", id), ("status", if delivered { "Success" } else { "Failed" }), ("phoneNumber", to)];
    form.push(("networkCode", NETWORK));
    if !delivered {
        form.push(("failureReason", "DeliveryFailure"));
    }
    form.push(("retryCount", "0"));
    let kind = "application/x-www-form-urlencoded";
    (kind, serde_urlencoded::to_string(form).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_answer_has_the_providers_shape() {
        let answer = Answer::of(vec![Recipient::sent("+255712345678".to_owned(), "ATXid_7".to_owned())]);
        assert_eq!(
            serde_json::to_value(answer).unwrap(),
            json!({"SMSMessageData": {"Message": "Sent to 1/1 Total Cost: TZS 22.0000", "Recipients": [
                {"statusCode": 101, "number": "+255712345678", "status": "Success", "cost": "TZS 22.0000",
                 "messageId": "ATXid_7"}]}})
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        let form = Form { username: Some("sandbox".to_owned()), to: None, message: None, from: None };
        assert_eq!(form.asked().unwrap_err(), "Request is missing required form field 'to'.");
    }
}
