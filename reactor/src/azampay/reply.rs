//! What an answer of AzamPay means. Pure.
//!
//! The rule of all: only what surely had no effect is a refusal. A body that cannot be read, an error of the server, a
//! success without the word for it: nobody knows. A refusal often comes as HTTP 200 with the text `null` for an id.

use super::Fields;

/// What became of a request that moves money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// It was taken in.
    Accepted {
        /// AzamPay's id of it, if it was told.
        transaction_id: Option<String>,
    },
    /// It surely has no effect, and the same request would be refused again.
    Refused {
        /// The provider's code, else the HTTP status.
        code: String,
        /// Its words, without numbers of people.
        message: String,
    },
    /// It surely has no effect, for a reason that passes: the same request may be sent later.
    NotSent {
        /// Why.
        why: String,
    },
    /// It may have an effect.
    Unknown {
        /// Why nobody knows.
        why: String,
    },
}

/// What an inquiry says of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// The money moved.
    Success,
    /// It did not, and will not.
    Failure,
    /// Neither yet.
    Pending,
    /// The provider knows of none. That may be otherwise in a moment.
    NotFound,
    /// The answer cannot be read, or there was none.
    Unknown {
        /// Why.
        why: String,
    },
}

/// The longest text of somebody else that goes into an event or a log line.
const LONGEST: usize = 120;
/// So many digits beside each other may be somebody's number.
const NUMBER: usize = 6;

/// A text of somebody else, fit to be kept: one line, no numbers of people, not long.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut digits = String::new();
    let flush = |out: &mut String, digits: &mut String| {
        out.push_str(if digits.len() < NUMBER { digits } else { "#" });
        digits.clear();
    };
    for letter in text.chars().take(1_000) {
        if letter.is_ascii_digit() {
            digits.push(letter);
            continue;
        }
        flush(&mut out, &mut digits);
        out.push(if letter.is_control() { ' ' } else { letter });
    }
    flush(&mut out, &mut digits);
    out.trim().chars().take(LONGEST).collect()
}

/// What the answer to a checkout means.
pub(crate) fn of_checkout(status: u16, body: &[u8]) -> Reply {
    judged(status, body, "transactionId")
}

/// What the answer to a pay-out means. A duplicate was taken in before; an expired request was not.
pub(crate) fn of_pay_out(status: u16, body: &[u8]) -> Reply {
    let says = |word: &str| words(body).to_ascii_lowercase().contains(word);
    match status {
        403 if says("duplicate") => Reply::Accepted { transaction_id: None },
        402 => Reply::NotSent { why: "402 the request had expired".to_owned() },
        other => judged(other, body, "pgReferenceId"),
    }
}

fn judged(status: u16, body: &[u8], id: &str) -> Reply {
    match status {
        200..=299 => taken(body, id),
        401 | 429 => Reply::NotSent { why: format!("{status} the request was not let in") },
        // Two that say nothing of an effect: a request that took too long, one that was there already.
        408 | 409 => Reply::Unknown { why: format!("the provider answered {status}") },
        400..=499 => {
            let code = Fields::read(body).and_then(|said| said.text("messageCode"));
            Reply::Refused { code: code.unwrap_or_else(|| status.to_string()), message: words(body) }
        }
        _ => Reply::Unknown { why: format!("the provider answered {status}") },
    }
}

fn taken(body: &[u8], id: &str) -> Reply {
    let unknown = |why: &str| Reply::Unknown { why: why.to_owned() };
    if body.iter().all(u8::is_ascii_whitespace) {
        return unknown("the answer is empty");
    }
    let Some(said) = Fields::read(body) else { return unknown("the answer is no JSON object") };
    let transaction_id = said.text(id).filter(|id| is_reference(id));
    match (said.yes("success"), transaction_id) {
        (Some(true), transaction_id) => Reply::Accepted { transaction_id },
        (Some(false), None) => {
            let code = said.text("messageCode").or_else(|| said.text("statusCode"));
            Reply::Refused { code: code.unwrap_or_else(|| "200".to_owned()), message: words(body) }
        }
        (Some(false), Some(_)) => unknown("refused, and yet with an id"),
        (None, _) => unknown("the answer does not say whether it succeeded"),
    }
}

/// Whether a text can be the provider's reference in our commands.
pub(crate) fn is_reference(text: &str) -> bool {
    domain::values::ProviderReference::parse(text).is_some()
}

/// What an answer says in words: its message, else its title with the names of the fields that were wrong.
fn words(body: &[u8]) -> String {
    let Some(said) = Fields::read(body) else { return "without words".to_owned() };
    let wrong = said.inner("errors").map(|errors| errors.names().collect::<Vec<_>>().join(", "));
    let message = said.text("message").or_else(|| said.text("title")).or_else(|| said.text("detail"));
    let all = [message, wrong].into_iter().flatten().collect::<Vec<_>>();
    if all.is_empty() { "without words".to_owned() } else { plain(&all.join(": ")) }
}

