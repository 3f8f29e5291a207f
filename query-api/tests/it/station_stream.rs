//! `GET /api/v1/stations/{id}/commands/stream`: what a cabinet is told.

use chrono::TimeDelta;
use edge::Role;
use serde_json::json;
use uuid::Uuid;

use super::harness::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_cabinet_is_told_what_to_release_again_and_again_until_it_is_settled() {
    let stage = Stage::new().await;
    let _projector = stage.project().await;
    let station = stage.station("confirmed", 3).await;
    let customers = [stage.customer(1).await, stage.customer(2).await, stage.customer(3).await];
    let first = stage.start(customers[0], &station, 1).await;
    let mut stream = stage.listen(&station.stream(), station.who(), None).await;
    let release = stream.expect("release").await;
    let (device, serial) = &station.devices[0];
    assert_eq!(
        (
            &release.data["rental_id"],
            &release.data["device_id"],
            &release.data["serial"],
            &release.data["slot"]
        ),
        (&json!(first), &json!(device), &json!(serial), &json!(1))
    );
    let asked = time(&release.data["requested_at"]);
    assert_eq!(time(&release.data["answer_by"]) - asked, TimeDelta::seconds(60));

    // One that comes while it listens has the same form, and the same attempt when it is sent again.
    let second = stage.start(customers[1], &station, 2).await;
    let live = stream.expect("release").await;
    assert_eq!(
        (&live.data["rental_id"], &live.data["serial"]),
        (&json!(second), &json!(station.devices[1].1))
    );
    let mut again = stage.listen(&station.stream(), station.who(), None).await;
    assert_eq!(
        [again.expect("release").await, again.expect("release").await],
        [release.clone(), live.clone()]
    );
    let mut resumed = stage.listen(&station.stream(), station.who(), release.id.as_deref()).await;
    assert_eq!(resumed.expect("release").await, live, "only what was asked for after that");

    // Settled by its own answer, and by a failure.
    let confirm = json!({"rental_id": first, "serial": serial, "slot": 1});
    stage.command(station.who(), "ConfirmRelease", confirm).await;
    let fail = json!({"rental_id": second, "reason": "jammed"});
    stage.command(station.who(), "ReportReleaseFailure", fail).await;
    for stream in [&mut stream, &mut again, &mut resumed] {
        for (rental, attempt) in [(first, &release), (second, &live)] {
            let withdrawn = stream.expect("withdrawn").await;
            assert_eq!(
                withdrawn.data,
                json!({"attempt_id": attempt.data["attempt_id"], "rental_id": rental})
            );
        }
    }
    drop((stream, again, resumed));

    // Who was away when it was settled learns it on coming back, and what was asked for since.
    let third = stage.start(customers[2], &station, 3).await;
    let mut back = stage.listen(&station.stream(), station.who(), release.id.as_deref()).await;
    assert_eq!(back.expect("withdrawn").await.data["rental_id"], json!(first));
    assert_eq!(
        back.expect("release").await.data["rental_id"],
        json!(third),
        "the second was never told to it"
    );
    drop(back);
    let mut fresh = stage.listen(&station.stream(), ADMIN, None).await;
    assert_eq!(fresh.expect("release").await.data["rental_id"], json!(third), "nothing of what is settled");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_nobody_knows_the_outcome_of_is_withdrawn_once_it_is_resolved() {
    let stage = Stage::new().await;
    let _projector = stage.project().await;
    let (station, customer) = (stage.station("confirmed", 1).await, stage.customer(1).await);
    let mut stream = stage.listen(&station.stream(), station.who(), None).await;
    let rental = stage.start(customer, &station, 1).await;
    let release = stream.expect("release").await;
    let unknown = json!({"rental_id": rental, "reason": "no sensor"});
    stage.command(station.who(), "ReportReleaseUnknown", unknown).await;
    let mut again = stage.listen(&station.stream(), station.who(), None).await;
    assert_eq!(again.expect("release").await, release, "it is still open");
    let confirm = json!({"rental_id": rental, "serial": station.devices[0].1, "slot": 1});
    stage.command(station.who(), "ConfirmRelease", confirm).await;
    let withdrawn = stream.expect("withdrawn").await;
    assert_eq!(withdrawn.data["attempt_id"], release.data["attempt_id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn between_reading_and_listening_nothing_is_missed_and_nothing_comes_twice() {
    const BANKS: u16 = 40;
    let stage = Stage::new().await;
    let _projector = stage.project().await;
    let station = stage.station("confirmed", BANKS).await;
    let mut customers = Vec::new();
    for number in 0..u32::from(BANKS) {
        customers.push(stage.customer(number).await);
    }
    // Cabinets connect while releases are being asked for.
    let asking = async {
        for (slot, customer) in (1..).zip(&customers) {
            stage.start(*customer, &station, slot).await;
        }
    };
    let admin = |number: u16| (Role::Admin, Uuid::from_u128(u128::from(number)));
    let connecting = async {
        let mut streams = Vec::new();
        for number in 0..BANKS {
            streams.push(stage.listen(&station.stream(), admin(number), None).await);
        }
        streams
    };
    let ((), streams) = tokio::join!(asking, connecting);
    for mut stream in streams {
        let mut told = Vec::new();
        for _ in 0..BANKS {
            told.push(stream.expect("release").await.data["slot"].as_u64().unwrap());
        }
        assert_eq!(told, (1..=u64::from(BANKS)).collect::<Vec<_>>());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cabinet_hears_of_itself_only() {
    let stage = Stage::new().await;
    let _projector = stage.project().await;
    let (one, other) = (stage.station("confirmed", 1).await, stage.station("confirmed", 1).await);
    assert_eq!(code(stage.ask(&one.stream(), other.who(), None).await).await.0, 404);
    let customer = (Role::Customer, Uuid::from_u128(1));
    assert_eq!(code(stage.ask(&one.stream(), customer, None).await).await.0, 403);
    let nowhere = format!("/api/v1/stations/{}/commands/stream", Uuid::from_u128(9));
    assert_eq!(code(stage.ask(&nowhere, ADMIN, None).await).await.0, 404);
    assert_eq!(code(stage.ask("/api/v1/stations/9/commands/stream", ADMIN, None).await).await.0, 400);
    let mut stream = stage.listen(&one.stream(), one.who(), None).await;
    stage.start(stage.customer(1).await, &other, 1).await;
    let own = stage.start(stage.customer(2).await, &one, 1).await;
    assert_eq!(stream.expect("release").await.data["rental_id"], json!(own));
}
