//! Profiles, and their end.

use std::collections::BTreeMap;

use actix_web::http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::access::log_in;
use crate::harness::{ADMIN, Asker, PAYMENTS, Place, Serves, connect, customer, id};

const PROFILE: &str = "/api/v1/users/profile";
const PHONE: &str = "+255713000001";

async fn ask<S: Serves>(
    asker: &Asker<S>,
    token: &str,
    method: Method,
    body: Value,
) -> crate::harness::Answered {
    asker.bearing(Some(token), method, PROFILE, body).await
}

#[actix_web::test]
async fn a_customer_changes_name_and_language_and_reads_them_at_once() {
    let place = Place::new().await;
    let asker = place.site(&place.api().await).await;
    let mine = log_in(&place, &asker, PHONE).await;
    let token = mine["access_token"].as_str().unwrap();
    let changed = ask(&asker, token, Method::PUT, json!({"name": "Asha Mushi", "language": "en"})).await;
    let changed = changed.expect(200).json();
    assert_eq!((&changed["name"], &changed["language"]), (&json!("Asha Mushi"), &json!("en")));
    assert_eq!(ask(&asker, token, Method::GET, json!({})).await.expect(200).json(), changed);
    ask(&asker, token, Method::PUT, json!({"language": "en"})).await.expect(200);
    for bad in [json!({}), json!({"language": "fr"}), json!({"name": ""}), json!({"phone": PHONE})] {
        ask(&asker, token, Method::PUT, bad.clone()).await.expect(400);
    }
    let foreign = format!("{PROFILE}?customer_id={}", id());
    asker.bearing(Some(token), Method::GET, &foreign, json!({})).await.expect(404);
    asker.ask(customer(id()), Method::GET, PROFILE, json!({})).await.expect(404);
    asker.ask(ADMIN, Method::GET, PROFILE, json!({})).await.expect(400);
}

