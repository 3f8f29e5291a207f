//! Reading: a statement, the position it stands for, and waiting for one.
//!
//! Keeps true: the position of an answer comes from the statement that made it; an answer of several sources
//! stands for the lowest; `Ledger-Min-Position` is checked against the answering statement's own position, so it is
//! right on replicas too.

mod failure;
mod line;
mod waiters;

use std::{rc::Rc, sync::Arc};

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use edge::{
    Clock, Problem,
    http::{MinPosition, ledger_position},
};
use ledger::{Ledger, seal::Sealer};
use serde::Serialize;
use tokio::{sync::Semaphore, time::Instant};
use tokio_postgres::{Config, Row, types::ToSql};

pub(crate) use failure::Failure;
pub(crate) use line::Line;
pub(crate) use waiters::Waiters;

use crate::{gbfs::Shelf, live::Hub, statements};

/// What an answer is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The read model of rentals.
    Rentals,
    /// The read model of money.
    Billing,
    /// The read model of things.
    Inventory,
    /// The read model of what needs a person's eye.
    Cases,
    /// The ledger itself.
    Ledger,
}

impl Source {
    /// Every source, in the order of its index.
    pub(crate) const ALL: [Self; 5] =
        [Self::Rentals, Self::Billing, Self::Inventory, Self::Cases, Self::Ledger];

    const fn index(self) -> usize {
        match self {
            Self::Rentals => 0,
            Self::Billing => 1,
            Self::Inventory => 2,
            Self::Cases => 3,
            Self::Ledger => 4,
        }
    }

    pub(crate) const fn position(self) -> &'static str {
        match self {
            Self::Rentals => statements::RENTALS_POSITION,
            Self::Billing => statements::BILLING_POSITION,
            Self::Inventory => statements::INVENTORY_POSITION,
            Self::Cases => statements::CASES_POSITION,
            Self::Ledger => statements::LEDGER_POSITION,
        }
    }
}

/// What every worker shares.
#[derive(Clone)]
pub(crate) struct Stacks {
    pub(crate) read: Ledger,
    pub(crate) primary: Ledger,
    pub(crate) waiters: Waiters,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) config: Config,
    pub(crate) live: Hub,
    pub(crate) shelf: Shelf,
    pub(crate) sealer: Sealer,
    /// Where the keys lie.
    pub(crate) keys: std::path::PathBuf,
    /// Room for files that are being written.
    pub(crate) exports: Arc<Semaphore>,
}

/// A worker's place to read from. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Desk(Rc<Place>);

struct Place {
    stacks: Stacks,
    line: Line,
}

/// What was read, and what it stands for.
pub(crate) struct Found<T> {
    /// The position it stands for.
    pub(crate) position: i64,
    /// The source that came least far.
    pub(crate) lowest: Source,
    /// What was read.
    pub(crate) what: T,
}

impl<T> Found<T> {
    /// Read from one source.
    pub(crate) fn of(source: Source, position: i64, what: T) -> Self {
        Self { position, lowest: source, what }
    }
}

impl Desk {
    pub(crate) fn new(stacks: Stacks) -> Self {
        let line = Line::new(stacks.config.clone());
        Self(Rc::new(Place { stacks, line }))
    }

    /// The place of the worker that handles this request.
    pub(crate) fn of(request: &HttpRequest) -> Result<Self, Problem> {
        request.app_data::<Self>().cloned().ok_or_else(|| {
            tracing::error!("no desk is mounted");
            Problem::internal()
        })
    }

    /// What the workers share.
    pub(crate) fn stacks(&self) -> &Stacks {
        &self.0.stacks
    }

    /// The rows of a statement that is answered at once.
    pub(crate) async fn query(
        &self,
        sql: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Failure> {
        self.0.line.query(sql, parameters).await
    }

    /// The rows of a statement that may take longer.
    pub(crate) async fn query_slowly(
        &self,
        sql: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Failure> {
        let client = self.stacks().read.pool().get().await?;
        let statement = client.prepare_cached(sql).await?;
        Ok(client.query(&statement, parameters).await?)
    }

    /// The rows of a statement that may take longer and that is planned for what it is asked: one whose filters are mostly
    /// absent, so that a plan made for any of them would look at everything.
    pub(crate) async fn query_planned(
        &self,
        sql: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Failure> {
        let client = self.stacks().read.pool().get().await?;
        Ok(client.query(sql, parameters).await?)
    }

    /// Reads; while the answer stands for less than the request wants, waits and reads again.
    pub(crate) async fn read<T>(
        &self,
        min: MinPosition,
        read: impl AsyncFn(&Self) -> Result<Found<T>, Failure>,
    ) -> Result<Found<T>, Problem> {
        let wanted = min.0.unwrap_or(0);
        let mut deadline = None;
        loop {
            let found = read(self).await.map_err(Failure::into_problem)?;
            if found.position >= wanted {
                return Ok(found);
            }
            // A deadline that is over leaves one last look: what it finds is the present position.
            let until = *deadline.get_or_insert_with(Waiters::deadline);
            if Instant::now() >= until {
                return Err(not_caught_up(found.position));
            }
            self.stacks().waiters.wait(found.lowest, wanted, until).await.map_err(Failure::into_problem)?;
        }
    }
}

/// The first column of the first row: the position.
pub(crate) fn position(rows: &[Row]) -> Result<i64, Failure> {
    let row = rows.first().ok_or_else(not_built)?;
    Ok(row.try_get(0)?)
}

/// What the rows hold: a row that stands only for the position holds nothing.
pub(crate) fn items<T>(
    rows: &[Row],
    read: impl Fn(&Row) -> Result<Option<T>, Failure>,
) -> Result<Vec<T>, Failure> {
    rows.iter().filter_map(|row| read(row).transpose()).collect()
}

/// The same of a list that belongs to a device: nothing where there is no such device.
pub(crate) fn items_of_device<T>(
    rows: &[Row],
    read: impl Fn(&Row) -> Result<Option<T>, Failure>,
) -> Result<Option<Vec<T>>, Failure> {
    let known: Option<uuid::Uuid> = rows.first().map(|row| row.try_get("device_id")).transpose()?.flatten();
    let items = items(rows, read)?;
    Ok(known.map(|_| items))
}

/// The views stand for a version that is gone: it is being changed at this moment.
fn not_built() -> Failure {
    Failure::Problem(Problem::unavailable("unavailable", "the read models are not built yet", 1))
}

/// 503: the answer does not stand for what was wanted.
pub(crate) fn not_caught_up(position: i64) -> Problem {
    let (name, value) = ledger_position(position);
    Problem::unavailable("not_caught_up", "the read models have not come as far as asked", 1)
        .fact("position", position)
        .header(name, value)
}

/// 404: not there, or not yours.
pub(crate) fn absent(position: i64) -> Problem {
    at(Problem::not_found("there is no such thing, or it is not yours"), position)
}

/// A problem that stands for a position.
pub(crate) fn at(problem: Problem, position: i64) -> Problem {
    let (name, value) = ledger_position(position);
    problem.header(name, value)
}

/// An answer that stands for a position.
pub(crate) fn answer(position: i64, body: &impl Serialize) -> Result<HttpResponse, Problem> {
    let body = serde_json::to_vec(body).map_err(|error| {
        tracing::error!(%error, "an answer could not be written");
        Problem::internal()
    })?;
    Ok(HttpResponse::build(StatusCode::OK)
        .insert_header(ledger_position(position))
        .content_type("application/json")
        .body(body))
}
