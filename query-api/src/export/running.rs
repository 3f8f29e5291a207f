//! One file in the making.

use ledger::Ledger;
use serde::Serialize;
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::{
    Dataset, ExportError, Format,
    cell::{Cell, Column},
    events::Events,
    format::Encoder,
    pages::{Pages, live},
};

/// What is to be exported.
#[derive(Debug, Clone, Copy)]
pub struct Order {
    /// What.
    pub dataset: &'static Dataset,
    /// How it is written.
    pub format: Format,
    /// The position it stands for.
    pub position: i64,
    /// Events only: the first position; 1 for all.
    pub from: i64,
}

/// What a file holds, and what it stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Manifest {
    /// What was exported.
    pub model: &'static str,
    /// In which format.
    pub format: &'static str,
    /// From which ledger.
    pub ledger_id: Uuid,
    /// In which epoch of it.
    pub epoch: i32,
    /// The position that it stands for: nothing recorded later is in it.
    pub position: i64,
    /// How many rows it has.
    pub rows: i64,
}

/// A file that is read chunk by chunk. Dropping it frees everything.
pub struct Export {
    manifest: Manifest,
    reading: Reading,
    /// Away while it writes; none once the file has ended.
    encoder: Option<Box<dyn Encoder>>,
    given: i64,
}

enum Reading {
    View(Pages),
    Ledger(Events),
}

impl std::fmt::Debug for Export {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Export")
            .field("manifest", &self.manifest)
            .field("given", &self.given)
            .finish_non_exhaustive()
    }
}

impl Export {
    /// Where what would be exported stands.
    ///
    /// # Errors
    /// The database fails, or the read model is not built.
    pub async fn stands_at(ledger: &Ledger, dataset: &'static Dataset) -> Result<i64, ExportError> {
        if dataset.is_events() {
            return Ok(ledger.last_position().await?.get());
        }
        Ok(live(ledger, dataset).await?.1)
    }

    /// Begins a file: finds its columns and counts its rows.
    ///
    /// # Errors
    /// The database fails, the read model is not built, or it does not stand at the position yet.
    pub async fn begin(ledger: &Ledger, order: Order) -> Result<Self, ExportError> {
        let identity = ledger.identity().await?;
        let (reading, columns, rows) = read(ledger, order).await?;
        let manifest = Manifest {
            model: order.dataset.name,
            format: order.format.as_str(),
            ledger_id: identity.ledger_id,
            epoch: identity.epoch,
            position: order.position,
            rows,
        };
        let encoder = Some(order.format.encoder(&columns, &manifest)?);
        Ok(Self { manifest, reading, encoder, given: 0 })
    }

    /// What the file will hold.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// How many rows it has so far.
    #[must_use]
    pub const fn given(&self) -> i64 {
        self.given
    }

    /// The next bytes; none at the end of a whole file.
    ///
    /// # Errors
    /// The database fails, or what is read does not fit what was counted: what was given so far is no file.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, ExportError> {
        while let Some(mut encoder) = self.encoder.take() {
            let rows = self.rows().await?;
            if rows.is_empty() {
                return self.end(encoder).map(Some);
            }
            self.given = self.given.saturating_add(i64::try_from(rows.len()).unwrap_or(i64::MAX));
            // Compressing a row group takes longer than a thread that serves others may be kept.
            let written = spawn_blocking(move || encoder.rows(rows).map(|bytes| (encoder, bytes)));
            let (encoder, bytes) = written.await.map_err(ExportError::written)??;
            self.encoder = Some(encoder);
            if !bytes.is_empty() {
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }

    fn end(&self, mut encoder: Box<dyn Encoder>) -> Result<Vec<u8>, ExportError> {
        let (counted, given) = (self.manifest.rows, self.given);
        if counted != given {
            return Err(ExportError::Short { counted, given });
        }
        encoder.end()
    }

    async fn rows(&mut self) -> Result<Vec<Vec<Cell>>, ExportError> {
        match &mut self.reading {
            Reading::View(pages) => pages.next().await,
            Reading::Ledger(events) => events.next().await,
        }
    }
}

async fn read(ledger: &Ledger, order: Order) -> Result<(Reading, Vec<Column>, i64), ExportError> {
    if order.dataset.is_events() {
        let held = ledger.last_position().await?.get();
        if order.position > held {
            return Err(ExportError::NotThere { model: order.dataset.model(), asked: order.position, held });
        }
        let after = order.from.max(1).saturating_sub(1);
        let events = Events::between(ledger.clone(), after, order.position);
        return Ok((Reading::Ledger(events), Events::columns(), order.position.saturating_sub(after).max(0)));
    }
    let pages = Pages::begin(ledger.clone(), order.dataset, order.position).await?;
    let (columns, rows) = (pages.columns().to_vec(), pages.count().await?);
    Ok((Reading::View(pages), columns, rows))
}
