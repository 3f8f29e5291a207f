//! A client of the public interface: what the seed and the simulated city speak through.
//!
//! It knows commands and tokens, nothing of the database. Every command carries its own id, so an answer that was
//! lost is asked for again by sending the same command: at most [`ATTEMPTS`] times, with a pause that grows. Who is told
//! to slow down (429) waits as long as `Retry-After` says, unless that is longer than anybody waits.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use edge::{
    Role, SystemClock,
    pace::{Backoff, rest},
    token::{MintError, Ticket, TokenKeys, mint},
};
use serde_json::{Value, json};
use uuid::Uuid;

/// How often a command is sent before its fate is given up as unknown.
const ATTEMPTS: u32 = 40;
/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Whoever is told to wait for longer than this is told no.
const LONGEST_WAIT: u64 = 75;
/// How long a token lives that the client makes for itself.
const TOKEN_LIFETIME: TimeDelta = TimeDelta::hours(6);

/// Why an answer could not be had.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// Nobody answers, again and again.
    #[error("no final answer from {url} after {ATTEMPTS} attempts: {last}")]
    Unreachable {
        /// Where.
        url: String,
        /// What the last attempt came to.
        last: String,
    },
    /// There is a final answer, and it is another one than there has to be.
    #[error("{what} was answered {answer}")]
    Answered {
        /// What was asked.
        what: String,
        /// The answer.
        answer: String,
    },
    /// A token could not be made.
    #[error("a token could not be made")]
    Token(#[from] MintError),
    /// The client itself could not be built.
    #[error("the HTTP client could not be made")]
    Client(#[source] reqwest::Error),
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Whether it is the stored answer of an earlier sending.
    pub replayed: bool,
    /// After so many seconds it may be asked again, if it says so.
    pub retry_after: Option<u64>,
    /// The body; null where there is none.
    pub body: Value,
    /// The body as it came.
    pub text: String,
}

impl Reply {
    /// Whether the command has its effect: recorded or already done.
    #[must_use]
    pub fn done(&self) -> bool {
        matches!(self.status, 200..=202)
    }

    /// `recorded`, `already_done`, or the code of the refusal.
    #[must_use]
    pub fn outcome(&self) -> &str {
        let field = if self.done() { "outcome" } else { "code" };
        self.body.get(field).and_then(Value::as_str).unwrap_or("no_code")
    }

    /// A field of the result.
    #[must_use]
    pub fn result(&self, field: &str) -> &Value {
        self.body.get("result").and_then(|result| result.get(field)).unwrap_or(&Value::Null)
    }
}

/// A command to send.
#[derive(Debug, Clone)]
pub struct Sending {
    /// As whom.
    pub role: Role,
    /// As whom exactly.
    pub subject: Uuid,
    /// Its id.
    pub id: Uuid,
    /// Its type.
    pub name: &'static str,
    /// When the fact happened, if that is to be said.
    pub occurred_at: Option<DateTime<Utc>>,
    /// Its data.
    pub data: Value,
}

impl Sending {
    /// The command as it is sent.
    #[must_use]
    pub fn body(&self) -> Value {
        let mut body = json!({"command_id": self.id, "type": self.name, "data": self.data});
        if let (Some(at), Some(fields)) = (self.occurred_at, body.as_object_mut()) {
            fields.insert("occurred_at".to_owned(), json!(at));
        }
        body
    }
}

/// A request of somebody who has a token of their own, or none.
#[derive(Debug, Clone)]
pub struct Asking<'a> {
    /// How.
    pub method: reqwest::Method,
    /// Where.
    pub path: &'a str,
    /// Their token.
    pub token: Option<&'a str>,
    /// Their address, as a gateway on this machine names it: what is limited for each address is limited for each of them.
    pub address: Option<&'a str>,
    /// The id under which it has one effect.
    pub key: Option<Uuid>,
    /// What they say.
    pub body: Option<&'a Value>,
}

