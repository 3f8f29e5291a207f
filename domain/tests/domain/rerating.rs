//! Every charge of a history once more, and another tariff over the same history.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::{
    Event, Money, StationId,
    rerating::{Difference, Earned, Needs, Pass, Placed, What, WhatIf, customer_of, of_rental},
    tariff::Terms,
};

use super::given::*;

/// The history with its positions.
fn placed(w: &World) -> Vec<Placed> {
    w.log.iter().zip(1..).map(|(fact, position)| Placed { position, event: fact.event.clone() }).collect()
}

fn stream(events: &[Placed], id: uuid::Uuid) -> Vec<Placed> {
    let of = |placed: &&Placed| placed.event.streams().iter().any(|stream| stream.id == id);
    events.iter().filter(of).cloned().collect()
}

/// Shows a pass the whole history, and whatever it asks for.
fn show(mut pass: Pass, events: &[Placed]) -> Pass {
    for placed in events {
        while let Err(needs) = pass.take(placed) {
            match needs {
                Needs::Rental { rental_id } => {
                    let of_rental = stream(events, rental_id.0);
                    let customer = customer_of(&of_rental).map(|customer| stream(events, customer.0));
                    pass.recall(rental_id, placed.position, &of_rental, &customer.unwrap_or_default());
                }
                Needs::Starts { customer_id, day } => {
                    pass.recall_starts(customer_id, day, placed.position, &stream(events, customer_id.0));
                }
            }
        }
    }
    pass
}

fn other_terms() -> Terms {
    Terms {
        free_minutes: 0,
        free_rentals_per_day: 1,
        unit_minutes: 45,
        unit_price: Money::tzs(700),
        term_minutes: 200,
        sale_after_minutes: 900,
        recovery_days: 2,
        ..Terms::STANDARD
    }
}

/// Rerating finds nothing, whether closed rentals stay in memory or are read again each time.
pub(crate) fn check_charges(w: &World) {
    let events = placed(w);
    let what_if = || WhatIf::new(other_terms(), w.now);
    let at_hand = show(Pass::new().with(what_if()), &events);
    assert_eq!(at_hand.differences(), &[], "every charge follows from its facts");
    let read_again = show(Pass::keeping(0).with(what_if()), &events);
    assert_eq!(read_again.differences(), &[], "also when a closed rental is read again");
    for rental in w.rentals() {
        let found = of_rental(&stream(&events, rental.id.0));
        assert_eq!(found, [], "a rental's own stream is enough to rate it");
    }
    let cells = |pass: &Pass| pass.what_if().unwrap().cells().clone();
    assert_eq!(cells(&at_hand), cells(&read_again));
    // Under the tariff that everybody had, the same was earned as is recorded.
    let another =
        |event: &Event| matches!(event, Event::TariffPublished(fact) if fact.tariff.terms != Terms::STANDARD);
    let one_tariff = !w.log.iter().any(|fact| another(&fact.event));
    if one_tariff {
        let same = show(Pass::new().with(WhatIf::new(Terms::STANDARD, w.now)), &events);
        for (place, cell) in same.what_if().unwrap().cells() {
            assert_eq!((cell.old, cell.not_billed), (cell.new, 0), "{place:?}");
        }
    }
}

fn differences(events: &[Placed]) -> Vec<Difference> {
    let pass = show(Pass::new(), events);
    let again = show(Pass::keeping(0), events);
    assert_eq!(pass.differences(), again.differences());
    pass.differences().to_vec()
}

