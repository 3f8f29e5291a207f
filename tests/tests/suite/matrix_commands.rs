//! Every command as every role, as `commands.table` says, and what is said of somebody else's.

use std::collections::{BTreeMap, BTreeSet};

use edge::token::{TokenKeys, mint_internal};
use edge::{Role, SystemClock};
use serde_json::{Value, json};
use tests::harness::Who;
use uuid::Uuid;

use crate::matrix_scene::Scene;
use crate::matrix_stage::Stage;
use crate::town::{customer, id, phone, station};

const COMMANDS: &str = include_str!("commands.table");
/// What is said of a customer, a rental and a station.
type Said<'a> = dyn Fn([Uuid; 3]) -> Value + 'a;

/// The minimal data of a command, of things that are not there.
fn data(kind: &str) -> Value {
    let (customer_id, station_id, device_id, rental_id) = (id(), id(), id(), id());
    match kind {
        "RegisterCustomer" => json!({"phone": phone()}),
        "UpdateProfile" => json!({"customer_id": customer_id, "language": "en"}),
        "VerifyCustomer" | "SuspendCustomer" | "ReinstateCustomer" | "EraseCustomer" => {
            json!({"customer_id": customer_id})
        }
        "PublishTariff" => json!({"name": "Matrix"}),
        "RetireTariff" => json!({"tariff_id": id()}),
        "RegisterStation" => json!({
            "code": format!("M-{}", &station_id.simple().to_string()[12..]), "name": "Matrix", "latitude": -6.8,
            "longitude": 39.27, "slots": 4, "release_mode": "instant",
        }),
        "ChangeStation" => json!({"station_id": station_id, "name": "Other"}),
        "TakeStationOffline" | "BringStationOnline" => json!({"station_id": station_id}),
        "DisableSlot" | "EnableSlot" | "ReportSlotFault" | "ClearSlotFault" => {
            json!({"station_id": station_id, "slot": 1})
        }
        "RegisterDevice" => json!({"serial": format!("M-{}", &device_id.simple().to_string()[12..])}),
        "DockDevice" => {
            json!({"device_id": device_id, "station_id": station_id, "slot": 1, "battery_percent": 90})
        }
        "UndockDevice"
        | "StartMaintenance"
        | "CompleteMaintenance"
        | "RetireDevice"
        | "ReportDeviceMissing" => {
            json!({"device_id": device_id})
        }
        "ReportBattery" => json!({"device_id": device_id, "battery_percent": 50}),
        "InitiatePayment" => {
            json!({"customer_id": customer_id, "amount": 5_000, "purpose": "deposit", "provider": "mpesa"})
        }
        "PaymentConfirmed" => {
            json!({"payment_id": id(), "amount": 5_000, "provider_reference": id().simple().to_string()})
        }
        "ExpirePayment" | "RecordPrompt" | "PaymentDeclined" | "MarkPaymentUnknown" => {
            json!({"payment_id": id()})
        }
        "RecordChargeback" => {
            json!({"payment_id": id(), "amount": 500, "provider_reference": id().simple().to_string()})
        }
        "RecordUnmatchedReceipt" => json!({
            "provider": "mpesa", "provider_reference": id().simple().to_string(), "amount": 500,
            "payer": phone(), "reason": "unknown_reference",
        }),
        "AssignReceipt" => json!({"receipt_id": id(), "customer_id": customer_id, "reason": "theirs"}),
        "RefundReceipt" => json!({"receipt_id": id(), "destination": phone(), "reason": "a stranger's"}),
        "AdjustBalance" => {
            json!({"customer_id": customer_id, "direction": "up", "amount": 1, "reason": "goodwill"})
        }
        "WriteOffDebt" => json!({"customer_id": customer_id, "amount": 1, "reason": "cannot pay"}),
        "CorrectRental" => json!({"rental_id": rental_id, "total": 1, "reason": "agreed"}),
        "ClosePeriod" => json!({"until": "2026-01-01"}),
        "SkipProjectionEvent" => json!({"projection": "billing", "position": 1, "reason": "broken"}),
        "ApproveAction" | "RejectAction" => json!({"approval_id": id()}),
        "RequestDepositRefund" => json!({"customer_id": customer_id, "amount": 500, "provider": "airtel"}),
        "RequestPaymentRefund" => json!({"payment_id": id(), "amount": 500, "reason": "twice"}),
        "ApproveRefund" | "RejectRefund" | "RefundConfirmed" | "RefundDeclined" | "MarkRefundUnknown" => {
            json!({"refund_id": id()})
        }
        "RecordRefundSubmitted" => json!({"refund_id": id(), "provider": "mpesa", "reference": "RF-1"}),
        "OpenBreak" => json!({"cause": "missing_in_ledger", "provider": "mpesa", "statement_amount": 500}),
        "ExplainBreak" => json!({"break_id": id(), "reason": "a fee"}),
        "CloseBreak" => json!({"break_id": id()}),
        "RecordProviderFee" | "RecordProviderPayout" => {
            json!({"provider": "mpesa", "amount": 500, "provider_reference": id().simple().to_string()})
        }
        "StartRental" => json!({"customer_id": customer_id, "station_id": station_id, "slot": 1}),
        "ConfirmRelease" => json!({"rental_id": rental_id, "device_id": device_id, "slot": 1}),
        "ReportReleaseFailure"
        | "ReportReleaseUnknown"
        | "CancelRelease"
        | "MarkOverdue"
        | "ReportLost"
        | "SellDevice" => json!({"rental_id": rental_id}),
        "ExtendRental" => json!({"rental_id": rental_id, "minutes": 30}),
        "DeviceReturned" => json!({"device_id": device_id, "station_id": station_id, "slot": 1}),
        "ReportReturnRefused" => json!({"device_id": device_id, "station_id": station_id}),
        other => panic!("what is the data of {other}?"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_is_for_the_roles_that_the_documents_name() {
    let stage = Stage::set().await;
    let mut expected: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for line in COMMANDS.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let mut words = line.split_whitespace();
        assert!(expected.insert(words.next().expect("a name"), words.collect()).is_none(), "twice: {line}");
    }
    let (listed, known): (BTreeSet<_>, BTreeSet<_>) =
        (expected.keys().copied().collect(), domain::Command::TYPES.iter().copied().collect());
    assert_eq!(listed, known, "the table lists exactly the commands");

    let keys = TokenKeys::open_or_create(&stage.place.keys(), &SystemClock).expect("keys");
    let system = mint_internal(&keys, id(), &SystemClock).expect("a token").0;
    let mut wrong = Vec::new();
    for (kind, roles) in expected {
        for role in Role::ALL {
            let body = json!({"type": kind, "data": data(kind)}).to_string();
            let token = match stage.speaker_of(role) {
                Some(who) => stage.client.token(who),
                None => system.clone(),
            };
            let url = format!("{}/api/v1/commands", stage.client.base());
            let request = stage.http.post(url).bearer_auth(token).header("content-type", "application/json");
            let response = request.body(body).send().await.expect("an answer");
            let status = response.status().as_u16();
            let said: Value = response.json().await.expect("JSON");
            let code = said["code"].as_str().unwrap_or_default();
            let right = if roles.contains(role.as_str()) {
                // Done, or refused because what it speaks of is not there.
                [200, 201, 404, 422].contains(&status)
            } else {
                (status, code) == (403, "forbidden")
            };
            // What a role may not do is told before anything is said of the thing.
            if !right {
                wrong.push(format!("{kind} as {role}: {status} {code}, {}", said["detail"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a customer or a station says of somebody else's is answered like what is said of nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_about_somebody_elses_is_answered_like_one_about_nothing() {
    let stage = Stage::set().await;
    let scene = Scene::set(&stage.client).await;
    let (stranger, elsewhere) = (customer(stage.stranger), station(stage.elsewhere));
    let rental = |id: Uuid| json!({"rental_id": id});
    let with = |mut data: Value, more: Value| {
        data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        data
    };
    let of = |id: Uuid| json!({"customer_id": id});
    let place = |id: Uuid| json!({"station_id": id, "slot": 1});
    let bank = json!({"serial": scene.bank.serial});
    let pay = json!({"amount": 5_000, "purpose": "deposit", "provider": "mpesa"});
    let confirm = json!({"slot": 1, "serial": scene.bank.serial});
    let (theirs, nobody) = ([scene.renting, scene.rental, scene.station], [id(), id(), id()]);
    let last = stage.place.last().await;
    let cases: [(Who, &str, &Said<'_>); 15] = [
        (stranger, "StartRental", &|[c, _, _]| with(of(c), place(scene.station))),
        (stranger, "ExtendRental", &|[_, r, _]| with(rental(r), json!({"minutes": 30}))),
        (stranger, "ReportLost", &|[_, r, _]| with(rental(r), json!({"reason": "gone"}))),
        (stranger, "InitiatePayment", &|[c, _, _]| with(of(c), pay.clone())),
        (stranger, "UpdateProfile", &|[c, _, _]| with(of(c), json!({"name": "Mallory"}))),
        (stranger, "EraseCustomer", &|[c, _, _]| of(c)),
        (elsewhere, "ConfirmRelease", &|[_, r, _]| with(rental(r), confirm.clone())),
        (elsewhere, "ReportReleaseFailure", &|[_, r, _]| rental(r)),
        (elsewhere, "ReportReleaseUnknown", &|[_, r, _]| rental(r)),
        (elsewhere, "DeviceReturned", &|[_, _, s]| with(place(s), bank.clone())),
        (elsewhere, "ReportReturnRefused", &|[_, _, s]| with(place(s), bank.clone())),
        (elsewhere, "ReportSlotFault", &|[_, _, s]| place(s)),
        (elsewhere, "ClearSlotFault", &|[_, _, s]| place(s)),
        (elsewhere, "ReportDeviceMissing", &|[_, _, s]| with(place(s), bank.clone())),
        (elsewhere, "ReportBattery", &|[_, _, s]| {
            with(place(s), with(bank.clone(), json!({"battery_percent": 5})))
        }),
    ];
    for (who, kind, make) in cases {
        let mut looks = Vec::new();
        for ids in [theirs, nobody] {
            let answer = stage.client.command(who, kind, make(ids)).await;
            let told = [(404, "not_found"), (422, "station_unknown"), (422, "device_rented")];
            assert!(told.contains(&(answer.status, answer.code().as_str())), "{kind}: {}", answer.text);
            let mut look = answer.json();
            assert!(look.get("rental_id").is_none(), "{kind}: {look}");
            // The request's own id, and the station as it was named.
            for own in ["request_id", "station_id"] {
                look.as_object_mut().unwrap().remove(own);
            }
            looks.push(look);
        }
        assert_eq!(looks[0], looks[1], "{kind}");
    }
    assert_eq!(stage.place.last().await, last, "nothing was recorded");
}
