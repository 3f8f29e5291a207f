//! A closed period, as its close recorded it.

use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    event::{AccountTotal, CheckpointRef},
    postings::Account,
};
use serde::{Serialize, de::DeserializeOwned};
use tokio_postgres::Row;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Days, Filter, Moored, Span, on_its_side};
use crate::read::Failure;

/// The signed checkpoint of the ledger that goes with a close.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ClosingCheckpoint)]
pub(crate) struct Checkpoint {
    /// Who signed it.
    origin: String,
    /// How many events it covers.
    size: i64,
    /// The root of the tree over them, in hex.
    root: String,
}

/// A closed period: booking days on which nothing is booked any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct ClosedPeriod {
    /// Its first day; null for the first period, which holds everything before.
    pub(crate) from: Option<NaiveDate>,
    /// Its last day.
    pub(crate) until: NaiveDate,
    /// Who closed it.
    closed_by: Uuid,
    closed_at: DateTime<Utc>,
    recorded_at: DateTime<Utc>,
    /// The position of the close.
    #[schema(example = 1042)]
    closed_position: i64,
    /// The recorded figures hold everything up to this position.
    #[schema(example = 1041)]
    figures_position: i64,
    /// Everything that was debited in it, as the close recorded it; the same was credited.
    #[schema(example = 21000)]
    total_debit: i64,
    total_credit: i64,
    /// The signed checkpoint of the ledger at the close, if there was one.
    checkpoint: Option<Checkpoint>,
    /// Lines that happened in it and were recorded after its close: they are booked later.
    late: Span,
    /// The VAT of the period.
    vat: String,
}

/// An account as the close recorded it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct PeriodAccount {
    /// The code in the chart of accounts.
    #[schema(example = "2000")]
    account: String,
    #[schema(example = "customer_deposits")]
    name: &'static str,
    /// What was debited in the period.
    debit: i64,
    /// What was credited in it.
    credit: i64,
    /// The balance at its end, on the side where the account grows.
    balance: i64,
    /// Its lines of the period.
    entries: String,
}

fn json<T: DeserializeOwned>(row: &Row, column: &str) -> Result<Option<T>, Failure> {
    let value: Option<serde_json::Value> = row.try_get(column)?;
    let read = value.map(serde_json::from_value).transpose();
    read.map_err(|_| Failure::Damaged("a closed period in another shape"))
}

fn totals(row: &Row) -> Result<Vec<AccountTotal>, Failure> {
    Ok(json(row, "accounts")?.unwrap_or_default())
}

impl ClosedPeriod {
    /// Reads a row; one that stands only for the position holds nothing.
    pub(crate) fn read(row: &Row, moored: &Moored) -> Result<Option<Self>, Failure> {
        let Some(until) = row.try_get("until")? else { return Ok(None) };
        let (from, accounts) = (row.try_get("from_day")?, totals(row)?);
        let checkpoint: Option<CheckpointRef> = json(row, "checkpoint")?;
        let checkpoint = checkpoint.map(|it| Checkpoint { origin: it.origin, size: it.size, root: it.root });
        Ok(Some(Self {
            from,
            until,
            closed_by: row.try_get("closed_by")?,
            closed_at: row.try_get("closed_at")?,
            recorded_at: row.try_get("recorded_at")?,
            closed_position: row.try_get("at")?,
            figures_position: row.try_get("figures_position")?,
            total_debit: accounts.iter().map(|account| account.debit).sum(),
            total_credit: accounts.iter().map(|account| account.credit).sum(),
            checkpoint,
            late: Span::read(row)?,
            vat: moored.report("/api/v1/finance/vat", &Filter::of(Days { from, to: Some(until) }).pairs()),
        }))
    }

    /// The accounts that the close recorded, by code.
    pub(crate) fn accounts(&self, row: &Row, moored: &Moored) -> Result<Vec<PeriodAccount>, Failure> {
        let filter = Filter::of(Days { from: self.from, to: Some(self.until) });
        let shown = |total: AccountTotal| {
            let account = Account::of_code(total.account)?;
            Some(PeriodAccount {
                account: account.code().to_string(),
                name: account.name(),
                debit: total.debit,
                credit: total.credit,
                balance: on_its_side(account, total.total_debit, total.total_credit),
                entries: moored.entries(account, &filter),
            })
        };
        Ok(totals(row)?.into_iter().filter_map(shown).collect())
    }
}
