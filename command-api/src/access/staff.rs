//! Staff: username and password (argon2id), with a lock-out that grows.
//!
//! Keeps true: an attempt is counted before the password is looked at, so that a thousand at once are no more than one after
//! another; a name that nobody has is treated, counted and answered like one that somebody has. Hashing is slow and takes
//! memory on purpose, so only a few passwords are looked at together and the rest is told to come back.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use chrono::{DateTime, TimeDelta, Utc};
use deadpool_postgres::Pool;
use edge::{Clock, Problem, Role};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::error::AccessError;
use super::sessions::secret;
use super::statements;

/// Wrong passwords before a name is locked out.
const FREE_FAILURES: i32 = 5;
/// The first lock-out, in seconds; each further failure doubles it.
const FIRST_LOCK: f64 = 30.0;
/// The longest.
const LONGEST_LOCK: f64 = 3_600.0;
/// Passwords that are looked at together: 19 MiB each.
const TOGETHER: usize = 2;
/// The seconds after which asking again makes sense.
const SOON: u32 = 2;
/// A password is no shorter; those that are made for somebody are longer.
const SHORTEST: usize = 12;
const LONGEST: usize = 200;
const LONGEST_NAME: usize = 64;

/// The role of a member of staff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StaffRole(Role);

impl StaffRole {
    /// The role, if it is one of staff.
    #[must_use]
    pub const fn of(role: Role) -> Option<Self> {
        match role {
            Role::Agent | Role::Support | Role::Finance | Role::Analyst | Role::Admin | Role::Payments => {
                Some(Self(role))
            }
            Role::Customer | Role::Station | Role::System => None,
        }
    }
}

/// A member of staff, as listed.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Member {
    /// The name to log in with.
    pub username: String,
    /// Who it is in the ledger.
    pub subject: Uuid,
    /// What they may do.
    pub role: String,
    /// Since when.
    pub made_at: DateTime<Utc>,
    /// Since when not any more.
    pub disabled_at: Option<DateTime<Utc>>,
}

/// The staff.
#[derive(Clone)]
pub struct Staff {
    pool: Pool,
    clock: Arc<dyn Clock>,
    room: Arc<Semaphore>,
}

impl std::fmt::Debug for Staff {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Staff").finish_non_exhaustive()
    }
}

impl Staff {
    /// The staff in this database.
    #[must_use]
    pub fn new(pool: Pool, clock: Arc<dyn Clock>) -> Self {
        Self { pool, clock, room: Arc::new(Semaphore::new(TOGETHER)) }
    }

    /// Adds somebody, with a password of their own or one that is made. Returns who they are and the password.
    ///
    /// # Errors
    /// The name is taken or none, the password too short, the database away.
    pub async fn add(
        &self,
        username: &str,
        StaffRole(role): StaffRole,
        password: Option<String>,
    ) -> Result<(Uuid, String), AccessError> {
        let name = readable(username)?;
        let password = self.password(password)?;
        let hash = hash(&password, self.clock.as_ref())?;
        let (subject, now) = (self.clock.id(), self.clock.now());
        let client = self.pool.get().await?;
        let added =
            client.execute(statements::NEW_STAFF, &[&name, &subject, &role.as_str(), &hash, &now]).await?;
        if added == 0 { Err(AccessError::NameTaken) } else { Ok((subject, password)) }
    }

    /// Lets somebody in no more, and ends their sessions. Returns who it was.
    ///
    /// # Errors
    /// Nobody has this name, or the database is away.
    pub async fn disable(&self, username: &str) -> Result<Uuid, AccessError> {
        let (name, now) = (readable(username)?, self.clock.now());
        let row = self.pool.get().await?.query_opt(statements::DISABLE_STAFF, &[&name, &now]).await?;
        let subject = row.ok_or(AccessError::NobodyOfThisName)?.try_get(0)?;
        self.end_sessions(subject, "staff disabled").await?;
        Ok(subject)
    }

    /// Gives somebody a new password, lets them in again and ends their sessions. Returns the password.
    ///
    /// # Errors
    /// Nobody has this name, the password is too short, the database away.
    pub async fn reset(&self, username: &str, password: Option<String>) -> Result<String, AccessError> {
        let name = readable(username)?;
        let password = self.password(password)?;
        let hash = hash(&password, self.clock.as_ref())?;
        let client = self.pool.get().await?;
        let row = client.query_opt(statements::RESET_STAFF, &[&name, &hash]).await?;
        let subject = row.ok_or(AccessError::NobodyOfThisName)?.try_get(0)?;
        client.execute(statements::FORGET_FAILURES, &[&name]).await?;
        drop(client);
        self.end_sessions(subject, "password reset").await?;
        Ok(password)
    }

    /// Everybody, by name.
    ///
    /// # Errors
    /// The database is away.
    pub async fn list(&self) -> Result<Vec<Member>, AccessError> {
        let rows = self.pool.get().await?.query(statements::ALL_STAFF, &[]).await?;
        let member = |row: &tokio_postgres::Row| -> Result<Member, AccessError> {
            Ok(Member {
                username: row.try_get(0)?,
                subject: row.try_get(1)?,
                role: row.try_get(2)?,
                made_at: row.try_get(3)?,
                disabled_at: row.try_get(4)?,
            })
        };
        rows.iter().map(member).collect()
    }

