//! Templates, and what becomes of them: a message of one segment.
//!
//! A template is a file `schema/messages/LANGUAGE/KIND.txt`, part of the program. `{name}` stands for a value. Tests hold
//! every template, with the longest values, to the characters of GSM 7-bit and to one segment: a character outside of
//! them would make a message of 70 characters, and a second segment a second price.

use domain::customer::Language;

use super::{Facts, Kind};

/// A notice that cannot be written: its row is older or newer than the template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a notice of kind {kind} has no value for {name}")]
pub struct Unwritable {
    /// The kind.
    pub kind: &'static str,
    /// The name that has no value.
    pub name: String,
}

macro_rules! template {
    ($language:ident, $name:literal) => {
        match $language {
            Language::Sw => include_str!(concat!("../../../schema/messages/sw/", $name, ".txt")),
            Language::En => include_str!(concat!("../../../schema/messages/en/", $name, ".txt")),
        }
    };
}

/// The template of a kind, without the end of its line.
pub(super) fn template(kind: Kind, language: Language) -> &'static str {
    let text = match kind {
        Kind::RentalStarted => template!(language, "rental_started"),
        Kind::RentalEnded => template!(language, "rental_ended"),
        Kind::Receipt => template!(language, "receipt"),
        Kind::DueSoon => template!(language, "due_soon"),
        Kind::Overdue1h => template!(language, "overdue_1h"),
        Kind::Overdue24h => template!(language, "overdue_24h"),
        Kind::Overdue48h => template!(language, "overdue_48h"),
        Kind::RentalSold => template!(language, "rental_sold"),
        Kind::Recovered => template!(language, "recovered"),
        Kind::RentalCorrected => template!(language, "rental_corrected"),
        Kind::PaymentReceived => template!(language, "payment_received"),
        Kind::PaymentDeclined => template!(language, "payment_declined"),
        Kind::PaymentExpired => template!(language, "payment_expired"),
        Kind::RefundPaid => template!(language, "refund_paid"),
        Kind::RefundFailed => template!(language, "refund_failed"),
        Kind::RefundRejected => template!(language, "refund_rejected"),
    };
    text.trim_end()
}

/// Writes a notice.
///
/// # Errors
/// The template asks for a value that is not there.
pub fn render(kind: Kind, language: Language, facts: &Facts) -> Result<String, Unwritable> {
    let mut text = String::new();
    let mut rest = template(kind, language);
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        let unknown = || Unwritable { kind: kind.as_str(), name: name.to_owned() };
        text.push_str(before);
        text.push_str(&facts.get(name).ok_or_else(unknown)?.written(language));
        rest = after;
    }
    text.push_str(rest);
    Ok(text)
}
