//! What never gets as far as a decision, and what a command says of itself.

use domain::{
    Command, Rejection,
    command::{Malformed, PERSONAL, PaidFor},
};
use serde_json::{Value, json};

use super::given::*;

fn bad(name: &str, data: Value) -> String {
    Command::parse(name, &data.to_string()).unwrap_err().to_string()
}

#[test]
fn an_unknown_command_is_malformed() {
    let error = Command::parse("StealDevice", "{}").unwrap_err();
    assert_eq!(error, Malformed::UnknownType("StealDevice".to_owned()));
    assert!(error.to_string().contains("StealDevice"));
}

#[test]
fn unknown_fields_wrong_types_and_absurd_numbers_are_malformed() {
    let id = customer_id(1);
    let cases = [
        ("VerifyCustomer", json!({ "customer_id": id, "x": 1 })),
        ("VerifyCustomer", json!({})),
        ("VerifyCustomer", json!({ "customer_id": "nobody" })),
        ("VerifyCustomer", json!([])),
        ("ExtendRental", json!({ "rental_id": id, "minutes": 0 })),
        ("ExtendRental", json!({ "rental_id": id, "minutes": 525_601 })),
        ("ExtendRental", json!({ "rental_id": id, "minutes": 1.5 })),
        ("DisableSlot", json!({ "station_id": id, "slot": 0 })),
        ("DisableSlot", json!({ "station_id": id, "slot": 201 })),
        ("RegisterDevice", json!({ "serial": "A B C" })),
        ("RegisterDevice", json!({ "serial": "AB" })),
        ("RegisterDevice", json!({ "serial": "ABC", "capacity_mah": 99 })),
        ("DockDevice", json!({ "device_id": id, "station_id": id, "slot": 1, "battery_percent": 101 })),
        ("DockDevice", json!({ "device_id": id, "station_id": id, "slot": 1 })),
        ("PaymentConfirmed", json!({ "payment_id": id, "amount": 0, "provider_reference": "R" })),
        ("PaymentConfirmed", json!({ "payment_id": id, "amount": 1_000_000_001, "provider_reference": "R" })),
        ("PaymentConfirmed", json!({ "payment_id": id, "amount": 1, "provider_reference": "" })),
        ("PublishTariff", json!({ "name": "" })),
        ("PublishTariff", json!({ "name": "T", "unit_price": -1 })),
        ("RetireTariff", json!({ "tariff_id": id, "reason": "x".repeat(201) })),
        (
            "RegisterStation",
            json!({
                "code": "S", "name": "S", "latitude": 91, "longitude": 0, "slots": 1, "release_mode": "instant",
            }),
        ),
        (
            "RegisterStation",
            json!({
                "code": "S", "name": "S", "latitude": 0, "longitude": 0, "slots": 201, "release_mode": "instant",
            }),
        ),
    ];
    for (name, data) in cases {
        assert!(!bad(name, data.clone()).is_empty(), "{name} {data}");
    }
}

#[test]
fn a_bank_is_named_once_and_an_absence_is_not_after_the_observation() {
    let id = device_id(1);
    for (name, mut data) in [
        ("DeviceReturned", json!({ "station_id": id, "slot": 1 })),
        ("ConfirmRelease", json!({ "rental_id": id, "slot": 1 })),
        ("ReportDeviceMissing", json!({})),
        ("ReportBattery", json!({ "battery_percent": 5 })),
        ("ReportReturnRefused", json!({ "station_id": id })),
    ] {
        assert!(bad(name, data.clone()).contains("missing"), "{name}");
        data["device_id"] = json!(id);
        Command::parse(name, &data.to_string()).unwrap();
        data["serial"] = json!("PB-1");
        assert!(bad(name, data).contains("not both"), "{name}");
    }
    let data = json!({
        "serial": "PB-1", "station_id": id, "slot": 1, "observed_at": t(0), "last_seen_absent_at": ts(0, 1),
    });
    assert!(bad("DeviceReturned", data).contains("last_seen_absent_at"));
}

#[test]
fn a_payment_is_named_by_its_id_or_as_a_bill() {
    let (id, who) = (payment_id(1), customer_id(1));
    let parse = |mut data: Value| {
        data["amount"] = json!(1);
        data["provider_reference"] = json!("R");
        Command::parse("PaymentConfirmed", &data.to_string())
    };
    parse(json!({})).unwrap_err();
    parse(json!({ "customer_id": who })).unwrap_err();
    parse(json!({ "payment_id": id, "customer_id": who, "provider": "mpesa" })).unwrap_err();
    let Command::PaymentConfirmed(command) = parse(json!({ "payment_id": id })).unwrap() else { panic!() };
    assert_eq!(command.paid_for().unwrap(), PaidFor::Payment(domain::PaymentId(id)));
    parse(json!({ "customer_id": who, "provider": "mpesa" })).unwrap();
}

#[test]
fn every_command_says_its_name_its_roles_and_its_streams() {
    assert_eq!(Command::TYPES.len(), 65);
    let data = json!({ "rental_id": rental_id(1), "minutes": 5 });
    let command = Command::parse("ExtendRental", &data.to_string()).unwrap();
    assert_eq!((command.name(), command.obvious_streams()), ("ExtendRental", vec![rental_id(1)]));
    let data = json!({
        "rental_id": rental_id(1), "customer_id": customer_id(1), "station_id": station_id(1), "slot": 1,
    });
    let command = Command::parse("StartRental", &data.to_string()).unwrap();
    let streams = command.obvious_streams();
    for id in [rental_id(1), customer_id(1), station_id(1), domain::ids::CATALOGUE.id] {
        assert!(streams.contains(&id));
    }
    for personal in PERSONAL {
        assert!(Command::TYPES.contains(&personal.command), "{}", personal.command);
    }
}

#[test]
fn a_refusal_is_its_facts_with_a_stable_code() {
    let codes: Vec<&str> = Rejection::CATALOGUE.iter().map(|(code, _)| *code).collect();
    let mut unique = codes.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), codes.len(), "no code twice");
    for (code, title) in Rejection::CATALOGUE {
        assert!(code.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{code}");
        assert!(!title.is_empty());
    }
    let absent = Rejection::RentalUnknown { rental_id: rental_id(1) };
    assert!(absent.is_absence());
    assert_eq!((absent.code(), absent.title()), ("rental_unknown", "No such rental"));
    assert!(!Rejection::PhoneTaken.is_absence());
}
