//! What a rental costs, in figures worked out by hand.

use chrono::TimeDelta;
use domain::{
    Money, Time,
    rating::{Charge, Posted, Rated, Rule},
    tariff::Terms,
};
use serde_json::json;

use super::given::*;

fn rated(terms: &Terms) -> Rated<'_> {
    Rated { terms, free_minutes: terms.free_minutes, started_at: t(0), due_at: t(terms.term_minutes) }
}

fn returned(end: Time) -> (i64, i64, i64) {
    amounts(&rated(&Terms::STANDARD).returned(end))
}

#[test]
fn usage_is_charged_per_started_unit() {
    for (end, usage) in [
        (ts(0, 0), 0),
        (ts(5, 0), 0),
        (ts(5, 1), 500),
        (ts(30, 0), 500),
        (ts(30, 1), 1_000),
        (ts(60, 0), 1_000),
        (ts(60, 1), 1_500),
        (ts(270, 0), 4_500),
        (ts(300, 0), 5_000),
        (ts(300, 1), 5_000),
        (ts(DAY, 0), 5_000),
    ] {
        assert_eq!(returned(end), (usage, 0, 0), "{end}");
    }
}

#[test]
fn each_block_of_24_hours_from_the_start_has_its_own_cap() {
    let terms = Terms { term_minutes: 30 * DAY, ..Terms::STANDARD };
    let usage = |end| amounts(&rated(&terms).returned(end)).0;
    assert_eq!(usage(ts(DAY, 1)), 5_500);
    assert_eq!(usage(t(DAY + 30)), 5_500);
    assert_eq!(usage(ts(DAY + 30, 1)), 6_000);
    assert_eq!(usage(t(2 * DAY)), 10_000);
    assert_eq!(usage(ts(2 * DAY, 1)), 10_500);
    assert_eq!(usage(t(7 * DAY)), 35_000);
}

#[test]
fn a_unit_that_does_not_divide_a_day_is_started_anew_in_each_block() {
    let terms = Terms {
        unit_minutes: 1_000,
        unit_price: Money::tzs(700),
        term_minutes: 30 * DAY,
        free_minutes: 0,
        ..Terms::STANDARD
    };
    let usage = |end| amounts(&rated(&terms).returned(end)).0;
    assert_eq!(usage(t(1_000)), 700);
    assert_eq!(usage(t(DAY)), 1_400);
    assert_eq!(usage(t(DAY + 1_000)), 2_100, "not 2,440 minutes in units of a thousand");
    assert_eq!(usage(ts(DAY + 1_000, 1)), 2_800);
}

#[test]
fn times_are_cut_to_whole_seconds_before_they_are_subtracted() {
    let part = |micros| TimeDelta::microseconds(micros);
    let terms = Terms::STANDARD;
    let rate = |start: Time, end: Time| {
        let rated =
            Rated { terms: &terms, free_minutes: 5, started_at: start, due_at: start + TimeDelta::days(1) };
        amounts(&rated.returned(end)).0
    };
    assert_eq!(rate(t(0), t(30) + part(999_999)), 500);
    assert_eq!(rate(t(0) + part(999_999), ts(30, 1)), 1_000, "1,801 s although 1,800.000001 passed");
}

#[test]
fn a_rental_longer_than_its_free_minutes_is_charged_from_its_first_second() {
    let terms = Terms { free_minutes: 40, ..Terms::STANDARD };
    let usage = |end| amounts(&rated(&terms).returned(end)).0;
    assert_eq!((usage(t(40)), usage(ts(40, 1))), (0, 1_000));
}

#[test]
fn late_is_charged_per_started_day_after_the_due_time() {
    for (end, late) in [
        (t(DAY), 0),
        (ts(DAY, 1), 1_000),
        (t(2 * DAY), 1_000),
        (ts(2 * DAY, 1), 2_000),
        (t(3 * DAY), 2_000),
        (ts(4 * DAY, -1), 3_000),
    ] {
        assert_eq!(returned(end).1, late, "{end}");
    }
}

