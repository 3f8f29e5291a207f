//! `Last-Event-ID`: where a stream was lost, as a position of the ledger.

use actix_web::HttpRequest;
use edge::{Problem, http::MinPosition};
use ledger::LedgerError;

use crate::read::{Desk, Failure};

/// The header's name.
const LAST_EVENT_ID: &str = "last-event-id";

/// The position of the last event that a reader received, if it names one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Resume(pub(crate) Option<i64>);

impl Resume {
    pub(crate) fn read(request: &HttpRequest) -> Result<Self, Problem> {
        let Some(given) = request.headers().get(LAST_EVENT_ID) else { return Ok(Self(None)) };
        let position = given.to_str().ok().and_then(|text| text.parse::<i64>().ok());
        position.filter(|position| *position >= 0).map(|position| Self(Some(position))).ok_or_else(not_ours)
    }

    /// The position that a stream has to be read at least at: everything beyond `heard` will be heard. What is behind
    /// the end of the ledger cannot have been received.
    pub(crate) async fn from(
        self,
        desk: &Desk,
        heard: i64,
        min: MinPosition,
    ) -> Result<MinPosition, Problem> {
        let since = self.0.unwrap_or(0);
        if since > heard {
            let last = desk.stacks().primary.last_position().await;
            let last = last.map_err(|error: LedgerError| Failure::from(error).into_problem())?;
            if since > last.get() {
                return Err(not_ours());
            }
        }
        Ok(MinPosition(Some(heard.max(since).max(min.0.unwrap_or(0)))))
    }
}

fn not_ours() -> Problem {
    Problem::malformed("Last-Event-ID is no position of this ledger")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Resume, Problem> {
        let request = actix_web::test::TestRequest::get().insert_header((LAST_EVENT_ID, text));
        Resume::read(&request.to_http_request())
    }

    #[test]
    fn what_is_no_position_is_refused() {
        assert_eq!(read("0").unwrap(), Resume(Some(0)));
        for bad in ["", "-1", "x", "1.5", "99999999999999999999", "0x10"] {
            assert_eq!(read(bad).unwrap_err().code(), "malformed", "{bad}");
        }
    }
}
