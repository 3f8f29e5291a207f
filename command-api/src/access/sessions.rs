//! Sessions: a family of refresh tokens, each good for one use.
//!
//! Keeps true: of a refresh token only a hash is kept; using one makes the next; using one twice ends the whole family,
//! because one of the two who have it should not. An ended session ends its access tokens: in this process at once, in
//! others within [`LOOK_EVERY`].

use std::sync::{Arc, Weak};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use deadpool_postgres::Pool;
use edge::token::{ACCESS_LIFETIME, Issuer, Ticket, Verifier};
use edge::{Clock, Problem, Role, pace};
use ring::digest;
use uuid::Uuid;

use super::error::AccessError;
use super::statements;

/// How long a customer stays logged in without using the app.
const CUSTOMER_IDLE: TimeDelta = TimeDelta::days(60);
/// How long a customer stays logged in at most.
const CUSTOMER_LONGEST: TimeDelta = TimeDelta::days(365);
/// The same for staff: a working day.
const STAFF_LONGEST: TimeDelta = TimeDelta::hours(12);
/// How often a process looks for sessions that another has ended.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How far back it looks: a look may fail now and then.
const LOOK_BACK_SECONDS: f64 = 60.0;
/// How far back it looks first, longer than an access token lives.
const FIRST_LOOK_BACK_SECONDS: f64 = 1_200.0;

/// Makes and checks access tokens.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// Makes them.
    pub issuer: Arc<Issuer>,
    /// Checks them; told which sessions have ended.
    pub verifier: Arc<Verifier>,
}

/// What somebody who logged in is given.
#[derive(Debug)]
pub(crate) struct Grant {
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
    pub(crate) expires_in: i64,
    pub(crate) role: Role,
    pub(crate) subject: Uuid,
}

/// Opens, renews and ends sessions.
#[derive(Clone)]
pub(crate) struct Sessions {
    pool: Pool,
    tokens: Tokens,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sessions").finish_non_exhaustive()
    }
}

struct Lifetimes {
    idle: TimeDelta,
    longest: TimeDelta,
}

const fn lifetimes(role: Role) -> Lifetimes {
    match role {
        Role::Customer => Lifetimes { idle: CUSTOMER_IDLE, longest: CUSTOMER_LONGEST },
        Role::Station
        | Role::Agent
        | Role::Support
        | Role::Finance
        | Role::Analyst
        | Role::Admin
        | Role::Payments
        | Role::System => Lifetimes { idle: STAFF_LONGEST, longest: STAFF_LONGEST },
    }
}

impl Sessions {
    pub(crate) fn new(pool: Pool, tokens: Tokens, clock: Arc<dyn Clock>) -> Self {
        Self { pool, tokens, clock }
    }

    /// Opens a session of somebody who has shown who they are.
    ///
    /// # Errors
    /// The database is away, or no token can be made.
    pub(crate) async fn open(&self, role: Role, subject: Uuid) -> Result<Grant, AccessError> {
        let (now, session) = (self.clock.now(), self.clock.id());
        let ends = now + lifetimes(role).longest;
        let mut client = self.pool.get().await?;
        let transaction = client.transaction().await?;
        transaction
            .execute(statements::NEW_SESSION, &[&session, &role.as_str(), &subject, &now, &ends])
            .await?;
        let refresh_token = self.new_refresh_token(&transaction, session, role, ends).await?;
        transaction.commit().await?;
        self.grant(role, subject, session, refresh_token)
    }

    /// The next tokens of a session.
    ///
    /// # Errors
    /// 401 where the token is unknown, too old or used before, or its session has ended; 503 where the database is away.
    pub(crate) async fn refresh(&self, token: &str) -> Result<Grant, Problem> {
        self.try_refresh(token).await.map_err(super::away)?
    }

    async fn try_refresh(&self, token: &str) -> Result<Result<Grant, Problem>, AccessError> {
        let (now, hash) = (self.clock.now(), fingerprint(token));
        let mut client = self.pool.get().await?;
        let transaction = client.transaction().await?;
        let Some(row) = transaction.query_opt(statements::REFRESH_TOKEN, &[&hash.as_slice()]).await? else {
            return Ok(Err(invalid()));
        };
        let session: Uuid = row.try_get("session_id")?;
        let (used_at, ended_at): (Option<DateTime<Utc>>, Option<DateTime<Utc>>) =
            (row.try_get("used_at")?, row.try_get("ended_at")?);
        if ended_at.is_some() {
            return Ok(Err(invalid()));
        }
        if used_at.is_some() {
            transaction.execute(statements::END_SESSION, &[&session, &now, &"refresh token reused"]).await?;
            transaction.commit().await?;
            self.tokens.verifier.end_session(session);
            tracing::warn!(%session, "a refresh token was used twice; its session has ended");
            return Ok(Err(reused()));
        }
        let ends: DateTime<Utc> = row.try_get("session_expires_at")?;
        if row.try_get::<_, DateTime<Utc>>("expires_at")? <= now || ends <= now {
            return Ok(Err(invalid()));
        }
        let role: Role = row.try_get::<_, &str>("role")?.parse()?;
        let subject: Uuid = row.try_get("subject")?;
        transaction.execute(statements::USE_REFRESH_TOKEN, &[&hash.as_slice(), &now]).await?;
        let next = self.new_refresh_token(&transaction, session, role, ends).await?;
        transaction.commit().await?;
        self.grant(role, subject, session, next).map(Ok)
    }

