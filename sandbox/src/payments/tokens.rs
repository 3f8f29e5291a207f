//! The tokens that were granted. Many are good at once; each ends by itself.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;
use chrono::{DateTime, Utc};

/// How many are remembered: whoever asks for more loses the oldest.
const KEPT: usize = 1_000;

#[derive(Default)]
pub(super) struct Tokens(Mutex<VecDeque<(String, DateTime<Utc>)>>);

impl Tokens {
    pub(super) fn add(&self, token: String, until: DateTime<Utc>) {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.push_back((token, until));
        if tokens.len() > KEPT {
            tokens.pop_front();
        }
    }

    /// Whether the request bears a good one.
    pub(super) fn hold(&self, request: &HttpRequest, now: DateTime<Utc>) -> bool {
        let header = request.headers().get(AUTHORIZATION).and_then(|header| header.to_str().ok());
        let Some((scheme, token)) = header.and_then(|header| header.split_once(' ')) else { return false };
        let tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let good = |(known, until): &(String, DateTime<Utc>)| known == token.trim() && *until > now;
        scheme.eq_ignore_ascii_case("bearer") && tokens.iter().any(good)
    }

    /// Ends them all.
    pub(super) fn revoke(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
