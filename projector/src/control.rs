//! The control rows: which versions of a read model there are, where each stands, and which is live.
//!
//! Also the schemas behind them: a version's row and its schema are made and removed in one transaction.

use ledger::{Checkpoint, LedgerIdentity, Position};
use tokio_postgres::{Client, GenericClient, Row};

use crate::{ModelName, ProjectorError, history, statements};

/// The word for a version that is being filled.
const BUILDING: &str = "building";
/// The word for a version that is complete and not live.
const READY: &str = "ready";
/// The word for a version that was live before.
const RETIRED: &str = "retired";
/// The word for a version that follows the ledger.
const RUNNING: &str = "running";
/// The word for a version that stands before an event it cannot apply.
const STOPPED: &str = "stopped";

/// One version of a read model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The read model.
    pub model: ModelName,
    /// The number of this version.
    pub version: i16,
    /// Whether the views show it.
    pub live: bool,
    /// How far it came.
    pub checkpoint: Checkpoint,
    /// `running`, `stopped`, `building`, `ready` or `retired`.
    pub status: String,
    /// Why it stands.
    pub reason: Option<String>,
}

impl Version {
    fn read(model: ModelName, row: &Row) -> Result<Self, ProjectorError> {
        let identity = LedgerIdentity { ledger_id: row.try_get(2)?, epoch: row.try_get(3)? };
        let position = Position::new(row.try_get(4)?);
        Ok(Self {
            model,
            version: row.try_get(0)?,
            live: row.try_get(1)?,
            checkpoint: Checkpoint { identity, position, event_id: row.try_get(5)? },
            status: row.try_get(6)?,
            reason: row.try_get(7)?,
        })
    }

    /// The schema of its tables.
    #[must_use]
    pub fn schema(&self) -> String {
        self.model.schema(self.version)
    }

    /// Whether it is complete and waits to be promoted.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self.live && self.status == READY
    }

    /// Whether it was live before and is kept for the way back.
    #[must_use]
    pub fn is_former(&self) -> bool {
        !self.live && self.status == RETIRED
    }

    /// Whether it is being filled, or was.
    #[must_use]
    pub fn is_building(&self) -> bool {
        !self.live && self.status == BUILDING
    }

    /// Whether the control row says already that it stands for this reason.
    pub(crate) fn is_known_to_stand(&self, reason: &str) -> bool {
        self.status == STOPPED && self.reason.as_deref() == Some(reason)
    }
}

/// The live version.
pub(crate) async fn live<C: GenericClient>(
    client: &C,
    model: ModelName,
) -> Result<Option<Version>, ProjectorError> {
    let row = client.query_opt(statements::LIVE, &[&model.as_str()]).await?;
    row.map(|row| Version::read(model, &row)).transpose()
}

/// All versions, the newest last.
pub(crate) async fn versions<C: GenericClient>(
    client: &C,
    model: ModelName,
) -> Result<Vec<Version>, ProjectorError> {
    let rows = client.query(statements::VERSIONS, &[&model.as_str()]).await?;
    rows.iter().map(|row| Version::read(model, row)).collect()
}

/// One version, and nobody moves it until the transaction ends.
pub(crate) async fn locked_in_tx<C: GenericClient>(
    client: &C,
    model: ModelName,
    version: i16,
) -> Result<Option<Version>, ProjectorError> {
    let row = client.query_opt(statements::VERSION_LOCKED, &[&model.as_str(), &version]).await?;
    row.map(|row| Version::read(model, &row)).transpose()
}

/// One version as it stands.
pub(crate) async fn version<C: GenericClient>(
    client: &C,
    model: ModelName,
    version: i16,
) -> Result<Option<Version>, ProjectorError> {
    let row = client.query_opt(statements::VERSION, &[&model.as_str(), &version]).await?;
    row.map(|row| Version::read(model, &row)).transpose()
}

/// Makes the first version of a model, live and complete, if there is none.
pub(crate) async fn ensure_live(
    client: &mut Client,
    model: ModelName,
    identity: LedgerIdentity,
) -> Result<Version, ProjectorError> {
    if let Some(live) = live(client, model).await? {
        return Ok(live);
    }
    let transaction = client.transaction().await?;
    make_schema_in_tx(&transaction, model, 1).await?;
    for statements in [&history::keys(model), model.sql().indexes] {
        transaction.batch_execute(&filled(statements, model, 1)).await?;
    }
    transaction
        .execute(
            statements::ADD,
            &[&model.as_str(), &1_i16, &true, &identity.ledger_id, &identity.epoch, &RUNNING],
        )
        .await?;
    publish_in_tx(&transaction, model, 1).await?;
    transaction.commit().await?;
    live(client, model).await?.ok_or(ProjectorError::NotLive(model))
}

