//! THE LAW: the bill depends only on when things happened, never on the order in which they were recorded.
//!
//! The facts of rentals whose start is recorded are delivered in random orders, all of them late. Every order must
//! come to the same charge by kind, the same VAT, the same deposit and debt, and to what the slow model says.

use chrono::TimeDelta;
use domain::{Decision, Time, rental::Stage, tariff::Terms};
use proptest::prelude::*;
use serde_json::json;

use super::{given::*, model::*, rating_model::any_terms};

/// Late enough for every deadline.
const LATE: i64 = 400 * DAY;

/// A fact that somebody reports some day. Times in seconds since the start of the rental it speaks of.
#[derive(Debug, Clone)]
enum Fact {
    Return { seen: i64, absent: Option<i64>, at: u128, slot: u16 },
    Attempt { when: i64, at: u128 },
    Overdue,
    Sell,
    Paid { number: u128 },
}

/// A moment near something that matters: a deadline, another fact, a limit of a rule.
fn moment(terms: Terms, report: Option<i64>) -> impl Strategy<Value = i64> {
    let due = terms.term_minutes * 60;
    let sale = due + terms.sale_after_minutes * 60;
    let window = terms.recovery_days * DAY_SECONDS;
    let near = report.unwrap_or(sale).min(sale);
    let mut edges = vec![3_000, due, sale, near, near + window];
    edges.extend(report);
    let around = (0..edges.len(), -7_300_i64..=7_300).prop_map(move |(edge, off)| (edges[edge] + off).max(1));
    let exact = [due, sale, near, near + window, near + window + 1];
    prop_oneof![
        3 => around,
        1 => 1..=near + window + 2 * DAY_SECONDS,
        2 => 1_i64..=9_000,
        // Near each other, for what counts as the same return.
        2 => 2_500_i64..=3_300,
        1 => (0..exact.len()).prop_map(move |index| exact[index].max(1)),
    ]
}

fn fact(terms: Terms, report: Option<i64>) -> impl Strategy<Value = Fact> {
    // Few places, so that returns meet.
    let place = || (1_u128..=2, 3_u16..=4);
    let back = prop_oneof![Just(0_i64), 1_i64..=600, 1_i64..=5_000, Just(3_600_i64), Just(1_000_000_i64)];
    prop_oneof![
        4 => (moment(terms, report), proptest::option::of(back), place()).prop_map(|(seen, back, (at, slot))| {
            Fact::Return { seen, absent: back.map(|back| seen - back), at, slot }
        }),
        4 => (moment(terms, report), place()).prop_map(|(when, (at, _))| Fact::Attempt { when, at }),
        1 => Just(Fact::Overdue),
        1 => Just(Fact::Sell),
        1 => (1_u128..=2).prop_map(|number| Fact::Paid { number }),
    ]
}

/// A rental, when its bank was reported lost, and what is known of it.
#[derive(Debug, Clone)]
struct Case {
    terms: Terms,
    extended: i64,
    report: Option<i64>,
    facts: Vec<Fact>,
    orders: Vec<Vec<usize>>,
}

fn shuffled(length: usize) -> impl Strategy<Value = Vec<usize>> {
    // Some facts are delivered twice.
    proptest::collection::vec(0..length.max(1), 0..=3).prop_flat_map(move |again| {
        let all: Vec<usize> = (0..length).chain(again).filter(|index| *index < length).collect();
        Just(all).prop_shuffle()
    })
}

fn terms() -> impl Strategy<Value = Terms> {
    let small = Terms {
        term_minutes: 120,
        sale_after_minutes: 180,
        recovery_days: 1,
        replacement_fee: domain::Money::tzs(6_000),
        deposit: domain::Money::ZERO,
        ..Terms::STANDARD
    };
    prop_oneof![2 => Just(Terms::STANDARD), 3 => Just(small), 2 => any_terms()]
}

fn case() -> impl Strategy<Value = Case> {
    let extended = prop_oneof![2 => Just(0), 1 => 1_i64..=4_320];
    let beginning = (terms(), extended).prop_flat_map(|(terms, extended)| {
        let sale = (terms.term_minutes + extended + terms.sale_after_minutes) * 60;
        let report =
            prop_oneof![2 => Just(None), 2 => (1..=sale + 3_600).prop_map(Some), 1 => Just(Some(sale))];
        (Just(terms), Just(extended), report)
    });
    beginning.prop_flat_map(|(terms, extended, report)| {
        let due = Terms { term_minutes: terms.term_minutes + extended, ..terms };
        proptest::collection::vec(fact(due, report), 0..=6).prop_flat_map(move |facts| {
            let orders = proptest::collection::vec(shuffled(facts.len()), 3);
            orders.prop_map(move |orders| Case { terms, extended, report, facts: facts.clone(), orders })
        })
    })
}