#[test]
fn the_replacement_fee_caps_late_first_then_usage() {
    let terms = Terms { replacement_fee: Money::tzs(12_000), ..Terms::STANDARD };
    // Two capped days and one late day: 10,000 + 1,000.
    assert_eq!(amounts(&rated(&terms).returned(t(2 * DAY))), (10_000, 1_000, 0));
    // 10,500 + 2,000: 500 too much, off late.
    assert_eq!(amounts(&rated(&terms).returned(t(2 * DAY + 30))), (10_500, 1_500, 0));
    // 15,000 + 2,000: all of late and 3,000 of usage go.
    let charge = rated(&terms).returned(t(3 * DAY));
    assert_eq!(amounts(&charge), (12_000, 0, 0));
    let cuts: Vec<(Rule, i64)> =
        charge.lines.iter().rev().take(2).map(|line| (line.rule, line.amount)).collect();
    assert_eq!(cuts, [(Rule::CapOnUsage, -3_000), (Rule::CapOnLate, -2_000)]);
    assert_eq!(charge.vat_by_kind.usage.shillings(), 1_831, "VAT of what is left: 1,830.5 half up");
    // Sold: the capped sum and the fee.
    assert_eq!(amounts(&rated(&terms).sold(t(4 * DAY))), (12_000, 0, 12_000));
    assert_eq!(rated(&terms).sold(t(4 * DAY)).total.shillings(), 24_000);
}

#[test]
fn a_rental_of_a_century_is_capped_like_any_other() {
    assert_eq!(returned(t(36_500 * DAY)), (45_000, 0, 0));
    let terms = Terms { replacement_fee: Money::ZERO, ..Terms::STANDARD };
    assert_eq!(amounts(&rated(&terms).returned(t(DAY))), (0, 0, 0));
}

#[test]
fn vat_is_inside_each_kind_and_rounds_half_up() {
    let vat = |amount: u32, percent: u32| {
        let amounts = domain::rating::ByKind { usage: Money::tzs(amount), ..domain::rating::ByKind::ZERO };
        domain::rating::vat_in(amounts, percent).usage.shillings()
    };
    for (amount, percent, expected) in [
        (500, 18, 76),
        (1_000, 18, 153),
        (5_000, 18, 763),
        (45_000, 18, 6_864),
        (118, 18, 18),
        (0, 18, 0),
        (1, 100, 1),
        (3, 100, 2),
        (2, 100, 1),
        (1, 18, 0),
        (500, 0, 0),
        (1_000_000_000, 100, 500_000_000),
    ] {
        assert_eq!(vat(amount, percent), expected, "{amount} at {percent}");
    }
    // Sold: 3,050.8… + 457.6… + 6,864.4…, each rounded.
    let charge = rated(&Terms::STANDARD).sold(t(4 * DAY));
    let by_kind = charge.vat_by_kind;
    assert_eq!(
        (by_kind.usage.shillings(), by_kind.late.shillings(), by_kind.replacement.shillings()),
        (3_051, 458, 6_864)
    );
    assert_eq!(charge.vat.shillings(), 10_373);
}

#[test]
fn the_trace_shows_rule_interval_units_and_amount() {
    let charge = rated(&Terms::STANDARD).sold(t(DAY + 45));
    let lines: Vec<(Rule, Time, Time, i64, i64)> =
        charge.lines.iter().map(|line| (line.rule, line.from, line.to, line.units, line.amount)).collect();
    assert_eq!(
        lines,
        [
            (Rule::Usage, t(0), t(DAY), 48, 5_000),
            (Rule::Usage, t(DAY), t(DAY + 45), 2, 1_000),
            (Rule::LateFee, t(DAY), t(DAY + 45), 1, 1_000),
            (Rule::ReplacementFee, t(DAY + 45), t(DAY + 45), 1, 45_000),
        ]
    );
}