/// Makes an empty version without indexes, to be filled by a rebuild.
pub(crate) async fn add_shadow(
    client: &mut Client,
    model: ModelName,
    version: i16,
    identity: LedgerIdentity,
) -> Result<(), ProjectorError> {
    let transaction = client.transaction().await?;
    make_schema_in_tx(&transaction, model, version).await?;
    let name = model.as_str();
    transaction
        .execute(statements::ADD, &[&name, &version, &false, &identity.ledger_id, &identity.epoch, &BUILDING])
        .await?;
    Ok(transaction.commit().await?)
}

/// Drops a version that is not live, with all its rows.
pub(crate) async fn remove(
    client: &mut Client,
    model: ModelName,
    version: i16,
) -> Result<(), ProjectorError> {
    let transaction = client.transaction().await?;
    let removed = transaction.execute(statements::REMOVE, &[&model.as_str(), &version]).await?;
    if removed != 1 {
        return Err(ProjectorError::Fenced { model, version });
    }
    transaction.batch_execute(&format!("DROP SCHEMA IF EXISTS {} CASCADE", model.schema(version))).await?;
    Ok(transaction.commit().await?)
}

/// Gives the SQL beside a model its schema and version.
pub(crate) fn filled(sql: &str, model: ModelName, version: i16) -> String {
    sql.replace("{schema}", &model.schema(version)).replace("{version}", &version.to_string())
}

fn fold_comment(fold: i32) -> String {
    format!("fold {fold}")
}

async fn make_schema_in_tx<C: GenericClient>(
    client: &C,
    model: ModelName,
    version: i16,
) -> Result<(), ProjectorError> {
    let schema = model.schema(version);
    client
        .batch_execute(&format!(
            "CREATE SCHEMA {schema}; COMMENT ON SCHEMA {schema} IS '{}';",
            fold_comment(model.fold())
        ))
        .await?;
    Ok(client.batch_execute(&filled(&history::tables(model), model, version)).await?)
}

/// Makes the views show this version: views, comments, rights.
pub(crate) async fn publish_in_tx<C: GenericClient>(
    client: &C,
    model: ModelName,
    version: i16,
) -> Result<(), ProjectorError> {
    Ok(client.batch_execute(&filled(&history::views(model), model, version)).await?)
}

/// Refuses a version that another fold has filled.
pub(crate) async fn check_fold<C: GenericClient>(
    client: &C,
    version: &Version,
) -> Result<(), ProjectorError> {
    let row = client.query_opt(statements::FOLD_OF, &[&version.schema()]).await?;
    let found: Option<String> = match row {
        Some(row) => row.try_get(0)?,
        None => None,
    };
    let expected = version.model.fold();
    match found {
        Some(comment) if comment == fold_comment(expected) => Ok(()),
        other => Err(ProjectorError::OtherFold {
            model: version.model,
            version: version.version,
            expected,
            found: other.unwrap_or_else(|| "an unknown fold".to_owned()),
        }),
    }
}

async fn set_status<C: GenericClient>(
    client: &C,
    version: &Version,
    status: &str,
    reason: Option<&str>,
) -> Result<(), ProjectorError> {
    let name = version.model.as_str();
    let changed =
        client.execute(statements::SET_STATUS, &[&name, &version.version, &status, &reason]).await?;
    if changed == 1 {
        Ok(())
    } else {
        Err(ProjectorError::Fenced { model: version.model, version: version.version })
    }
}

/// Says that a version follows the ledger.
pub(crate) async fn running<C: GenericClient>(client: &C, version: &Version) -> Result<(), ProjectorError> {
    set_status(client, version, RUNNING, None).await
}

/// Says that a version stands, and why.
pub(crate) async fn stopped<C: GenericClient>(
    client: &C,
    version: &Version,
    reason: &str,
) -> Result<(), ProjectorError> {
    set_status(client, version, STOPPED, Some(reason)).await
}

/// Says that a version is complete.
pub(crate) async fn ready<C: GenericClient>(client: &C, version: &Version) -> Result<(), ProjectorError> {
    set_status(client, version, READY, None).await
}
