//! Which deadlines follow from which events. The events are the examples that every stored event is read like.

use std::fs;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::*;

const RENTAL: Uuid = Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0007);

fn at(minutes: i64) -> Time {
    "2026-03-02T06:00:00Z".parse::<Time>().unwrap() + TimeDelta::minutes(minutes)
}

/// The example of an event, with some of its fields made others.
fn event(name: &str, fields: Value) -> Event {
    let path = format!("{}/../schema/events/examples/{name}.v1.json", env!("CARGO_MANIFEST_DIR"));
    let mut value: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    for (field, with) in fields.as_object().unwrap() {
        value[field] = with.clone();
    }
    Event::decode(name, 1, value.to_string().as_bytes()).unwrap()
}

fn of(name: &str, fields: Value) -> Vec<Change> {
    let mut fields = fields;
    fields["rental_id"] = json!(RENTAL);
    changes(&event(name, fields))
}

fn sale(due_at: Time, margin_minutes: i64) -> Change {
    Change::Set(Deadline { kind: Kind::SellDevice, entity: RENTAL, due_at, margin_minutes })
}

#[test]
fn a_request_is_unknown_after_a_minute_and_given_up_after_a_day() {
    let changes = of("RentalRequested", json!({"requested_at": at(0)}));
    let expected = [set(Kind::ReleaseUnknown, RENTAL, at(1)), set(Kind::CancelRelease, RENTAL, at(24 * 60))];
    assert_eq!(changes, expected);
    let unknown = of("ReleaseOutcomeUnknown", json!({}));
    assert_eq!(unknown, [Change::Clear { kind: Kind::ReleaseUnknown, entity: RENTAL }]);
    assert_eq!(of("RentalCancelled", json!({})), clear(RELEASE, RENTAL));
}

#[test]
fn a_start_settles_the_release_and_sets_the_due_time_and_the_sale() {
    let Event::RentalStarted(example) = event("RentalStarted", json!({})) else { panic!() };
    let margin = example.tariff.terms.sale_after_minutes;
    let changes = of("RentalStarted", json!({"due_at": at(10)}));
    let mut expected = clear(RELEASE, RENTAL);
    expected.extend([set(Kind::MarkOverdue, RENTAL, at(10)), sale(at(10 + margin), margin)]);
    assert_eq!(changes, expected);
}

#[test]
fn an_extension_sets_the_due_time_anew_and_moves_the_sale() {
    let changes = of("RentalExtended", json!({"due_at": at(70)}));
    let moved = Change::Move { kind: Kind::SellDevice, entity: RENTAL, base: at(70) };
    assert_eq!(changes, [set(Kind::MarkOverdue, RENTAL, at(70)), moved]);
    // Within one batch the start and its extension are one change.
    assert_eq!(sale(at(10 + 4_320), 4_320).then(moved), sale(at(70 + 4_320), 4_320));
    let gone = Change::Clear { kind: Kind::SellDevice, entity: RENTAL };
    assert_eq!(gone.then(moved), gone);
    let again = Change::Move { kind: Kind::SellDevice, entity: RENTAL, base: at(80) };
    assert_eq!(moved.then(again), again);
    assert_eq!(moved.then(gone), gone);
    assert_eq!(gone.then(sale(at(1), 1)), sale(at(1), 1));
}

#[test]
fn what_is_settled_is_cleared() {
    let overdue = Change::Clear { kind: Kind::MarkOverdue, entity: RENTAL };
    assert_eq!(of("RentalBecameOverdue", json!({})), [overdue]);
    for name in ["RentalEnded", "RentalSold"] {
        assert_eq!(of(name, json!({})), clear(RUNNING, RENTAL), "{name}");
    }
    for name in ["PaymentSettled", "PaymentExpired", "PaymentWasDeclined"] {
        let changes = changes(&event(name, json!({"payment_id": RENTAL})));
        assert_eq!(changes, clear([Kind::ExpirePayment], RENTAL), "{name}");
    }
    let asked = changes(&event("PaymentInitiated", json!({"payment_id": RENTAL, "expires_at": at(9)})));
    assert_eq!(asked, [set(Kind::ExpirePayment, RENTAL, at(9))]);
}

#[test]
fn all_other_events_have_no_deadline() {
    let with = [
        "RentalRequested",
        "ReleaseOutcomeUnknown",
        "RentalCancelled",
        "RentalStarted",
        "RentalExtended",
        "RentalBecameOverdue",
        "RentalEnded",
        "RentalSold",
        "PaymentInitiated",
        "PaymentSettled",
        "PaymentExpired",
        "PaymentWasDeclined",
    ];
    for name in Event::TYPES {
        assert_eq!(changes(&event(name, json!({}))).is_empty(), !with.contains(name), "{name}");
    }
}

#[test]
fn kinds_have_their_words() {
    for kind in Kind::ALL {
        assert_eq!(Kind::parse(kind.as_str()), Some(kind));
    }
    assert_eq!(Kind::parse("reminder"), None);
}
