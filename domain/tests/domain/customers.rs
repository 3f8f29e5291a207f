//! Registering, verifying, suspending and reinstating.

use serde_json::json;

use super::given::*;
use domain::Role;

fn named(number: u128) -> serde_json::Value {
    json!({ "customer_id": customer_id(number) })
}

#[test]
fn a_customer_registers_once_and_the_same_person_again_is_already_done() {
    let mut w = World::empty();
    let data = json!({ "customer_id": customer_id(1), "phone": phone(1), "name": sealed("Asha") });
    let answer = w.when(support(), "RegisterCustomer", data.clone()).then_events(&["CustomerRegistered"]);
    assert_eq!(answer, json!({ "customer_id": customer_id(1), "status": "unverified" }));
    w.when(system(), "VerifyCustomer", named(1)).then_events(&["CustomerVerified"]);
    let again = w.when(admin(), "RegisterCustomer", data).then_already_done();
    assert_eq!(again, answer, "the first answer");
}

#[test]
fn an_absent_customer_id_is_derived_from_the_command() {
    let mut w = World::empty();
    let then = w.when(support(), "RegisterCustomer", json!({ "phone": phone(1) }));
    let answer = then.then_events(&["CustomerRegistered"]);
    assert_eq!(answer["customer_id"], json!(id(0xf, 3 + 2)), "the derived seed of the first command");
}

#[test]
fn registering_is_refused_for_the_time_then_the_phone_then_the_id() {
    let mut w = World::empty();
    w.customer(1, 0);
    let taken = json!({ "customer_id": customer_id(1), "phone": phone(1), "name": sealed("Other") });
    w.when_at(support(), "RegisterCustomer", taken.clone(), Some(t(0)))
        .then_rejected("occurred_at_not_allowed");
    w.when(support(), "RegisterCustomer", taken).then_rejected("phone_taken");
    let other_phone = json!({ "customer_id": customer_id(1), "phone": phone(2) });
    w.when(support(), "RegisterCustomer", other_phone).then_rejected("id_taken");
    w.station(1, "instant");
    let of_a_station = json!({ "customer_id": station_id(1), "phone": phone(3) });
    w.when(support(), "RegisterCustomer", of_a_station).then_rejected("id_taken");
}

#[test]
fn verifying_needs_an_account_that_is_not_closed() {
    let mut w = World::empty();
    w.when(system(), "VerifyCustomer", named(1)).then_rejected("customer_unknown");
    let data = json!({ "customer_id": customer_id(1), "phone": phone(1) });
    w.when(support(), "RegisterCustomer", data).then_events(&["CustomerRegistered"]);
    w.when(system(), "VerifyCustomer", named(1)).then_events(&["CustomerVerified"]);
    assert_eq!(w.when(admin(), "VerifyCustomer", named(1)).then_already_done()["status"], "active");
    w.tamper(customer_id(1), |state| state["status"] = json!("closed"));
    w.when(system(), "VerifyCustomer", named(1)).then_rejected("customer_closed");
}

