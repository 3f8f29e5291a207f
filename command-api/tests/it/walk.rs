//! Rentals from the station's registration to the bill.

use edge::Role;
use serde_json::json;

use crate::harness::{ADMIN, City, Place, customer, id, rich_customer};

#[actix_web::test]
async fn a_rental_goes_from_the_first_tariff_to_the_bill() {
    let place = Place::new().await;
    let api = place.api().await;
    let asker = place.site(&api).await;
    let city = City::build(&asker, "instant", 2).await;
    let asha = rich_customer(&asker, 1).await;

    let start = json!({"station_id": city.station, "slot": 1});
    let started = asker.post(customer(asha), "/api/v1/rentals/start", start.clone()).await.expect(201);
    let body = started.json();
    assert_eq!(body["status"], "active");
    assert_eq!(body["result"]["device_id"], city.devices[0].to_string());
    assert_eq!(body["events"][0]["type"], "RentalStarted");
    assert_eq!(body["position"].as_i64(), started.position);
    let rental = body["rental_id"].as_str().unwrap().to_owned();

    let again = asker.post(customer(asha), "/api/v1/rentals/start", start).await.expect(422);
    assert_eq!(
        (again.code().as_str(), again.json()["rental_id"].as_str()),
        ("rental_already_open", Some(rental.as_str()))
    );

    let end = format!("/api/v1/rentals/{rental}/end");
    let not_yet = asker.post(customer(asha), &end, json!({})).await.expect(409);
    assert_eq!(not_yet.code(), "device_not_docked");
    let stranger = rich_customer(&asker, 2).await;
    asker.post(customer(stranger), &end, json!({})).await.expect(404);

    let minutes = json!({"minutes": 60});
    let extend = format!("/api/v1/rentals/{rental}/extend");
    asker.post(customer(stranger), &extend, minutes.clone()).await.expect(404);
    asker.post(customer(asha), &extend, minutes).await.expect(201);

    let back = json!({"station_id": city.station, "slot": 9});
    let ended = asker.post((Role::Station, city.station), &end, back).await.expect(201).json();
    assert_eq!((ended["status"].as_str(), ended["charge"]["total"].as_i64()), (Some("ended"), Some(0)));
    let over = asker.post(customer(asha), &end, json!({})).await.expect(200).json();
    assert_eq!((over["status"].as_str(), over["rental_id"].as_str()), (Some("ended"), Some(rental.as_str())));
}

#[actix_web::test]
async fn a_cabinet_is_asked_first_and_confirms() {
    let place = Place::new().await;
    let api = place.api().await;
    let asker = place.site(&api).await;
    let city = City::build(&asker, "confirmed", 1).await;
    let asha = rich_customer(&asker, 1).await;
    let start = json!({"station_id": city.station, "slot": 1});
    let asked = asker.post(customer(asha), "/api/v1/rentals/start", start).await.expect(202).json();
    assert_eq!(asked["status"], "releasing");
    let data = json!({"rental_id": asked["rental_id"], "device_id": city.devices[0], "slot": 1});
    let confirmed =
        asker.command((Role::Station, city.station), "ConfirmRelease", data).await.expect(201).json();
    assert_eq!(confirmed["result"]["status"], "active");
}

#[actix_web::test]
async fn a_lost_bank_is_billed_and_the_reason_is_sealed() {
    let place = Place::new().await;
    let api = place.api().await;
    let asker = place.site(&api).await;
    let city = City::build(&asker, "instant", 1).await;
    let asha = rich_customer(&asker, 1).await;
    let start = json!({"station_id": city.station, "slot": 1});
    let rental = asker.post(customer(asha), "/api/v1/rentals/start", start).await.expect(201).json();
    let path = format!("/api/v1/rentals/{}/report-lost", rental["rental_id"].as_str().unwrap());
    let lost =
        asker.post(customer(asha), &path, json!({"reason": "left it in a daladala"})).await.expect(201);
    assert_eq!(lost.json()["charge"]["replacement"], 45_000);
    let events = place.ledger().read_after(ledger::Position::ZERO, 1_000).await.unwrap();
    for clear in ["daladala", "Asha", "+2557", "25570000"] {
        let found = events.iter().find(|event| String::from_utf8_lossy(&event.payload).contains(clear));
        assert!(found.is_none(), "i12: {clear} stands in {found:?}");
    }
}

#[actix_web::test]
async fn a_payment_is_initiated_and_its_external_id_stays_with_the_provider_side() {
    let place = Place::new().await;
    let api = place.api().await;
    let asker = place.site(&api).await;
    let asha = rich_customer(&asker, 1).await;
    let ask = json!({"amount": 5_000, "purpose": "deposit", "provider": "mixx", "phone": "0712345678"});
    let asked = asker.post(customer(asha), "/api/v1/payments/initiate", ask).await.expect(202).json();
    assert_eq!((asked["status"].as_str(), asked.get("external_id")), (Some("initiated"), None));
    assert!(asked["payment_id"].is_string());
}

#[actix_web::test]
async fn one_phone_is_one_customer_and_an_absent_id_is_the_same_for_equal_calls() {
    let place = Place::new().await;
    let api = place.api().await;
    let asker = place.site(&api).await;
    let command = id();
    let data = json!({"phone": "0712345678", "name": "Asha"});
    let first = asker.command_as(command, ADMIN, "RegisterCustomer", data.clone()).await.expect(201);
    let again = asker.command_as(command, ADMIN, "RegisterCustomer", data.clone()).await.expect(201);
    assert_eq!((first.text.as_str(), first.replay), (again.text.as_str(), false));
    assert!(again.replay);
    let taken = asker.command(ADMIN, "RegisterCustomer", json!({"phone": "+255712345678"})).await.expect(422);
    assert_eq!(taken.code(), "phone_taken");
    let other = json!({"phone": "0712345679", "name": "Asha"});
    let reused = asker.command_as(command, ADMIN, "RegisterCustomer", other).await.expect(409);
    assert_eq!(reused.code(), "idempotency_key_reused");
}
