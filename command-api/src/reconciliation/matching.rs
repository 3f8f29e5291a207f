//! What a statement says against what the ledger knows: pure, without looking anywhere else.
//!
//! Keeps true: each line comes to exactly one finding; a line agrees only with a thing of the ledger that moved the same
//! amount, or where nothing moved on both sides; what the ledger moved within the period and no line speaks of is missing
//! at the provider; the order of the lines changes nothing but which of two equal lines is the duplicate.

use std::collections::{HashMap, HashSet};

use chrono::TimeDelta;
use domain::Time;
use domain::event::{BreakCause, Provider};
use domain::timing;
use uuid::Uuid;

use super::line::{Kind, Line, Period};

/// What moved so close to an end of the period may stand in the statement beside this one: clocks differ, and a
/// confirmation takes a while.
const GRACE: TimeDelta = TimeDelta::minutes(10);

/// What a thing of the ledger is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum What {
    Payment,
    Receipt,
    Refund,
    Entry,
}

impl What {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Payment => "payment",
            Self::Receipt => "receipt",
            Self::Refund => "refund",
            Self::Entry => "entry",
        }
    }
}

/// A thing of the ledger that a reference names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) what: What,
    pub(crate) id: Uuid,
    pub(crate) amount: i64,
    /// Whether its money moved.
    pub(crate) moved: bool,
    /// The provider's reference by which it moved, where the ledger knows it.
    pub(crate) by: Option<String>,
}

/// Money that moved, as the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Movement {
    pub(crate) what: What,
    pub(crate) id: Uuid,
    pub(crate) kind: Kind,
    pub(crate) provider: Provider,
    pub(crate) reference: Option<String>,
    pub(crate) amount: i64,
    pub(crate) at: Time,
}

/// A wallet and a reference.
pub(crate) type Name = (Provider, String);

/// What the ledger knows of a statement's references, and what it moved in its period.
#[derive(Debug, Default)]
pub(crate) struct Book {
    /// Settled payments and receipts by the provider's reference.
    pub(crate) received: HashMap<Name, Held>,
    /// Payments by the reference that we gave.
    pub(crate) asked: HashMap<String, Held>,
    /// Refunds by the reference that we gave.
    pub(crate) refunds: HashMap<Name, Held>,
    /// What it moved.
    pub(crate) moved: Vec<Movement>,
    /// What of it stands in another statement.
    pub(crate) elsewhere: HashSet<Uuid>,
}

/// A difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) cause: BreakCause,
    pub(crate) kind: Kind,
    pub(crate) provider: Provider,
    pub(crate) reference: Option<String>,
    pub(crate) held: Option<(What, Uuid)>,
    pub(crate) ledger_amount: Option<i64>,
    pub(crate) statement_amount: Option<i64>,
    /// When the money moved, by whoever says so.
    pub(crate) at: Time,
}

/// What a line comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Finding {
    /// The ledger says the same; of what, if money moved.
    Agrees(Option<(What, Uuid)>),
    /// A fee or a payout, to be booked.
    ToBook,
    /// It does not.
    Differs(Difference),
}

/// What a statement comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Comparison {
    /// A finding for each line, in their order.
    pub(crate) lines: Vec<Finding>,
    /// What the ledger moved and no line speaks of.
    pub(crate) missing: Vec<Difference>,
}

/// Compares a statement with the ledger.
pub(crate) fn compare(lines: &[Line], book: &Book, period: Period) -> Comparison {
    let mut seen: HashSet<(Kind, Provider, &str)> = HashSet::new();
    let mut spoken_of: HashSet<Uuid> = HashSet::new();
    let mut findings = Vec::with_capacity(lines.len());
    for line in lines {
        let held = lookup(line, book);
        spoken_of.extend(held.map(|held| held.id));
        let key = line.reference().map(|reference| (line.kind, line.provider, reference.as_str()));
        let again = line.succeeded && key.is_some_and(|key| !seen.insert(key));
        findings.push(if again {
            Finding::Differs(differs(line, BreakCause::Duplicate, held))
        } else {
            finding(line, held)
        });
    }
    let missing = book.moved.iter().filter(|moved| is_missing(moved, book, period, &spoken_of));
    Comparison { lines: findings, missing: missing.map(absent).collect() }
}

