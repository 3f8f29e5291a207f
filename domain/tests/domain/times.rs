//! Who may say when something happened.

use chrono::TimeDelta;
use domain::{Actor, Role, Time};
use serde_json::{Value, json};

use super::given::*;

fn start_by(who: Actor, w: &mut World, stated: Time) -> Then {
    let data = json!({
        "rental_id": rental_id(1), "customer_id": customer_id(1), "station_id": station_id(1), "slot": 1,
    });
    w.when_at(who, "StartRental", data, Some(stated))
}

#[test]
fn customers_and_support_may_not_set_the_time_at_all() {
    let mut w = World::town();
    start_by(customer(1), &mut w, t(0)).then_rejected("occurred_at_not_allowed");
    start_by(support(), &mut w, t(0)).then_rejected("occurred_at_not_allowed");
}

#[test]
fn an_agent_may_go_back_sixty_minutes_and_five_ahead() {
    for (stated, code) in [
        (ts(-60, -1), Some("occurred_at_too_early")),
        (t(-60), None),
        (t(5), None),
        (ts(5, 1), Some("occurred_at_in_future")),
    ] {
        let mut w = World::town();
        match (start_by(agent(), &mut w, stated), code) {
            (then, Some(code)) => drop(then.then_rejected(code)),
            (then, None) => {
                assert_eq!(then.then_events(&["RentalStarted"])["started_at"], time(stated));
            }
        }
    }
}

#[test]
fn an_admin_may_go_back_seven_days_and_five_minutes_ahead() {
    for (stated, code) in [
        (ts(-7 * DAY, -1), Some("occurred_at_too_early")),
        (t(-7 * DAY), None),
        (t(5), None),
        (ts(5, 1), Some("occurred_at_in_future")),
    ] {
        let mut w = World::town();
        match (start_by(admin(), &mut w, stated), code) {
            (then, Some(code)) => drop(then.then_rejected(code)),
            (then, None) => drop(then.then_events(&["RentalStarted"])),
        }
    }
}

#[test]
fn the_provider_side_goes_back_without_limit_and_five_minutes_ahead() {
    let pay = |w: &mut World, paid_at: Time| {
        let data = json!({
            "customer_id": customer_id(1), "provider": "mpesa", "amount": 500, "provider_reference": "X1",
            "paid_at": paid_at,
        });
        w.when(payments(), "PaymentConfirmed", data)
    };
    let mut w = World::town();
    pay(&mut w, ts(5, 1)).then_rejected("occurred_at_in_future");
    let facts = pay(&mut w, t(-1000 * DAY)).then_facts(&["PaymentInitiated", "PaymentSettled"]);
    assert_eq!(facts[1]["paid_at"], time(t(-1000 * DAY)));
}

#[test]
fn a_start_follows_the_customers_last_end_and_the_banks_last_docking() {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    w.now = t(30);
    w.seen(1, 1, 1, t(30)).then_events(&["RentalEnded"]);
    w.now = t(40);
    let start = |rental: u128, who: u128, slot: u16| {
        json!({
            "rental_id": rental_id(rental), "customer_id": customer_id(who), "station_id": station_id(1), "slot": slot,
        })
    };
    let facts =
        w.when_at(agent(), "StartRental", start(2, 1, 2), Some(t(29))).then_rejected("occurred_at_too_early");
    assert_eq!(facts["earliest"], time(t(30)), "the customer's last end");
    let facts =
        w.when_at(agent(), "StartRental", start(2, 2, 1), Some(t(29))).then_rejected("occurred_at_too_early");
    assert_eq!(facts["earliest"], time(t(30)), "the bank's last docking");
    // Never other facts of the station or the customer.
    w.when_at(agent(), "StartRental", start(2, 2, 2), Some(t(29))).then_events(&["RentalStarted"]);
    w.when_at(agent(), "StartRental", start(3, 1, 1), Some(t(30))).then_events(&["RentalStarted"]);
}