    /// Who logs in with this name and password.
    ///
    /// # Errors
    /// 401 where they do not fit together, 429 where there were too many wrong ones, 503 where the service is busy.
    pub(crate) async fn log_in(&self, username: &str, password: String) -> Result<(Role, Uuid), Problem> {
        let Ok(name) = readable(username) else { return Err(unfit()) };
        if password.len() > LONGEST.saturating_mul(4) {
            return Err(unfit());
        }
        let busy = || Problem::unavailable("overloaded", "too many log in at once; try again", SOON);
        let room = Arc::clone(&self.room).try_acquire_owned().map_err(|_| busy())?;
        self.count_attempt(&name).await?;
        let known = self.known(&name).await.map_err(super::away)?;
        let stored = known.as_ref().map(|known| known.hash.clone());
        let checked = tokio::task::spawn_blocking(move || {
            let _room = room;
            fits(stored.as_deref(), &password)
        });
        let fits = checked.await.map_err(|_| Problem::internal())?;
        match known {
            Some(known) if fits && !known.disabled => {
                self.forget_failures(&name).await.map_err(super::away)?;
                Ok((known.role, known.subject))
            }
            Some(_) | None => Err(unfit()),
        }
    }

    async fn count_attempt(&self, name: &str) -> Result<(), Problem> {
        match self.try_count(name).await.map_err(super::away)? {
            None => Ok(()),
            Some(locked_until) => {
                let seconds = (locked_until - self.clock.now()).max(TimeDelta::seconds(1)).num_seconds();
                let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
                Err(Problem::too_many_requests("too many wrong passwords; try again later", seconds))
            }
        }
    }

    /// Counts an attempt; until when the name is locked out, if it is.
    async fn try_count(&self, name: &str) -> Result<Option<DateTime<Utc>>, AccessError> {
        let now = self.clock.now();
        let client = self.pool.get().await?;
        let counted = client
            .query_opt(statements::ATTEMPT, &[&name, &now, &FREE_FAILURES, &FIRST_LOCK, &LONGEST_LOCK])
            .await?;
        if counted.is_some() {
            return Ok(None);
        }
        let row = client.query_opt(statements::LOCKED_UNTIL, &[&name]).await?;
        Ok(Some(row.map_or(Ok(now), |row| row.try_get(0))?))
    }

    async fn known(&self, name: &str) -> Result<Option<Known>, AccessError> {
        let row = self.pool.get().await?.query_opt(statements::STAFF, &[&name]).await?;
        let known = |row: tokio_postgres::Row| -> Result<Known, AccessError> {
            let role = row.try_get::<_, &str>(1)?.parse()?;
            Ok(Known { subject: row.try_get(0)?, role, hash: row.try_get(2)?, disabled: row.try_get(3)? })
        };
        row.map(known).transpose()
    }

    async fn forget_failures(&self, name: &str) -> Result<(), AccessError> {
        self.pool.get().await?.execute(statements::FORGET_FAILURES, &[&name]).await?;
        Ok(())
    }

    /// Running services find these by themselves.
    async fn end_sessions(&self, subject: Uuid, because: &str) -> Result<(), AccessError> {
        let now = self.clock.now();
        self.pool.get().await?.execute(statements::END_SUBJECT, &[&subject, &now, &because]).await?;
        Ok(())
    }

    fn password(&self, given: Option<String>) -> Result<String, AccessError> {
        let password = given.unwrap_or_else(|| secret(self.clock.as_ref()));
        let fits = (SHORTEST..=LONGEST).contains(&password.chars().count());
        if fits { Ok(password) } else { Err(AccessError::Password) }
    }
}

struct Known {
    subject: Uuid,
    role: Role,
    hash: String,
    disabled: bool,
}

/// The name in its one form.
fn readable(username: &str) -> Result<String, AccessError> {
    let name = username.to_ascii_lowercase();
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    let fits = (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(allowed);
    if fits { Ok(name) } else { Err(AccessError::Username) }
}

fn hash(password: &str, clock: &dyn Clock) -> Result<String, AccessError> {
    let mut salt = [0; 16];
    clock.random(&mut salt);
    let failed = |error: argon2::password_hash::Error| AccessError::Hash(error.to_string());
    let salt = SaltString::encode_b64(&salt).map_err(failed)?;
    Ok(Argon2::default().hash_password(password.as_bytes(), &salt).map_err(failed)?.to_string())
}

/// Whether the password fits; takes as long where there is nothing to compare it with.
fn fits(stored: Option<&str>, password: &str) -> bool {
    /// Of a password that nobody knows.
    const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGlzIGhlcmU$\
        ZWE4vWvPsn4xgAOEzEaUhUMGrvr8z9rLOdM3jb3zKXc";
    let Ok(hash) = PasswordHash::new(stored.unwrap_or(NOBODY)) else { return false };
    Argon2::default().verify_password(password.as_bytes(), &hash).is_ok() && stored.is_some()
}

fn unfit() -> Problem {
    Problem::unauthorized_as("credentials_wrong", "username and password do not fit together")
}

#[cfg(test)]
mod tests {
    use edge::SystemClock;

    use super::*;

    #[test]
    fn a_password_fits_its_own_hash_only_and_nobodys_fits_nothing() {
        let kept = hash("correct horse", &SystemClock).unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(fits(Some(&kept), "correct horse"));
        assert!(!fits(Some(&kept), "correct horses"));
        assert!(!fits(None, "correct horse"));
        assert!(!fits(Some("damaged"), "correct horse"));
    }

    #[test]
    fn names_have_one_form() {
        assert_eq!(readable("Asha.M").unwrap(), "asha.m");
        for bad in ["", "a b", "ä", &"a".repeat(65)] {
            assert!(readable(bad).is_err(), "{bad}");
        }
    }
}