/// What the ledger knows under the references of a line.
fn lookup<'a>(line: &Line, book: &'a Book) -> Option<&'a Held> {
    let name = |reference: &Option<domain::values::ProviderReference>| {
        reference.as_ref().map(|reference| (line.provider, reference.as_str().to_owned()))
    };
    match line.kind {
        Kind::Collection => {
            let by_theirs = name(&line.transaction_id).and_then(|name| book.received.get(&name));
            by_theirs.or_else(|| book.asked.get(line.external_reference.as_ref()?.as_str()))
        }
        Kind::Disbursement => name(&line.external_reference)
            .and_then(|name| book.refunds.get(&name))
            .or_else(|| book.refunds.get(&name(&line.transaction_id)?)),
        Kind::Fee | Kind::Payout => None,
    }
}

fn finding(line: &Line, held: Option<&Held>) -> Finding {
    match (line.kind, line.succeeded) {
        // What the provider did not take or move needs no entry.
        (Kind::Fee | Kind::Payout, false) => Finding::Agrees(None),
        (Kind::Fee | Kind::Payout, true) if line.amount == 0 => Finding::Agrees(None),
        (Kind::Fee | Kind::Payout, true) => Finding::ToBook,
        (Kind::Collection | Kind::Disbursement, true) => succeeded(line, held),
        (Kind::Collection | Kind::Disbursement, false) => failed(line, held),
    }
}

/// The provider says that money moved.
fn succeeded(line: &Line, held: Option<&Held>) -> Finding {
    let cause = match held {
        None => BreakCause::MissingInLedger,
        // The payment was settled by another transaction: this one's money is nowhere.
        Some(held) if held.moved && is_other(line, held) => BreakCause::MissingInLedger,
        Some(held) if !held.moved => BreakCause::StatusDiffers,
        Some(held) if held.amount != line.amount => BreakCause::AmountDiffers,
        Some(held) => return Finding::Agrees(Some((held.what, held.id))),
    };
    Finding::Differs(differs(line, cause, held))
}

/// The provider says that none did.
fn failed(line: &Line, held: Option<&Held>) -> Finding {
    match held {
        Some(held) if held.moved && !is_other(line, held) => {
            Finding::Differs(differs(line, BreakCause::StatusDiffers, Some(held)))
        }
        Some(_) | None => Finding::Agrees(None),
    }
}

/// Whether the thing moved by another transaction than the line's.
fn is_other(line: &Line, held: &Held) -> bool {
    match (&line.transaction_id, &held.by) {
        (Some(theirs), Some(ours)) => theirs.as_str() != ours,
        (None, _) | (_, None) => false,
    }
}

fn differs(line: &Line, cause: BreakCause, held: Option<&Held>) -> Difference {
    Difference {
        cause,
        kind: line.kind,
        provider: line.provider,
        reference: line.reference().map(|reference| reference.as_str().to_owned()),
        held: held.map(|held| (held.what, held.id)),
        ledger_amount: held.map(|held| held.amount),
        statement_amount: Some(line.amount),
        at: line.completed_at,
    }
}

/// Within the period and not at its edges, in no line of this statement or another, and of those that the provider moves.
fn is_missing(moved: &Movement, book: &Book, period: Period, spoken_of: &HashSet<Uuid>) -> bool {
    let by_hand = moved.kind == Kind::Disbursement && domain::refund::is_manual(moved.provider);
    let (from, until) = (timing::plus(period.from, GRACE), timing::plus(period.until, -GRACE));
    (from..=until).contains(&moved.at)
        && !by_hand
        && !spoken_of.contains(&moved.id)
        && !book.elsewhere.contains(&moved.id)
}

fn absent(moved: &Movement) -> Difference {
    Difference {
        cause: BreakCause::MissingAtProvider,
        kind: moved.kind,
        provider: moved.provider,
        reference: moved.reference.clone(),
        held: Some((moved.what, moved.id)),
        ledger_amount: Some(moved.amount),
        statement_amount: None,
        at: moved.at,
    }
}

#[cfg(test)]
mod tests;
