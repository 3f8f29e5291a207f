//! What is stored stays readable: an example of every event version, the serialised states under their fold
//! version, and the error catalogue.
//!
//! An example is compared byte for byte and never rewritten: a change of shape is a new version with a new file.
//! A change of the states needs a higher `FOLD_VERSION`. `UPDATE_GOLDEN=1` writes files that are missing, and
//! the error catalogue.

use std::{collections::BTreeMap, fs, path::PathBuf};

use domain::{Event, FOLD_VERSION, Rejection, State};
use serde_json::json;

use super::given::*;

fn schema(path: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../schema")).join(path)
}

fn updating() -> bool {
    std::env::var_os("UPDATE_GOLDEN").is_some()
}

/// The file's text; written first if it is missing and may be written.
fn kept(path: PathBuf, fresh: impl FnOnce() -> String) -> String {
    if updating() && !path.exists() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, fresh()).unwrap();
    }
    fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; UPDATE_GOLDEN=1 writes it", path.display()))
}

/// A world in which every event happened. The golden states are what it adds up to: leave it as it is.
fn everything() -> World {
    let mut w = World::town();
    people_and_places(&mut w);
    rentals(&mut w);
    money(&mut w);
    w
}

fn people_and_places(w: &mut World) {
    let data = json!({ "customer_id": customer_id(9), "phone": phone(9), "name": sealed("Asha") });
    w.when(support(), "RegisterCustomer", data).then_events(&["CustomerRegistered"]);
    let data = json!({ "customer_id": customer_id(9), "name": sealed("Asha M"), "language": "en" });
    w.when(customer(9), "UpdateProfile", data).then_events(&["ProfileUpdated"]);
    w.when(customer(9), "EraseCustomer", json!({ "customer_id": customer_id(9) }))
        .then_events(&["CustomerErased"]);
    let data = json!({ "customer_id": customer_id(4), "reason": sealed("complaint") });
    w.when(support(), "SuspendCustomer", data.clone()).then_events(&["CustomerSuspended"]);
    w.when(support(), "ReinstateCustomer", data).then_events(&["CustomerReinstated"]);
    w.tariff(8, json!({ "name": "Weekend" }));
    let data = json!({ "tariff_id": tariff_id(8), "reason": "season over" });
    w.when(admin(), "RetireTariff", data).then_events(&["TariffRetired"]);
    let data = json!({
        "station_id": station_id(8), "code": "POSTA-8", "name": "Posta", "latitude": -6.816_064,
        "longitude": 39.290_012, "slots": 3, "release_mode": "confirmed", "tariff_id": tariff_id(1),
    });
    w.when(admin(), "RegisterStation", data).then_events(&["StationRegistered"]);
    let data = json!({
        "station_id": station_id(8), "name": "Posta House", "latitude": -6.8, "longitude": 39.3, "slots": 4,
        "release_mode": "instant", "tariff_id": tariff_id(1), "renting": false, "returning": false,
        "service": "maintenance",
    });
    w.when(admin(), "ChangeStation", data).then_events(&["StationChanged"]);
    let data = json!({ "station_id": station_id(8), "reason": "no heartbeat" });
    w.when(system(), "TakeStationOffline", data).then_events(&["StationWentOffline"]);
    w.when(system(), "BringStationOnline", json!({ "station_id": station_id(8) }))
        .then_events(&["StationCameOnline"]);
    let slot = json!({ "station_id": station_id(8), "slot": 2 });
    let why = json!({ "station_id": station_id(8), "slot": 2, "reason": "bent" });
    for (command, data) in
        [("DisableSlot", &why), ("EnableSlot", &slot), ("ReportSlotFault", &why), ("ClearSlotFault", &slot)]
    {
        assert!(w.when(agent(), command, data.clone()).is_recorded());
    }
    let data = json!({ "device_id": device_id(9), "serial": "PB-9.x_1", "capacity_mah": 6_000 });
    w.when(admin(), "RegisterDevice", data).then_events(&["DeviceRegistered"]);
    w.dock(9, 1, 8).then_events(&["DeviceDocked"]);
    let data = json!({ "device_id": device_id(9), "reason": "swollen" });
    w.when(agent(), "StartMaintenance", data.clone()).then_events(&["MaintenanceStarted"]);
    let fit = json!({ "device_id": device_id(9), "battery_percent": 100, "reason": "cleaned" });
    w.when(agent(), "CompleteMaintenance", fit).then_events(&["MaintenanceCompleted"]);
    w.when(agent(), "UndockDevice", data).then_events(&["DeviceUndocked"]);
    w.dock(9, 1, 8).then_events(&["DeviceDocked"]);
    w.when(admin(), "RegisterDevice", json!({ "device_id": device_id(10), "serial": "PB-10" }))
        .then_events(&["DeviceRegistered"]);
    w.dock(10, 1, 7).then_events(&["DeviceDocked"]);
    let data = json!({ "device_id": device_id(10), "reason": "swollen" });
    w.when(admin(), "RetireDevice", data).then_events(&["DeviceRetired"]);
    w.now = t(8 * DAY);
    let data = json!({ "device_id": device_id(9), "station_id": station_id(1), "slot": 8, "reason": "gone" });
    w.when_at(station(1), "ReportDeviceMissing", data, Some(t(1))).then_events(&["DeviceMissing"]);
    let battery = |percent: u8| json!({ "device_id": device_id(1), "station_id": station_id(1), "slot": 1, "battery_percent": percent });
    w.now = t(8 * DAY + 1);
    w.when(station(1), "ReportBattery", battery(19)).then_events(&["BatteryRanLow"]);
    w.when(station(1), "ReportBattery", battery(81)).then_events(&["BatteryRecovered"]);
}

