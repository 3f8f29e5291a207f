//! Sends commands to command-api, as the system or as the provider's side, and judges what came back.
//!
//! It keeps true that only an answer that will stay the same is called final. The token is internal: made here with
//! the installation's keys, for a minute, anew before it ends; it is never printed or logged.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use domain::Time;
use edge::token::{INTERNAL_LIFETIME, MintError, Ticket, TokenKeys, mint, mint_internal};
use edge::{Clock, Role};
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::error::{ReactorError, chain};

/// Who the reactor is. The same for every reactor: the same command of two of them must be the same.
const REACTOR: Uuid = Uuid::from_u128(0x6368_616a_6970_8f61_8072_6561_6374_6f72);
/// Who it is where it says what the provider said.
const CASHIER: Uuid = Uuid::from_u128(0x6368_616a_6970_8f61_8063_6173_6869_6572);
/// How long one answer may take; command-api gives up after 5 seconds itself.
const PATIENCE: Duration = Duration::from_secs(15);
/// A token with less time left is made anew.
const TOKEN_MARGIN: TimeDelta = TimeDelta::seconds(20);

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It has its effect.
    Done {
        /// The world already was so.
        already: bool,
    },
    /// It will never have one.
    Refused {
        /// The refusal's code.
        code: String,
    },
    /// It may yet have one: the same command is sent again.
    Again {
        /// Why.
        why: String,
        /// Whether anybody answered.
        answered: bool,
    },
}

/// A command to send.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    pub(crate) id: Uuid,
    pub(crate) name: &'static str,
    /// When its fact happened; the time of recording where nothing is said.
    pub(crate) occurred_at: Option<Time>,
    pub(crate) data: Value,
}

impl Command {
    /// Always the same bytes: the hash that a replay must have is taken over them.
    fn body(&self) -> Value {
        let mut body = json!({"command_id": self.id, "type": self.name, "data": self.data});
        if let (Some(at), Some(body)) = (self.occurred_at, body.as_object_mut()) {
            body.insert("occurred_at".to_owned(), json!(at.to_rfc3339_opts(SecondsFormat::Micros, true)));
        }
        body
    }
}

/// As whom commands are sent.
#[derive(Debug, Clone, Copy)]
enum Speaker {
    /// The system itself.
    System,
    /// The provider's side.
    Payments,
}

impl Speaker {
    fn token(self, keys: &TokenKeys, clock: &dyn Clock) -> Result<(String, DateTime<Utc>), MintError> {
        let lifetime = INTERNAL_LIFETIME;
        match self {
            Self::System => mint_internal(keys, REACTOR, clock),
            Self::Payments => {
                let ticket = Ticket { role: Role::Payments, subject: CASHIER, lifetime, unlimited: true };
                mint(keys, ticket, clock)
            }
        }
    }
}

/// Where commands go.
pub struct Commands {
    http: reqwest::Client,
    url: String,
    keys: PathBuf,
    clock: Arc<dyn Clock>,
    speaker: Speaker,
    token: Mutex<Option<(String, DateTime<Utc>)>>,
}

impl std::fmt::Debug for Commands {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Commands").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Commands {
    /// Sends to the command-api at `base` (`http://host:port`), with tokens signed by the keys below `keys`.
    ///
    /// # Errors
    /// The HTTP client cannot be made.
    pub fn new(base: &str, keys: PathBuf, clock: Arc<dyn Clock>) -> Result<Self, ReactorError> {
        let http = reqwest::Client::builder().timeout(PATIENCE).build().map_err(ReactorError::Client)?;
        let url = format!("{}/api/v1/commands", base.trim_end_matches('/'));
        Ok(Self { http, url, keys, clock, speaker: Speaker::System, token: Mutex::new(None) })
    }

    /// The same, as the provider's side: what it said becomes commands of the role `payments`.
    #[must_use]
    pub fn for_payments(mut self) -> Self {
        self.speaker = Speaker::Payments;
        self.forget_token();
        self
    }

