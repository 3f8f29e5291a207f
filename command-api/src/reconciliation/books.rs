//! What the ledger knows of a statement's references, and what it moved in its period.
//!
//! Read from claims, streams and events, never from a read model: what is compared stands for the ledger itself.
//! Everything is read in short statements.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::TimeDelta;
use domain::event::Provider;
use domain::payment::{Payment, PaymentStatus};
use domain::receipt::Receipt;
use domain::refund::{Refund, RefundStatus};
use domain::values::ProviderReference;
use domain::{Claim, Event, State, timing};
use edge::Problem;
use ledger::LedgerError;
use uuid::Uuid;

use super::line::{Kind, Line, Period};
use super::matching::{Book, Held, Movement, What};
use crate::CommandApi;
use crate::present::away;
use crate::statements;

/// How many names or streams are looked up at once.
const CHUNK: usize = 500;
/// How many positions are searched at once.
const STRETCH: i64 = 20_000;
/// What the provider proves is recorded a little before it by a clock that is behind, or long after it; what comes later
/// than this is found by the reference of its line only.
const LATEST: TimeDelta = TimeDelta::days(31);
/// The events by which money moves that a statement must show.
const MOVING: [&str; 3] = ["PaymentSettled", "ReceiptUnmatched", "RefundPaid"];

/// Looks everything up.
///
/// # Errors
/// 503 where the ledger is away.
pub(crate) async fn open(api: &CommandApi, lines: &[Line], period: Period) -> Result<Book, Problem> {
    let mut book = Book::default();
    for chunk in lines.chunks(CHUNK) {
        look_up(api, chunk, &mut book).await?;
    }
    book.moved = moved(api, period).await.map_err(|error| away(&error))?;
    name_by_theirs(&mut book);
    let unseen: Vec<Uuid> = book.moved.iter().map(|moved| moved.id).collect();
    book.elsewhere = elsewhere(api, &unseen).await.map_err(|error| away(&error))?;
    Ok(book)
}

/// A line without our reference still names a refund by the provider's.
fn name_by_theirs(book: &mut Book) {
    for moved in book.moved.iter().filter(|moved| moved.what == What::Refund) {
        if let Some(theirs) = &moved.reference {
            let held = Held {
                what: moved.what,
                id: moved.id,
                amount: moved.amount,
                moved: true,
                by: Some(theirs.clone()),
            };
            book.refunds.entry((moved.provider, theirs.clone())).or_insert(held);
        }
    }
}

/// The names under which a line may be known.
fn names(line: &Line) -> impl Iterator<Item = (&'static str, String)> {
    let under = |kind: &'static str, reference: &Option<ProviderReference>, provider: Option<Provider>| {
        reference.as_ref().map(|reference| match provider {
            Some(provider) => (kind, format!("{}/{}", provider.as_str(), reference.as_str())),
            None => (kind, reference.as_str().to_owned()),
        })
    };
    let (theirs, ours) = (&line.transaction_id, &line.external_reference);
    let names = match line.kind {
        Kind::Collection => [
            under(Claim::PROVIDER_REFERENCE, theirs, Some(line.provider)),
            under(Claim::EXTERNAL_ID, ours, None),
        ],
        Kind::Disbursement => [under(Claim::REFUND_REFERENCE, ours, Some(line.provider)), None],
        Kind::Fee | Kind::Payout => [None, None],
    };
    names.into_iter().flatten()
}

async fn look_up(api: &CommandApi, lines: &[Line], book: &mut Book) -> Result<(), Problem> {
    let names: Vec<(&'static str, String)> = lines.iter().flat_map(names).collect();
    let asked: Vec<(&str, &str)> = names.iter().map(|(kind, value)| (*kind, value.as_str())).collect();
    let claims = api.ledger().claims(&asked).await.map_err(|error| away(&error))?;
    let found: HashMap<(&str, &str), Uuid> =
        asked.into_iter().zip(claims).filter_map(|(name, claim)| Some((name, claim?.entity))).collect();
    let ids: HashSet<Uuid> = found.values().copied().collect();
    let states = api.present().states(ids).await?;
    for line in lines {
        let known = |kind: &'static str, value: &str| states.get(found.get(&(kind, value))?);
        keep(line, &known, book);
    }
    Ok(())
}

/// Puts what a line's references name into the book.
fn keep<'a>(line: &Line, known: &dyn Fn(&'static str, &str) -> Option<&'a Arc<State>>, book: &mut Book) {
    let text = |reference: &Option<ProviderReference>| {
        reference.as_ref().map(|reference| reference.as_str().to_owned())
    };
    let scoped = |reference: &str| format!("{}/{reference}", line.provider.as_str());
    match line.kind {
        Kind::Collection => {
            if let Some(theirs) = text(&line.transaction_id)
                && let Some(state) = known(Claim::PROVIDER_REFERENCE, &scoped(&theirs))
                && let Some(held) = held(state)
            {
                book.received.insert((line.provider, theirs), held);
            }
            if let Some(ours) = text(&line.external_reference)
                && let Some(state) = known(Claim::EXTERNAL_ID, &ours)
                && let Some(held) = held(state)
            {
                book.asked.insert(ours, held);
            }
        }
        Kind::Disbursement => {
            if let Some(ours) = text(&line.external_reference)
                && let Some(state) = known(Claim::REFUND_REFERENCE, &scoped(&ours))
                && let Some(held) = held(state)
            {
                book.refunds.insert((line.provider, ours), held);
            }
        }
        Kind::Fee | Kind::Payout => {}
    }
}

