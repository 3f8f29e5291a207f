//! I6: the live books have booked exactly what the events come to, line by line and account by account.

use std::collections::BTreeMap;

use domain::{
    Event,
    postings::{Posting, entries},
};
use uuid::Uuid;

use super::copy::Fields;
use super::error::VerifyError;
use super::event_row::EventRow;
use super::finding::{Check, Findings};
use super::stated::balanced;

const TABLE: &str = "the journal";

/// Which columns of the journal are read.
pub(super) const COLUMNS: &str = "position, line, debit, credit, amount, customer_id, provider";

/// An event with its place, its times and its postings.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub(super) position: i64,
    /// Microseconds since 1970.
    pub(super) occurred_at: i64,
    /// Microseconds since 1970.
    pub(super) recorded_at: i64,
    pub(super) event: &'a Event,
    pub(super) postings: Vec<Posting>,
}

impl<'a> Entry<'a> {
    pub(super) fn of(row: &EventRow<'_>, event: &'a Event) -> Self {
        let EventRow { position, occurred_at, recorded_at, .. } = *row;
        Self { position, occurred_at, recorded_at, event, postings: entries(event) }
    }
}

/// A line of the journal as stored.
#[derive(Debug, PartialEq, Eq)]
struct Line<'a> {
    line: i16,
    debit: i16,
    credit: i16,
    amount: i64,
    customer: Option<Uuid>,
    provider: Option<&'a str>,
}

impl<'a> Line<'a> {
    fn read(row: &'a [u8]) -> Result<(i64, Self), VerifyError> {
        let mut fields = Fields::of(row, TABLE)?;
        let position = fields.i64()?;
        let line = Self {
            line: fields.i16()?,
            debit: fields.i16()?,
            credit: fields.i16()?,
            amount: fields.i64()?,
            customer: fields.optional_uuid()?,
            provider: fields.optional()?.map(|text| std::str::from_utf8(text).unwrap_or_default()),
        };
        Ok((position, line))
    }

    fn of(line: i16, posting: &Posting) -> Self {
        Self {
            line,
            debit: posting.debit.code(),
            credit: posting.credit.code(),
            amount: posting.amount.shillings(),
            customer: posting.customer.map(|customer| customer.0),
            provider: posting.provider.map(domain::event::Provider::as_str),
        }
    }
}

/// The live books: up to where they are written, and the totals of their accounts there.
#[derive(Debug, Default, Clone)]
pub(super) struct LiveBooks {
    /// The schema of the live version; none without books.
    pub(super) schema: Option<String>,
    /// The last position that is booked.
    pub(super) position: i64,
    /// Debit and credit by account.
    pub(super) accounts: BTreeMap<i16, (i64, i64)>,
    /// Positions that the books may pass over, if they cannot apply the event there.
    pub(super) skipped: Vec<i64>,
}

/// What the events have come to so far.
#[derive(Debug, Default)]
pub(super) struct Books {
    totals: BTreeMap<i16, (i64, i64)>,
}

impl Books {
    /// The next event, with the journal's lines that are not read yet.
    pub(super) fn event<'a>(
        &mut self,
        entry: &Entry<'_>,
        live: &LiveBooks,
        journal: &mut impl Iterator<Item = &'a [u8]>,
        ahead: &mut Option<&'a [u8]>,
        findings: &mut Findings,
    ) -> Result<(), VerifyError> {
        let Entry { position, ref postings, .. } = *entry;
        balanced(position, entry.event, postings, findings);
        if position > live.position {
            return Ok(());
        }
        if live.skipped.contains(&position) && passed_over(position, journal, ahead)? {
            return Ok(());
        }
        for posting in postings {
            let amount = posting.amount.shillings();
            let debit = self.totals.entry(posting.debit.code()).or_default();
            debit.0 = debit.0.saturating_add(amount);
            let credit = self.totals.entry(posting.credit.code()).or_default();
            credit.1 = credit.1.saturating_add(amount);
        }
        let mut expected = (1_i16..).zip(postings).map(|(line, posting)| Line::of(line, posting));
        while let Some(row) = ahead.take().or_else(|| journal.next()) {
            let (booked, line) = Line::read(row)?;
            if booked > position {
                *ahead = Some(row);
                break;
            }
            let same = booked == position && expected.next().as_ref() == Some(&line);
            findings.unless(same, Check::Journal, booked, || {
                format!("line {} of the journal is not what the event says", line.line)
            });
        }
        let missing = expected.count();
        findings.unless(missing == 0, Check::Journal, position, || {
            format!("{missing} lines of what the event says are not in the journal")
        });
        Ok(())
    }

    /// Lines of the journal that are left when the events of their stretch are read.
    pub(super) fn left<'a>(
        rows: impl Iterator<Item = &'a [u8]>,
        findings: &mut Findings,
    ) -> Result<(), VerifyError> {
        for row in rows {
            let (position, line) = Line::read(row)?;
            let what = format!("line {} of the journal is of no event", line.line);
            findings.add(Check::Journal, position, what);
        }
        Ok(())
    }

    /// Compares the accounts where the books stand: each with its lines, and all with each other.
    pub(super) fn end(&self, live: &LiveBooks, findings: &mut Findings) {
        if live.schema.is_none() {
            return;
        }
        let none = (0, 0);
        for code in self.totals.keys().chain(live.accounts.keys()) {
            let (said, booked) = (self.totals.get(code), live.accounts.get(code));
            if said.unwrap_or(&none) != booked.unwrap_or(&none) {
                let what = format!(
                    "account {code} stands at {:?} (debit, credit) at position {}, its events come to {:?}",
                    booked.unwrap_or(&none),
                    live.position,
                    said.unwrap_or(&none)
                );
                findings.nowhere(Check::Journal, what);
            }
        }
        let all = live.accounts.values().fold((0_i64, 0_i64), |(debit, credit), account| {
            (debit.saturating_add(account.0), credit.saturating_add(account.1))
        });
        if all.0 != all.1 {
            findings
                .nowhere(Check::Journal, format!("the trial balance is {} to {}, not even", all.0, all.1));
        }
    }
}

/// Whether nothing is booked at this position: the next line of the journal, which stays ahead, is of a later one.
fn passed_over<'a>(
    position: i64,
    journal: &mut impl Iterator<Item = &'a [u8]>,
    ahead: &mut Option<&'a [u8]>,
) -> Result<bool, VerifyError> {
    *ahead = ahead.take().or_else(|| journal.next());
    let Some(row) = *ahead else { return Ok(true) };
    Ok(Line::read(row)?.0 > position)
}
