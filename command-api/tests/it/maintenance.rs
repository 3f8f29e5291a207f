//! What is done to banks by hand: the log, and the commands that go with it.

use edge::{Clock as _, Role};
use serde_json::{Value, json};

use crate::cabinet::{Cabinet, Ground, later};
use crate::harness::{ADMIN, Who, id};

fn path(device: uuid::Uuid) -> String {
    format!("/api/v1/devices/{device}/maintenance")
}

#[actix_web::test]
async fn a_bank_goes_into_maintenance_and_comes_back_and_the_log_says_who_and_what_it_cost() {
    let ground = Ground::new().await;
    let asker = ground.place.site(&ground.api).await;
    let cabinet = Cabinet::build(&ground, &asker, "instant", 1).await;
    let device = cabinet.city.devices[0];
    let agent: Who = (Role::Agent, id());
    later(&ground.clock, 20);
    let start = json!({"what": "swollen", "action": "start"});
    let logged = asker.post(agent, &path(device), start).await.expect(201).json();
    assert_eq!(
        (&logged["action"], &logged["cost"], &logged["currency"]),
        (&json!("start"), &Value::Null, &json!("TZS"))
    );
    let done_at = later(&ground.clock, 10);
    let note = json!({"what": "cell changed", "cost": 12_500});
    asker.post(agent, &path(device), note).await.expect(201);
    later(&ground.clock, 10);
    let complete = json!({"what": "fit", "action": "complete", "battery_percent": 97, "done_at": done_at});
    let refused = asker.post(agent, &path(device), complete.clone()).await.expect(201).json();
    assert_eq!(refused["done_at"], json!(done_at));
    let all = ground.since(ledger::Position::ZERO).await;
    assert_eq!(all[all.len() - 2..], ["MaintenanceStarted", "MaintenanceCompleted"]);
    let completed = ground.last("MaintenanceCompleted").await;
    assert_eq!((&completed["battery_percent"], &completed["occurred_at"]), (&json!(97), &json!(done_at)));
    let sql =
        "SELECT action, what, cost, actor FROM cabinet.maintenance WHERE device_id = $1 ORDER BY recorded_at";
    let rows = ground.owner().await.query(sql, &[&device]).await.unwrap();
    let log: Vec<(String, String, Option<i64>)> =
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
    let line = |action: &str, what: &str, cost| (action.to_owned(), what.to_owned(), cost);
    assert_eq!(
        log,
        [
            line("start", "swollen", None),
            line("note", "cell changed", Some(12_500)),
            line("complete", "fit", None)
        ]
    );
    assert!(rows.iter().all(|row| row.get::<_, &str>(3) == format!("agent:{}", agent.1)));
}

#[actix_web::test]
async fn the_same_note_twice_is_one_line_and_a_refused_one_is_none() {
    let ground = Ground::new().await;
    let asker = ground.place.site(&ground.api).await;
    let cabinet = Cabinet::build(&ground, &asker, "instant", 1).await;
    let device = cabinet.city.devices[0];
    let (agent, key) = ((Role::Agent, id()), id());
    let note = json!({"what": "cleaned", "action": "start", "cost": 0}).to_string();
    let first = asker.request(Some(agent), &path(device), Some(key), note.clone()).await.expect(201);
    assert_eq!(first.json()["maintenance_id"], json!(key));
    later(&ground.clock, 5);
    let again = asker.request(Some(agent), &path(device), Some(key), note.clone()).await.expect(201);
    assert_eq!((again.replay, again.text), (true, first.text));
    for (who, body) in
        [(agent, json!({"what": "cleaned", "action": "start", "cost": 1}).to_string()), (ADMIN, note)]
    {
        let reused = asker.request(Some(who), &path(device), Some(key), body).await.expect(409);
        assert_eq!(reused.code(), "idempotency_key_reused");
    }
    let complete = json!({"what": "fit", "action": "complete"});
    asker.post(agent, &path(device), complete).await.expect(201);
    later(&ground.clock, 5);
    cabinet.start(1, 1, 201).await;
    let out =
        asker.post(agent, &path(device), json!({"what": "lost screw", "action": "start"})).await.expect(422);
    assert_eq!(out.code(), "device_rented");
    let count = "SELECT count(*) FROM cabinet.maintenance";
    assert_eq!(ground.owner().await.query_one(count, &[]).await.unwrap().get::<_, i64>(0), 2);
}

#[actix_web::test]
async fn what_is_no_note_is_refused() {
    let ground = Ground::new().await;
    let asker = ground.place.site(&ground.api).await;
    let cabinet = Cabinet::build(&ground, &asker, "instant", 1).await;
    let device = cabinet.city.devices[0];
    let agent = (Role::Agent, id());
    for bad in [
        json!({}),
        json!({"what": " "}),
        json!({"what": "x".repeat(201)}),
        json!({"what": "a", "cost": -1}),
        json!({"what": "a", "cost": 1.5}),
        json!({"what": "a", "cost": 100_000_001}),
        json!({"what": "a", "action": "burn"}),
        json!({"what": "a", "battery_percent": 101}),
        json!({"what": "a", "done_at": "today"}),
        json!({"what": "a", "by": "me"}),
    ] {
        let refused = asker.post(agent, &path(device), bad.clone()).await.expect(400);
        assert_eq!(refused.code(), "malformed", "{bad}");
    }
    let ahead = json!({"what": "a", "done_at": ground.clock.now() + chrono::TimeDelta::minutes(6)});
    assert_eq!(asker.post(agent, &path(device), ahead).await.expect(422).code(), "occurred_at_in_future");
    asker.post(agent, &path(id()), json!({"what": "a"})).await.expect(404);
    for role in [Role::Customer, Role::Station, Role::Support, Role::Finance, Role::Analyst, Role::Payments] {
        asker.post((role, id()), &path(device), json!({"what": "a"})).await.expect(403);
    }
}