fn rentals(w: &mut World) {
    let from = 8 * DAY + 1;
    w.start(1, 1, 3, 1).then_events(&["RentalRequested"]);
    let why = json!({ "rental_id": rental_id(1), "reason": "jam" });
    w.when(station(3), "ReportReleaseUnknown", why.clone()).then_events(&["ReleaseOutcomeUnknown"]);
    w.when(support(), "ReportReleaseFailure", why).then_events(&["RentalCancelled", "SlotFaultReported"]);
    w.start(2, 1, 3, 2).then_events(&["RentalRequested"]);
    w.confirm(1, 4, 3, 1).then_events(&["LateReleaseRecorded"]);
    let data = json!({ "rental_id": rental_id(2), "serial": "PB-6", "slot": 3, "reason": "seen" });
    w.when(support(), "ConfirmRelease", data).then_events(&["RentalStarted", "DeviceDocked"]);
    w.extend(2, 60).then_events(&["RentalExtended"]);
    w.now = t(from + DAY + 60);
    w.overdue(2).then_events(&["RentalBecameOverdue"]);
    let data = json!({
        "device_id": device_id(6), "station_id": station_id(2), "slot": 1, "reason": "full",
        "observed_at": t(from + DAY + 60),
    });
    w.when(station(2), "ReportReturnRefused", data).then_events(&["ReturnAttemptRecorded"]);
    w.now = t(from + DAY + 200);
    w.seen_since(6, 1, 1, t(from + DAY), t(from + DAY + 200)).then_events(&["DeviceMissing", "RentalEnded"]);
    w.seen(6, 2, 2, t(from + 100)).then_events(&["RentalCorrected"]);
    w.start(3, 2, 1, 2).then_events(&["RentalStarted"]);
    let data = json!({ "rental_id": rental_id(3), "reason": sealed("stolen") });
    w.when(customer(2), "ReportLost", data).then_events(&["RentalSold"]);
    w.now = t(from + 3 * DAY);
    w.returned(2, 2, 3).then_events(&["ReplacementFeeReversed", "DeviceRecovered"]);
    w.start(4, 3, 1, 3).then_events(&["RentalStarted"]);
    w.now = t(from + 40 * DAY);
    w.returned(3, 2, 4).then_events(&["RentalSold", "DeviceDocked"]);
    w.start(5, 4, 3, 2).then_events(&["RentalRequested"]);
}

