//! Closing a period.

use chrono::{Days, NaiveDate};
use serde::Serialize;

use crate::{
    Rejection, View,
    command::ClosePeriod,
    decide::{Decision, Order, Stop, fact},
    event::{CheckpointRef, PeriodClosed},
    timing,
};

#[derive(Serialize)]
struct Answer<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<NaiveDate>,
    until: NaiveDate,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_debit: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_credit: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checkpoint: Option<&'a CheckpointRef>,
    currency: &'static str,
}

impl Answer<'_> {
    const fn of(until: NaiveDate) -> Self {
        Answer {
            from: None,
            until,
            position: None,
            total_debit: None,
            total_credit: None,
            checkpoint: None,
            currency: "TZS",
        }
    }
}

/// ClosePeriod, in order: closed up to that very day: already done · not past yet · closed already · the sender's time.
/// The figures are an input: whoever asks folds them up to the position before the event that is decided on here.
///
/// # Errors
/// The first of these refusals.
pub fn close(command: &ClosePeriod, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let periods = view.periods()?;
    let until = command.until;
    if periods.closed_until == Some(until) {
        return Ok(Decision::already_done(&Answer::of(until)));
    }
    let today = timing::business_day(order.now);
    if until >= today {
        return Err(Rejection::PeriodNotPast { until, today }.into());
    }
    if let Some(closed_until) = periods.closed_until.filter(|closed| until < *closed) {
        return Err(Rejection::PeriodIsClosed { until, closed_until }.into());
    }
    let occurred_at = timing::occurred(order)?;
    let books = view.books(until, periods.closed_until)?;
    let from = periods.closed_until.and_then(|closed| closed.checked_add_days(Days::new(1)));
    let closed = PeriodClosed {
        from,
        until,
        closed_by: order.actor.subject,
        position: books.position(),
        accounts: books.accounts().to_vec(),
        checkpoint: books.checkpoint().cloned(),
    };
    let answer = Answer {
        from,
        position: Some(books.position()),
        total_debit: Some(books.accounts().iter().map(|total| total.total_debit).sum()),
        total_credit: Some(books.accounts().iter().map(|total| total.total_credit).sum()),
        checkpoint: books.checkpoint(),
        ..Answer::of(until)
    };
    Ok(Decision::recorded(vec![fact(closed, occurred_at)], &answer))
}
