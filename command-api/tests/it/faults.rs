//! The database misbehaves: nothing acknowledged is lost, nothing is done twice, and it recovers by itself.

use std::num::NonZeroUsize;

use command_api::Settings;
use futures_util::future::join_all;
use serde_json::json;

use crate::harness::{ADMIN, City, Place, connect, customer, id, rich_customer};

#[actix_web::test]
async fn i1_connections_killed_under_load_lose_nothing_and_double_nothing() {
    let place = Place::new().await;
    let api = place.api().await;
    let asker = place.site(&api).await;
    let owner = connect(&place.owner_url).await;
    let mut recorded = 0;
    for round in 0..5 {
        let calls = (0..40).map(|number| {
            let data = json!({"serial": format!("PB-{round}-{number}")});
            asker.command(ADMIN, "RegisterDevice", data)
        });
        let kill = async {
            let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                       WHERE datname = current_database() AND usename = 'chajipoa_command'";
            owner.execute(sql, &[]).await.unwrap();
        };
        let (answers, ()) = futures_util::join!(join_all(calls), kill);
        for answer in answers {
            match answer.status {
                201 => recorded += 1,
                503 => assert!(
                    answer.retry_after
                        && ["unavailable", "outcome_unknown"].contains(&answer.code().as_str())
                ),
                other => panic!("{other}: {}", answer.text),
            }
        }
    }
    let last = place.ledger().last_position().await.unwrap().get();
    assert_eq!(last, recorded, "what was acknowledged is there, once, and nothing else is");
}

#[actix_web::test]
async fn a_full_queue_refuses_at_once_and_a_tiny_cache_changes_no_answer() {
    let place = Place::new().await;
    let streams = NonZeroUsize::new(1).unwrap();
    let api = place
        .api_with(Settings { queue: 4, batch: 2, streams, snapshot_every: 2, ..Settings::default() })
        .await;
    let asker = place.site(&api).await;
    let calls = (0..60).map(|number| {
        let data = json!({"device_id": id(), "serial": format!("PB-{number}")});
        asker.command(ADMIN, "RegisterDevice", data)
    });
    let answers = join_all(calls).await;
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status == 503).collect();
    assert!(
        !refused.is_empty()
            && refused.iter().all(|answer| answer.code() == "overloaded" && answer.retry_after)
    );
    let served = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(served + refused.len(), 60);
    let last = place.ledger().last_position().await.unwrap().get();
    assert_eq!(usize::try_from(last).unwrap(), served);
}

#[actix_web::test]
async fn states_come_back_from_snapshots_and_later_events_as_they_were() {
    let place = Place::new().await;
    let streams = NonZeroUsize::new(1).unwrap();
    let api = place.api_with(Settings { streams, snapshot_every: 5, ..Settings::default() }).await;
    let asker = place.site(&api).await;
    let city = City::build(&asker, "instant", 23).await;
    let owner = connect(&place.owner_url).await;
    let sql = "SELECT count(*) FROM ledger.snapshot WHERE version > 5";
    let mut tries = 0;
    while owner.query_one(sql, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        tries += 1;
        assert!(tries < 5_000, "no snapshot was kept");
    }
    let fresh = place.api().await;
    let asker = place.site(&fresh).await;
    let asha = rich_customer(&asker, 1).await;
    let start = json!({"station_id": city.station, "slot": 23});
    let started = asker.post(customer(asha), "/api/v1/rentals/start", start).await.expect(201).json();
    assert_eq!(started["device_id"], city.devices[22].to_string());
}
