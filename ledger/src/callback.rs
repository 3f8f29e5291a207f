//! What a provider said about a transaction when it called us, without whom it names: what reconciliation holds against
//! the ledger and against statements.
//!
//! Whoever takes such a call notes it once, as a row of `finance.callback`; the same call again changes nothing. It is
//! no proof of anything, and nothing is decided on it.

use chrono::{DateTime, Utc};
use tokio_postgres::GenericClient;

use crate::{LedgerError, statements};

/// By which way a provider called us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeardBy {
    /// A letter of the inbox, by its number.
    Letter(i64),
    /// A bill payment, by the provider's reference.
    BillPay,
}

/// Which way the money went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From a customer to us.
    Collection,
    /// From us to a person.
    Disbursement,
}

/// What the provider says became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SaidStatus {
    /// The money moved.
    Success,
    /// It did not.
    Failure,
    /// A word that nobody knows.
    Other,
}

/// What was said.
#[derive(Debug, Clone)]
pub struct Callback<'a> {
    /// By which way.
    pub heard_by: HeardBy,
    /// Which way the money went.
    pub direction: Direction,
    /// The wallet, by the domain's word for it, if it is one.
    pub provider: Option<&'a str>,
    /// The provider's own reference.
    pub provider_reference: Option<&'a str>,
    /// Ours.
    pub external_reference: Option<&'a str>,
    /// Whole shillings.
    pub amount: Option<i64>,
    /// What became of it.
    pub status: SaidStatus,
    /// What was made of it, in a word that names nobody.
    pub verdict: Option<&'a str>,
    /// When it arrived.
    pub heard_at: DateTime<Utc>,
}

impl Callback<'_> {
    /// Notes it, once; `false` if it was noted before. Runs in whatever transaction the client has open.
    ///
    /// # Errors
    /// The database is away, or this login may not write the table.
    pub async fn note<C: GenericClient + Sync>(&self, client: &C) -> Result<bool, LedgerError> {
        let (by, key) = match self.heard_by {
            HeardBy::Letter(number) => ("letter", number.to_string()),
            HeardBy::BillPay => ("bill_pay", self.provider_reference.unwrap_or_default().to_owned()),
        };
        let kind = match self.direction {
            Direction::Collection => "collection",
            Direction::Disbursement => "disbursement",
        };
        let status = match self.status {
            SaidStatus::Success => "success",
            SaidStatus::Failure => "failure",
            SaidStatus::Other => "other",
        };
        let amount = self.amount.filter(|amount| *amount >= 0);
        let noted = client
            .execute(
                statements::NOTE_CALLBACK,
                &[
                    &by,
                    &key,
                    &kind,
                    &self.provider,
                    &self.provider_reference,
                    &self.external_reference,
                    &amount,
                    &status,
                    &self.verdict,
                    &self.heard_at,
                ],
            )
            .await?;
        Ok(noted == 1)
    }
}
