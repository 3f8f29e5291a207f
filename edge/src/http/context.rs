//! What is known of the request at hand, in one place and one allocation.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::rc::Rc;

use actix_web::dev::Payload;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use super::limits::Standing;
use super::traceparent::Traceparent;
use crate::clock::Clock;
use crate::token::Identity;

/// The request's id, in and out.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest id that is taken over from a client.
const LONGEST_ID: usize = 128;

/// The name of an operation in metrics and logs; mounted with `Resource::app_data`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation(pub &'static str);

/// The request's id, its trace and, once a token was verified, its speaker. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Context(Rc<Known>);

#[derive(Debug)]
struct Known {
    request_id: HeaderValue,
    traceparent: Option<Traceparent>,
    speaker: Cell<Option<Identity>>,
    standing: Cell<Option<Standing>>,
}

impl Context {
    pub(super) fn read(headers: &HeaderMap, clock: &dyn Clock) -> Self {
        let given = headers.get(REQUEST_ID).filter(|id| is_sensible(id)).cloned();
        let traceparent = headers.get(Traceparent::HEADER).and_then(Traceparent::parse);
        Self(Rc::new(Known {
            request_id: given.unwrap_or_else(|| minted(clock)),
            traceparent,
            speaker: Cell::new(None),
            standing: Cell::new(None),
        }))
    }

    /// The request's id.
    pub fn request_id(&self) -> &str {
        self.0.request_id.to_str().unwrap_or_default()
    }

    pub(super) fn request_id_header(&self) -> HeaderValue {
        self.0.request_id.clone()
    }

    /// The trace this request belongs to, where the client named one.
    pub fn traceparent(&self) -> Option<Traceparent> {
        self.0.traceparent
    }

    /// Who is speaking, once a token was verified.
    pub fn speaker(&self) -> Option<Identity> {
        self.0.speaker.get()
    }

    /// Where the client stands with its limit, if it has one.
    pub(super) fn standing(&self) -> Option<Standing> {
        self.0.standing.get()
    }

    pub(super) fn note_standing(request: &HttpRequest, standing: Standing) {
        if let Some(context) = request.extensions().get::<Self>() {
            context.0.standing.set(Some(standing));
        }
    }

    /// Who was found to speak in this request, if that was asked already.
    pub(crate) fn speaker_of(request: &HttpRequest) -> Option<Identity> {
        request.extensions().get::<Self>().and_then(Self::speaker)
    }

    pub(crate) fn note_speaker(request: &HttpRequest, identity: Identity) {
        if let Some(context) = request.extensions().get::<Self>() {
            context.0.speaker.set(Some(identity));
        }
    }
}

fn is_sensible(id: &HeaderValue) -> bool {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-:".contains(byte);
    !id.is_empty() && id.len() <= LONGEST_ID && id.as_bytes().iter().all(allowed)
}

fn minted(clock: &dyn Clock) -> HeaderValue {
    let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
    let text = clock.id().hyphenated().encode_lower(&mut text);
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("-"))
}

impl FromRequest for Context {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let known = request.extensions().get::<Self>().cloned();
        ready(Ok(known.unwrap_or_else(|| Self::read(request.headers(), &crate::clock::SystemClock))))
    }
}
