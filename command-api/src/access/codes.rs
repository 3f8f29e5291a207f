//! One-time codes: six digits that show that a phone is somebody's.
//!
//! Keeps true: a code is stored as a keyed hash only, counts for five minutes, once, for the number it was made for, and
//! for three tries; a newer code takes the place of the older. Asking for one does the same for every number, whoever has
//! it: nothing here knows which numbers belong to customers. The message with the code waits sealed in an outbox, in the
//! transaction that stores the hash.

use std::net::IpAddr;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use deadpool_postgres::Pool;
use domain::phone::Phone;
use domain::values::Name;
use edge::{Clock, Problem};
use ledger::seal::{Sealer, Wrapped};
use tokio_postgres::Row;
use uuid::Uuid;

use super::error::AccessError;
use super::{statements, tally};

/// How long a code counts.
const LIFETIME: TimeDelta = TimeDelta::minutes(5);
/// How often one may be tried.
const TRIES: i16 = 3;
/// The codes there are.
const CODES: u32 = 1_000_000;
/// Random numbers from here on would favour small codes.
const FAIR: u32 = u32::MAX - u32::MAX % CODES;

/// How many codes are made; beyond that, asking is refused until the span of time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeLimits {
    /// Of one number, on one business day.
    pub per_number_and_day: u32,
    /// Of a block of ten thousand numbers, in an hour: somebody may earn from messages to numbers of theirs.
    pub per_prefix_and_hour: u32,
    /// Of one address, in an hour; mobile networks share addresses. This machine itself is not counted.
    pub per_address_and_hour: u32,
    /// All messages of a day.
    pub messages_a_day: u32,
}

impl Default for CodeLimits {
    fn default() -> Self {
        Self {
            per_number_and_day: 5,
            per_prefix_and_hour: 1_000,
            per_address_and_hour: 2_000,
            messages_a_day: 50_000,
        }
    }
}

/// A number that somebody has shown to be theirs.
#[derive(Debug)]
pub(crate) struct Proof {
    /// The code that showed it.
    pub(crate) code_id: Uuid,
    /// How they asked to be called.
    pub(crate) name: Option<String>,
}

/// Makes and checks codes.
#[derive(Clone)]
pub(crate) struct CodeDesk {
    pool: Pool,
    sealer: Sealer,
    clock: Arc<dyn Clock>,
    limits: CodeLimits,
}