    /// Ends a session; nothing happens if it has ended.
    ///
    /// # Errors
    /// The database is away.
    pub(crate) async fn end(&self, session: Uuid, because: &str) -> Result<(), AccessError> {
        let now = self.clock.now();
        self.pool.get().await?.execute(statements::END_SESSION, &[&session, &now, &because]).await?;
        self.tokens.verifier.end_session(session);
        Ok(())
    }

    /// Ends the session of a refresh token, whatever state it is in; an unknown one has none.
    ///
    /// # Errors
    /// The database is away.
    pub(crate) async fn end_of_token(&self, token: &str, because: &str) -> Result<(), AccessError> {
        let row = {
            let client = self.pool.get().await?;
            client.query_opt(statements::REFRESH_TOKEN, &[&fingerprint(token).as_slice()]).await?
        };
        match row {
            Some(row) => self.end(row.try_get("session_id")?, because).await,
            None => Ok(()),
        }
    }

    /// Ends every session of somebody.
    ///
    /// # Errors
    /// The database is away.
    pub(crate) async fn end_all_of(&self, subject: Uuid, because: &str) -> Result<(), AccessError> {
        let now = self.clock.now();
        let client = self.pool.get().await?;
        for row in client.query(statements::END_SUBJECT, &[&subject, &now, &because]).await? {
            self.tokens.verifier.end_session(row.try_get(0)?);
        }
        Ok(())
    }

    /// An access token without a session: for stations, which show their secret again instead.
    ///
    /// # Errors
    /// There is no signing key.
    pub(crate) fn access_token(&self, role: Role, subject: Uuid) -> Result<String, AccessError> {
        Ok(self.tokens.issuer.issue(ticket(role, subject), None)?.0)
    }

    async fn new_refresh_token(
        &self,
        transaction: &tokio_postgres::Transaction<'_>,
        session: Uuid,
        role: Role,
        session_ends: DateTime<Utc>,
    ) -> Result<String, AccessError> {
        let now = self.clock.now();
        let ends = session_ends.min(now + lifetimes(role).idle);
        let token = secret(self.clock.as_ref());
        let hash = fingerprint(&token);
        transaction
            .execute(statements::NEW_REFRESH_TOKEN, &[&hash.as_slice(), &session, &now, &ends])
            .await?;
        Ok(token)
    }

    fn grant(
        &self,
        role: Role,
        subject: Uuid,
        session: Uuid,
        refresh_token: String,
    ) -> Result<Grant, AccessError> {
        let (access_token, _) = self.tokens.issuer.issue(ticket(role, subject), Some(session))?;
        let expires_in = ACCESS_LIFETIME.num_seconds();
        Ok(Grant { access_token, refresh_token, expires_in, role, subject })
    }
}

const fn ticket(role: Role, subject: Uuid) -> Ticket {
    Ticket { role, subject, lifetime: ACCESS_LIFETIME, unlimited: false }
}

/// 256 unguessable bits, as text.
pub(super) fn secret(clock: &dyn Clock) -> String {
    let mut bytes = [0; 32];
    clock.random(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What is kept of a secret that nobody could guess.
pub(super) fn fingerprint(secret: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest::digest(&digest::SHA256, secret.as_bytes()).as_ref());
    bytes
}

fn invalid() -> Problem {
    Problem::unauthorized_as("refresh_token_invalid", "the refresh token does not hold; log in again")
}

fn reused() -> Problem {
    Problem::unauthorized_as("refresh_token_reused", "the refresh token was used before; log in again")
}

/// Tells `verifier` of the sessions that any process ends, until it is gone.
pub async fn watch_endings(pool: Pool, verifier: Weak<Verifier>) {
    let mut back = FIRST_LOOK_BACK_SECONDS;
    while let Some(verifier) = verifier.upgrade() {
        match ended_lately(&pool, back).await {
            Ok(sessions) => {
                back = LOOK_BACK_SECONDS;
                sessions.into_iter().for_each(|session| verifier.end_session(session));
            }
            Err(error) => {
                // Whatever ends meanwhile is found once the database is back.
                back = FIRST_LOOK_BACK_SECONDS;
                tracing::debug!(%error, "ended sessions could not be looked for");
            }
        }
        drop(verifier);
        pace::rest(LOOK_EVERY).await;
    }
}

async fn ended_lately(pool: &Pool, seconds: f64) -> Result<Vec<Uuid>, AccessError> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(statements::ENDED_LATELY).await?;
    let rows = client.query(&statement, &[&seconds]).await?;
    rows.iter().map(|row| row.try_get(0).map_err(AccessError::from)).collect()
}
