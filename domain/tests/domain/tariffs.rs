//! The catalogue: versions, the default, retirement.

use serde_json::{Value, json};

use super::given::*;

fn publish(number: u128, extra: Value) -> Value {
    let mut data = json!({ "tariff_id": tariff_id(number), "name": "Standard" });
    for (key, value) in extra.as_object().unwrap() {
        data[key] = value.clone();
    }
    data
}

#[test]
fn a_tariff_takes_the_standard_numbers_where_none_are_given() {
    let mut w = World::empty();
    let then = w.when(admin(), "PublishTariff", publish(1, json!({ "unit_price": 700, "is_default": true })));
    let fact = &then.then_facts(&["TariffPublished"])[0];
    let expected = json!({
        "tariff_id": tariff_id(1), "version": 1, "name": "Standard", "effective_from": t(0), "is_default": true,
        "free_minutes": 5, "free_rentals_per_day": 2, "unit_minutes": 30, "unit_price": 700, "daily_cap": 5_000,
        "term_minutes": 1_440, "late_fee_per_day": 1_000, "sale_after_minutes": 4_320, "replacement_fee": 45_000,
        "recovery_days": 30, "deposit": 10_000, "extension_max_minutes": 4_320, "vat_percent": 18,
    });
    assert_eq!(fact, &expected);
}

#[test]
fn publishing_the_newest_version_again_is_already_done_and_anything_else_is_the_next_version() {
    let mut w = World::empty();
    let first = publish(1, json!({}));
    let answer = w.when(admin(), "PublishTariff", first.clone()).then_events(&["TariffPublished"]);
    assert_eq!(answer, json!({ "tariff_id": tariff_id(1), "version": 1 }));
    w.now = t(60);
    w.when(admin(), "PublishTariff", first.clone()).then_already_done();
    // Already done is judged before any refusal, the sender's time included.
    w.when_at(admin(), "PublishTariff", first.clone(), Some(t(-60 * DAY))).then_already_done();
    let then = w.when(admin(), "PublishTariff", publish(1, json!({ "unit_price": 600 })));
    assert_eq!(then.then_events(&["TariffPublished"])["version"], 2);
    let then = w.when(admin(), "PublishTariff", first);
    assert_eq!(then.then_events(&["TariffPublished"])["version"], 3, "equal to an older one only");
}

#[test]
fn publishing_is_refused_for_the_time_then_the_numbers_then_an_effect_before_the_publication() {
    let mut w = World::empty();
    let bad = publish(1, json!({ "vat_percent": 101, "effective_from": t(-1) }));
    w.when_at(admin(), "PublishTariff", bad.clone(), Some(t(6))).then_rejected("occurred_at_in_future");
    w.when_at(admin(), "PublishTariff", bad.clone(), Some(t(-7 * DAY - 1)))
        .then_rejected("occurred_at_too_early");
    let facts = w.when(admin(), "PublishTariff", bad).then_rejected("tariff_terms_invalid");
    assert_eq!(facts, json!({ "field": "vat_percent" }));
    let early = publish(1, json!({ "effective_from": t(-1) }));
    w.when(admin(), "PublishTariff", early.clone()).then_rejected("effective_from_too_early");
    // Back-dated by its admin, it may be in force since then.
    w.when_at(admin(), "PublishTariff", early, Some(t(-1))).then_events(&["TariffPublished"]);
}

#[test]
fn every_number_of_a_tariff_has_its_bounds() {
    let mut w = World::empty();
    let fields = [
        ("free_minutes", -1),
        ("unit_minutes", 0),
        ("unit_price", 1_000_000_001),
        ("daily_cap", 1_000_000_001),
        ("term_minutes", 0),
        ("late_fee_per_day", 1_000_000_001),
        ("sale_after_minutes", 0),
        ("replacement_fee", 1_000_000_001),
        ("recovery_days", -1),
        ("deposit", 1_000_000_001),
        ("extension_max_minutes", -1),
        ("vat_percent", 101),
        ("term_minutes", 10 * 366 * 24 * 60 + 1),
    ];
    for (field, value) in fields {
        let facts = w
            .when(admin(), "PublishTariff", publish(1, json!({ field: value })))
            .then_rejected("tariff_terms_invalid");
        assert_eq!(facts["field"], field);
    }
}

#[test]
fn a_retired_tariff_refuses_new_starts_only() {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    let retire = json!({ "tariff_id": tariff_id(1), "reason": "old" });
    w.when(admin(), "RetireTariff", json!({ "tariff_id": tariff_id(9) })).then_rejected("tariff_unknown");
    w.when(admin(), "RetireTariff", retire.clone()).then_events(&["TariffRetired"]);
    w.when(admin(), "RetireTariff", retire).then_already_done();
    w.start(2, 2, 1, 2).then_rejected("tariff_retired");
    w.now = t(45);
    w.returned(1, 1, 1).then_events(&["RentalEnded"]);
    assert_eq!(w.whole(1), (1_000, 0, 0));
}

