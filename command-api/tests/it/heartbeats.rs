//! Cabinets that are heard, fall silent and are heard again.

use std::time::Duration;

use edge::{Clock as _, Role};
use ledger::Position;
use serde_json::json;

use crate::cabinet::{Cabinet, Ground, later};
use crate::harness::{ADMIN, Serves};

/// Waits until so many events of that type are recorded; at most ten seconds.
async fn until(ground: &Ground, kind: &str, wanted: usize) -> Vec<String> {
    let mut found = Vec::new();
    for _ in 0..500 {
        found = ground.since(Position::ZERO).await;
        if found.iter().filter(|one| *one == kind).count() >= wanted {
            return found;
        }
        edge::pace::rest(Duration::from_millis(20)).await;
    }
    panic!("{kind} did not come: {found:?}");
}

async fn beat<S: Serves>(cabinet: &Cabinet<'_, S>) -> String {
    let answer =
        cabinet.asker.post(cabinet.itself(), &cabinet.path("heartbeat"), json!({})).await.expect(200);
    assert_eq!(answer.json()["server_time"], json!(cabinet.clock.now()));
    answer.json()["status"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn a_silent_cabinet_goes_offline_at_its_deadline_and_comes_back_when_it_is_heard() {
    let ground = Ground::listening().await;
    let second = ground.place.start(
        command_api::Settings { listen_every: Duration::from_millis(20), ..command_api::Settings::default() },
        ground.clock.clone(),
    );
    let _second = second.await;
    let asker = ground.place.site(&ground.api).await;
    let cabinet = Cabinet::build(&ground, &asker, "confirmed", 1).await;
    let never_heard = Cabinet {
        city: crate::harness::City::build_beside(&asker, 1).await,
        ..Cabinet::build(&ground, &asker, "confirmed", 0).await
    };
    let heard_at = ground.clock.now();
    assert_eq!(beat(&cabinet).await, "online");
    later(&ground.clock, 16);
    until(&ground, "StationWentOffline", 1).await;
    let went = ground.last("StationWentOffline").await;
    assert_eq!(
        (&went["station_id"], &went["reason"]),
        (&json!(cabinet.city.station), &json!("no heartbeat"))
    );
    assert_eq!(went["occurred_at"], json!(heard_at + chrono::TimeDelta::minutes(15)), "the deadline itself");
    assert!(went["actor"].as_str().unwrap().starts_with("system:"));
    later(&ground.clock, 60);
    assert_eq!(beat(&cabinet).await, "online");
    assert_eq!(ground.last("StationCameOnline").await["station_id"], json!(cabinet.city.station));
    later(&ground.clock, 16);
    let all = until(&ground, "StationWentOffline", 2).await;
    let count = |kind: &str| all.iter().filter(|one| *one == kind).count();
    assert_eq!(
        (count("StationWentOffline"), count("StationCameOnline")),
        (2, 1),
        "two processes, one effect"
    );
    assert_eq!(beat(&never_heard).await, "online", "one that was never heard is not missed");
}

#[actix_web::test]
async fn a_kiosk_is_never_offline_for_want_of_a_heartbeat() {
    let ground = Ground::listening().await;
    let asker = ground.place.site(&ground.api).await;
    let kiosk = Cabinet::build(&ground, &asker, "instant", 1).await;
    beat(&kiosk).await;
    let cabinet = Cabinet {
        city: crate::harness::City::build_beside(&asker, 1).await,
        asker: &asker,
        clock: &ground.clock,
    };
    later(&ground.clock, 1);
    beat(&cabinet).await;
    later(&ground.clock, 16);
    // The kiosk was silent for longer: once the cabinet is offline, it has been looked at.
    until(&ground, "StationWentOffline", 1).await;
    let went = ground.last("StationWentOffline").await;
    assert_eq!(went["station_id"], json!(cabinet.city.station));
    assert_eq!(beat(&kiosk).await, "online");
}

#[actix_web::test]
async fn what_staff_said_of_a_station_stands_against_heartbeats_and_silence() {
    let ground = Ground::listening().await;
    let asker = ground.place.site(&ground.api).await;
    let cabinet = Cabinet::build(&ground, &asker, "confirmed", 1).await;
    let station = json!({"station_id": cabinet.city.station});
    let closed = json!({"station_id": cabinet.city.station, "reason": "flood"});
    asker.command(ADMIN, "TakeStationOffline", closed).await.expect(201);
    assert_eq!(beat(&cabinet).await, "offline", "a heartbeat does not open what staff closed");
    asker.command(ADMIN, "BringStationOnline", station.clone()).await.expect(201);
    later(&ground.clock, 16);
    until(&ground, "StationWentOffline", 2).await;
    asker.command(ADMIN, "BringStationOnline", station).await.expect(201);
    // Another silent cabinet is taken offline in a later round; this one is not again.
    let other = Cabinet {
        city: crate::harness::City::build_beside(&asker, 1).await,
        asker: &asker,
        clock: &ground.clock,
    };
    beat(&other).await;
    later(&ground.clock, 16);
    until(&ground, "StationWentOffline", 3).await;
    let went = ground.last("StationWentOffline").await;
    assert_eq!(went["station_id"], json!(other.city.station));
}

#[actix_web::test]
async fn a_heartbeat_is_kept_with_the_firmware_and_read_strictly() {
    let ground = Ground::new().await;
    let asker = ground.place.site(&ground.api).await;
    let cabinet = Cabinet::build(&ground, &asker, "confirmed", 1).await;
    let path = cabinet.path("heartbeat");
    let body = json!({"at": "2026-03-02T06:00:00Z", "firmware": "2.4.1"});
    asker.post(cabinet.itself(), &path, body).await.expect(200);
    let heard_at = later(&ground.clock, 1);
    asker.post(ADMIN, &path, json!({})).await.expect(200);
    asker.request(Some((Role::Station, cabinet.city.station)), &path, None, String::new()).await.expect(200);
    let sql = "SELECT station_id, heard_at, firmware FROM cabinet.heard";
    let rows = ground.owner().await.query(sql, &[]).await.unwrap();
    assert_eq!(rows.len(), 1);
    let kept = (rows[0].get::<_, uuid::Uuid>(0), rows[0].get::<_, chrono::DateTime<chrono::Utc>>(1));
    assert_eq!((kept, rows[0].get::<_, &str>(2)), ((cabinet.city.station, heard_at), "2.4.1"));
    for bad in [
        json!({"at": "now"}),
        json!({"firmware": 2}),
        json!({"firmware": "x".repeat(201)}),
        json!({"x": 1}),
        json!(7),
    ] {
        asker.post(cabinet.itself(), &path, bad).await.expect(400);
    }
}
