//! All accounts over a stretch of booking days.

use std::collections::BTreeMap;

use domain::postings::Account;
use tokio_postgres::Row;

use super::{Days, Span, on_its_side};
use crate::{
    as_of::Known,
    read::{Desk, Failure},
    statements::books,
};

/// What an account held before the days, and what moved on them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Moved {
    pub(crate) opening_debit: i64,
    pub(crate) opening_credit: i64,
    pub(crate) debit: i64,
    pub(crate) credit: i64,
    pub(crate) span: Span,
}

impl Moved {
    pub(crate) fn read(row: &Row) -> Result<Self, Failure> {
        Ok(Self {
            opening_debit: row.try_get("opening_debit")?,
            opening_credit: row.try_get("opening_credit")?,
            debit: row.try_get("debit")?,
            credit: row.try_get("credit")?,
            span: Span::read(row)?,
        })
    }

    /// The balance before the days, on the account's side.
    pub(crate) const fn opening(&self, account: Account) -> i64 {
        on_its_side(account, self.opening_debit, self.opening_credit)
    }

    /// The balance after them.
    pub(crate) const fn closing(&self, account: Account) -> i64 {
        self.opening(account).saturating_add(on_its_side(account, self.debit, self.credit))
    }
}

/// Every account that ever moved; and the position that the read model stands at.
pub(crate) async fn chart(
    desk: &Desk,
    days: Days,
    known: Option<Known>,
) -> Result<(i64, BTreeMap<i16, Moved>), Failure> {
    let until = known.map_or(i64::MAX, |known| known.position());
    let rows = match known.and_then(|known| known.occurred_until) {
        None => desk.query_planned(books::CHART, &[&until, &days.from, &days.to]).await?,
        Some(time) => {
            desk.query_planned(books::CHART_OF_HAPPENED, &[&until, &days.from, &days.to, &time]).await?
        }
    };
    let mut accounts = BTreeMap::new();
    for row in &rows {
        let Some(account) = row.try_get::<_, Option<i16>>("account")? else { continue };
        accounts.insert(account, Moved::read(row)?);
    }
    Ok((crate::read::position(&rows)?, accounts))
}
