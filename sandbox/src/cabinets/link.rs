//! A cabinet's way to the ledger: its token, its stream, its reports.
//!
//! Keeps true: the token is renewed before it ends, and dropped and asked for once more when it is refused; every call but
//! the stream has a limit. It never shows secret or token.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use uuid::Uuid;

/// One answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// Why there is no answer, or not the one that was hoped for.
#[derive(Debug, thiserror::Error)]
pub(super) enum LinkError {
    /// Nobody answers.
    #[error("the ledger cannot be reached")]
    Away(#[from] reqwest::Error),
    /// Not now.
    #[error("the ledger answers {0}")]
    NotNow(StatusCode),
    /// The secret or the token is not good.
    #[error("the ledger does not know this cabinet")]
    Stranger,
    /// The last word.
    #[error("the ledger refuses: {code}")]
    Refused {
        /// Its stable name, or the status.
        code: String,
    },
}

struct Token {
    text: Arc<str>,
    renew_at: Instant,
}

/// The link of one cabinet with one secret.
pub(super) struct Link {
    client: Client,
    pub(super) gateway: String,
    station_id: Uuid,
    secret: String,
    token: Mutex<Option<Token>>,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: u64,
}

impl Link {
    pub(super) fn new(client: Client, gateway: String, station_id: Uuid, secret: String) -> Self {
        Self { client, gateway, station_id, secret, token: Mutex::new(None) }
    }

    /// The stream of releases, from after this event on.
    ///
    /// # Errors
    /// It does not open.
    pub(super) async fn stream(&self, after: Option<&str>) -> Result<Response, LinkError> {
        self.authorized(|client| {
            let request = client.get(self.station("commands/stream")).header("Accept", "text/event-stream");
            match after {
                Some(id) => request.header("Last-Event-ID", id),
                None => request,
            }
        })
        .await
    }

    /// Sends one command. Returns its outcome.
    ///
    /// # Errors
    /// It was not taken.
    pub(super) async fn command(&self, body: &Value) -> Result<Value, LinkError> {
        self.post(&self.path("commands"), body).await
    }

    /// Sends many. Returns a line for each.
    ///
    /// # Errors
    /// They were not taken.
    pub(super) async fn batch(&self, lines: String) -> Result<Vec<Value>, LinkError> {
        let url = self.path("commands/batch");
        let response = self
            .authorized(|client| {
                let request = client.post(&url).header("Content-Type", "application/x-ndjson");
                request.body(lines.clone()).timeout(PATIENCE)
            })
            .await?;
        let text = response.text().await?;
        Ok(text.lines().map(|line| serde_json::from_str(line).unwrap_or(Value::Null)).collect())
    }

    /// Tells what stands where.
    ///
    /// # Errors
    /// It was not taken.
    pub(super) async fn inventory(&self, body: &Value) -> Result<Value, LinkError> {
        self.post(&self.station("inventory"), body).await
    }

    /// Says that it lives.
    ///
    /// # Errors
    /// It was not taken.
    pub(super) async fn heartbeat(&self, body: &Value) -> Result<Value, LinkError> {
        self.post(&self.station("heartbeat"), body).await
    }

    fn path(&self, path: &str) -> String {
        format!("{}/api/v1/{path}", self.gateway)
    }

    fn station(&self, path: &str) -> String {
        self.path(&format!("stations/{}/{path}", self.station_id))
    }

    async fn post(&self, url: &str, body: &Value) -> Result<Value, LinkError> {
        let response = self.authorized(|client| client.post(url).json(body).timeout(PATIENCE)).await?;
        Ok(response.json().await.unwrap_or_default())
    }

    /// Sends with a token; once more with a new one if it is refused.
    async fn authorized(&self, request: impl Fn(&Client) -> RequestBuilder) -> Result<Response, LinkError> {
        let token = self.token().await?;
        let response = request(&self.client).bearer_auth(&token).send().await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return judged(response).await;
        }
        self.drop_token(&token).await;
        let token = self.token().await?;
        judged(request(&self.client).bearer_auth(&token).send().await?).await
    }

    async fn token(&self) -> Result<Arc<str>, LinkError> {
        let mut token = self.token.lock().await;
        if let Some(good) = token.as_ref().filter(|token| token.renew_at > Instant::now()) {
            return Ok(Arc::clone(&good.text));
        }
        let body = json!({"station_id": self.station_id, "secret": self.secret});
        let request = self.client.post(self.path("auth/station/token")).json(&body).timeout(PATIENCE);
        let granted: Granted = judged(request.send().await?).await?.json().await?;
        let text: Arc<str> = granted.access_token.into();
        // A fifth of its life is left then: enough for a slow answer.
        let good_for = Duration::from_secs(granted.expires_in).saturating_mul(4) / 5;
        *token =
            Instant::now().checked_add(good_for).map(|renew_at| Token { text: Arc::clone(&text), renew_at });
        Ok(text)
    }

    async fn drop_token(&self, refused: &str) {
        let mut token = self.token.lock().await;
        if token.as_ref().is_some_and(|token| &*token.text == refused) {
            *token = None;
        }
    }
}

/// Whether an answer with this status and code may be another one later.
pub(super) fn may_change(status: StatusCode, code: &str) -> bool {
    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS || code == "concurrent_update"
}

async fn judged(response: Response) -> Result<Response, LinkError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    if status == StatusCode::UNAUTHORIZED {
        return Err(LinkError::Stranger);
    }
    let problem: Value = response.json().await.unwrap_or_default();
    let code = problem.get("code").and_then(Value::as_str).map_or_else(|| status.to_string(), str::to_owned);
    if may_change(status, &code) { Err(LinkError::NotNow(status)) } else { Err(LinkError::Refused { code }) }
}
