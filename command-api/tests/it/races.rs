//! Many at once: one winner, one effect, no answer on a stale state.

use std::collections::HashMap;

use futures_util::future::join_all;
use serde_json::json;

use crate::harness::{ADMIN, City, Place, customer, id, rich_customer};

#[actix_web::test]
async fn i9_of_many_callers_for_one_bank_one_wins_and_the_others_are_refused() {
    let place = Place::new().await;
    let (one, two) = (place.api().await, place.api().await);
    let (here, there) = (place.site(&one).await, place.site(&two).await);
    let city = City::build(&here, "instant", 1).await;
    let mut callers = Vec::new();
    for number in 0..60 {
        callers.push(rich_customer(&here, number).await);
    }
    let start = json!({"station_id": city.station, "slot": 1});
    let calls = callers.iter().enumerate().map(|(number, caller)| {
        let (start, here, there) = (start.clone(), &here, &there);
        async move {
            if number % 2 == 0 {
                here.post(customer(*caller), "/api/v1/rentals/start", start).await
            } else {
                there.post(customer(*caller), "/api/v1/rentals/start", start).await
            }
        }
    });
    let mut said: HashMap<(u16, String), u32> = HashMap::new();
    for answered in join_all(calls).await {
        *said.entry((answered.status, answered.code())).or_default() += 1;
    }
    let expected = [((201, String::new()), 1), ((422, "slot_empty".to_owned()), 59)];
    assert_eq!(said, HashMap::from(expected));
}

#[actix_web::test]
async fn i3_the_same_id_fifty_times_at_once_over_two_services_has_one_effect() {
    let place = Place::new().await;
    let (one, two) = (place.api().await, place.api().await);
    let (here, there) = (place.site(&one).await, place.site(&two).await);
    let command = id();
    let data = json!({"serial": "PB-1"});
    let calls = (0..50).map(|number| {
        let (data, here, there) = (data.clone(), &here, &there);
        async move {
            if number % 2 == 0 {
                here.command_as(command, ADMIN, "RegisterDevice", data).await
            } else {
                there.command_as(command, ADMIN, "RegisterDevice", data).await
            }
        }
    });
    let answers = join_all(calls).await;
    assert!(
        answers.iter().all(|answer| (answer.status, &answer.text) == (201, &answers[0].text)),
        "{answers:?}"
    );
    assert_eq!(answers.iter().filter(|answer| !answer.replay).count(), 1);
    assert_eq!(place.ledger().last_position().await.unwrap().get(), 1);
}

#[actix_web::test]
async fn i4_two_services_at_odds_over_one_station_both_get_on() {
    let place = Place::new().await;
    let (one, two) = (place.api().await, place.api().await);
    let (here, there) = (place.site(&one).await, place.site(&two).await);
    let city = City::build(&here, "instant", 40).await;
    let mut callers = Vec::new();
    for number in 0..40 {
        callers.push(rich_customer(&here, number).await);
    }
    let calls = callers.iter().zip(1..).map(|(caller, slot)| {
        let (start, here, there) = (json!({"station_id": city.station, "slot": slot}), &here, &there);
        async move {
            if slot % 2 == 0 {
                here.post(customer(*caller), "/api/v1/rentals/start", start).await
            } else {
                there.post(customer(*caller), "/api/v1/rentals/start", start).await
            }
        }
    });
    for answered in join_all(calls).await {
        answered.expect(201);
    }
}
