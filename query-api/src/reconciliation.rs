//! A day's money as it is shown: three columns that must agree for each wallet, and the transactions on which they do not.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_postgres::Row;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{read::Failure, rental::CURRENCY};

/// How many transactions, and what they come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ReconciledSum)]
pub(crate) struct Sum {
    count: i64,
    amount: i64,
}

/// What one source says of a wallet's day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ReconciledColumn)]
pub(crate) struct Column {
    /// From customers.
    collection: Sum,
    /// To persons.
    disbursement: Sum,
    /// What the provider took; nobody calls for it.
    fee: Sum,
    /// What the provider moved to our bank; nobody calls for it.
    payout: Sum,
    /// What the provider took back; in the ledger only.
    chargeback: Sum,
}

impl Column {
    fn of_mut(&mut self, kind: &str) -> Result<&mut Sum, Failure> {
        match kind {
            "collection" => Ok(&mut self.collection),
            "disbursement" => Ok(&mut self.disbursement),
            "fee" => Ok(&mut self.fee),
            "payout" => Ok(&mut self.payout),
            "chargeback" => Ok(&mut self.chargeback),
            _ => Err(Failure::Damaged("a movement of a kind that nobody knows")),
        }
    }
}

/// The columns of a wallet, or of all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ReconciledColumns)]
pub(crate) struct Columns {
    /// By the provider's statements.
    statement: Column,
    /// By the ledger, without what staff paid out.
    ledger: Column,
    /// By what the provider called us with.
    callbacks: Column,
    /// What staff paid out beside the provider: neither statement nor calls have it.
    by_hand: Column,
    /// Whether the three say the same.
    agrees: bool,
}

impl Columns {
    fn column(&mut self, source: &str) -> Result<&mut Column, Failure> {
        match source {
            "statement" => Ok(&mut self.statement),
            "ledger" => Ok(&mut self.ledger),
            "callbacks" => Ok(&mut self.callbacks),
            "by_hand" => Ok(&mut self.by_hand),
            _ => Err(Failure::Damaged("a column that nobody knows")),
        }
    }

    fn add(&mut self, line: &SumLine) -> Result<(), Failure> {
        let sum = self.column(&line.source)?.of_mut(&line.kind)?;
        sum.count = sum.count.saturating_add(line.count);
        sum.amount = sum.amount.saturating_add(line.amount);
        Ok(())
    }

    fn judged(mut self) -> Self {
        let (stated, booked, heard) = (&self.statement, &self.ledger, &self.callbacks);
        self.agrees = stated.collection == booked.collection
            && booked.collection == heard.collection
            && stated.disbursement == booked.disbursement
            && booked.disbursement == heard.disbursement
            && stated.fee == booked.fee
            && stated.payout == booked.payout;
        self
    }
}

/// A wallet's day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ReconciledProvider)]
pub(crate) struct OfProvider {
    /// `mpesa`, `mixx`, `airtel`, `halopesa`, `azampesa`, or `unknown` where the provider called without saying.
    #[schema(example = "airtel")]
    provider: String,
    #[serde(flatten)]
    #[schema(inline)]
    columns: Columns,
}

/// What one source says of a transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ReconciledSide)]
pub(crate) struct Side {
    amount: Option<i64>,
    /// `success`, `failure` or `other`.
    #[schema(example = "success")]
    status: String,
    at: DateTime<Utc>,
}

/// A break about a transaction.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[schema(as = ReconciledBreak)]
pub(crate) struct BreakOf {
    break_id: Uuid,
    cause: String,
    /// `open`, `explained` or `closed`.
    status: String,
}

/// A transaction on which the three do not say the same, or that has a break.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ReconciledDifference)]
pub(crate) struct Unequal {
    /// `collection`, `disbursement`, `fee` or `payout`.
    #[serde(rename = "type")]
    #[schema(example = "collection")]
    kind: String,
    provider: Option<String>,
    provider_reference: Option<String>,
    /// The reference that the provider was given; for finance and admin only.
    #[serde(skip_serializing_if = "Option::is_none")]
    external_reference: Option<String>,
    /// `not_in_statement`, `not_in_ledger`, `no_callback`, `amount_differs`, `status_differs`, `other_day`; none where only
    /// a break says so.
    reasons: Vec<String>,
    payment_id: Option<Uuid>,
    receipt_id: Option<Uuid>,
    refund_id: Option<Uuid>,
    statement: Option<Side>,
    ledger: Option<Side>,
    callback: Option<Side>,
    breaks: Vec<BreakOf>,
}

