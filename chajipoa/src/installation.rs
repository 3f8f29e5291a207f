//! Where an installation keeps its data, its keys, its published checkpoints and the passwords of its services.
//!
//! `CHAJIPOA_DATA_DIR` (default `.local`), `CHAJIPOA_KEYS` (default `keys` in it) and `CHAJIPOA_CHECKPOINTS` (default
//! `checkpoints` in it). The passwords of the database
//! logins are made once and kept in `passwords.json` (0600); the URL of each service's login is written to
//! `urls.env` (0600) for whoever starts the services as processes of their own.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use edge::settings::{self, SettingError};
use ledger::migrate::{self, MigrateError, RolePasswords, ServiceRole};
use serde::{Deserialize, Serialize};

/// The folder that a checkout uses.
const DEFAULT_DATA: &str = ".local";
/// The database of a private cluster.
pub const DATABASE: &str = "chajipoa";

/// Why the files of an installation cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InstallationError {
    /// A setting is missing or wrong.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// A file cannot be read or written.
    #[error("{path} cannot be used")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The database cannot be brought to the present schema.
    #[error("the database cannot be prepared")]
    Migrate(#[from] MigrateError),
}

/// An installation.
#[derive(Debug, Clone)]
pub struct Installation {
    /// Its data.
    pub data: PathBuf,
    /// Its keys.
    pub keys: PathBuf,
    /// Where its checkpoints are published.
    pub checkpoints: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct StoredPasswords {
    command: String,
    relay: String,
    projector: String,
    query: String,
    reactor: String,
    analyst: String,
}

impl Installation {
    /// The installation that the environment names, else the one of this checkout.
    ///
    /// # Errors
    /// A variable is not UTF-8.
    pub fn of_environment() -> Result<Installation, InstallationError> {
        let data =
            settings::text("CHAJIPOA_DATA_DIR")?.map_or_else(|| PathBuf::from(DEFAULT_DATA), PathBuf::from);
        let keys = settings::text("CHAJIPOA_KEYS")?.map_or_else(|| data.join("keys"), PathBuf::from);
        let checkpoints =
            settings::text("CHAJIPOA_CHECKPOINTS")?.map_or_else(|| data.join("checkpoints"), PathBuf::from);
        Ok(Installation { data, keys, checkpoints })
    }

    /// Makes its folders.
    ///
    /// # Errors
    /// They cannot be made.
    pub fn make(&self) -> Result<(), InstallationError> {
        for path in [&self.data, &self.keys] {
            fs::create_dir_all(path)
                .map_err(|source| InstallationError::File { path: path.clone(), source })?;
        }
        Ok(())
    }

    /// Brings the database to the present schema and gives each service its login. Returns where they connect.
    ///
    /// # Errors
    /// The database is away, or the owner's login may not.
    pub async fn migrate(&self, owner_url: &str) -> Result<Urls, InstallationError> {
        self.make()?;
        let passwords = self.passwords()?;
        migrate::run(owner_url, &passwords).await?;
        let url = |role| migrate::service_url(owner_url, role, passwords.of(role));
        let urls = Urls {
            command: url(ServiceRole::Command)?,
            relay: url(ServiceRole::Relay)?,
            projector: url(ServiceRole::Projector)?,
            query: url(ServiceRole::Query)?,
            reactor: url(ServiceRole::Reactor)?,
            analyst: url(ServiceRole::Analyst)?,
        };
        write_private(&self.data.join("urls.env"), &urls.environment())?;
        Ok(urls)
    }

    /// Where a service connects, as `migrate` wrote it down. Nothing before the first migration.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn url_of(&self, service: &str) -> Result<Option<String>, InstallationError> {
        let path = self.data.join("urls.env");
        let text = read_if_there(&path).map_err(|source| InstallationError::File { path, source })?;
        let start = format!("DATABASE_URL_{service}='");
        let line = text.as_deref().unwrap_or("").lines().find_map(|line| line.strip_prefix(&start));
        Ok(line.map(|rest| rest.trim_end_matches('\'').to_owned()))
    }

    fn passwords(&self) -> Result<RolePasswords, InstallationError> {
        let path = self.data.join("passwords.json");
        let file = |source| InstallationError::File { path: path.clone(), source };
        if let Some(text) = read_if_there(&path).map_err(file)? {
            let stored: StoredPasswords =
                serde_json::from_str(&text).map_err(|error| file(io::Error::other(error)))?;
            let StoredPasswords { command, relay, projector, query, reactor, analyst } = stored;
            return Ok(RolePasswords { command, relay, projector, query, reactor, analyst });
        }
        let made = RolePasswords::random()?;
        let stored = StoredPasswords {
            command: made.command.clone(),
            relay: made.relay.clone(),
            projector: made.projector.clone(),
            query: made.query.clone(),
            reactor: made.reactor.clone(),
            analyst: made.analyst.clone(),
        };
        let text = serde_json::to_string_pretty(&stored).map_err(|error| file(io::Error::other(error)))?;
        write_private(&path, &text)?;
        Ok(made)
    }
}

/// Where each service connects, with its own login.
#[derive(Clone)]
pub struct Urls {
    /// command-api.
    pub command: String,
    /// relay.
    pub relay: String,
    /// projector.
    pub projector: String,
    /// query-api.
    pub query: String,
    /// reactor.
    pub reactor: String,
    /// Analysts.
    pub analyst: String,
}

impl std::fmt::Debug for Urls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // They hold passwords.
        f.debug_struct("Urls").finish_non_exhaustive()
    }
}

impl Urls {
    fn environment(&self) -> String {
        let line = |name: &str, url: &str| format!("DATABASE_URL_{name}='{url}'\n");
        [
            line("COMMAND", &self.command),
            line("RELAY", &self.relay),
            line("PROJECTOR", &self.projector),
            line("QUERY", &self.query),
            line("REACTOR", &self.reactor),
            line("ANALYST", &self.analyst),
        ]
        .concat()
    }
}

fn read_if_there(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a file that only its owner may read: whole under another name, then renamed.
fn write_private(path: &Path, text: &str) -> Result<(), InstallationError> {
    let new = path.with_extension("new");
    let write = || -> io::Result<()> {
        let mut file =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, path)
    };
    write().map_err(|source| InstallationError::File { path: path.to_owned(), source })
}