#[test]
fn the_version_with_the_latest_effect_not_after_the_start_is_pinned_for_the_whole_rental() {
    let mut w = World::town();
    w.now = t(0);
    for (from, price) in [(60, 600), (30, 700)] {
        let data = publish(1, json!({ "effective_from": t(from), "unit_price": price }));
        w.when(admin(), "PublishTariff", data).then_events(&["TariffPublished"]);
    }
    w.running(1, 1, 1, t(29));
    w.running(2, 2, 2, t(30));
    w.running(3, 3, 3, t(60));
    w.now = t(100);
    for (bank, slot) in [(1, 1), (2, 2), (3, 3)] {
        w.returned(bank, 1, slot).then_events(&["RentalEnded"]);
    }
    // 71, 70 and 40 minutes: three, three and two units, each at the price of its start.
    assert_eq!((w.whole(1).0, w.whole(2).0, w.whole(3).0), (1_500, 2_100, 1_200));
}

#[test]
fn the_tariff_is_the_named_one_else_the_stations_else_the_default() {
    let mut w = World::town();
    w.now = t(0);
    w.tariff(2, json!({ "name": "Airport", "unit_price": 900 }));
    w.tariff(3, json!({ "name": "Staff", "unit_price": 100 }));
    let change = json!({ "station_id": station_id(1), "tariff_id": tariff_id(2) });
    w.when(admin(), "ChangeStation", change).then_events(&["StationChanged"]);
    let answer = w.start(1, 1, 1, 1).then_events(&["RentalStarted"]);
    assert_eq!(answer["tariff"]["tariff_id"], json!(tariff_id(2)));
    let named = |who: u128, rental: u128, slot: u16| {
        json!({
            "rental_id": rental_id(rental), "customer_id": customer_id(who), "station_id": station_id(1),
            "slot": slot, "tariff_id": tariff_id(3),
        })
    };
    w.when(customer(2), "StartRental", named(2, 2, 2)).then_rejected("tariff_not_allowed");
    let answer = w.when(support(), "StartRental", named(2, 2, 2)).then_events(&["RentalStarted"]);
    assert_eq!(answer["tariff"]["name"], "Staff");
    let answer = w.start(4, 4, 3, 1).then_events(&["RentalRequested"]);
    assert_eq!(answer["tariff"]["name"], "Standard");
}

#[test]
fn a_later_default_takes_over_when_it_comes_into_force() {
    let mut w = World::town();
    w.now = t(0);
    w.tariff(2, json!({ "name": "New", "is_default": true, "effective_from": t(60) }));
    assert_eq!(w.start(1, 1, 1, 1).then_events(&["RentalStarted"])["tariff"]["name"], "Standard");
    w.now = t(60);
    assert_eq!(w.start(2, 2, 1, 2).then_events(&["RentalStarted"])["tariff"]["name"], "New");
}

#[test]
fn a_default_that_is_retired_makes_way_for_the_one_before_it() {
    let mut w = World::town();
    w.now = t(0);
    w.tariff(2, json!({ "name": "New", "is_default": true }));
    assert_eq!(w.start(1, 1, 1, 1).then_events(&["RentalStarted"])["tariff"]["name"], "New");
    w.when(admin(), "RetireTariff", json!({ "tariff_id": tariff_id(2) })).then_events(&["TariffRetired"]);
    assert_eq!(w.start(2, 2, 1, 2).then_events(&["RentalStarted"])["tariff"]["name"], "Standard");
}

#[test]
fn a_version_that_is_no_default_takes_the_default_away_from_its_tariff() {
    let mut w = World::town();
    w.now = t(0);
    w.tariff(2, json!({ "name": "New", "is_default": true }));
    w.tariff(2, json!({ "name": "New", "is_default": false, "effective_from": t(60) }));
    assert_eq!(w.start(1, 1, 1, 1).then_events(&["RentalStarted"])["tariff"]["name"], "New");
    w.now = t(60);
    assert_eq!(w.start(2, 2, 1, 2).then_events(&["RentalStarted"])["tariff"]["name"], "Standard");
}

#[test]
fn the_first_default_that_is_not_in_force_yet_is_said_to_be_so() {
    let mut w = World::empty();
    w.station(1, "instant");
    w.customer(1, 10_000);
    w.bank(1, 1, 1);
    w.start(1, 1, 1, 1).then_rejected("tariff_unknown");
    w.tariff(1, json!({ "name": "Soon", "is_default": true, "effective_from": t(5) }));
    let facts = w.start(1, 1, 1, 1).then_rejected("tariff_not_effective");
    assert_eq!(facts["effective_from"], time(t(5)));
    w.now = t(5);
    w.start(1, 1, 1, 1).then_events(&["RentalStarted"]);
}
