//! The wire format of Beem: JSON in and out. Pure.

use serde::{Deserialize, Serialize};
use serde_json::json;

/// What is taken.
pub(super) const TAKEN: u16 = 100;
pub(super) const BAD_NUMBER: u16 = 101;
pub(super) const BAD_SENDER: u16 = 111;
pub(super) const BAD_KEY: u16 = 120;
/// Something is missing.
pub(super) const BAD_BODY: u16 = 104;

/// The body; what else it holds (`schedule_time`, `encoding`) is taken and ignored.
#[derive(Debug, Deserialize)]
pub(super) struct Body {
    pub(super) source_addr: String,
    pub(super) message: String,
    pub(super) recipients: Vec<Recipient>,
}

/// One number.
#[derive(Debug, Deserialize)]
pub(super) struct Recipient {
    pub(super) dest_addr: String,
}

/// The whole answer.
#[derive(Debug, Serialize)]
pub(super) struct Answer {
    successful: bool,
    request_id: u64,
    code: u16,
    message: &'static str,
    valid: usize,
    invalid: usize,
    duplicates: usize,
}

impl Answer {
    /// So many were taken, so many were not.
    pub(super) fn of(request_id: u64, valid: usize, invalid: usize) -> Answer {
        let code = if valid > 0 { TAKEN } else { BAD_NUMBER };
        Answer { request_id, valid, invalid, ..Answer::with(code) }
    }

    /// Nothing was taken, for the reason of this code.
    pub(super) fn with(code: u16) -> Answer {
        let message = match code {
            TAKEN => "Message Submitted Successfully",
            BAD_NUMBER => "Invalid phone number",
            BAD_SENDER => "Invalid Sender Id",
            BAD_KEY => "Invalid Authentication Parameters",
            _ => "Missing parameters",
        };
        Answer {
            successful: code == TAKEN,
            request_id: 0,
            code,
            message,
            valid: 0,
            invalid: 0,
            duplicates: 0,
        }
    }
}

/// A number as this provider takes it: no `+`.
pub(super) fn good_number(written: &str) -> bool {
    !written.starts_with('+')
}

/// A delivery report.
pub(super) fn report(id: &str, to: &str, delivered: bool) -> (&'static str, String) {
    let status = if delivered { "DELIVERED" } else { "UNDELIVERED" };
    let request_id: Option<u64> = id.parse().ok();
    let report = json!({"request_id": request_id, "recipient_id": 1, "dest_addr": to.trim_start_matches('+'), "status": status});
    ("application/json", report.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_has_the_providers_shape() {
        let taken = serde_json::to_string(&Answer::of(12345, 1, 0)).unwrap();
        assert!(taken.starts_with("{\"successful\":true,\"request_id\":12345,\"code\":100,"), "{taken}");
        assert_eq!(serde_json::to_value(Answer::of(7, 0, 1)).unwrap()["code"], 101);
    }
}
