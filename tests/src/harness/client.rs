//! A client of the public interface as tests need it: any request as anybody, every answer whole.
//!
//! It makes its own tokens with the keys of the installation. It never asks twice: what a test wants to send again,
//! it sends again.
#![allow(clippy::panic, clippy::expect_used, reason = "a service that does not answer fails the test")]

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use edge::token::{Ticket, TokenKeys, mint};
use edge::{Role, SystemClock};
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use uuid::Uuid;

/// One answer on two busy cores.
const PATIENCE: Duration = Duration::from_secs(30);
const TOKEN_LIFETIME: TimeDelta = TimeDelta::hours(1);

/// A role and who exactly.
pub type Who = (Role, Uuid);

/// The administrator of the tests.
pub const ADMIN: Who = (Role::Admin, Uuid::from_u128(0xad));
/// The provider side of the tests.
pub const PAYMENTS: Who = (Role::Payments, Uuid::from_u128(0xba));
/// The field staff of the tests.
pub const AGENT: Who = (Role::Agent, Uuid::from_u128(0xa6));
/// The help desk of the tests.
pub const SUPPORT: Who = (Role::Support, Uuid::from_u128(0x5e));
/// The finance team of the tests.
pub const FINANCE: Who = (Role::Finance, Uuid::from_u128(0xf1));
/// The analyst of the tests.
pub const ANALYST: Who = (Role::Analyst, Uuid::from_u128(0xa7));

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub text: String,
}

impl Answer {
    /// The body as JSON; null where it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// What stands at a JSON pointer; null where nothing does.
    #[must_use]
    pub fn at(&self, pointer: &str) -> Value {
        self.json().pointer(pointer).cloned().unwrap_or(Value::Null)
    }

    /// The code of a problem; empty where there is none.
    #[must_use]
    pub fn code(&self) -> String {
        self.at("/code").as_str().unwrap_or_default().to_owned()
    }

    /// A header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Whether it says that it is a replay.
    #[must_use]
    pub fn replayed(&self) -> bool {
        self.header("idempotent-replay") == Some("true")
    }

    /// `Ledger-Position`.
    #[must_use]
    pub fn position(&self) -> Option<i64> {
        self.header("ledger-position")?.parse().ok()
    }

    /// Itself, if it has this status.
    ///
    /// # Panics
    /// When it has another one.
    #[must_use]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// Itself, if it is a problem of this status and code.
    ///
    /// # Panics
    /// When it is something else.
    #[must_use]
    pub fn refused(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.code().as_str()), (status, code), "{}", self.text);
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        self
    }
}

/// A client of one service or gateway.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    keys: Arc<TokenKeys>,
    tokens: Arc<Mutex<HashMap<Who, String>>>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Client {
    /// A client of the service at `base`, with the keys of this directory.
    ///
    /// # Panics
    /// When the keys cannot be read or made.
    #[must_use]
    pub fn new(base: &str, keys: &Path) -> Self {
        let http = reqwest::Client::builder().timeout(PATIENCE).build().expect("an HTTP client");
        let keys = TokenKeys::open_or_create(keys, &SystemClock).expect("signing keys");
        Self { http, base: base.to_owned(), keys: Arc::new(keys), tokens: Arc::default() }
    }

    /// The same client of another service.
    #[must_use]
    pub fn of(&self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self.clone() }
    }

    /// Where the service answers.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// A token without rate limits.
    ///
    /// # Panics
    /// When none can be made.
    #[must_use]
    pub fn token(&self, (role, subject): Who) -> String {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            let ticket = Ticket { role, subject, lifetime: TOKEN_LIFETIME, unlimited: true };
            mint(&self.keys, ticket, &SystemClock).expect("a token").0
        };
        tokens.entry((role, subject)).or_insert_with(make).clone()
    }

    /// Sends a request once.
    ///
    /// # Errors
    /// When no whole answer came.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        who: Option<Who>,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Result<Answer, reqwest::Error> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(who) = who {
            request = request.bearer_auth(self.token(who));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Answer { status, headers, text: response.text().await? })
    }

    /// Sends a request to a service that is there.
    ///
    /// # Panics
    /// When no whole answer came.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        who: Option<Who>,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Answer {
        let answer = self.send(method, path, who, headers, body).await;
        answer.unwrap_or_else(|error| panic!("{path} of {}: {error:?}", self.base))
    }

    /// Reads a path.
    pub async fn get(&self, who: Who, path: &str) -> Answer {
        self.ask(Method::GET, path, Some(who), &[], None).await
    }

    /// Reads a path once it stands for this position.
    pub async fn get_at(&self, who: Who, path: &str, position: i64) -> Answer {
        let position = position.to_string();
        self.ask(Method::GET, path, Some(who), &[("ledger-min-position", &position)], None).await
    }

    /// Posts to a path.
    pub async fn post(&self, who: Who, path: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, Some(who), &[], Some(body.to_string())).await
    }

    /// Sends a command under an id that the service mints.
    pub async fn command(&self, who: Who, kind: &str, data: Value) -> Answer {
        self.post(who, "/api/v1/commands", json!({"type": kind, "data": data})).await
    }

    /// Sends a command under its id.
    pub async fn command_as(&self, id: Uuid, who: Who, kind: &str, data: Value) -> Answer {
        self.post(who, "/api/v1/commands", json!({"command_id": id, "type": kind, "data": data})).await
    }
}