#[test]
fn a_start_that_is_moved_up_to_what_it_follows_takes_the_tariff_of_that_moment() {
    let mut w = World::town();
    w.tariff(2, json!({ "name": "New", "is_default": true, "effective_from": t(42) }));
    w.running(1, 1, 1, t(0));
    w.now = t(40);
    let back = json!({ "device_id": device_id(1), "station_id": station_id(1), "slot": 1 });
    w.when_at(agent(), "DeviceReturned", back, Some(t(44))).then_events(&["RentalEnded"]);
    let answer = w.start(2, 2, 1, 1).then_events(&["RentalStarted"]);
    assert_eq!(answer["started_at"], time(t(44)));
    assert_eq!(answer["tariff"]["name"], "New");
}

#[test]
fn a_command_of_a_rental_follows_its_start() {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    w.now = t(30);
    let extend = json!({ "rental_id": rental_id(1), "minutes": 60 });
    w.when_at(agent(), "ExtendRental", extend.clone(), Some(t(-1))).then_rejected("occurred_at_too_early");
    w.when_at(agent(), "ExtendRental", extend, Some(t(0))).then_events(&["RentalExtended"]);
    let lost = json!({ "rental_id": rental_id(1) });
    w.when_at(admin(), "ReportLost", lost.clone(), Some(t(-1))).then_rejected("occurred_at_too_early");
    let back = json!({ "device_id": device_id(1), "station_id": station_id(1), "slot": 1 });
    w.when_at(agent(), "DeviceReturned", back.clone(), Some(t(-1))).then_rejected("occurred_at_too_early");
    w.when_at(admin(), "ReportLost", lost, Some(t(0))).then_events(&["RentalSold"]);
}

#[test]
fn a_station_goes_back_to_the_fact_it_follows_and_more_than_seven_days_are_flagged() {
    for (late, flagged) in [(7 * DAY, false), (7 * DAY + 1, true)] {
        let mut w = World::town();
        w.running(1, 1, 1, t(0));
        w.now = t(60 + late);
        let facts = w.seen(1, 2, 1, t(60)).then_facts(&["RentalEnded"]);
        let review = facts[0].get("review").cloned().unwrap_or(Value::Null);
        assert_eq!(review == json!(["late_upload"]), flagged, "{late} {review}");
        assert_eq!(facts[0]["ended_at"], time(t(60)));
    }
}

#[test]
fn an_attempt_uploaded_more_than_seven_days_late_is_flagged() {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    w.now = t(60 + 8 * DAY);
    let facts = w.attempt(1, 2, t(60)).then_facts(&["ReturnAttemptRecorded"]);
    assert_eq!(facts[0]["review"], json!(["late_upload"]));
}

#[test]
fn a_late_confirmed_release_is_flagged_too() {
    let mut w = World::town();
    w.start(1, 1, 3, 1).then_events(&["RentalRequested"]);
    w.now = t(8 * DAY);
    let data = json!({ "rental_id": rental_id(1), "serial": "PB-4", "slot": 1 });
    let facts = w.when_at(station(3), "ConfirmRelease", data, Some(t(1))).then_facts(&["RentalStarted"]);
    assert_eq!(facts[0]["review"], json!(["late_upload"]));
}

#[test]
fn a_stations_return_is_never_refused_for_its_clock() {
    for stated in [ts(45, 1), t(45 + 60 * DAY), t(-1), t(-400 * DAY)] {
        let mut w = World::town();
        w.running(1, 1, 1, t(0));
        w.now = t(45);
        let facts =
            w.seen_since(1, 2, 1, stated - TimeDelta::minutes(10), stated).then_facts(&["RentalEnded"]);
        assert_eq!(facts[0]["review"], json!(["clock_suspect"]));
        assert_eq!(facts[0]["ended_at"], time(t(45)), "the arrival, and the interval is dropped");
        assert!(facts[0]["evidence"].get("last_seen_absent_at").is_none());
    }
}

