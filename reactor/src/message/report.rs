//! Delivery reports: what the network says of a message that a provider took. The judgement is pure.
//!
//! A report moves a message only onward: taken, then delivered or failed. A failure that is followed by a delivery was
//! none; a delivery stays. Whoever knows the secret of the path can write such a report, so it decides nothing but this
//! word.

use serde::Deserialize;

use crate::notice::Kind;

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

/// A report of Africa's Talking, as far as it matters. The phone in it is not read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Report {
    /// The provider's id of the message.
    pub id: String,
    /// What became of it.
    pub status: String,
}

impl Report {
    /// Reads the form that the provider posts.
    #[must_use]
    pub fn parse(body: &[u8]) -> Option<Self> {
        serde_urlencoded::from_bytes::<Self>(body).ok().filter(|report| !report.id.is_empty())
    }

    /// What it says in the end; nothing while it is on its way, or in a word that nobody knows.
    fn says(&self) -> Option<State> {
        match self.status.to_ascii_lowercase().as_str() {
            "success" => Some(State::Delivered),
            "failed" | "rejected" => Some(State::Failed),
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

/// A notice that a provider took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taken {
    pub(super) position: i64,
    pub(super) kind: Kind,
    pub(super) state: State,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(status: &str) -> Report {
        Report { id: "ATXid_1".to_owned(), status: status.to_owned() }
    }

    #[test]
    fn the_form_is_read_without_the_phone() {
        let form = b"id=ATXid_1&status=Success&phoneNumber=%2B255700000001&networkCode=64004&retryCount=0";
        assert_eq!(Report::parse(form), Some(report("Success")));
        for wrong in [b"status=Success".as_slice(), b"id=&status=Success", b"{\"id\":1}", b"", &[0xff, 0xfe]] {
            assert_eq!(Report::parse(wrong), None);
        }
    }

    #[test]
    fn a_message_only_moves_onward() {
        assert_eq!(apply_report(State::Sent, &report("Success")), Some(State::Delivered));
        assert_eq!(apply_report(State::Sent, &report("Failed")), Some(State::Failed));
        assert_eq!(apply_report(State::Sent, &report("Rejected")), Some(State::Failed));
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
