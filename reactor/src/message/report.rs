//! Delivery reports: what the network says of a message that a provider took. The judgement is pure.
//!
//! A report moves a message only onward: taken, then delivered or failed. A failure that is followed by a delivery was
//! none; a delivery stays. Whoever knows the secret of the path can write such a report, so it decides nothing but this
//! word.

use serde::Deserialize;

use crate::sms;

/// Where a notice stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It waits.
    Queued,
    /// It is on its way to the provider.
    Claimed,
    /// A provider took it.
    Sent,
    /// The phone has it.
    Delivered,
    /// It will not arrive.
    Failed,
    /// Nobody knows.
    Unknown,
    /// Its time was over before it was sent.
    Expired,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 7] = [
        Self::Queued,
        Self::Claimed,
        Self::Sent,
        Self::Delivered,
        Self::Failed,
        Self::Unknown,
        Self::Expired,
    ];

    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Claimed => "claimed",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Expired => "expired",
        }
    }

    /// The state of this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// What a provider reports, as far as it matters. The phone in it is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Whose report it is.
    pub provider: &'static str,
    /// The provider's id of the message.
    pub id: String,
    /// What became of it, in the provider's word.
    pub status: String,
}

/// The form of Africa's Talking.
#[derive(Deserialize)]
struct Form {
    id: String,
    status: String,
}

/// The objects of Beem and of NextSMS.
#[derive(Deserialize)]
#[serde(untagged)]
enum Object {
    Beem {
        request_id: Id,
        #[serde(alias = "Status")]
        status: String,
    },
    NextSms {
        #[serde(rename = "messageId")]
        message_id: Id,
        status: Group,
    },
}

#[derive(Deserialize)]
struct Group {
    #[serde(rename = "groupName")]
    group_name: String,
}

/// An id that is written as a number or as a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Id {
    Number(u64),
    Text(String),
}

impl Id {
    fn text(self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text,
        }
    }
}

impl Report {
    /// Reads what a provider posts: an object, or a form.
    #[must_use]
    pub fn parse(body: &[u8]) -> Option<Self> {
        let report = match serde_json::from_slice::<Object>(body) {
            Ok(Object::Beem { request_id, status }) => {
                Self { provider: sms::BEEM, id: request_id.text(), status }
            }
            Ok(Object::NextSms { message_id, status }) => {
                Self { provider: sms::NEXTSMS, id: message_id.text(), status: status.group_name }
            }
            Err(_) => {
                let Form { id, status } = serde_urlencoded::from_bytes(body).ok()?;
                Self { provider: sms::AFRICASTALKING, id, status }
            }
        };
        Some(report).filter(|report| !report.id.is_empty())
    }

    /// What it says in the end; nothing while it is on its way, or in a word that nobody knows.
    fn says(&self) -> Option<State> {
        match self.status.to_ascii_lowercase().as_str() {
            "success" | "delivered" => Some(State::Delivered),
            "failed" | "rejected" | "undelivered" | "undeliverable" => Some(State::Failed),
            _ => None,
        }
    }
}

/// Where a message stands after a report, if it is elsewhere than before.
#[must_use]
pub fn apply_report(state: State, report: &Report) -> Option<State> {
    let says = report.says()?;
    match (state, says) {
        (State::Sent, says) => Some(says),
        (State::Failed, State::Delivered) => Some(State::Delivered),
        (
            State::Queued
            | State::Claimed
            | State::Delivered
            | State::Failed
            | State::Unknown
            | State::Expired,
            _,
        ) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(status: &str) -> Report {
        Report { provider: sms::AFRICASTALKING, id: "ATXid_1".to_owned(), status: status.to_owned() }
    }

    #[test]
    fn the_report_of_each_provider_is_read_without_the_phone() {
        let form = b"id=ATXid_1&status=Success&phoneNumber=%2B255700000001&networkCode=64004&retryCount=0";
        assert_eq!(Report::parse(form), Some(report("Success")));
        let of = |provider, id: &str, status: &str| {
            Some(Report { provider, id: id.to_owned(), status: status.to_owned() })
        };
        let beem = br#"{"request_id":7,"recipient_id":1,"dest_addr":"255700000001","Status":"DELIVERED"}"#;
        assert_eq!(Report::parse(beem), of(sms::BEEM, "7", "DELIVERED"));
        let next =
            br#"{"messageId":"28","to":"255700000001","status":{"groupName":"UNDELIVERABLE","name":"x"}}"#;
        assert_eq!(Report::parse(next), of(sms::NEXTSMS, "28", "UNDELIVERABLE"));
        for wrong in [
            b"status=Success".as_slice(),
            b"id=&status=Success",
            b"{\"id\":1}",
            b"{\"request_id\":null,\"status\":\"DELIVERED\"}",
            b"",
            &[0xff, 0xfe],
        ] {
            assert_eq!(Report::parse(wrong), None);
        }
    }

    #[test]
    fn a_message_only_moves_onward() {
        assert_eq!(apply_report(State::Sent, &report("Success")), Some(State::Delivered));
        assert_eq!(apply_report(State::Sent, &report("Failed")), Some(State::Failed));
        assert_eq!(apply_report(State::Sent, &report("Rejected")), Some(State::Failed));
        assert_eq!(apply_report(State::Sent, &report("UNDELIVERABLE")), Some(State::Failed));
        // Reordered: the delivery is what is left.
        assert_eq!(apply_report(State::Failed, &report("Success")), Some(State::Delivered));
        assert_eq!(apply_report(State::Delivered, &report("Failed")), None);
        for word in ["Sent", "Submitted", "Buffered", "something"] {
            for state in State::ALL {
                assert_eq!(apply_report(state, &report(word)), None, "{word}");
            }
        }
        for state in [State::Queued, State::Claimed, State::Unknown, State::Expired, State::Delivered] {
            assert_eq!(apply_report(state, &report("Success")), None);
        }
    }

    #[test]
    fn states_have_their_words() {
        for state in State::ALL {
            assert_eq!(State::parse(state.as_str()), Some(state));
        }
        assert_eq!(State::parse("lost"), None);
    }
}