/// What the answer to an inquiry means. Words that nobody knows say nothing.
pub(crate) fn of_inquiry(status: u16, body: &[u8]) -> Standing {
    let unknown = |why: String| Standing::Unknown { why };
    let Some(said) = Fields::read(body) else {
        return unknown(format!("the provider answered {status} without JSON"));
    };
    if said.text("statusCode").as_deref() == Some("404") {
        return Standing::NotFound;
    }
    if !(200..=299).contains(&status) {
        return unknown(format!("the provider answered {status}"));
    }
    match said.text("data").map(|word| word.to_ascii_lowercase()).as_deref() {
        Some("success" | "successful" | "completed") => Standing::Success,
        Some("failure" | "failed") => Standing::Failure,
        Some("pending" | "processing" | "in process" | "initiated") => Standing::Pending,
        Some(word) => unknown(format!("the word {}", plain(word))),
        None => unknown("the answer has no word".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn checkout(status: u16, body: &Value) -> Reply {
        of_checkout(status, body.to_string().as_bytes())
    }

    fn pay_out(status: u16, body: &Value) -> Reply {
        of_pay_out(status, body.to_string().as_bytes())
    }

    fn unknown(reply: &Reply) -> bool {
        matches!(reply, Reply::Unknown { .. })
    }

    #[test]
    fn an_accepted_checkout_has_its_id_in_either_form() {
        for id in ["bb79c24fea7f44a4a1907c62d5f3e96f", "AZMbb79c24fea7f44a4a1907c62d5f3e96f"] {
            let body = json!({"success": true, "transactionId": id, "messageCode": 0,
                "message": "Your request has been received and is being processed."});
            assert_eq!(checkout(200, &body), Reply::Accepted { transaction_id: Some(id.to_owned()) });
        }
    }

    #[test]
    fn a_refusal_comes_as_success_with_the_text_null() {
        let body = json!({"success": false, "transactionId": "null", "messageCode": 1000,
            "message": "Your request could not be initiated. Please contact system admin. Invalid Vendor"});
        let message =
            "Your request could not be initiated. Please contact system admin. Invalid Vendor".to_owned();
        assert_eq!(checkout(200, &body), Reply::Refused { code: "1000".to_owned(), message });
        let both = json!({"success": false, "transactionId": "bb79", "message": "x"});
        assert!(unknown(&checkout(200, &both)));
    }

    #[test]
    fn problem_details_are_read_however_they_are_capitalised() {
        let one = json!({"errors": {"amount": ["x"], "externalId": ["y"]}, "status": 400,
            "title": "One or more validation errors occurred."});
        let other = json!({"Errors": {"Amount": ["x"], "ExternalId": ["y"]}, "Status": 400,
            "Title": "One or more validation errors occurred."});
        let message = "One or more validation errors occurred.: amount, externalid".to_owned();
        for body in [one, other] {
            let refused = Reply::Refused { code: "400".to_owned(), message: message.clone() };
            assert_eq!(checkout(400, &body), refused);
        }
    }

    #[test]
    fn what_was_not_let_in_may_be_sent_later_and_what_is_not_there_is_refused() {
        let body = json!({"message": "Please Provide Valid Authorization", "status": "Error"});
        assert!(matches!(checkout(401, &body), Reply::NotSent { .. }));
        assert!(matches!(of_checkout(404, b""), Reply::Refused { .. }));
        assert!(matches!(of_checkout(423, b""), Reply::Refused { .. }));
        assert!(matches!(of_checkout(403, b"<html>"), Reply::Refused { .. }));
    }

    #[test]
    fn what_cannot_be_read_is_unknown_and_no_failure() {
        for (status, body) in
            [(200, ""), (200, " \n"), (200, "<html>"), (200, "{}"), (200, "[]"), (200, r#"{"success": 1}"#)]
        {
            assert!(unknown(&of_checkout(status, body.as_bytes())), "{status} {body}");
            assert!(unknown(&of_pay_out(status, body.as_bytes())), "{status} {body}");
        }
        for status in [100, 302, 408, 409, 500, 502, 503, 504] {
            assert!(unknown(&of_checkout(status, b"<html>")), "{status}");
        }
        assert_eq!(of_checkout(200, br#"{"success": true}"#), Reply::Accepted { transaction_id: None });
    }

    #[test]
    fn a_duplicate_pay_out_was_taken_in_before_and_an_expired_one_was_not() {
        let body = json!({"pgReferenceId": "pg1", "message": "Your transaction is in process", "success": true,
            "statusCode": 200});
        assert_eq!(pay_out(200, &body), Reply::Accepted { transaction_id: Some("pg1".to_owned()) });
        let duplicate = json!({"message": "Duplicate External Reference Id", "success": false});
        assert_eq!(pay_out(403, &duplicate), Reply::Accepted { transaction_id: None });
        assert!(matches!(pay_out(402, &json!({"message": "Request expired"})), Reply::NotSent { .. }));
        let bank = pay_out(400, &json!({"message": "Invalid BankName."}));
        assert_eq!(bank, Reply::Refused { code: "400".to_owned(), message: "Invalid BankName.".to_owned() });
        assert!(matches!(pay_out(403, &json!({"message": "Forbidden"})), Reply::Refused { .. }));
    }

    #[test]
    fn an_inquiry_knows_few_words_and_guesses_none() {
        let asked = |status, data: &str| of_inquiry(status, json!({"data": data}).to_string().as_bytes());
        assert_eq!(asked(200, "Success"), Standing::Success);
        assert_eq!(asked(200, "FAILED"), Standing::Failure);
        assert_eq!(asked(200, "pending"), Standing::Pending);
        assert!(matches!(asked(200, "reversed"), Standing::Unknown { .. }));
        assert!(matches!(asked(500, "success"), Standing::Unknown { .. }));
        assert!(matches!(of_inquiry(404, b""), Standing::Unknown { .. }));
        let none = json!({"data": null, "message": "Not found", "success": false, "statusCode": 404});
        assert_eq!(of_inquiry(200, none.to_string().as_bytes()), Standing::NotFound);
        assert_eq!(of_inquiry(404, none.to_string().as_bytes()), Standing::NotFound);
    }

    #[test]
    fn words_of_others_are_kept_without_the_numbers_of_people() {
        assert_eq!(plain("No wallet 255712345678,\ncode 12"), "No wallet #, code 12");
        assert_eq!(plain(&"x".repeat(500)).len(), LONGEST);
    }
}