fn held(state: &State) -> Option<Held> {
    match state {
        State::Payment(payment) => Some(of_payment(payment)),
        State::Receipt(receipt) => Some(of_receipt(receipt)),
        State::Refund(refund) => Some(of_refund(refund)),
        State::Customer(_)
        | State::Device(_)
        | State::Station(_)
        | State::Rental(_)
        | State::Approval(_)
        | State::Break(_)
        | State::Entry(_)
        | State::Periods(_)
        | State::Lineage(_)
        | State::Projection(_)
        | State::Catalogue(_) => None,
    }
}

fn of_payment(payment: &Payment) -> Held {
    let by = match &payment.status {
        PaymentStatus::Settled { provider_reference } => Some(provider_reference.as_str().to_owned()),
        PaymentStatus::Initiated
        | PaymentStatus::Prompted
        | PaymentStatus::Unknown
        | PaymentStatus::Declined
        | PaymentStatus::Expired => None,
    };
    let (what, moved) = (What::Payment, by.is_some());
    Held { what, id: payment.id.0, amount: payment.amount.shillings(), moved, by }
}

fn of_receipt(receipt: &Receipt) -> Held {
    let by = Some(receipt.provider_reference.as_str().to_owned());
    Held { what: What::Receipt, id: receipt.id.0, amount: receipt.amount.shillings(), moved: true, by }
}

fn of_refund(refund: &Refund) -> Held {
    let (moved, by) = match &refund.status {
        RefundStatus::Paid { provider_reference } => {
            (true, provider_reference.as_ref().map(|reference| reference.as_str().to_owned()))
        }
        RefundStatus::Requested
        | RefundStatus::Approved
        | RefundStatus::Rejected { .. }
        | RefundStatus::Submitted
        | RefundStatus::Unknown
        | RefundStatus::Failed => (false, None),
    };
    Held { what: What::Refund, id: refund.id.0, amount: refund.amount.shillings(), moved, by }
}

/// What the ledger moved within the period.
async fn moved(api: &CommandApi, period: Period) -> Result<Vec<Movement>, LedgerError> {
    let client = api.ledger().pool().get().await?;
    let search = client.prepare_cached(statements::RECORDED_BEFORE).await?;
    // A clock may be ahead of the ledger's: what is said to be paid in the period may be recorded a little earlier.
    let first = timing::plus(period.from, -timing::AHEAD);
    let mut after: i64 = client.query_one(&search, &[&first]).await?.try_get(0)?;
    let last: i64 = client.query_one(&search, &[&timing::plus(period.until, LATEST)]).await?.try_get(0)?;
    let statement = client.prepare_cached(statements::EVENTS_OF_TYPES).await?;
    let kinds: Vec<&str> = MOVING.to_vec();
    let mut moved = Vec::new();
    while after < last {
        let until = after.saturating_add(STRETCH).min(last);
        for row in client.query(&statement, &[&after, &until, &kinds]).await? {
            let payload: &[u8] = row.try_get("payload")?;
            let event = Event::decode(row.try_get("type")?, row.try_get("schema_version")?, payload);
            // An event that this program cannot read stops the projector and shows on health; here it is no movement.
            let movement = event.ok().and_then(|event| movement(&event, row.get("occurred_at")));
            moved.extend(movement.filter(|one| (period.from..=period.until).contains(&one.at)));
        }
        after = until;
    }
    Ok(moved)
}

fn movement(event: &Event, occurred_at: domain::Time) -> Option<Movement> {
    let text = |reference: &ProviderReference| Some(reference.as_str().to_owned());
    #[expect(clippy::wildcard_enum_match_arm, reason = "only these were asked for")]
    match event {
        Event::PaymentSettled(event) => Some(Movement {
            what: What::Payment,
            id: event.payment_id.0,
            kind: Kind::Collection,
            provider: event.provider,
            reference: text(&event.provider_reference),
            amount: event.amount.shillings(),
            at: event.paid_at,
        }),
        Event::ReceiptUnmatched(event) => Some(Movement {
            what: What::Receipt,
            id: event.receipt_id.0,
            kind: Kind::Collection,
            provider: event.provider,
            reference: text(&event.provider_reference),
            amount: event.amount.shillings(),
            at: event.paid_at,
        }),
        Event::RefundPaid(event) => Some(Movement {
            what: What::Refund,
            id: event.refund_id.0,
            kind: Kind::Disbursement,
            provider: event.provider,
            reference: event.provider_reference.as_ref().and_then(text),
            amount: event.amount.shillings(),
            at: occurred_at,
        }),
        _ => None,
    }
}

/// Which of these stand in a statement that was uploaded before.
async fn elsewhere(api: &CommandApi, ids: &[Uuid]) -> Result<HashSet<Uuid>, LedgerError> {
    let client = api.ledger().pool().get().await?;
    let statement = client.prepare_cached(statements::IN_STATEMENTS).await?;
    let mut found = HashSet::new();
    for chunk in ids.chunks(CHUNK) {
        for row in client.query(&statement, &[&chunk]).await? {
            found.insert(row.try_get(0)?);
        }
    }
    Ok(found)
}