/// Payload bytes by position.
async fn recorded(place: &Place) -> BTreeMap<i64, Vec<u8>> {
    let owner = connect(&place.owner_url).await;
    let rows = owner.query("SELECT position, payload FROM ledger.event", &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

async fn keys_of(place: &Place, person: Uuid) -> i64 {
    let owner = connect(&place.owner_url).await;
    owner
        .query_one(
            "SELECT (SELECT count(*) FROM ledger.person_key WHERE person = $1) \
                 + (SELECT count(*) FROM ledger.claim WHERE kind = 'phone' AND entity = $1)",
            &[&person],
        )
        .await
        .unwrap()
        .get(0)
}

#[actix_web::test]
async fn an_erased_customer_is_gone_and_the_number_may_come_back_as_somebody_else() {
    let place = Place::new().await;
    let api = place.api().await;
    let asker = place.site(&api).await;
    let registered = json!({"customer_id": id(), "phone": PHONE, "name": "Asha"});
    let command = id();
    asker.command_as(command, ADMIN, "RegisterCustomer", registered.clone()).await.expect(201);
    let mine = log_in(&place, &asker, PHONE).await;
    let token = mine["access_token"].as_str().unwrap();
    let person: Uuid = mine["customer_id"].as_str().unwrap().parse().unwrap();
    let pay = json!({"customer_id": person, "provider": "mpesa", "amount": 1, "provider_reference": "B1"});
    asker.command(PAYMENTS, "PaymentConfirmed", pay).await.expect(201);
    let refused = ask(&asker, token, Method::DELETE, json!({})).await.expect(422);
    assert_eq!((refused.code().as_str(), &refused.json()["balance"]), ("deposit_remaining", &json!(1)));
    assert_eq!(keys_of(&place, person).await, 2, "a refusal destroys nothing");

    let free = log_in(&place, &asker, "+255713000002").await;
    let gone: Uuid = free["customer_id"].as_str().unwrap().parse().unwrap();
    let token = free["access_token"].as_str().unwrap();
    let before = recorded(&place).await;
    let answer = ask(&asker, token, Method::DELETE, json!({})).await.expect(200).json();
    assert_eq!((&answer["status"], &answer["customer_id"]), (&json!("closed"), &json!(gone)));
    assert_eq!(keys_of(&place, gone).await, 0);
    let after = recorded(&place).await;
    assert!(before.iter().all(|(position, bytes)| after.get(position) == Some(bytes)));
    assert_eq!(after.len(), before.len() + 1);
    ask(&asker, token, Method::GET, json!({})).await.expect(401);
    let seen = asker.ask(ADMIN, Method::GET, &format!("{PROFILE}?customer_id={gone}"), json!({})).await;
    let seen = seen.expect(200).json();
    assert_eq!(
        (&seen["phone"], &seen["name"], &seen["status"]),
        (&Value::Null, &Value::Null, &json!("closed"))
    );
    asker.command(ADMIN, "EraseCustomer", json!({"customer_id": gone})).await.expect(200);
    let anew = log_in(&place, &asker, "+255713000002").await;
    assert_ne!(anew["customer_id"], json!(gone));
}

#[actix_web::test]
async fn a_command_about_somebody_erased_is_not_replayed() {
    let place = Place::new().await;
    let asker = place.site(&place.api().await).await;
    let (person, command) = (id(), id());
    let registered = json!({"customer_id": person, "phone": PHONE, "name": "Asha"});
    asker.command_as(command, ADMIN, "RegisterCustomer", registered.clone()).await.expect(201);
    asker.command(ADMIN, "EraseCustomer", json!({"customer_id": person})).await.expect(201);
    let again = asker.command_as(command, ADMIN, "RegisterCustomer", registered).await.expect(409);
    assert_eq!(again.code(), "idempotency_key_reused");
    // That command had another key made for them; what the destroyed one sealed is nobody's business all the same.
    let seen = asker.ask(ADMIN, Method::GET, &format!("{PROFILE}?customer_id={person}"), json!({})).await;
    let seen = seen.expect(200).json();
    assert_eq!((&seen["phone"], &seen["name"]), (&Value::Null, &Value::Null));
}

#[actix_web::test]
async fn erasing_at_once_and_again_has_one_effect_and_other_commands_go_on() {
    let place = Place::new().await;
    let (one, two) = (place.api().await, place.api().await);
    let (one, two) = (place.site(&one).await, place.site(&two).await);
    let person = id();
    let registered = json!({"customer_id": person, "phone": PHONE});
    one.command(ADMIN, "RegisterCustomer", registered).await.expect(201);
    let erase = json!({"customer_id": person});
    let (first, second, third, other) = futures_util::join!(
        one.command(ADMIN, "EraseCustomer", erase.clone()),
        two.command(ADMIN, "EraseCustomer", erase.clone()),
        two.command(ADMIN, "EraseCustomer", erase.clone()),
        one.command(ADMIN, "RegisterDevice", json!({"serial": "PB-1"})),
    );
    let mut statuses = [first.status, second.status, third.status];
    statuses.sort_unstable();
    assert_eq!((statuses, other.status), ([200, 200, 201], 201));
    assert_eq!(keys_of(&place, person).await, 0);
}

#[actix_web::test]
async fn a_restored_key_of_somebody_erased_is_destroyed_before_anything_is_served() {
    let place = Place::new().await;
    let asker = place.site(&place.api().await).await;
    let person = id();
    asker
        .command(ADMIN, "RegisterCustomer", json!({"customer_id": person, "phone": PHONE}))
        .await
        .expect(201);
    let owner = connect(&place.owner_url).await;
    let kept = owner
        .query_one(
            "SELECT generation, wrapped, minted_at FROM ledger.person_key WHERE person = $1",
            &[&person],
        )
        .await
        .unwrap();
    asker.command(ADMIN, "EraseCustomer", json!({"customer_id": person})).await.expect(201);
    let (generation, wrapped): (i32, Vec<u8>) = (kept.get(0), kept.get(1));
    let minted_at: chrono::DateTime<chrono::Utc> = kept.get(2);
    owner
        .execute(
            "INSERT INTO ledger.person_key (person, generation, wrapped, minted_at) VALUES ($1, $2, $3, $4)",
            &[&person, &generation, &wrapped, &minted_at],
        )
        .await
        .unwrap();
    assert_eq!(keys_of(&place, person).await, 1, "as a backup would bring it back");
    place.api().await;
    assert_eq!(keys_of(&place, person).await, 0);
    let listed = std::fs::read_to_string(place.keys.path().join("erased")).unwrap();
    assert_eq!(listed, format!("+{person}\n={person}\n"));
}
