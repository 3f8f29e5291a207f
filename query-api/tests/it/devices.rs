//! What was done to a bank by hand, and how full it was.

use edge::Role;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::bare::{Ground, POSITION};

const DEVICE: Uuid = Uuid::from_u128(0xd1);
const NEVER_READ: Uuid = Uuid::from_u128(0xd2);
const STATION: Uuid = Uuid::from_u128(0x51);

fn path(what: &str) -> String {
    format!("/api/v1/devices/{DEVICE}/{what}")
}

fn minute(number: i64) -> String {
    format!("2026-03-02T06:{number:02}:00Z")
}

async fn five_readings() -> Ground {
    let ground = Ground::with(&[DEVICE, NEVER_READ]).await;
    let sql = "INSERT INTO cabinet.reading (station_id, slot, device_id, serial, battery_percent, taken_at, received_at) \
               SELECT $1, n, $2, 'PB-1', CASE n WHEN 4 THEN NULL ELSE 10 * n END, \
                   '2026-03-02T06:00:00Z'::timestamptz + n * interval '1 minute', now() + n * interval '1 microsecond' \
               FROM generate_series(1, 6) n";
    ground.owner.execute(sql, &[&STATION, &DEVICE]).await.unwrap();
    ground
}

/// The percentages of every page of so many, and how many pages there were.
async fn pages(ground: &Ground, path: &str) -> (Vec<i64>, usize) {
    let (mut percents, mut next, mut count) = (Vec::new(), path.to_owned(), 0);
    loop {
        let (status, position, page) = ground.get(Some(Role::Agent), &next).await;
        assert_eq!((status, position), (200, Some(POSITION)), "{page}");
        percents.extend(
            page["items"].as_array().unwrap().iter().map(|item| item["battery_percent"].as_i64().unwrap()),
        );
        count += 1;
        let Some(cursor) = page["next_cursor"].as_str() else { return (percents, count) };
        next = format!("{path}&cursor={cursor}");
    }
}

#[actix_web::test]
async fn the_curve_of_a_battery_is_paged_and_cut_to_a_stretch_of_time() {
    let ground = five_readings().await;
    assert_eq!(pages(&ground, &path("battery?limit=2")).await, (vec![10, 20, 30, 50, 60], 3));
    let stretch = format!("battery?limit=50&from={}&to={}", minute(2), minute(6));
    assert_eq!(pages(&ground, &path(&stretch)).await, (vec![20, 30, 50], 1));
    let (_, _, first) = ground.get(Some(Role::Analyst), &path("battery?limit=1")).await;
    let reading = json!({"taken_at": minute(1), "battery_percent": 10, "station_id": STATION, "slot": 1});
    assert_eq!(first["items"], json!([reading]));
    let never = format!("/api/v1/devices/{NEVER_READ}/battery");
    let (status, _, empty) = ground.get(Some(Role::Agent), &never).await;
    assert_eq!((status, empty), (200, json!({"items": [], "next_cursor": null})));
}

#[actix_web::test]
async fn the_log_of_a_device_is_read_newest_first() {
    let ground = Ground::with(&[DEVICE]).await;
    let sql = "INSERT INTO cabinet.maintenance (maintenance_id, device_id, done_at, recorded_at, action, what, cost, actor) \
               VALUES ($1, $2, $3::text::timestamptz, now(), 'note', $4, $5, 'agent:1')";
    for (number, device) in [(1_i64, DEVICE), (2, DEVICE), (3, DEVICE), (4, NEVER_READ)] {
        let cost = (number != 2).then_some(number * 1_000);
        let line = Uuid::from_u128(number.unsigned_abs().into());
        ground
            .owner
            .execute(sql, &[&line, &device, &minute(number), &format!("note {number}"), &cost])
            .await
            .unwrap();
    }
    let (status, position, first) = ground.get(Some(Role::Support), &path("maintenance?limit=2")).await;
    assert_eq!((status, position), (200, Some(POSITION)));
    let shown = |page: &Value| {
        let items = page["items"].as_array().unwrap().clone();
        items.iter().map(|item| (item["what"].clone(), item["cost"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(shown(&first), [(json!("note 3"), json!(3_000)), (json!("note 2"), Value::Null)]);
    assert_eq!(
        (&first["items"][0]["currency"], &first["items"][0]["actor"]),
        (&json!("TZS"), &json!("agent:1"))
    );
    let next = format!("maintenance?limit=2&cursor={}", first["next_cursor"].as_str().unwrap());
    let (_, _, second) = ground.get(Some(Role::Finance), &path(&next)).await;
    assert_eq!(
        (shown(&second), &second["next_cursor"]),
        (vec![(json!("note 1"), json!(1_000))], &Value::Null)
    );
}

#[actix_web::test]
async fn roles_and_values_are_read_strictly() {
    let ground = Ground::with(&[DEVICE]).await;
    for (what, readers) in [
        ("maintenance", [Role::Agent, Role::Support, Role::Finance, Role::Admin].as_slice()),
        ("battery", &[Role::Agent, Role::Support, Role::Finance, Role::Admin, Role::Analyst]),
    ] {
        for role in Role::ALL.into_iter().filter(|role| *role != Role::System) {
            let wanted = if readers.contains(&role) { 200 } else { 403 };
            assert_eq!(ground.get(Some(role), &path(what)).await.0, wanted, "{what} for {role}");
        }
        assert_eq!(ground.get(None, &path(what)).await.0, 401);
        let nowhere = format!("/api/v1/devices/{}/{what}", Uuid::from_u128(9));
        assert_eq!(ground.get(Some(Role::Admin), &nowhere).await.0, 404);
        for bad in ["limit=0", "limit=501", "colour=red", "cursor=e30"] {
            let (status, _, problem) = ground.get(Some(Role::Admin), &path(&format!("{what}?{bad}"))).await;
            assert_eq!((status, problem["code"].as_str()), (400, Some("malformed")), "{what}?{bad}");
        }
    }
    for bad in ["from=yesterday".to_owned(), format!("from={}&to={}", minute(2), minute(1))] {
        assert_eq!(ground.get(Some(Role::Admin), &path(&format!("battery?{bad}"))).await.0, 400, "{bad}");
    }
}
