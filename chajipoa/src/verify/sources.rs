//! The connections that a run reads through.

use std::str::FromStr as _;
use std::sync::Arc;

use ledger::statements::SESSION;
use tokio_postgres::{Client, Config, NoTls};

use super::error::VerifyError;

/// Three connections, so that events, what lies beside them and the other tables are read at once. They may be one and
/// the same: then everything is read inside its transaction.
#[derive(Clone)]
pub struct Sources {
    pub(super) events: Arc<Client>,
    pub(super) beside: Arc<Client>,
    pub(super) tables: Arc<Client>,
}

impl std::fmt::Debug for Sources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sources").finish_non_exhaustive()
    }
}

impl Sources {
    /// Connects three times; the login must be allowed to read the schema `ledger` and the books.
    ///
    /// # Errors
    /// The address cannot be understood, or the database is away.
    pub async fn connect(url: &str) -> Result<Self, VerifyError> {
        let mut config = Config::from_str(url)?;
        let options = config.get_options().map_or_else(String::new, |own| format!(" {own}"));
        config.options(format!("{SESSION} -c default_transaction_read_only=on{options}"));
        config.application_name("chajipoa ledger verify");
        Ok(Self {
            events: connect(&config).await?,
            beside: connect(&config).await?,
            tables: connect(&config).await?,
        })
    }

    /// Reads everything through one connection, and so, if it stands in a transaction, what that sees.
    #[must_use]
    pub fn one(client: &Arc<Client>) -> Self {
        Self { events: Arc::clone(client), beside: Arc::clone(client), tables: Arc::clone(client) }
    }
}

async fn connect(config: &Config) -> Result<Arc<Client>, VerifyError> {
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(error = %error, "a connection of the verifier ended");
        }
    });
    Ok(Arc::new(client))
}
