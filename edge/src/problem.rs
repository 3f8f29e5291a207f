//! RFC 9457 problem documents: the one shape of every error answer.
//!
//! Keeps true: `type`, `title`, `status`, `detail`, `code` and `request_id` are always there and no fact
//! can overwrite them; 429 and 503 carry `Retry-After`, 401 `WWW-Authenticate`. Inner detail of a failure
//! never gets in: whoever makes a problem writes its words.

use std::borrow::Cow;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// The media type of a problem.
pub const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");

const RESERVED: [&str; 6] = ["type", "title", "status", "detail", "code", "request_id"];

/// An error answer in the making. Boxed, so that results stay small.
#[derive(Debug, Clone)]
pub struct Problem(Box<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    status: StatusCode,
    code: Cow<'static, str>,
    detail: Cow<'static, str>,
    facts: Map<String, Value>,
    retry_after: Option<u32>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// The members every problem has, as documented; the facts of a refusal stand beside them.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemBody<'a> {
    /// A URI that names the kind of problem.
    #[serde(rename = "type")]
    #[schema(example = "urn:chajipoa:problem:rental_already_open")]
    pub kind: String,
    /// The kind of problem in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// This problem in words.
    pub detail: &'a str,
    /// The stable name to program against.
    pub code: &'a str,
    /// The request's id, as in `X-Request-Id`.
    pub request_id: &'a str,
    /// The facts that led to a refusal.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub facts: &'a Map<String, Value>,
}

impl Problem {
    /// A problem with its status, stable code and words.
    pub fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        let retry_after = match status {
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => Some(1),
            _ => None,
        };
        let (code, detail) = (code.into(), detail.into());
        Self(Box::new(Parts { status, code, detail, facts: Map::new(), retry_after, headers: Vec::new() }))
    }

    /// 400: the request cannot be read.
    pub fn malformed(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", detail)
    }

    /// 401: no token, or one that does not hold.
    pub fn unauthorized(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
    }

    /// 401 with a code of its own: what was shown instead of a token does not hold.
    pub fn unauthorized_as(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, detail)
    }

    /// 403: not for this role.
    pub fn forbidden(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    /// 404: not there, or not yours.
    pub fn not_found(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", detail)
    }

    /// 409 with its code.
    pub fn conflict(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// 422: a rule refuses.
    pub fn refused(code: impl Into<Cow<'static, str>>, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
    }

    /// 413: more bytes than the path takes.
    pub fn body_too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "the body is larger than this path takes")
    }

    /// 503 with its code and the seconds after which another try makes sense.
    pub fn unavailable(code: &'static str, detail: impl Into<Cow<'static, str>>, retry_after: u32) -> Self {
        let mut problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail);
        problem.0.retry_after = Some(retry_after);
        problem
    }

    /// 429 with the seconds after which another try makes sense.
    pub fn too_many_requests(detail: impl Into<Cow<'static, str>>, retry_after: u32) -> Self {
        Self::too_many("too_many_requests", detail, retry_after)
    }

    /// 429 with a code of its own, and the seconds after which another try makes sense.
    pub fn too_many(code: &'static str, detail: impl Into<Cow<'static, str>>, retry_after: u32) -> Self {
        let mut problem = Self::new(StatusCode::TOO_MANY_REQUESTS, code, detail);
        problem.0.retry_after = Some(retry_after);
        problem
    }

    /// 500: a failure of ours; what it was stands in the log only.
    pub fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the request could not be handled")
    }

    /// The plain problem of a bare status.
    pub fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::BAD_REQUEST => Self::malformed("the request cannot be read"),
            StatusCode::UNAUTHORIZED => Self::unauthorized("a bearer token is needed"),
            StatusCode::FORBIDDEN => Self::forbidden("not for this role"),
            StatusCode::NOT_FOUND => Self::not_found("there is nothing at this path"),
            StatusCode::METHOD_NOT_ALLOWED => {
                Self::new(status, "method_not_allowed", "this path does not take this method")
            }
            StatusCode::PAYLOAD_TOO_LARGE => Self::body_too_large(),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                Self::new(status, "unsupported_media_type", "this path takes another content type")
            }
            StatusCode::SERVICE_UNAVAILABLE => Self::unavailable("unavailable", "not at the moment", 1),
            StatusCode::TOO_MANY_REQUESTS => Self::too_many_requests("too many requests", 1),
            other if other.is_client_error() => {
                Self::new(other, "malformed", "the request cannot be handled")
            }
            _ => Self::internal(),
        }
    }

    /// Adds a fact; the members every problem has cannot be overwritten.
    #[must_use]
    pub fn fact(mut self, name: &str, value: impl Into<Value>) -> Self {
        if !RESERVED.contains(&name) {
            self.0.facts.insert(name.to_owned(), value.into());
        }
        self
    }

    /// Adds the members of a JSON object as facts.
    #[must_use]
    pub fn facts(self, facts: Map<String, Value>) -> Self {
        facts.into_iter().fold(self, |problem, (name, value)| problem.fact(&name, value))
    }

    /// Adds a response header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The stable code.
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// This problem in words.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// The facts so far.
    pub fn known_facts(&self) -> &Map<String, Value> {
        &self.0.facts
    }

    /// The document, for the request of this id.
    pub fn body<'a>(&'a self, request_id: &'a str) -> ProblemBody<'a> {
        ProblemBody {
            kind: format!("urn:chajipoa:problem:{}", self.0.code),
            title: title(&self.0.code),
            status: self.0.status.as_u16(),
            detail: &self.0.detail,
            code: &self.0.code,
            request_id,
            facts: &self.0.facts,
        }
    }

    /// The whole answer, for the request of this id.
    pub fn respond(&self, request_id: &str) -> HttpResponse {
        let mut response = HttpResponse::build(self.0.status);
        response.insert_header((header::CONTENT_TYPE, CONTENT_TYPE));
        if let Some(seconds) = self.0.retry_after {
            response.insert_header((header::RETRY_AFTER, HeaderValue::from(seconds)));
        }
        if self.0.status == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
        }
        for (name, value) in &self.0.headers {
            response.append_header((name.clone(), value.clone()));
        }
        response.body(serde_json::to_vec(&self.body(request_id)).unwrap_or_default())
    }
}

fn title(code: &str) -> String {
    let mut words = code.replace('_', " ");
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code, self.0.detail)
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.0.status
    }

    fn error_response(&self) -> HttpResponse {
        // The site's middleware writes the document again with the request's id.
        self.respond("")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fact_never_overwrites_a_member() {
        let problem =
            Problem::refused("debt_outstanding", "the customer owes").fact("status", 1).fact("debt", 500);
        assert_eq!(
            serde_json::to_value(problem.body("r1")).unwrap(),
            serde_json::json!({
                "type": "urn:chajipoa:problem:debt_outstanding", "title": "Debt outstanding", "status": 422,
                "detail": "the customer owes", "code": "debt_outstanding", "request_id": "r1", "debt": 500
            })
        );
    }

    #[test]
    fn what_may_be_tried_again_says_when() {
        let response = Problem::unavailable("queue_full", "busy", 2).respond("r1");
        assert_eq!(response.headers().get(header::RETRY_AFTER).unwrap(), "2");
        let response = Problem::of_status(StatusCode::TOO_MANY_REQUESTS).respond("r1");
        assert_eq!(response.headers().get(header::RETRY_AFTER).unwrap(), "1");
    }

    #[test]
    fn every_status_has_a_code() {
        for status in (400..600).map(|status| StatusCode::from_u16(status).unwrap()) {
            assert!(!Problem::of_status(status).code().is_empty());
        }
    }
}