fn money(w: &mut World) {
    let data = json!({
        "payment_id": payment_id(1), "customer_id": customer_id(3), "amount": 5_000, "purpose": "debt",
        "provider": "azampesa", "phone": sealed("+255700000009"),
    });
    w.when(support(), "InitiatePayment", data).then_events(&["PaymentInitiated"]);
    let proof = |amount: i64, reference: &str| json!({ "payment_id": payment_id(1), "amount": amount, "provider_reference": reference });
    w.when(payments(), "PaymentConfirmed", proof(5_000, "AZ-1")).then_events(&["PaymentSettled"]);
    w.when(payments(), "PaymentConfirmed", proof(5_000, "AZ-2")).then_events(&["ReceiptUnmatched"]);
    let data = json!({
        "payment_id": payment_id(2), "customer_id": customer_id(3), "amount": 7_000, "purpose": "deposit",
        "provider": "mixx",
    });
    w.when(support(), "InitiatePayment", data).then_events(&["PaymentInitiated"]);
    w.now += chrono::TimeDelta::minutes(DAY);
    let data = json!({ "payment_id": payment_id(2), "reason": "nobody paid" });
    w.when(system(), "ExpirePayment", data).then_events(&["PaymentExpired"]);
    payments_on_their_way(w);
    refunds(w);
    receipts(w);
    reconciliation(w);
    adjustments(w);
    closing(w);
}

fn adjustments(w: &mut World) {
    for (command, data) in [
        ("AdjustBalance", json!({ "direction": "down", "amount": 90_000 })),
        ("AdjustBalance", json!({ "direction": "up", "amount": 10 })),
        ("WriteOffDebt", json!({ "amount": 5 })),
    ] {
        let mut data = data;
        data["customer_id"] = json!(customer_id(4));
        data["reason"] = sealed("agreed");
        let answer = w.when(finance(), command, data).then_events(&["ApprovalRequested"]);
        let data = json!({ "approval_id": answer["approval_id"], "reason": sealed("right") });
        assert!(w.when(second_finance(), "ApproveAction", data).is_recorded());
    }
    let skip = json!({ "projection": "billing", "position": 9, "reason": "broken" });
    let answer = w.when(admin(), "SkipProjectionEvent", skip).then_events(&["ApprovalRequested"]);
    let data = json!({ "approval_id": answer["approval_id"] });
    w.when(second_finance(), "ApproveAction", data).then_events(&["ProjectionEventSkipped"]);
}

fn closing(w: &mut World) {
    let account = |account, debit, credit| domain::event::AccountTotal {
        account,
        debit,
        credit,
        total_debit: debit,
        total_credit: credit,
    };
    w.recorded(domain::event::PeriodClosed {
        from: "2026-03-01".parse().ok(),
        until: "2026-03-31".parse().unwrap(),
        closed_by: finance().subject,
        position: 99,
        accounts: vec![account(1000, 500, 0), account(2000, 0, 500)],
        checkpoint: Some(domain::event::CheckpointRef {
            origin: "chajipoa/ledger/1".to_owned(),
            size: 99,
            root: "00".repeat(32),
        }),
    });
    w.recorded(domain::event::LedgerRestored {
        epoch: 2,
        restored_to: 100,
        reason: domain::values::Reason::parse("disk lost").unwrap(),
    });
}

fn payments_on_their_way(w: &mut World) {
    for number in [3, 4] {
        let data = json!({
            "payment_id": payment_id(number), "customer_id": customer_id(4), "amount": 60_000,
            "purpose": "deposit", "provider": "airtel",
        });
        w.when(support(), "InitiatePayment", data).then_events(&["PaymentInitiated"]);
        let data = json!({ "payment_id": payment_id(number), "provider_reference": "AZM-3" });
        w.when(payments(), "RecordPrompt", data).then_events(&["PaymentPrompted"]);
        let data = json!({ "payment_id": payment_id(number), "reason": "no answer" });
        w.when(payments(), "MarkPaymentUnknown", data).then_events(&["PaymentOutcomeUnknown"]);
    }
    let data = json!({ "payment_id": payment_id(3), "provider_reference": "AZM-3", "reason": "failure" });
    w.when(payments(), "PaymentDeclined", data).then_events(&["PaymentWasDeclined"]);
    let data = json!({ "payment_id": payment_id(4), "amount": 60_000, "provider_reference": "AZM-4" });
    w.when(payments(), "PaymentConfirmed", data).then_events(&["PaymentSettled"]);
    let data = json!({
        "payment_id": payment_id(4), "amount": 1_000, "provider_reference": "CB-1", "reason": "disputed",
    });
    w.when(payments(), "RecordChargeback", data).then_events(&["PaymentChargedBack"]);
}