#[test]
fn an_active_customer_is_suspended_and_reinstated() {
    let mut w = World::empty();
    w.when(support(), "SuspendCustomer", named(1)).then_rejected("customer_unknown");
    w.when(support(), "ReinstateCustomer", named(1)).then_rejected("customer_unknown");
    let data = json!({ "customer_id": customer_id(1), "phone": phone(1) });
    w.when(support(), "RegisterCustomer", data).then_events(&["CustomerRegistered"]);
    for name in ["SuspendCustomer", "ReinstateCustomer"] {
        let facts = w.when(support(), name, named(1)).then_rejected("customer_not_active");
        assert_eq!(facts["customer_status"], "unverified");
    }
    w.when(system(), "VerifyCustomer", named(1)).then_events(&["CustomerVerified"]);
    w.when(support(), "ReinstateCustomer", named(1)).then_already_done();
    w.when_at(support(), "SuspendCustomer", named(1), Some(t(0))).then_rejected("occurred_at_not_allowed");
    w.when(support(), "SuspendCustomer", named(1)).then_events(&["CustomerSuspended"]);
    w.when(support(), "SuspendCustomer", named(1)).then_already_done();
    w.when(system(), "VerifyCustomer", named(1)).then_already_done();
    w.when_at(support(), "ReinstateCustomer", named(1), Some(t(0))).then_rejected("occurred_at_not_allowed");
    w.when(support(), "ReinstateCustomer", named(1)).then_events(&["CustomerReinstated"]);
    w.tamper(customer_id(1), |state| state["status"] = json!("closed"));
    w.when(support(), "SuspendCustomer", named(1)).then_rejected("customer_not_active");
    w.when(support(), "ReinstateCustomer", named(1)).then_rejected("customer_not_active");
}

#[test]
fn a_suspended_customer_neither_starts_nor_extends_but_returns_pays_and_reports_a_loss() {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    w.running(2, 2, 2, t(0));
    for number in [1, 2, 3] {
        w.when(support(), "SuspendCustomer", named(number)).then_events(&["CustomerSuspended"]);
    }
    w.now = t(10);
    assert_eq!(w.start(3, 3, 1, 3).then_rejected("customer_not_active")["customer_status"], "suspended");
    w.extend(1, 60).then_rejected("customer_not_active");
    w.pays(1, 1_000);
    w.seen(1, 1, 1, t(10)).then_events(&["RentalEnded"]);
    w.report_lost(2).then_events(&["RentalSold"]);
    w.when(support(), "ReinstateCustomer", named(3)).then_events(&["CustomerReinstated"]);
    w.start(3, 3, 1, 3).then_events(&["RentalStarted"]);
}

#[test]
fn a_customer_knows_only_themselves() {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    let start = json!({
        "rental_id": rental_id(2), "customer_id": customer_id(1), "station_id": station_id(1), "slot": 2,
    });
    w.when(customer(2), "StartRental", start).then_rejected("customer_unknown");
    let pay = json!({ "customer_id": customer_id(1), "amount": 5, "purpose": "deposit", "provider": "mixx" });
    w.when(customer(2), "InitiatePayment", pay).then_rejected("customer_unknown");
    let rental = json!({ "rental_id": rental_id(1) });
    w.when(customer(2), "ReportLost", rental.clone()).then_rejected("rental_unknown");
    let extend = json!({ "rental_id": rental_id(1), "minutes": 5 });
    w.when(customer(2), "ExtendRental", extend).then_rejected("rental_unknown");
    w.when(customer(1), "ReportLost", rental).then_events(&["RentalSold"]);
}

#[test]
fn nobody_but_those_listed_may_send_a_command() {
    let cases: [(&str, serde_json::Value, &[Role]); 6] = [
        ("VerifyCustomer", named(1), &[Role::System, Role::Admin]),
        ("SuspendCustomer", named(1), &[Role::Support, Role::Admin]),
        ("MarkOverdue", json!({ "rental_id": rental_id(1) }), &[Role::System, Role::Admin]),
        ("ReportLost", json!({ "rental_id": rental_id(1) }), &[Role::Customer, Role::Support, Role::Admin]),
        (
            "PaymentConfirmed",
            json!({ "payment_id": payment_id(1), "amount": 1, "provider_reference": "R" }),
            &[Role::Payments],
        ),
        (
            "ReportReturnRefused",
            json!({ "serial": "PB-1", "station_id": station_id(1) }),
            &[Role::Station, Role::Admin],
        ),
    ];
    for (name, data, roles) in cases {
        let command = domain::Command::parse(name, &data.to_string()).unwrap();
        for role in Role::ALL {
            assert_eq!(command.allowed(role), roles.contains(&role), "{name} by {role:?}");
        }
    }
}
