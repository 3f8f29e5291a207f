//! Income of a group of lines: by kind, net and VAT, reversals included.

use domain::postings::Account;
use serde::Serialize;
use tokio_postgres::Row;
use utoipa::ToSchema;

use super::{Filter, Moored, Span};
use crate::read::Failure;

/// Income of one kind. Gross is net and VAT together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = IncomeOfKind)]
pub(crate) struct Kind {
    /// Without VAT.
    #[schema(example = 847)]
    pub(crate) net: i64,
    #[schema(example = 153)]
    pub(crate) vat: i64,
    #[schema(example = 1000)]
    pub(crate) gross: i64,
}

impl Kind {
    pub(crate) const fn of(net: i64, vat: i64) -> Self {
        Self { net, vat, gross: net.saturating_add(vat) }
    }

    fn read(row: &Row, net: &str, vat: &str) -> Result<Self, Failure> {
        Ok(Self::of(row.try_get(net)?, row.try_get(vat)?))
    }
}

/// Income of a group. What was taken back is taken off already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Income {
    /// Account 4000 and its VAT.
    pub(crate) usage: Kind,
    /// Account 4010 and its VAT.
    pub(crate) late: Kind,
    /// Account 4020 and its VAT.
    pub(crate) replacement: Kind,
    /// All three.
    pub(crate) total: Kind,
    /// How much of what was posted before is taken back in it: by corrections, and by banks that came back.
    pub(crate) reversed: Kind,
    /// How many rentals it is of.
    #[schema(example = 1)]
    pub(crate) rentals: i64,
    #[serde(flatten)]
    pub(crate) span: Span,
}

impl Income {
    pub(crate) fn read(row: &Row) -> Result<Self, Failure> {
        let usage = Kind::read(row, "usage_net", "usage_vat")?;
        let late = Kind::read(row, "late_net", "late_vat")?;
        let replacement = Kind::read(row, "replacement_net", "replacement_vat")?;
        let sum = |of: fn(&Kind) -> i64| [usage, late, replacement].iter().map(of).sum();
        Ok(Self {
            usage,
            late,
            replacement,
            total: Kind::of(sum(|kind| kind.net), sum(|kind| kind.vat)),
            reversed: Kind::read(row, "reversed_net", "reversed_vat")?,
            rentals: row.try_get("rentals")?,
            span: Span::read(row)?,
        })
    }
}

/// Where the lines behind the numbers of a group are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct IncomeLinks {
    /// `usage.net`
    usage: String,
    /// `late.net`
    late: String,
    /// `replacement.net`
    replacement: String,
    /// `total.vat`; that of one kind with `&kind=`.
    vat: String,
}

impl IncomeLinks {
    pub(crate) fn of(moored: &Moored, filter: &Filter) -> Self {
        Self {
            usage: moored.entries(Account::RentalRevenue, filter),
            late: moored.entries(Account::LateFeeRevenue, filter),
            replacement: moored.entries(Account::ReplacementRevenue, filter),
            vat: moored.entries(Account::VatPayable, filter),
        }
    }
}