fn publish(w: &mut World, terms: Terms) {
    let mut data = serde_json::to_value(terms).unwrap();
    data["name"] = json!("Tested");
    data["is_default"] = json!(true);
    w.tariff(1, data);
}

/// A town with these terms, in which rental 1 of bank 1 runs since zero and two payments were asked for.
fn out(terms: Terms) -> World {
    let mut w = World::town();
    publish(&mut w, terms);
    w.running(1, 1, 1, t(0));
    for number in [1, 2] {
        let data = json!({
            "payment_id": payment_id(number), "customer_id": customer_id(1), "amount": 7_000 * i64::try_from(number).unwrap(),
            "purpose": "deposit", "provider": "mixx",
        });
        w.when(support(), "InitiatePayment", data).then_events(&["PaymentInitiated"]);
    }
    w
}

/// Delivers a fact of the rental that started at `start`; whatever is said to it.
fn deliver(w: &mut World, fact: &Fact, rental: u128, start: Time) {
    let moment = |seconds: i64| start + TimeDelta::seconds(seconds);
    let then = match fact {
        Fact::Return { seen, absent: None, at, slot } => w.seen(1, *at, *slot, moment(*seen)),
        Fact::Return { seen, absent: Some(absent), at, slot } => {
            w.seen_since(1, *at, *slot, moment(*absent), moment(*seen))
        }
        Fact::Attempt { when, at } => w.attempt(1, *at, moment(*when)),
        Fact::Overdue => w.overdue(rental),
        Fact::Sell => w.sell(rental),
        Fact::Paid { number } => {
            let data = json!({
                "payment_id": payment_id(*number), "amount": 7_000 * i64::try_from(*number).unwrap(),
                "provider_reference": format!("P{number}"), "paid_at": t(1),
            });
            w.when(payments(), "PaymentConfirmed", data)
        }
    };
    if let Err(rejection) = &then.outcome {
        let fine = ["rental_ended", "no_running_rental"].contains(&rejection.code());
        assert!(fine, "{}: {rejection:?}", then.what);
    }
    let is_return = matches!(fact, Fact::Return { .. });
    assert!(
        !is_return || matches!(then.outcome, Ok(Decision::Recorded { .. } | Decision::AlreadyDone { .. }))
    );
}

fn known(facts: &[Fact], report: Option<i64>) -> Known {
    let mut known = Known { reported: report, ..Known::default() };
    for fact in facts {
        match fact {
            Fact::Return { seen, absent, .. } => known.returns.push((*seen, *absent)),
            Fact::Attempt { when, .. } => known.attempts.push(*when),
            Fact::Sell => known.sell = true,
            Fact::Overdue | Fact::Paid { .. } => {}
        }
    }
    known
}

/// What a rental costs: by kind, and the VAT in each kind. `None` while it runs.
fn bill(w: &World, rental: u128) -> Option<(Bill, Bill)> {
    match &w.rental(rental).stage {
        Stage::Closed { whole, standing, .. } => {
            assert_eq!(standing.amounts.total(), whole.total, "what stands in the books is what it costs");
            let vat = whole.vat_by_kind;
            Some((amounts(whole), (vat.usage.shillings(), vat.late.shillings(), vat.replacement.shillings())))
        }
        Stage::Running { .. } => None,
        Stage::Releasing { .. } | Stage::Cancelled { .. } => panic!("it has started"),
    }
}

fn paid(facts: &[Fact]) -> i64 {
    let settled = |number: u128| facts.iter().any(|f| matches!(f, Fact::Paid { number: n } if *n == number));
    (if settled(1) { 7_000 } else { 0 }) + (if settled(2) { 14_000 } else { 0 })
}

fn check_purse(w: &World, who: u128, net: i64) {
    assert_eq!(w.purse(who), (net.max(0), (-net).max(0)), "customer {who}");
}

fn check_bill(w: &World, rental: u128, facts: &[Fact], report: Option<i64>, rated: (Terms, i64)) -> i64 {
    let (terms, due_minutes) = rated;
    let slow =
        Slow { terms, free_minutes: w.rental(rental).meter().unwrap().free_minutes, due: due_minutes * 60 };
    let expected = known(facts, report).bill(&slow);
    let percent = i64::from(terms.vat_percent);
    let with_vat = expected.map(|(u, l, r)| ((u, l, r), (vat(u, percent), vat(l, percent), vat(r, percent))));
    assert_eq!(bill(w, rental), with_vat, "rental {rental}");
    expected.map_or(0, |(usage, late, replacement)| usage + late + replacement)
}