fn refunds(w: &mut World) {
    let why = json!({ "rental_id": rental_id(5), "reason": "jam" });
    w.when(station(3), "ReportReleaseFailure", why).then_events(&["RentalCancelled", "SlotFaultReported"]);
    let ask = |number: u128, amount: i64| {
        json!({
            "refund_id": refund_id(number), "payment_id": payment_id(4), "amount": amount,
            "reason": sealed("paid twice"),
        })
    };
    let told = |number: u128| json!({ "refund_id": refund_id(number), "provider": "airtel", "reference": format!("rf{number}") });
    let of = |number: u128| json!({ "refund_id": refund_id(number), "reason": "late" });
    w.when(finance(), "RequestPaymentRefund", ask(1, 25_000)).then_events(&["RefundRequested"]);
    let data = json!({ "refund_id": refund_id(1), "reason": sealed("right") });
    w.when(second_finance(), "ApproveRefund", data).then_events(&["RefundApproved"]);
    w.when(payments(), "RecordRefundSubmitted", told(1)).then_events(&["RefundSubmitted"]);
    w.when(payments(), "MarkRefundUnknown", of(1)).then_events(&["RefundOutcomeUnknown"]);
    w.when(payments(), "RefundDeclined", of(1)).then_events(&["RefundFailed"]);
    let data = json!({ "refund_id": refund_id(1), "provider_reference": "PG-1" });
    w.when(payments(), "RefundConfirmed", data).then_events(&["RefundPaid"]);
    w.when(finance(), "RequestPaymentRefund", ask(2, 26_000)).then_events(&["RefundRequested"]);
    let data = json!({ "refund_id": refund_id(2), "reason": sealed("mistake") });
    w.when(finance(), "RejectRefund", data).then_events(&["RefundRejected"]);
    w.when(finance(), "RequestPaymentRefund", ask(3, 500))
        .then_events(&["RefundRequested", "RefundApproved"]);
}

fn receipts(w: &mut World) {
    for number in [1, 2] {
        let data = json!({
            "receipt_id": receipt_id(number), "provider": "mixx", "provider_reference": format!("U-{number}"),
            "amount": 3_000, "payer": phone(4), "payment_id": payment_id(4), "reason": "wrong_payer",
        });
        w.when(payments(), "RecordUnmatchedReceipt", data).then_events(&["ReceiptUnmatched"]);
    }
    let assign = json!({
        "receipt_id": receipt_id(1), "customer_id": customer_id(3), "reason": sealed("their wife paid"),
    });
    w.when(finance(), "AssignReceipt", assign.clone()).then_events(&["ApprovalRequested"]);
    let approval = |answer: &serde_json::Value| answer["approval_id"].clone();
    let first =
        approval(&w.when(finance(), "AssignReceipt", assign.clone()).then_events(&["ApprovalRequested"]));
    let data = json!({ "approval_id": first, "reason": sealed("no") });
    w.when(second_finance(), "RejectAction", data).then_events(&["ActionRejected"]);
    let second = approval(&w.when(finance(), "AssignReceipt", assign).then_events(&["ApprovalRequested"]));
    w.when(second_finance(), "ApproveAction", json!({ "approval_id": second }))
        .then_events(&["ReceiptAssigned"]);
    let data = json!({
        "receipt_id": receipt_id(2), "refund_id": refund_id(4), "destination": sealed("+255700000009"),
        "reason": sealed("a stranger's"),
    });
    w.when(finance(), "RefundReceipt", data).then_events(&["ReceiptRefundRequested"]);
}

fn reconciliation(w: &mut World) {
    let data = json!({
        "break_id": break_id(1), "cause": "amount_differs", "provider": "mpesa", "provider_reference": "X-1",
        "payment_id": payment_id(4), "refund_id": refund_id(1), "receipt_id": receipt_id(1),
        "ledger_amount": 60_000, "statement_amount": 59_000, "statement_id": break_id(9), "reason": "line 7",
    });
    w.when(finance(), "OpenBreak", data).then_events(&["BreakOpened"]);
    let data = json!({ "break_id": break_id(1), "reason": "a fee was taken off" });
    w.when(finance(), "ExplainBreak", data.clone()).then_events(&["BreakExplained"]);
    w.when(finance(), "CloseBreak", data).then_events(&["BreakClosed"]);
    let data = json!({ "provider": "mpesa", "amount": 250, "provider_reference": "F-1", "reason": "March" });
    w.when(payments(), "RecordProviderFee", data.clone()).then_events(&["ProviderFeeRecorded"]);
    w.when(payments(), "RecordProviderPayout", data).then_events(&["ProviderPayoutRecorded"]);
}

