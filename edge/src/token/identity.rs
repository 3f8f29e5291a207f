//! Who is speaking, as a verified token says.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Verifier;
use crate::http::Context;
use crate::problem::Problem;
use crate::role::Role;

/// A verified speaker. As an extractor it answers 401 where there is no good bearer token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// What it may be allowed to do.
    pub role: Role,
    /// Who it is: the customer, the station, the member of staff.
    pub subject: Uuid,
    /// Free of rate limits.
    pub unlimited: bool,
    /// When the token ends.
    pub expires_at: DateTime<Utc>,
    /// The token's own id.
    pub token_id: Uuid,
    /// The session it belongs to, for those who logged in.
    pub session: Option<Uuid>,
}

impl Identity {
    /// The system itself, for what a process does on its own behalf.
    pub fn system(subject: Uuid) -> Self {
        Self {
            role: Role::System,
            subject,
            unlimited: true,
            expires_at: DateTime::<Utc>::MAX_UTC,
            token_id: Uuid::nil(),
            session: None,
        }
    }

    /// How events and logs name this speaker: `role:subject`.
    pub fn actor(&self) -> String {
        format!("{}:{}", self.role.as_str(), self.subject)
    }

    /// 403 unless the role is one of these.
    ///
    /// # Errors
    /// The role is none of them.
    pub fn must_be(&self, roles: &[Role]) -> Result<(), Problem> {
        if roles.contains(&self.role) {
            Ok(())
        } else {
            Err(Problem::forbidden(format!("not for the role {}", self.role)))
        }
    }

    /// The verified speaker of a request, verified once.
    ///
    /// # Errors
    /// 401 where there is no good bearer token.
    pub(crate) fn of(request: &HttpRequest) -> Result<Self, Problem> {
        if let Some(known) = Context::speaker_of(request) {
            return Ok(known);
        }
        let Some(verifier) = request.app_data::<web::Data<Verifier>>() else {
            tracing::error!("no verifier is mounted");
            return Err(Problem::internal());
        };
        let given = request
            .headers()
            .get(header::AUTHORIZATION)
            .ok_or_else(|| Problem::unauthorized("a bearer token is needed"))?;
        let token = bearer(given.as_bytes())
            .ok_or_else(|| Problem::unauthorized("the authorization header is no bearer token"))?;
        let identity = verifier.verify(token)?;
        Context::note_speaker(request, identity);
        Ok(identity)
    }
}

fn bearer(header: &[u8]) -> Option<&str> {
    let (scheme, token) = std::str::from_utf8(header).ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

impl FromRequest for Identity {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}
