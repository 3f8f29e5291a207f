//! Positions in headers: what an answer stands for, and what a reader wants to see.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{FromRequest, HttpRequest};

use crate::problem::Problem;

/// The position of the last event recorded, or the position an answer stands for.
pub const LEDGER_POSITION: HeaderName = HeaderName::from_static("ledger-position");
/// The position a reader wants the answer to stand for at least.
pub const LEDGER_MIN_POSITION: HeaderName = HeaderName::from_static("ledger-min-position");

/// The `Ledger-Position` header of an answer.
pub fn ledger_position(position: i64) -> (HeaderName, HeaderValue) {
    (LEDGER_POSITION, HeaderValue::from(position))
}

/// The `Ledger-Min-Position` of a request, where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MinPosition(pub Option<i64>);

impl MinPosition {
    fn read(request: &HttpRequest) -> Result<Self, Problem> {
        let Some(value) = request.headers().get(LEDGER_MIN_POSITION) else { return Ok(Self(None)) };
        let position = value.to_str().ok().and_then(|text| text.parse::<i64>().ok());
        match position.filter(|position| *position >= 0) {
            Some(position) => Ok(Self(Some(position))),
            None => Err(Problem::malformed("Ledger-Min-Position is no position")),
        }
    }
}

impl FromRequest for MinPosition {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::read(request))
    }
}