impl std::fmt::Debug for CodeDesk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CodeDesk").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl CodeDesk {
    pub(crate) fn new(pool: Pool, sealer: Sealer, clock: Arc<dyn Clock>, limits: CodeLimits) -> Self {
        Self { pool, sealer, clock, limits }
    }

    /// Makes a code and puts its message into the outbox. Returns until when it counts.
    ///
    /// # Errors
    /// 429 where there were too many, 503 where the database is away.
    pub(crate) async fn issue(
        &self,
        phone: &Phone,
        name: Option<&Name>,
        address: Option<IpAddr>,
    ) -> Result<DateTime<Utc>, Problem> {
        match self.try_issue(phone, name.map(Name::as_str), address).await {
            Ok(Ok(expires_at)) => Ok(expires_at),
            Ok(Err(too_many)) => Err(self.too_many(too_many)),
            Err(error) => Err(super::away(error)),
        }
    }

    /// Makes another code for the number, with the name that its last request gave.
    ///
    /// # Errors
    /// As [`CodeDesk::issue`].
    pub(crate) async fn issue_again(
        &self,
        phone: &Phone,
        address: Option<IpAddr>,
    ) -> Result<DateTime<Utc>, Problem> {
        let name = self.last_name(phone).await.map_err(super::away)?;
        let name = name.as_deref().and_then(Name::parse);
        self.issue(phone, name.as_ref(), address).await
    }

    async fn try_issue(
        &self,
        phone: &Phone,
        name: Option<&str>,
        address: Option<IpAddr>,
    ) -> Result<Result<DateTime<Utc>, tally::TooMany>, AccessError> {
        let (now, code_id) = (self.clock.now(), self.clock.id());
        let expires_at = now + LIFETIME;
        let code = self.draw();
        let index = self.sealer.keys().blind_index(phone.as_str());
        let hash = self.hash(code_id, &code);
        let (key, wrapped) = self.sealer.fresh_key(code_id)?;
        let name = name.map(|name| key.seal("name", name)).transpose()?;
        let (to, text) = (key.seal("phone", phone.as_str())?, key.seal("text", &message(&code))?);
        let mut client = self.pool.get().await?;
        let transaction = client.transaction().await?;
        let asked = (index.as_str(), phone.as_str(), address);
        if let Some(too_many) = tally::count(&transaction, asked, &self.limits, now).await? {
            return Ok(Err(too_many));
        }
        transaction.execute(statements::END_CODES, &[&index, &now]).await?;
        let hash = hash.as_slice();
        let Wrapped { generation, bytes } = &wrapped;
        transaction
            .execute(
                statements::NEW_CODE,
                &[&code_id, &index, &hash, generation, bytes, &name, &now, &expires_at],
            )
            .await?;
        transaction
            .execute(statements::NEW_MESSAGE, &[&code_id, generation, bytes, &to, &text, &now, &expires_at])
            .await?;
        transaction.commit().await?;
        Ok(Ok(expires_at))
    }

    /// Checks a code. A wrong one has used a try up when this returns, a right one is spent.
    ///
    /// # Errors
    /// 422 `code_wrong` with the tries that are left, 422 `code_expired`, 503 where the database is away.
    pub(crate) async fn check(&self, phone: &Phone, code: &str) -> Result<Proof, Problem> {
        self.try_check(phone, code).await.map_err(super::away)?
    }

    async fn try_check(&self, phone: &Phone, code: &str) -> Result<Result<Proof, Problem>, AccessError> {
        let now = self.clock.now();
        let index = self.sealer.keys().blind_index(phone.as_str());
        let mut client = self.pool.get().await?;
        let transaction = client.transaction().await?;
        let Some(row) = transaction.query_opt(statements::LIVE_CODE, &[&index]).await? else {
            return Ok(Err(expired()));
        };
        let (code_id, expires_at): (Uuid, DateTime<Utc>) = (row.try_get(0)?, row.try_get(6)?);
        if expires_at <= now {
            return Ok(Err(expired()));
        }
        let (hash, tries): (&[u8], i16) = (row.try_get(1)?, row.try_get(5)?);
        let right = hash == self.hash(code_id, code);
        let tries = tries.saturating_add(1);
        let ended_at = (right || tries >= TRIES).then_some(now);
        transaction.execute(statements::TRIED, &[&code_id, &tries, &ended_at]).await?;
        transaction.commit().await?;
        if right {
            Ok(Ok(Proof { code_id, name: self.name_in(&row)? }))
        } else {
            Ok(Err(wrong(TRIES - tries)))
        }
    }

    /// Lets a right code count again, because what it was to lead to did not come about.
    pub(crate) async fn reopen(&self, proof: &Proof) {
        self.tell(statements::REOPEN_CODE, proof).await;
    }

    /// Forgets a code that has done its work, and the name that came with it.
    pub(crate) async fn forget(&self, proof: &Proof) {
        self.tell(statements::FORGET_CODE, proof).await;
    }

    /// What cannot be told now is tidied up later, or asked for anew.
    async fn tell(&self, statement: &str, proof: &Proof) {
        let told: Result<u64, AccessError> =
            async { Ok(self.pool.get().await?.execute(statement, &[&proof.code_id]).await?) }.await;
        if let Err(error) = told {
            tracing::warn!(%error, "a used code could not be put away");
        }
    }

    async fn last_name(&self, phone: &Phone) -> Result<Option<String>, AccessError> {
        let index = self.sealer.keys().blind_index(phone.as_str());
        let row = self.pool.get().await?.query_opt(statements::LAST_NAME, &[&index]).await?;
        row.map_or(Ok(None), |row| self.name_in(&row))
    }

    fn name_in(&self, row: &Row) -> Result<Option<String>, AccessError> {
        let Some(sealed): Option<&str> = row.try_get("name_sealed")? else { return Ok(None) };
        let wrapped =
            Wrapped { generation: row.try_get("key_generation")?, bytes: row.try_get("key_wrapped")? };
        let key = self.sealer.open_with(row.try_get("code_id")?, &wrapped)?;
        Ok(Some(key.unseal("name", sealed)?))
    }

    /// Six digits, each code as likely as any other.
    fn draw(&self) -> String {
        let mut bytes = [0; 4];
        loop {
            self.clock.random(&mut bytes);
            let drawn = u32::from_be_bytes(bytes);
            if drawn < FAIR {
                return format!("{:06}", drawn % CODES);
            }
        }
    }

    fn hash(&self, code_id: Uuid, code: &str) -> [u8; 32] {
        let bound = [b"one-time code|".as_slice(), code_id.as_bytes(), code.as_bytes()].concat();
        self.sealer.keys().keyed_hash(&bound)
    }

    fn too_many(&self, too_many: tally::TooMany) -> Problem {
        let seconds = (too_many.again_at - self.clock.now()).num_seconds().max(1);
        let detail = match too_many.what {
            "number" => "this number had all its codes of the day",
            _ => "too many codes are asked for at present",
        };
        Problem::too_many_requests(detail, u32::try_from(seconds).unwrap_or(u32::MAX))
            .fact("limited", too_many.what)
    }
}

/// The message. In Swahili: nobody knows yet who asks, and in which language they are spoken to.
fn message(code: &str) -> String {
    include_str!("../../../schema/messages/sw/code.txt").trim_end().replace("{code}", code)
}

fn wrong(left: i16) -> Problem {
    Problem::refused("code_wrong", "this is not the code that was sent").fact("tries_left", left)
}

fn expired() -> Problem {
    Problem::refused("code_expired", "there is no code that counts any more; ask for a new one")
}