/// A history with every way a bill comes about: ended, corrected, sold and recovered, reported and recovered.
fn eventful() -> World {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    w.now = t(50);
    w.returned(1, 2, 1).then_events(&["RentalEnded"]);
    w.attempt(1, 2, t(20)).then_events(&["ReturnAttemptRecorded", "RentalCorrected"]);
    w.running(2, 2, 2, t(60));
    w.extend(2, 100).then_events(&["RentalExtended"]);
    w.now = t(60 + 100 + 1_440 + 4_320);
    w.sell(2).then_events(&["RentalSold"]);
    w.now = t(10 * DAY);
    w.returned(2, 2, 2).then_events(&["ReplacementFeeReversed", "DeviceRecovered"]);
    w.running(3, 3, 3, t(11 * DAY));
    w.now = t(11 * DAY + 100);
    w.report_lost(3).then_events(&["RentalSold"]);
    w.now = t(12 * DAY);
    w.returned(3, 2, 3).then_events(&["ReplacementFeeReversed", "DeviceRecovered"]);
    w
}

#[test]
fn a_history_with_every_kind_of_bill_has_no_difference() {
    let w = eventful();
    check_charges(&w);
    let pass = show(Pass::new(), &placed(&w));
    assert_eq!((pass.counted().rentals, pass.counted().charges, pass.open()), (3, 8, 0));
}

#[test]
#[expect(clippy::wildcard_enum_match_arm, reason = "nothing else is altered here")]
fn one_shilling_more_is_found_at_its_position_and_only_there() {
    let w = eventful();
    let events = placed(&w);
    let mut found = BTreeMap::new();
    for index in 0..events.len() {
        let mut events = events.clone();
        let expected = match &mut events[index].event {
            Event::RentalEnded(fact) => {
                fact.charge.total = fact.charge.total.plus(Money::tzs(1));
                What::Charge
            }
            Event::RentalSold(fact) => {
                fact.charge.vat_by_kind.usage = fact.charge.vat_by_kind.usage.plus(Money::tzs(1));
                What::Charge
            }
            Event::RentalCorrected(fact) => {
                fact.charge.lines[0].units += 1;
                What::Charge
            }
            Event::ReplacementFeeReversed(fact) => {
                fact.reversed.amounts.replacement = Money::tzs(44_999);
                What::Reversed
            }
            Event::DeviceRecovered(fact) => {
                fact.whole.usage = fact.whole.usage.plus(Money::tzs(1));
                What::Whole
            }
            Event::RentalExtended(fact) => {
                fact.due_at += chrono::TimeDelta::seconds(1);
                What::DueAt
            }
            Event::RentalStarted(fact) => {
                fact.free_minutes = 30;
                What::FreeMinutes
            }
            _ => continue,
        };
        let differences = differences(&events);
        let at: Vec<(i64, What)> = differences.iter().map(|found| (found.position, found.what)).collect();
        assert_eq!(at, [(events[index].position, expected)], "{:?}", events[index]);
        *found.entry(events[index].event.event_type()).or_insert(0) += 1;
    }
    assert_eq!(found.values().sum::<i32>(), 12, "{found:?}");
}

#[test]
fn a_pinned_tariff_that_was_never_published_is_found() {
    let w = eventful();
    let mut events = placed(&w);
    let start = events.iter_mut().find(|placed| placed.event.event_type() == "RentalStarted").unwrap();
    let Event::RentalStarted(fact) = &mut start.event else { unreachable!() };
    fact.tariff.terms.unit_price = Money::tzs(5);
    let position = start.position;
    let found = differences(&events);
    assert_eq!((found[0].position, found[0].what), (position, What::Tariff));
    // And what is charged does not follow from it.
    assert!(found[1..].iter().all(|found| matches!(found.what, What::Charge | What::Reversed)), "{found:?}");
}

#[test]
fn an_event_of_a_rental_that_never_started_is_found() {
    let w = eventful();
    let events = placed(&w);
    let start = events.iter().position(|placed| placed.event.event_type() == "RentalStarted").unwrap();
    let without: Vec<Placed> =
        events.iter().enumerate().filter(|(at, _)| *at != start).map(|(_, placed)| placed.clone()).collect();
    let found = differences(&without);
    assert!(found.iter().all(|found| found.what == What::Order), "{found:?}");
    assert_eq!(found.len(), 3, "its end, the attempt and the correction");
}

