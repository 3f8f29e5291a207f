//! The messages that arrived, of all phones, oldest first.
//!
//! Keeps true: ids rise with arrival, also over a restart (they begin at the microsecond of the first message), so a
//! reader that asks for what came after an id misses nothing; only the newest [`KEPT`] are held.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use serde::Serialize;

/// How many messages are kept.
pub(crate) const KEPT: usize = 10_000;

/// A message that arrived on a phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Message {
    pub(crate) id: i64,
    pub(crate) to: String,
    pub(crate) from: Option<String>,
    pub(crate) text: String,
    pub(crate) provider: &'static str,
    pub(crate) at: DateTime<Utc>,
}

/// A message on its way.
#[derive(Debug, Clone)]
pub(crate) struct Arriving {
    pub(crate) to: String,
    pub(crate) from: Option<String>,
    pub(crate) text: String,
    pub(crate) provider: &'static str,
}

/// Every phone's messages.
#[derive(Debug, Default)]
pub(crate) struct Inbox(Mutex<VecDeque<Message>>);

impl Inbox {
    /// Takes a message in.
    pub(crate) fn arrive(&self, arriving: Arriving, at: DateTime<Utc>) {
        let Arriving { to, from, text, provider } = arriving;
        let mut messages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let after = messages.back().map_or(0, |last| last.id.saturating_add(1));
        let id = after.max(at.timestamp_micros());
        messages.push_back(Message { id, to, from, text, provider, at });
        if messages.len() > KEPT {
            messages.pop_front();
        }
    }

    /// The messages to this phone (all without one) that came after the one of this id.
    pub(crate) fn messages(&self, to: Option<&str>, after: i64) -> Vec<Message> {
        let messages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |message: &&Message| message.id > after && to.is_none_or(|to| message.to == to);
        messages.iter().filter(fits).cloned().collect()
    }
}

/// A phone number as it is stored: `+` and digits, however it was written (`+255…`, a `+` that became a space, `255…`).
/// Nothing that is not a number of 7 to 15 digits.
pub(crate) fn number(written: &str) -> Option<String> {
    let digits = written.trim();
    let digits = digits.strip_prefix('+').unwrap_or(digits);
    let sane = (7..=15).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit());
    (sane && !digits.starts_with('0')).then(|| format!("+{digits}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(to: &str, text: &str) -> Arriving {
        Arriving { to: to.to_owned(), from: None, text: text.to_owned(), provider: "africastalking" }
    }

    #[test]
    fn ids_rise_and_after_is_exclusive() {
        let inbox = Inbox::default();
        for text in ["one", "two", "three"] {
            inbox.arrive(to("+255712345678", text), DateTime::UNIX_EPOCH);
        }
        inbox.arrive(to("+255700000000", "other"), DateTime::UNIX_EPOCH);
        let all = inbox.messages(Some("+255712345678"), -1);
        assert_eq!(
            all.iter().map(|message| message.text.as_str()).collect::<Vec<_>>(),
            ["one", "two", "three"]
        );
        let later = inbox.messages(Some("+255712345678"), all[0].id);
        assert_eq!(later, all[1..]);
        assert_eq!(inbox.messages(None, -1).len(), 4);
    }

    #[test]
    fn only_the_newest_are_kept() {
        let inbox = Inbox::default();
        for n in 0..KEPT + 3 {
            inbox.arrive(to("+255712345678", &n.to_string()), DateTime::UNIX_EPOCH);
        }
        let all = inbox.messages(None, -1);
        assert_eq!((all.len(), all[0].text.as_str()), (KEPT, "3"));
    }

    #[test]
    fn a_number_is_one_however_it_is_written() {
        for written in ["+255712345678", " 255712345678", "255712345678"] {
            assert_eq!(number(written).as_deref(), Some("+255712345678"));
        }
        for wrong in ["", "+", "0712345678", "+2557x", "12"] {
            assert_eq!(number(wrong), None, "{wrong}");
        }
    }
}
