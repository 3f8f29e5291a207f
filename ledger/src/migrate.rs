//! Bringing a database to the present schema, and giving each service its login.
//!
//! Runs with the owner's URL and only there. Migrations are the files of `schema/migrations`, each in its own
//! transaction, in order, never edited once landed. Several processes may run it at once: an advisory lock lets
//! one of them work per database. Roles belong to the whole cluster, so changing one may collide with another
//! database's migration; that is tried again.

use std::str::FromStr as _;

use ring::rand::{SecureRandom as _, SystemRandom};
use tokio_postgres::{Client, Config, error::SqlState};

use crate::{LedgerError, statements, store};

mod embedded {
    refinery::embed_migrations!("../schema/migrations");
}

/// The advisory lock of a migration, one per database.
const LOCK: i64 = 7_221_000;

/// How often a change of a role is tried while others change it.
const ROLE_ATTEMPTS: u32 = 100;

/// A login of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the service of that name")]
pub enum ServiceRole {
    Command,
    Relay,
    Projector,
    Query,
    Reactor,
    Analyst,
}

impl ServiceRole {
    /// Every login.
    pub const ALL: [Self; 6] =
        [Self::Command, Self::Relay, Self::Projector, Self::Query, Self::Reactor, Self::Analyst];

    /// The role's name in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Command => "chajipoa_command",
            Self::Relay => "chajipoa_relay",
            Self::Projector => "chajipoa_projector",
            Self::Query => "chajipoa_query",
            Self::Reactor => "chajipoa_reactor",
            Self::Analyst => "chajipoa_analyst",
        }
    }
}

/// A password for each login. Printing it shows none of them.
#[derive(Clone)]
#[expect(missing_docs, reason = "each belongs to the login of that name")]
pub struct RolePasswords {
    pub command: String,
    pub relay: String,
    pub projector: String,
    pub query: String,
    pub reactor: String,
    pub analyst: String,
}

impl std::fmt::Debug for RolePasswords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RolePasswords").finish_non_exhaustive()
    }
}

impl RolePasswords {
    /// New passwords from the system's random source: 48 hex digits each.
    ///
    /// # Errors
    /// When the random source fails.
    pub fn random() -> Result<Self, MigrateError> {
        let one = || -> Result<String, MigrateError> {
            let mut bytes = [0; 24];
            SystemRandom::new().fill(&mut bytes).map_err(|_| MigrateError::Random)?;
            Ok(hex::encode(bytes))
        };
        Ok(Self {
            command: one()?,
            relay: one()?,
            projector: one()?,
            query: one()?,
            reactor: one()?,
            analyst: one()?,
        })
    }

    /// The password of one login.
    #[must_use]
    pub fn of(&self, role: ServiceRole) -> &str {
        match role {
            ServiceRole::Command => &self.command,
            ServiceRole::Relay => &self.relay,
            ServiceRole::Projector => &self.projector,
            ServiceRole::Query => &self.query,
            ServiceRole::Reactor => &self.reactor,
            ServiceRole::Analyst => &self.analyst,
        }
    }
}

/// Why a database could not be brought to the present schema.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The database is away or refused a statement.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A migration failed; the ones before it stand.
    #[error("a migration failed")]
    Migration(#[from] Box<refinery::Error>),
    /// The owner's address is not a URL.
    #[error("the owner's address must look like postgres://user:password@host:port/database")]
    Url,
    /// The random source failed.
    #[error("the random source failed")]
    Random,
}

/// Brings the database to the present schema, sets rights and passwords, and makes partitions ahead. Calling it
/// again changes nothing but the passwords.
///
/// # Errors
/// When the login is not allowed to, or the database is away.
pub async fn run(owner_url: &str, passwords: &RolePasswords) -> Result<(), MigrateError> {
    let config = Config::from_str(owner_url).map_err(LedgerError::Address)?;
    let mut client = store::connect(&config).await?;
    // The lock goes with the connection, whatever happens below.
    client.execute("SELECT pg_advisory_lock($1)", &[&LOCK]).await.map_err(LedgerError::from)?;
    let mut runner = embedded::migrations::runner();
    runner.set_migration_table_name("public.chajipoa_migrations");
    runner.run_async(&mut client).await.map_err(Box::new)?;
    secure_database(&client).await?;
    for role in ServiceRole::ALL {
        set_password(&client, role, passwords.of(role)).await?;
    }
    client.execute(statements::ENSURE_PARTITIONS, &[]).await.map_err(LedgerError::from)?;
    Ok(())
}

/// The URL of a service: the owner's with another login.
///
/// # Errors
/// When the owner's address is not a URL.
pub fn service_url(owner_url: &str, role: ServiceRole, password: &str) -> Result<String, MigrateError> {
    let (scheme, rest) = owner_url.split_once("://").ok_or(MigrateError::Url)?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).ok_or(MigrateError::Url)?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    Ok(format!("{scheme}://{}:{}@{host}{path}", role.as_str(), percent_encoded(password)))
}

/// Rights on the database itself: they are not copied with a template, so each run sets them.
async fn secure_database(client: &Client) -> Result<(), LedgerError> {
    client
        .batch_execute(
            "DO $$ BEGIN
                 EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
                 EXECUTE format('GRANT CONNECT ON DATABASE %I TO chajipoa_command, chajipoa_relay, \
                                 chajipoa_projector, chajipoa_query, chajipoa_reactor, chajipoa_analyst',
                                current_database());
                 EXECUTE format('GRANT CREATE ON DATABASE %I TO chajipoa_projector', current_database());
             END $$",
        )
        .await?;
    Ok(())
}

async fn set_password(client: &Client, role: ServiceRole, password: &str) -> Result<(), LedgerError> {
    // ALTER ROLE takes no parameters: the text is quoted by the server itself.
    let row = client
        .query_one(
            "SELECT format('ALTER ROLE %I PASSWORD %L', $1::text, $2::text)",
            &[&role.as_str(), &password],
        )
        .await?;
    let statement: String = row.try_get(0)?;
    for _ in 1..ROLE_ATTEMPTS {
        match client.batch_execute(&statement).await {
            // Another database's migration changed the same role at this moment.
            Err(error) if error.code() == Some(&SqlState::INTERNAL_ERROR) => {}
            other => return Ok(other?),
        }
    }
    Ok(client.batch_execute(&statement).await?)
}

fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_gets_the_owners_address_with_its_own_login() {
        let url = |owner| service_url(owner, ServiceRole::Query, "p@ss/w").unwrap();
        assert_eq!(
            url("postgres://postgres:secret@127.0.0.1:5433/chajipoa?sslmode=disable"),
            "postgres://chajipoa_query:p%40ss%2Fw@127.0.0.1:5433/chajipoa?sslmode=disable"
        );
        assert_eq!(url("postgresql://localhost/x"), "postgresql://chajipoa_query:p%40ss%2Fw@localhost/x");
        assert!(service_url("host=localhost", ServiceRole::Query, "x").is_err());
    }

    #[test]
    fn passwords_are_never_printed() {
        let passwords = RolePasswords::random().unwrap();
        assert!(!format!("{passwords:?}").contains(&passwords.command));
    }
}