/// The fullest event of each type in that world.
fn fullest(w: &World) -> BTreeMap<&'static str, Event> {
    let mut events: BTreeMap<&'static str, Event> = BTreeMap::new();
    for fact in &w.log {
        let known = events.entry(fact.event.event_type()).or_insert_with(|| fact.event.clone());
        if fact.event.encode().len() > known.encode().len() {
            *known = fact.event.clone();
        }
    }
    events
}

#[test]
fn every_event_has_an_example_that_is_read_and_written_the_same_for_ever() {
    let w = everything();
    w.check_replay();
    let events = fullest(&w);
    for name in Event::TYPES {
        let event = events.get(name).unwrap_or_else(|| panic!("nothing brings about {name}"));
        let version = event.schema_version();
        let path = schema(&format!("events/examples/{name}.v{version}.json"));
        let stored = kept(path, || format!("{}\n", String::from_utf8(event.encode()).unwrap()));
        let bytes = stored.trim_end().as_bytes();
        let read = Event::decode(name, version, bytes).unwrap();
        assert_eq!(String::from_utf8(read.encode()).unwrap().as_bytes(), bytes, "{name}");
        assert_eq!(read.event_type(), *name);
    }
}

#[test]
fn every_stored_example_belongs_to_a_known_type_and_version() {
    if updating() {
        fs::create_dir_all(schema("events/examples")).unwrap();
    }
    for entry in fs::read_dir(schema("events/examples")).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_str().unwrap().to_owned();
        let (name, rest) = file.split_once(".v").unwrap();
        let version = rest.strip_suffix(".json").unwrap().parse().unwrap();
        Event::decode(name, version, fs::read_to_string(&path).unwrap().trim_end().as_bytes()).unwrap();
    }
}

#[test]
fn what_this_program_does_not_know_is_an_error_not_a_guess() {
    for (name, version, payload) in [
        ("CustomerErased", 1, "{}"),
        ("CustomerVerified", 2, "{}"),
        ("CustomerVerified", 1, "{}"),
        ("CustomerVerified", 1, "nonsense"),
    ] {
        let error = Event::decode(name, version, payload.as_bytes()).unwrap_err();
        assert!(error.to_string().contains(name));
    }
}

#[test]
fn the_serialised_states_are_those_of_the_fold_version() {
    let w = everything();
    let states: BTreeMap<String, &State> = w.states().map(|(id, state)| (id.to_string(), state)).collect();
    let fresh = format!("{}\n", serde_json::to_string_pretty(&states).unwrap());
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden"))
        .join(format!("states.fold{FOLD_VERSION}.json"));
    let stored = kept(path, || fresh.clone());
    assert!(stored == fresh, "the states changed: raise FOLD_VERSION, then UPDATE_GOLDEN=1");
    let read: BTreeMap<String, State> = serde_json::from_str(&stored).unwrap();
    assert_eq!(read.iter().map(|(id, state)| (id.clone(), state)).collect::<BTreeMap<_, _>>(), states);
}

#[test]
fn the_error_catalogue_lists_every_refusal() {
    let errors: Vec<_> =
        Rejection::CATALOGUE.iter().map(|(code, title)| json!({ "code": code, "title": title })).collect();
    let fresh = format!("{}\n", serde_json::to_string_pretty(&errors).unwrap());
    let path = schema("errors.json");
    if updating() {
        fs::write(&path, &fresh).unwrap();
    }
    assert_eq!(fs::read_to_string(path).unwrap(), fresh, "UPDATE_GOLDEN=1 writes it");
}

/// Refusals that no command of today can bring about: asked by the API itself, or by commands still to come.
const NOT_YET: [&str; 1] = ["device_not_docked"];

#[test]
fn every_refusal_and_every_event_is_named_by_a_test() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/domain");
    let tests: String = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !path.ends_with("golden.rs"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    for (code, _) in Rejection::CATALOGUE {
        let named = tests.contains(&format!("then_rejected(\"{code}\")"));
        assert!(named || NOT_YET.contains(code), "no test is refused with {code}");
    }
    for name in Event::TYPES {
        assert!(tests.contains(&format!("\"{name}\"")), "no test brings about {name}");
    }
}