#[test]
fn a_stations_release_is_never_refused_for_its_clock() {
    for stated in [ts(1, 1), t(90), t(-1), t(-400 * DAY)] {
        let mut w = World::town();
        w.start(1, 1, 3, 1).then_events(&["RentalRequested"]);
        w.now = t(1);
        let data = json!({ "rental_id": rental_id(1), "device_id": device_id(4), "slot": 1 });
        let facts =
            w.when_at(station(3), "ConfirmRelease", data, Some(stated)).then_facts(&["RentalStarted"]);
        assert_eq!((&facts[0]["started_at"], &facts[0]["review"]), (&time(t(1)), &json!(["clock_suspect"])));
    }
    let mut w = World::town();
    w.start(1, 1, 3, 1).then_events(&["RentalRequested"]);
    let data = json!({ "rental_id": rental_id(1) });
    let then = w.when_at(station(3), "ReportReleaseFailure", data, Some(t(-9)));
    let facts = then.then_facts(&["RentalCancelled", "SlotFaultReported"]);
    assert_eq!(facts[0]["review"], json!(["clock_suspect"]));
}

#[test]
fn other_times_of_a_station_are_bound_to_five_minutes_ahead() {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    let slot = json!({ "station_id": station_id(1), "slot": 1 });
    w.when_at(station(1), "ReportSlotFault", slot, Some(ts(5, 1))).then_rejected("occurred_at_in_future");
    w.attempt(1, 1, ts(5, 1)).then_rejected("occurred_at_in_future");
    let missing = json!({ "serial": "PB-2" });
    w.when_at(station(1), "ReportDeviceMissing", missing, Some(ts(5, 1)))
        .then_rejected("occurred_at_in_future");
}

#[test]
fn both_times_of_a_command_must_agree() {
    let parse = |name: &str, data: Value| domain::Command::parse(name, &data.to_string()).unwrap();
    let returned = parse(
        "DeviceReturned",
        json!({ "serial": "PB-1", "station_id": station_id(1), "slot": 1, "observed_at": t(1) }),
    );
    let refused = parse(
        "ReportReturnRefused",
        json!({ "serial": "PB-1", "station_id": station_id(1), "observed_at": t(1) }),
    );
    let paid = parse(
        "PaymentConfirmed",
        json!({ "payment_id": payment_id(1), "amount": 1, "provider_reference": "R", "paid_at": t(1) }),
    );
    for command in [returned, refused, paid] {
        assert_eq!(command.stated_time(None).unwrap(), Some(t(1)));
        assert_eq!(command.stated_time(Some(t(1))).unwrap(), Some(t(1)));
        command.stated_time(Some(t(2))).unwrap_err();
    }
    let overdue = parse("MarkOverdue", json!({ "rental_id": rental_id(1) }));
    assert_eq!(overdue.stated_time(None).unwrap(), None);
    let fine = t(1) + TimeDelta::nanoseconds(1_999);
    let cut = t(1) + TimeDelta::microseconds(1);
    assert_eq!(overdue.stated_time(Some(fine)).unwrap(), Some(cut), "cut to microseconds");
}

#[test]
fn deadline_commands_use_the_deadline_itself_and_come_not_before_it() {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    w.now = ts(DAY, -1);
    for who in [system(), admin()] {
        let data = json!({ "rental_id": rental_id(1) });
        let facts = w.when(who, "MarkOverdue", data.clone()).then_rejected("not_due");
        assert_eq!(facts["due_at"], time(t(DAY)));
        let facts = w.when(who, "SellDevice", data).then_rejected("not_due");
        assert_eq!(facts["due_at"], time(t(4 * DAY)));
    }
    w.now = t(DAY);
    w.overdue(1).then_events(&["RentalBecameOverdue"]);
    w.now = t(4 * DAY + 77);
    w.sell(1).then_events(&["RentalSold"]);
    let times: Vec<Time> = w.log.iter().rev().take(2).map(|fact| fact.occurred_at).collect();
    assert_eq!(times, [t(4 * DAY), t(DAY)]);
}

#[test]
fn roles_and_ids_have_their_names() {
    for role in Role::ALL {
        assert_eq!(Role::parse(role.as_str()), Some(role));
    }
    assert_eq!(Role::parse("root"), None);
    assert_eq!(customer(1).to_string(), format!("customer:{}", customer_id(1)));
}