/// A client of one gateway.
#[derive(Clone)]
pub struct Api {
    http: reqwest::Client,
    base: String,
    keys: Arc<TokenKeys>,
    tokens: Arc<Mutex<HashMap<(Role, Uuid), String>>>,
    /// The last position that an answer named: what is read afterwards stands for no earlier one.
    seen: Arc<AtomicI64>,
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Api {
    /// A client of the gateway at `base`, making its tokens with these keys.
    ///
    /// # Errors
    /// The HTTP client cannot be built.
    pub fn new(base: &str, keys: TokenKeys) -> Result<Api, ApiError> {
        let http = reqwest::Client::builder().timeout(PATIENCE).build().map_err(ApiError::Client)?;
        let base = base.trim_end_matches('/').to_owned();
        Ok(Api { http, base, keys: Arc::new(keys), tokens: Arc::default(), seen: Arc::default() })
    }

    /// Where the gateway answers.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// A token of that role and subject, without rate limits; made once.
    ///
    /// # Errors
    /// There is no signing key.
    pub fn token(&self, role: Role, subject: Uuid) -> Result<String, ApiError> {
        let mut tokens = self.tokens.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(token) = tokens.get(&(role, subject)) {
            return Ok(token.clone());
        }
        let ticket = Ticket { role, subject, lifetime: TOKEN_LIFETIME, unlimited: true };
        let (token, _) = mint(&self.keys, ticket, &SystemClock)?;
        tokens.insert((role, subject), token.clone());
        Ok(token)
    }

    /// Sends a command until it has a final answer.
    ///
    /// # Errors
    /// [`ApiError::Unreachable`] when there is none.
    pub async fn send(&self, sending: &Sending) -> Result<Reply, ApiError> {
        let token = self.token(sending.role, sending.subject)?;
        let url = format!("{}/api/v1/commands", self.base);
        let body = sending.body().to_string();
        self.insist(&url, || {
            self.http
                .post(&url)
                .bearer_auth(&token)
                .header("content-type", "application/json")
                .body(body.clone())
        })
        .await
    }

    /// Uploads what a station kept: one line for each command.
    ///
    /// # Errors
    /// [`ApiError::Unreachable`] when there is no final answer.
    pub async fn upload(&self, token: &str, kept: &[Value]) -> Result<Vec<Value>, ApiError> {
        let url = format!("{}/api/v1/commands/batch", self.base);
        let lines: String = kept.iter().map(|line| format!("{line}\n")).collect();
        let reply = self
            .insist(&url, || {
                self.http
                    .post(&url)
                    .bearer_auth(token)
                    .header("content-type", "application/x-ndjson")
                    .body(lines.clone())
            })
            .await?;
        Ok(reply.text.lines().map(|line| serde_json::from_str(line).unwrap_or(Value::Null)).collect())
    }

    /// Reads a path, as it is after everything that this client has written.
    ///
    /// # Errors
    /// [`ApiError::Unreachable`] when there is no answer.
    pub async fn get(&self, role: Role, subject: Uuid, path: &str) -> Result<Reply, ApiError> {
        let token = self.token(role, subject)?;
        let url = format!("{}{path}", self.base);
        let seen = self.seen.load(Ordering::Relaxed);
        self.insist(&url, || self.http.get(&url).bearer_auth(&token).header("ledger-min-position", seen))
            .await
    }

    /// Sends a body to a path that may be asked twice.
    ///
    /// # Errors
    /// [`ApiError::Unreachable`] when there is no answer.
    pub async fn post(
        &self,
        (role, subject): (Role, Uuid),
        path: &str,
        body: &Value,
    ) -> Result<Reply, ApiError> {
        let token = self.token(role, subject)?;
        let url = format!("{}{path}", self.base);
        self.insist(&url, || self.http.post(&url).bearer_auth(&token).json(body)).await
    }

    /// Asks as somebody with a token of their own, until there is a final answer.
    ///
    /// # Errors
    /// [`ApiError::Unreachable`] when there is none.
    pub async fn ask(&self, asking: &Asking<'_>) -> Result<Reply, ApiError> {
        let url = format!("{}{}", self.base, asking.path);
        let seen = self.seen.load(Ordering::Relaxed);
        self.insist(&url, || {
            let mut request = self.http.request(asking.method.clone(), &url);
            if asking.method == reqwest::Method::GET {
                request = request.header("ledger-min-position", seen);
            }
            if let Some(token) = asking.token {
                request = request.bearer_auth(token);
            }
            if let Some(address) = asking.address {
                request = request.header("x-forwarded-for", address);
            }
            if let Some(key) = asking.key {
                request = request.header("idempotency-key", key.to_string());
            }
            match asking.body {
                Some(body) => request.json(body),
                None => request,
            }
        })
        .await
    }

    async fn insist(
        &self,
        url: &str,
        request: impl Fn() -> reqwest::RequestBuilder,
    ) -> Result<Reply, ApiError> {
        let mut backoff = Backoff::new(Duration::from_millis(20), Duration::from_secs(2));
        let mut last = String::new();
        for _ in 0..ATTEMPTS {
            match self.read(request()).await {
                Ok(reply) if !matches!(reply.status, 429 | 502 | 503 | 504) => return Ok(reply),
                Ok(reply) if reply.status == 429 => {
                    let wait = reply.retry_after.unwrap_or(1);
                    if wait > LONGEST_WAIT {
                        return Ok(reply);
                    }
                    last = format!("429 {}", reply.outcome());
                    rest(Duration::from_secs(wait)).await;
                    continue;
                }
                Ok(reply) => last = format!("{} {}", reply.status, reply.outcome()),
                Err(error) => last = error.to_string(),
            }
            backoff.pause(&SystemClock).await;
        }
        Err(ApiError::Unreachable { url: url.to_owned(), last })
    }
}

impl Api {
    async fn read(&self, request: reqwest::RequestBuilder) -> Result<Reply, reqwest::Error> {
        let response = request.send().await?;
        let status = response.status().as_u16();
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let replayed = header("idempotent-replay") == Some("true");
        if let Some(position) = header("ledger-position").and_then(|position| position.parse().ok()) {
            self.seen.fetch_max(position, Ordering::Relaxed);
        }
        let retry_after = header("retry-after").and_then(|seconds| seconds.parse().ok());
        let text = response.text().await?;
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok(Reply { status, replayed, retry_after, body, text })
    }
}
