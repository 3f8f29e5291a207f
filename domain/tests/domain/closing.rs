//! Closing a period: what it takes, what it records, and where facts go that come after it.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate, TimeDelta};
use domain::{
    Event,
    event::PeriodClosed,
    period::{Books, booking_day},
    postings,
    timing::business_day,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::given::*;

fn day(minutes: i64) -> NaiveDate {
    business_day(t(minutes))
}

fn closes(w: &World, before: usize) -> Vec<(usize, PeriodClosed)> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "only closes are asked for")]
    let close = |(at, fact): (usize, &domain::Fact)| match &fact.event {
        Event::PeriodClosed(closed) => Some((at + 1, (**closed).clone())),
        _ => None,
    };
    w.log.iter().take(before).enumerate().filter_map(close).collect()
}

/// The books of a period as somebody folds them who begins after that many facts.
fn fold(w: &World, until: NaiveDate, begin: usize) -> Books {
    let last = closes(w, w.log.len()).pop().map(|(_, closed)| closed);
    let closed = closes(w, begin).pop().map(|(_, closed)| closed.until);
    let start = i64::try_from(begin).unwrap();
    let mut books = Books::open(last.as_ref(), until, (start, closed));
    for (at, fact) in w.log.iter().enumerate().skip(begin) {
        let position = i64::try_from(at).unwrap() + 1;
        books.add(position, &fact.event, (fact.occurred_at, w.recorded[at])).unwrap();
    }
    books
}

fn close(w: &mut World, until: NaiveDate) -> Then {
    w.figures = Some(fold(w, until, 0));
    w.when(finance(), "ClosePeriod", json!({ "until": until }))
}

/// Every account's debit and credit on days that `counts`, counted one posting after the other.
fn slow(w: &World, counts: impl Fn(NaiveDate) -> bool) -> BTreeMap<i16, (i64, i64)> {
    let mut totals: BTreeMap<i16, (i64, i64)> = BTreeMap::new();
    for (at, fact) in w.log.iter().enumerate() {
        let closed = closes(w, at).pop().map(|(_, closed)| closed.until);
        if !counts(booking_day(fact.occurred_at, w.recorded[at], closed)) {
            continue;
        }
        for posting in postings::entries(&fact.event) {
            totals.entry(posting.debit.code()).or_default().0 += posting.amount.shillings();
            totals.entry(posting.credit.code()).or_default().1 += posting.amount.shillings();
        }
    }
    totals
}

fn recorded(then: Then) -> Value {
    then.then_facts(&["PeriodClosed"]).remove(0)
}

/// The figures of a recorded close: what moved, and how it stood.
type Figures = BTreeMap<i16, (i64, i64)>;
fn figures(fact: &Value) -> (Figures, Figures) {
    let mut both = (BTreeMap::new(), BTreeMap::new());
    for total in fact["accounts"].as_array().unwrap() {
        let code = i16::try_from(total["account"].as_i64().unwrap()).unwrap();
        let pair =
            |debit: &str, credit: &str| (total[debit].as_i64().unwrap(), total[credit].as_i64().unwrap());
        both.0.insert(code, pair("debit", "credit"));
        both.1.insert(code, pair("total_debit", "total_credit"));
    }
    both.0.retain(|_, pair| *pair != (0, 0));
    both.1.retain(|_, pair| *pair != (0, 0));
    both
}

#[test]
fn only_past_days_after_the_last_close_are_closed() {
    let mut w = World::town();
    let (today, tomorrow) = (day(0), day(DAY));
    let facts = close(&mut w, today).then_rejected("period_not_past");
    assert_eq!((&facts["until"], &facts["today"]), (&json!(today), &json!(today)));
    close(&mut w, tomorrow).then_rejected("period_not_past");
    // The business day ends at nine in the evening, UTC.
    w.now = t(15 * HOUR);
    let answer = close(&mut w, today).then_events(&["PeriodClosed"]);
    assert_eq!((&answer["until"], answer.get("from")), (&json!(today), None));
    assert_eq!(answer["total_debit"], answer["total_credit"]);
    close(&mut w, today).then_already_done();
    let facts = close(&mut w, day(-DAY)).then_rejected("period_closed");
    assert_eq!(facts["closed_until"], json!(today));
    w.now = t(16 * HOUR + 2 * DAY);
    let fact = recorded(close(&mut w, tomorrow));
    assert_eq!((&fact["from"], &fact["until"]), (&json!(tomorrow), &json!(tomorrow)));
    assert_eq!(fact["closed_by"], json!(finance().subject));
}

#[test]
fn the_figures_are_those_of_the_position_before() {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    w.now = t(600);
    w.seen(1, 2, 1, t(600)).then_events(&["RentalEnded"]);
    w.now = t(DAY + 600);
    w.pays(2, 7_000);
    let position = w.log.len();
    let fact = recorded(close(&mut w, day(0)));
    assert_eq!(fact["position"], json!(position));
    let (moved, stood) = figures(&fact);
    assert_eq!(moved, stood, "the first period holds all there was");
    assert_eq!(moved[&4000], (0, 4_237));
    assert_eq!(moved[&1000], (80_000, 0), "the payment of the next day is not in it");
    assert_eq!(moved, slow(&w, |day| day <= business_day(t(0))));
}