proptest! {
    #![proptest_config(cases(250))]

    #[test]
    fn the_bill_of_a_rental_is_the_same_in_every_order(case in case()) {
        for order in &case.orders {
            let mut w = out(case.terms);
            if case.extended > 0 {
                w.extend(1, case.extended).then_events(&["RentalExtended"]);
            }
            if let Some(report) = case.report {
                w.now = ts(0, report);
                w.report_lost(1).then_events(&["RentalSold"]);
            }
            w.now = t(LATE);
            for index in order {
                deliver(&mut w, &case.facts[*index], 1, t(0));
            }
            let due = case.terms.term_minutes + case.extended;
            let cost = check_bill(&w, 1, &case.facts, case.report, (case.terms, due));
            check_purse(&w, 1, 20_000 + paid(&case.facts) - cost);
            w.check_replay();
        }
    }

    #[test]
    fn late_facts_of_an_earlier_rental_leave_the_later_one_alone(
        small in any::<bool>(),
        first_end in 600_i64..=20_000,
        late_return in proptest::option::of((1_i64..=20_000, proptest::option::of(0_i64..=5_000), 1_u128..=3, 1_u16..=8)),
        attempts in proptest::collection::vec((1_i64..=20_000, 1_u128..=3), 0..=3),
        gap in 1_i64..=900,
        orders in proptest::collection::vec(any::<prop::sample::Selector>(), 3),
        second in terms().prop_flat_map(|terms| (Just(terms), proptest::collection::vec(fact(terms, None), 0..=5))),
    ) {
        let (terms, second) = second;
        let terms = if small { terms } else { Terms::STANDARD };
        let sale = (terms.term_minutes + terms.sale_after_minutes) * 60;
        // The first rental ends in time, by a return that is on record; others of it come late, all earlier.
        let first_end = first_end.min(sale - 1);
        let kept = Fact::Return { seen: first_end, absent: None, at: 2, slot: 2 };
        let mut first: Vec<Fact> = Vec::new();
        if let Some((seen, back, at, slot)) = late_return {
            let seen = seen.min(first_end - 1);
            first.push(Fact::Return { seen, absent: back.map(|back| seen - back), at, slot });
        }
        first.extend(attempts.into_iter().map(|(when, at)| Fact::Attempt { when: when.min(first_end - 1), at }));
        let second_start = t(0) + TimeDelta::seconds(first_end + gap);
        let second: Vec<Fact> = second.into_iter().filter(|fact| !matches!(fact, Fact::Paid { .. })).collect();

        for order in orders {
            let mut w = out(terms);
            w.now = t(0) + TimeDelta::seconds(first_end);
            deliver(&mut w, &kept, 1, t(0));
            w.now = second_start;
            w.start(2, 2, 2, 2).then_events(&["RentalStarted"]);
            w.now = t(LATE);
            let mut all: Vec<(u128, &Fact)> = first.iter().map(|fact| (1, fact)).collect();
            all.push((1, &kept));
            all.extend(second.iter().map(|fact| (2, fact)));
            while !all.is_empty() {
                let index = order.select(0..all.len());
                let (rental, fact) = all.swap_remove(index);
                deliver(&mut w, fact, rental, if rental == 1 { t(0) } else { second_start });
            }
            let facts: Vec<Fact> = first.iter().chain([&kept]).cloned().collect();
            let cost = check_bill(&w, 1, &facts, None, (terms, terms.term_minutes));
            check_purse(&w, 1, 20_000 - cost);
            let cost = check_bill(&w, 2, &second, None, (terms, terms.term_minutes));
            check_purse(&w, 2, 20_000 - cost);
            w.check_replay();
        }
    }
}

#[test]
fn the_order_in_which_two_near_returns_arrive_does_not_matter() {
    for order in [[60, 61, 64], [64, 61, 60], [61, 60, 64], [64, 60, 61]] {
        let mut w = out(Terms::STANDARD);
        w.now = t(LATE);
        for minute in order {
            w.seen(1, 2, 1, t(minute));
        }
        assert_eq!((w.whole(1), w.purse(1)), ((1_000, 0, 0), (19_000, 0)), "{order:?}");
    }
}
