//! The wire format of NextSMS: JSON in and out. Pure.

use serde::{Deserialize, Serialize};
use serde_json::json;

/// The body.
#[derive(Debug, Deserialize)]
pub(super) struct Body {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) text: String,
}

/// The whole answer.
#[derive(Debug, Serialize)]
pub(super) struct Answer {
    messages: [Message; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    to: String,
    status: Status,
    message_id: String,
    sms_count: usize,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    group_id: u16,
    group_name: &'static str,
    id: u16,
    name: &'static str,
    description: &'static str,
}

const SENT: Status = Status {
    group_id: 18,
    group_name: "PENDING",
    id: 51,
    name: "ENROUTE (SENT)",
    description: "Message sent to next instance",
};
const REFUSED: Status = Status {
    group_id: 5,
    group_name: "REJECTED",
    id: 14,
    name: "REJECTED_DESTINATION",
    description: "The destination is not valid",
};

impl Answer {
    pub(super) fn sent(to: String, message_id: String, text: &str) -> Answer {
        Answer { messages: [Message { to, status: SENT, message_id, sms_count: segments(text) }] }
    }

    pub(super) fn refused(to: String, message_id: String) -> Answer {
        Answer { messages: [Message { to, status: REFUSED, message_id, sms_count: 0 }] }
    }
}

/// How many messages of the network a text is, taking each character for one.
fn segments(text: &str) -> usize {
    match text.chars().count() {
        0..=160 => 1,
        long => long.div_ceil(153),
    }
}

/// A delivery report.
pub(super) fn report(id: &str, to: &str, delivered: bool) -> (&'static str, String) {
    let (group, name) = if delivered {
        ("DELIVERED", "DELIVERED_TO_HANDSET")
    } else {
        ("UNDELIVERABLE", "UNDELIVERABLE_NOT_DELIVERED")
    };
    let report = json!({"messageId": id, "to": to.trim_start_matches('+'), "status": {"groupName": group, "name": name}});
    ("application/json", report.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_has_the_providers_shape() {
        let sent = Answer::sent("255712345678".to_owned(), "7".to_owned(), "hi");
        assert_eq!(
            serde_json::to_value(sent).unwrap(),
            json!({"messages": [{"to": "255712345678", "messageId": "7", "smsCount": 1, "status": {"groupId": 18,
                "groupName": "PENDING", "id": 51, "name": "ENROUTE (SENT)",
                "description": "Message sent to next instance"}}]})
        );
        assert_eq!((segments(&"x".repeat(160)), segments(&"x".repeat(161))), (1, 2));
    }
}