#[test]
fn a_fact_from_a_closed_day_is_booked_on_the_day_it_was_recorded() {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    w.now = t(600);
    w.seen(1, 2, 1, t(600)).then_events(&["RentalEnded"]);
    w.now = t(DAY + 10);
    let first = figures(&recorded(close(&mut w, day(0))));
    w.seen(1, 1, 4, t(40)).then_events(&["RentalCorrected"]);
    assert_eq!(booking_day(t(40), w.now, Some(day(0))), day(DAY));
    w.now = t(2 * DAY);
    let (moved, stood) = figures(&recorded(close(&mut w, day(DAY))));
    assert_eq!(moved[&4000], (4_237, 847), "taken back and charged anew within the open period");
    assert_eq!(stood[&4000], (4_237, first.1[&4000].1 + 847));
    assert_eq!(figures(&recorded_again(&w, 0)), first, "what was closed stays as it was");
}

fn recorded_again(w: &World, number: usize) -> Value {
    serde_json::to_value(&closes(w, w.log.len())[number].1).unwrap()
}

#[test]
fn the_books_take_events_in_order_only() {
    let w = World::town();
    let mut books = Books::open(None, day(0), (0, None));
    books.pass(1).unwrap();
    for wrong in [1, 3] {
        assert_eq!(books.pass(wrong).unwrap_err().next, wrong);
        books.add(wrong, &w.log[0].event, (t(0), t(0))).unwrap_err();
    }
    assert_eq!(books.position(), 1);
}

#[test]
fn every_event_that_is_booked_is_of_a_type_that_may_be() {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    for fact in &w.log {
        let booked = !postings::entries(&fact.event).is_empty();
        assert!(!booked || postings::may_post(fact.event.event_type()), "{:?}", fact.event);
    }
}

#[derive(Debug, Clone)]
enum Step {
    Wait { minutes: i64 },
    Pay { amount: i64, back: i64 },
    Rent { minutes: i64, late: i64 },
    Close { days: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1_i64..=3 * DAY).prop_map(|minutes| Step::Wait { minutes }),
        4 => (1_i64..=9_000, 0_i64..=10 * DAY).prop_map(|(amount, back)| Step::Pay { amount, back }),
        2 => (1_i64..=900, 0_i64..=900).prop_map(|(minutes, late)| Step::Rent { minutes, late }),
        3 => (1_u64..=4).prop_map(|days| Step::Close { days }),
    ]
}

fn take(w: &mut World, step: &Step, rentals: &mut u128) {
    match step {
        Step::Wait { minutes } => w.now += TimeDelta::minutes(*minutes),
        Step::Pay { amount, back } => {
            w.ids += 1;
            let paid_at = w.now - TimeDelta::minutes(*back);
            let data = json!({
                "customer_id": customer_id(2), "provider": "mpesa", "amount": amount, "paid_at": paid_at,
                "provider_reference": format!("LATE{}", w.ids),
            });
            w.when(payments(), "PaymentConfirmed", data).then_events(&["PaymentInitiated", "PaymentSettled"]);
        }
        Step::Rent { minutes, late } => {
            *rentals += 1;
            w.customer(100 + *rentals, 60_000);
            w.start(*rentals, 100 + *rentals, 1, 1).then_events(&["RentalStarted"]);
            let end = w.now + TimeDelta::minutes(*minutes);
            w.now = end + TimeDelta::minutes(*late);
            w.seen(1, 1, 1, end).then_events(&["RentalEnded"]);
        }
        Step::Close { days } => {
            let yesterday = business_day(w.now).pred_opt().unwrap();
            let until = yesterday.checked_sub_days(Days::new(days - 1)).unwrap();
            close(w, until);
        }
    }
}

proptest! {
    #![proptest_config(cases(120))]

    #[test]
    fn what_closes_record_is_what_was_booked_on_their_days_for_ever(
        steps in proptest::collection::vec(step(), 1..=30),
        begin in any::<prop::sample::Selector>(),
    ) {
        let mut w = World::town();
        let mut rentals = 0;
        for step in &steps {
            take(&mut w, step, &mut rentals);
        }
        for (_, closed) in closes(&w, w.log.len()) {
            let (moved, stood) = figures(&serde_json::to_value(&closed).unwrap());
            let within = |day: NaiveDate| closed.from.is_none_or(|from| day >= from) && day <= closed.until;
            prop_assert_eq!(moved, slow(&w, within));
            prop_assert_eq!(stood, slow(&w, |day| day <= closed.until));
        }
        // Whoever begins anywhere before the first event of an open day comes to the same figures.
        let until = business_day(w.now);
        let open_from = closes(&w, w.log.len()).pop().map(|(_, closed)| closed.until);
        let first_open = w.recorded.iter().position(|at| open_from.is_none_or(|closed| business_day(*at) > closed));
        let begin = begin.select(0..=first_open.unwrap_or(w.log.len()));
        prop_assert_eq!(fold(&w, until, begin), fold(&w, until, 0));
    }
}