#[test]
fn two_rentals_of_a_business_day_have_free_minutes_and_the_third_has_none() {
    let mut w = World::town();
    // Nine in the morning in Dar es Salaam; midnight there is 15 hours later.
    let midnight = 15 * HOUR;
    let mut rental = 0;
    let mut five_minutes = |w: &mut World, at: i64| {
        rental += 1;
        w.running(rental, 1, 1, t(at));
        w.now = t(at + 5);
        w.seen(1, 1, 1, t(at + 5)).then_events(&["RentalEnded"]);
        w.whole(rental).0
    };
    // Counted whatever they cost.
    assert_eq!([0, 20, 40, 60].map(|at| five_minutes(&mut w, at)), [0, 0, 500, 500]);
    // Started before midnight: the old day; at midnight: a new one.
    assert_eq!(five_minutes(&mut w, midnight - 1), 500);
    assert_eq!([midnight + 10, midnight + 20, midnight + 30].map(|at| five_minutes(&mut w, at)), [0, 0, 500]);
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    w.now = t(20);
    w.returned(1, 1, 1).then_events(&["RentalEnded"]);
    w.running(2, 1, 1, t(30));
    w.now = t(80);
    w.returned(1, 1, 1).then_events(&["RentalEnded"]);
    w.running(3, 1, 1, t(90));
    assert_eq!(w.rental(3).meter().unwrap().free_minutes, 0, "decided at the start, kept there");
}

#[test]
fn a_third_rental_of_no_length_costs_nothing() {
    let terms = Terms::STANDARD;
    let beyond = Rated { free_minutes: 0, ..rated(&terms) };
    assert_eq!(amounts(&beyond.returned(t(0))), (0, 0, 0));
    assert_eq!(amounts(&beyond.returned(ts(0, 1))), (500, 0, 0));
}

#[test]
fn a_price_that_changes_during_a_rental_does_not_change_its_bill() {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    w.now = t(1);
    w.tariff(1, json!({ "name": "Standard", "unit_price": 5_000, "vat_percent": 20 }));
    w.now = t(60);
    let answer = w.returned(1, 1, 1).then_events(&["RentalEnded"]);
    assert_eq!((&answer["charge"]["total"], &answer["charge"]["vat"]), (&json!(1_000), &json!(153)));
    w.running(2, 2, 1, t(61));
    w.now = t(91);
    let answer = w.returned(1, 1, 1).then_events(&["RentalEnded"]);
    assert_eq!(answer["charge"]["total"], 5_000);
}

#[test]
fn in_confirmed_mode_the_tariff_of_the_request_is_pinned() {
    let mut w = World::town();
    w.start(1, 1, 3, 1).then_events(&["RentalRequested"]);
    w.now = t(1);
    w.tariff(1, json!({ "name": "Standard", "unit_price": 5_000 }));
    w.now = t(2);
    w.confirm(1, 4, 3, 1).then_events(&["RentalStarted"]);
    w.now = t(32);
    assert_eq!(w.returned(4, 3, 1).then_events(&["RentalEnded"])["charge"]["total"], 500);
}

#[test]
fn what_was_charged_at_a_report_is_taken_off_the_whole_even_where_the_cap_cuts_late_further() {
    let terms = Terms { replacement_fee: Money::tzs(12_000), ..Terms::STANDARD };
    let rated = rated(&terms);
    let at_report = rated.sold(t(2 * DAY)).to_posted();
    let standing = at_report.less(at_report.replacement_only());
    assert_eq!(standing.amounts.total().shillings(), 11_000);
    let (further, whole) = rated.recovered_after_report(t(3 * DAY), standing);
    assert_eq!((further.total.shillings(), amounts(&whole)), (1_000, (12_000, 0, 0)));
    assert_eq!(standing.plus(further.to_posted()).amounts.total(), whole.total);
    let nothing: (Charge, Charge) = rated.recovered_after_report(t(2 * DAY), standing);
    assert_eq!(nothing.0.to_posted(), Posted::ZERO);
}