/// By station and day: the totals as recorded and as they would be.
fn totals(w: &World, terms: Terms) -> Vec<(u128, NaiveDate, i64, i64)> {
    let pass = show(Pass::new().with(WhatIf::new(terms, w.now)), &placed(w));
    let what_if = pass.what_if().unwrap();
    let number = |station: StationId| (1..=9).find(|n| StationId(station_id(*n)) == station).unwrap();
    let cells = what_if.cells().iter();
    cells.map(|((station, day), cell)| (number(*station), *day, cell.old.total, cell.new.total)).collect()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[test]
fn another_tariff_over_the_same_history_comes_to_what_is_computed_by_hand() {
    let mut w = World::town();
    // 45 minutes: 2 units of 30 for 500, 3 of 20 for 300.
    w.running(1, 1, 1, t(0));
    w.now = t(45);
    w.returned(1, 2, 1).then_events(&["RentalEnded"]);
    // 4 minutes: free, but not under the other tariff: 1 unit of 300.
    w.running(2, 1, 2, t(100));
    w.now = t(104);
    w.returned(2, 1, 2).then_events(&["RentalEnded"]);
    // 26 hours: 5,000 for the first day (48 units capped), 4 units for two hours, 1 day late. Under the other tariff 4,000
    // (72 units capped) and 6 units of 300; its term is two days.
    w.running(3, 2, 3, t(200));
    w.now = t(200 + 26 * HOUR);
    w.returned(3, 1, 3).then_events(&["RentalEnded"]);
    let other = Terms {
        free_minutes: 3,
        unit_minutes: 20,
        unit_price: Money::tzs(300),
        daily_cap: Money::tzs(4_000),
        term_minutes: 2_880,
        ..Terms::STANDARD
    };
    assert_eq!(
        totals(&w, other),
        [
            (1, day("2026-03-02"), 1_000, 900 + 300),
            (1, day("2026-03-03"), 5_000 + 2_000 + 1_000, 4_000 + 1_800),
        ]
    );
}

#[test]
fn the_free_rentals_of_a_day_are_those_of_the_other_tariff() {
    let mut w = World::town();
    for number in 1..=3 {
        let since = t(100 * i64::try_from(number).unwrap());
        w.running(number, 1, 1, since);
        w.now = since + chrono::TimeDelta::minutes(4);
        w.returned(1, 1, 1).then_events(&["RentalEnded"]);
    }
    let today = day("2026-03-02");
    let with = |free_rentals_per_day| Terms { free_rentals_per_day, ..Terms::STANDARD };
    assert_eq!(totals(&w, with(2)), [(1, today, 500, 500)], "the third is not free");
    assert_eq!(totals(&w, with(0)), [(1, today, 500, 1_500)]);
    assert_eq!(totals(&w, with(3)), [(1, today, 500, 0)]);
}

#[test]
fn the_sale_moment_follows_from_the_other_tariff() {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    w.now = t(3 * DAY);
    w.returned(1, 2, 1).then_events(&["RentalEnded"]);
    // Sold a day after the due time, and back 1 day after that: usage 10,000 and late 1,000, the fee given back or kept.
    let sooner = Terms { sale_after_minutes: DAY, ..Terms::STANDARD };
    let end = day("2026-03-05");
    assert_eq!(totals(&w, sooner), [(1, end, 15_000 + 2_000, 11_000)]);
    let kept = Terms { recovery_days: 0, ..sooner };
    assert_eq!(totals(&w, kept), [(1, end, 17_000, 11_000 + 45_000)]);
}

#[test]
fn a_bank_that_would_not_be_sold_yet_earns_nothing_yet() {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    w.now = t(4 * DAY);
    w.sell(1).then_events(&["RentalSold"]);
    let later = Terms { sale_after_minutes: 30 * DAY, ..Terms::STANDARD };
    let pass = show(Pass::new().with(WhatIf::new(later, w.now)), &placed(&w));
    let total = pass.what_if().unwrap().total();
    let sold = 20_000 + 3_000 + 45_000;
    assert_eq!(
        (total.rentals, total.not_billed, total.old.total, total.new),
        (1, 1, sold, Earned::default())
    );
    assert_eq!(total.difference().total, -sold);
    // Once that moment is over, it does: 30 more days of usage and fees, cut at the replacement fee.
    let pass = show(Pass::new().with(WhatIf::new(later, t(31 * DAY))), &placed(&w));
    let total = pass.what_if().unwrap().total();
    assert_eq!((total.not_billed, total.new.total), (0, 90_000));
}

#[test]
fn a_correction_moves_a_rental_from_one_day_to_another() {
    let mut w = World::town();
    // From 23:30 to 00:30 in Dar es Salaam; then a refused attempt at 23:50 is told.
    w.running(1, 1, 1, t(14 * HOUR + 30));
    w.now = t(15 * HOUR + 30);
    w.returned(1, 2, 1).then_events(&["RentalEnded"]);
    assert_eq!(totals(&w, Terms::STANDARD), [(1, day("2026-03-03"), 1_000, 1_000)]);
    w.attempt(1, 2, t(14 * HOUR + 50)).then_events(&["ReturnAttemptRecorded", "RentalCorrected"]);
    assert_eq!(totals(&w, Terms::STANDARD), [(1, day("2026-03-02"), 500, 500)]);
}

/// Rental 1 ran for 95 minutes, 2,000 shillings, and two of the staff agreed on something else.
fn corrected(data: serde_json::Value) -> World {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    w.now = t(95);
    w.returned(1, 2, 1).then_events(&["RentalEnded"]);
    w.now = t(200);
    let mut data = data;
    data["rental_id"] = serde_json::json!(rental_id(1));
    data["reason"] = sealed("complained");
    let asked = w.when(finance(), "CorrectRental", data).then_events(&["ApprovalRequested"]);
    let approve = serde_json::json!({ "approval_id": asked["approval_id"] });
    w.when(second_finance(), "ApproveAction", approve).then_events(&["RentalCorrected"]);
    check_charges(&w);
    w
}

#[test]
fn what_two_of_the_staff_say_is_a_fact_and_what_is_told_after_it_is_none() {
    let halved = Terms { unit_price: Money::tzs(250), ..Terms::STANDARD };
    let today = day("2026-03-02");
    for (data, now, half) in [
        (serde_json::json!({ "ended_at": t(40) }), 1_000, 500),
        (serde_json::json!({ "started_at": t(60) }), 1_000, 500),
        (serde_json::json!({ "started_at": t(60), "ended_at": t(80) }), 500, 250),
    ] {
        let mut w = corrected(data);
        assert_eq!(totals(&w, halved), [(1, today, now, half)]);
        w.attempt(1, 2, t(61));
        check_charges(&w);
        assert_eq!(totals(&w, halved), [(1, today, now, half)], "it is kept, and moves no bill");
    }
}

#[test]
fn a_total_that_staff_set_stands_under_every_tariff() {
    let w = corrected(serde_json::json!({ "total": 300 }));
    let halved = Terms { unit_price: Money::tzs(250), ..Terms::STANDARD };
    assert_eq!(totals(&w, halved), [(1, day("2026-03-02"), 300, 300)]);
    let mut events = placed(&w);
    let last = events.iter_mut().rev().find(|placed| placed.event.event_type() == "RentalCorrected").unwrap();
    let Event::RentalCorrected(fact) = &mut last.event else { unreachable!() };
    fact.charge.vat = fact.charge.vat.plus(Money::tzs(1));
    let position = last.position;
    let found = differences(&events);
    assert_eq!((found.len(), found[0].position, found[0].what), (1, position, What::Charge));
}