    /// Sends a command and judges the answer.
    pub(crate) async fn send(&self, command: &Command) -> Answer {
        let token = match self.token() {
            Ok(token) => token,
            Err(why) => return Answer::Again { why, answered: false },
        };
        let request = self.http.post(&self.url).bearer_auth(token).json(&command.body());
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return Answer::Again { why: chain(&error.without_url()), answered: false },
        };
        let status = response.status();
        if status == StatusCode::UNAUTHORIZED {
            self.forget_token();
        }
        match response.bytes().await {
            Ok(body) => judge(status, &body),
            Err(error) => Answer::Again { why: chain(&error.without_url()), answered: false },
        }
    }

    fn token(&self) -> Result<String, String> {
        let now = self.clock.now();
        let mut held = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that went back makes a token anew as well: it would be of the future.
        let holds = |ends: &DateTime<Utc>| {
            let left = *ends - now;
            left > TOKEN_MARGIN && left <= INTERNAL_LIFETIME
        };
        if let Some((token, _)) = held.as_ref().filter(|(_, ends)| holds(ends)) {
            return Ok(token.clone());
        }
        let keys =
            TokenKeys::open_or_create(&self.keys, self.clock.as_ref()).map_err(|error| chain(&error))?;
        let (token, ends) = self.speaker.token(&keys, self.clock.as_ref()).map_err(|error| chain(&error))?;
        *held = Some((token.clone(), ends));
        Ok(token)
    }

    fn forget_token(&self) {
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[derive(Deserialize)]
struct Body {
    outcome: Option<String>,
    code: Option<String>,
}

/// Final are: an effect, and a refusal by a rule. A deadline that has not come, overload, a command-api that is
/// starting, a token or a path that does not fit: all that may be otherwise next time.
fn judge(status: StatusCode, body: &[u8]) -> Answer {
    let Body { outcome, code } = serde_json::from_slice(body).unwrap_or(Body { outcome: None, code: None });
    let code = code.unwrap_or_default();
    match status {
        StatusCode::CREATED | StatusCode::OK if outcome.is_some() => {
            Answer::Done { already: outcome.as_deref() == Some("already_done") }
        }
        StatusCode::UNPROCESSABLE_ENTITY if !code.is_empty() && code != "not_due" => Answer::Refused { code },
        StatusCode::CONFLICT if code == "idempotency_key_reused" => Answer::Refused { code },
        _ => Answer::Again { why: format!("{status} {code}"), answered: true },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use edge::FixedClock;

    fn judged(status: u16, body: &Value) -> Answer {
        judge(StatusCode::from_u16(status).unwrap(), body.to_string().as_bytes())
    }

    #[test]
    fn an_effect_and_a_rules_refusal_are_final() {
        assert_eq!(judged(201, &json!({"outcome": "recorded"})), Answer::Done { already: false });
        assert_eq!(judged(200, &json!({"outcome": "already_done"})), Answer::Done { already: true });
        for (status, code) in [(422, "rental_ended"), (409, "idempotency_key_reused")] {
            assert_eq!(judged(status, &json!({"code": code})), Answer::Refused { code: code.to_owned() });
        }
    }

    #[test]
    fn whatever_may_be_otherwise_next_time_is_sent_again() {
        for (status, body) in [
            (422, json!({"code": "not_due"})),
            (422, json!("nonsense")),
            (429, json!({"code": "too_many_requests"})),
            (503, json!({"code": "outcome_unknown"})),
            (409, json!({"code": "concurrent_update"})),
            (401, json!({"code": "unauthorized"})),
            (403, json!({"code": "forbidden"})),
            (404, json!({"code": "not_found"})),
            (400, json!({"code": "malformed"})),
            (500, json!({"code": "internal"})),
            (502, json!("<html>")),
            (200, json!({"hello": "somebody else"})),
        ] {
            assert!(matches!(judged(status, &body), Answer::Again { answered: true, .. }), "{status} {body}");
        }
    }

    #[test]
    fn a_token_is_made_anew_before_it_ends() {
        let keys = tempfile::tempdir().unwrap();
        let clock = Arc::new(FixedClock::at(DateTime::from_timestamp(1_800_000_000, 0).unwrap()));
        let commands = Commands::new("http://127.0.0.1:1/", keys.path().to_owned(), clock.clone()).unwrap();
        assert_eq!(commands.url, "http://127.0.0.1:1/api/v1/commands");
        let first = commands.token().unwrap();
        clock.advance(TimeDelta::seconds(39));
        assert_eq!(commands.token().unwrap(), first);
        clock.advance(TimeDelta::seconds(2));
        assert_ne!(commands.token().unwrap(), first);
        assert!(!format!("{commands:?}").contains(&first));
    }
}
