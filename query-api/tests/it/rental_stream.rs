//! `GET /api/v1/rentals/active/stream`: what a customer's app is told.

use chrono::TimeDelta;
use edge::Role;
use serde_json::json;
use uuid::Uuid;

use super::harness::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_rental_is_told_from_its_start_to_its_bill() {
    let stage = Stage::new().await;
    let _projector = stage.project().await;
    let (station, customer) = (stage.station("instant", 2).await, stage.customer(1).await);
    let mut stream = stage.rental_of(customer).await;
    let idle = stream.expect("idle").await;
    assert_eq!(idle.id.unwrap(), idle.data["position"].to_string());

    let rental = stage.start(customer, &station, 1).await;
    let started = stream.expect("status").await.data;
    assert_eq!(started["rental_id"], json!(rental));
    assert_eq!((&started["status"], &started["running_price"]), (&json!("active"), &json!(0)));
    assert_eq!((&started["currency"], &started["started_at"]), (&json!("TZS"), &started["as_of"]));

    // Past the free minutes, past the first unit, past the second: each time one event, and only then.
    for (minutes, price) in [(6, 500), (25, 1_000), (30, 1_500)] {
        stage.clock.advance(TimeDelta::minutes(minutes));
        let step = stream.expect("status").await.data;
        assert_eq!((&step["running_price"], &step["due_at"]), (&json!(price), &started["due_at"]));
        assert_eq!(step["position"], started["position"], "nothing was recorded");
    }

    stage
        .command((Role::Customer, customer), "ExtendRental", json!({"rental_id": rental, "minutes": 90}))
        .await;
    let extended = stream.expect("status").await.data;
    assert_eq!(time(&extended["due_at"]) - time(&started["due_at"]), TimeDelta::minutes(90));

    stage.give_back(&station, 1).await;
    let ended = stream.expect("ended").await.data;
    assert_eq!((&ended["rental_id"], &ended["status"]), (&json!(rental), &json!("ended")));
    assert_eq!((&ended["charge"]["total"], &ended["charge"]["vat"]), (&json!(1_500), &json!(229)));

    let next = stage.start(customer, &station, 2).await;
    assert_eq!(
        stream.expect("status").await.data["rental_id"],
        json!(next),
        "it stays open for the next one"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_rental_is_told_overdue_and_costs_a_day() {
    let stage = Stage::new().await;
    let _projector = stage.project().await;
    let (station, customer) = (stage.station("instant", 1).await, stage.customer(1).await);
    let rental = stage.start(customer, &station, 1).await;
    stage.clock.advance(TimeDelta::minutes(1_441));
    let mut stream = stage.rental_of(customer).await;
    let late = stream.expect("status").await.data;
    assert_eq!((&late["status"], &late["running_price"]), (&json!("active"), &json!(6_500)));
    stage.command(ADMIN, "MarkOverdue", json!({"rental_id": rental})).await;
    assert_eq!(stream.expect("status").await.data["status"], "overdue");
    stage.clock.advance(TimeDelta::days(1));
    assert_eq!(stream.expect("status").await.data["running_price"], 12_500);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_is_told_and_so_is_that_nothing_came_of_it() {
    let stage = Stage::new().await;
    let _projector = stage.project().await;
    let (station, customer) = (stage.station("confirmed", 1).await, stage.customer(1).await);
    let mut stream = stage.rental_of(customer).await;
    stream.expect("idle").await;
    let rental = stage.start(customer, &station, 1).await;
    let releasing = stream.expect("status").await.data;
    assert_eq!((&releasing["status"], &releasing["started_at"]), (&json!("releasing"), &json!(null)));
    let failure = json!({"rental_id": rental, "reason": "jammed"});
    stage.command(station.who(), "ReportReleaseFailure", failure).await;
    let ended = stream.expect("ended").await.data;
    assert_eq!((&ended["status"], &ended["charge"]["total"]), (&json!("cancelled"), &json!(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_customer_is_told_nothing() {
    let stage = Stage::new().await;
    let _projector = stage.project().await;
    let station = stage.station("instant", 2).await;
    let (customer, other) = (stage.customer(1).await, stage.customer(2).await);
    let foreign = format!("{RENTAL}?customer_id={customer}");
    assert_eq!(code(stage.ask(&foreign, (Role::Customer, other), None).await).await.0, 404);
    assert_eq!(code(stage.ask(RENTAL, station.who(), None).await).await.0, 403);
    assert_eq!(code(stage.ask(RENTAL, ADMIN, None).await).await.0, 400, "staff say whose");
    let unknown = format!("{RENTAL}?x=1");
    assert_eq!(code(stage.ask(&unknown, (Role::Customer, other), None).await).await.0, 400);

    let mut theirs = stage.rental_of(other).await;
    let mut support = stage.listen(&foreign, (Role::Support, Uuid::from_u128(5)), None).await;
    theirs.expect("idle").await;
    support.expect("idle").await;
    let rental = stage.start(customer, &station, 1).await;
    assert_eq!(support.expect("status").await.data["rental_id"], json!(rental));
    let own = stage.start(other, &station, 2).await;
    assert_eq!(theirs.expect("status").await.data["rental_id"], json!(own), "the first that it hears of");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_comes_back_learns_the_end_it_missed() {
    let stage = Stage::new().await;
    let _projector = stage.project().await;
    let (station, customer) = (stage.station("instant", 1).await, stage.customer(1).await);
    let rental = stage.start(customer, &station, 1).await;
    let me = (Role::Customer, customer);
    let seen = stage.rental_of(customer).await.expect("status").await.id.unwrap();
    stage.clock.advance(TimeDelta::minutes(20));
    stage.give_back(&station, 1).await;
    let mut stream = stage.listen(RENTAL, me, Some(&seen)).await;
    let ended = stream.expect("ended").await;
    assert_eq!((&ended.data["rental_id"], &ended.data["charge"]["total"]), (&json!(rental), &json!(500)));
    stream.expect("idle").await;
    let mut again = stage.listen(RENTAL, me, ended.id.as_deref()).await;
    again.expect("idle").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_that_never_was_is_refused() {
    let stage = Stage::new().await;
    let _projector = stage.project().await;
    let station = stage.station("confirmed", 1).await;
    for last in ["-1", "x", "1e3", "", "99999999999999999999", "9223372036854775807", "1000000"] {
        for (path, who) in
            [(RENTAL, (Role::Customer, Uuid::from_u128(7))), (&station.stream(), station.who())]
        {
            let (status, code) = code(stage.ask(path, who, Some(last)).await).await;
            assert_eq!((status, code.as_str()), (400, "malformed"), "{path} {last:?}");
        }
    }
    wait_until(async || stage.queries.live().streams() == 0).await;
}