/// A day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Reconciliation {
    day: NaiveDate,
    #[schema(example = "TZS")]
    currency: &'static str,
    /// How many statements speak of this day.
    statements: i64,
    /// Whether all agree on everything.
    agrees: bool,
    providers: Vec<OfProvider>,
    totals: Columns,
    /// How many transactions differ or have a break.
    difference_count: i64,
    /// The first thousand of them.
    differences: Vec<Unequal>,
}

#[derive(Deserialize)]
struct SumLine {
    source: String,
    provider: String,
    kind: String,
    count: i64,
    amount: i64,
}

#[derive(Deserialize)]
struct Told {
    kind: String,
    provider: Option<String>,
    provider_reference: Option<String>,
    external_reference: Option<String>,
    reasons: Vec<String>,
    payment_id: Option<Uuid>,
    receipt_id: Option<Uuid>,
    refund_id: Option<Uuid>,
    stated_amount: Option<i64>,
    stated_ok: Option<bool>,
    stated_at: Option<DateTime<Utc>>,
    booked_amount: Option<i64>,
    booked_at: Option<DateTime<Utc>>,
    heard_amount: Option<i64>,
    heard_status: Option<String>,
    heard_at: Option<DateTime<Utc>>,
    breaks: Option<Vec<BreakOf>>,
}

impl Told {
    fn shown(self, with_reference: bool) -> Unequal {
        let side = |amount: Option<i64>, status: &str, at: Option<DateTime<Utc>>| {
            at.map(|at| Side { amount, status: status.to_owned(), at })
        };
        let word = |ok: Option<bool>| if ok == Some(true) { "success" } else { "failure" };
        Unequal {
            statement: side(self.stated_amount, word(self.stated_ok), self.stated_at),
            ledger: side(self.booked_amount, "success", self.booked_at),
            callback: side(self.heard_amount, self.heard_status.as_deref().unwrap_or("other"), self.heard_at),
            kind: self.kind,
            provider: self.provider,
            provider_reference: self.provider_reference,
            external_reference: self.external_reference.filter(|_| with_reference),
            reasons: self.reasons,
            payment_id: self.payment_id,
            receipt_id: self.receipt_id,
            refund_id: self.refund_id,
            breaks: self.breaks.unwrap_or_default(),
        }
    }
}

fn whole<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, Failure> {
    serde_json::from_value(value).map_err(|_| Failure::Damaged("a reconciliation of another form"))
}

/// Reads the row of a day, with our references only for those who may see them.
pub(crate) fn read(row: &Row, day: NaiveDate, with_reference: bool) -> Result<Reconciliation, Failure> {
    let sums: Vec<SumLine> = whole(row.try_get("sums")?)?;
    let mut providers: BTreeMap<&str, Columns> = BTreeMap::new();
    let mut totals = Columns::default();
    for line in &sums {
        providers.entry(&line.provider).or_default().add(line)?;
        totals.add(line)?;
    }
    let told: Vec<Told> = whole(row.try_get("differences")?)?;
    let difference_count: i64 = row.try_get("unequal")?;
    let providers: Vec<OfProvider> = providers
        .into_iter()
        .map(|(provider, columns)| OfProvider { provider: provider.to_owned(), columns: columns.judged() })
        .collect();
    Ok(Reconciliation {
        day,
        currency: CURRENCY,
        statements: row.try_get("statements")?,
        agrees: difference_count == 0 && providers.iter().all(|one| one.columns.agrees),
        providers,
        totals: totals.judged(),
        difference_count,
        differences: told.into_iter().map(|told| told.shown(with_reference)).collect(),
    })
}
