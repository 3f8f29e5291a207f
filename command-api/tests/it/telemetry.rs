//! Telemetry is kept for its days, whichever process looks after it.

use std::num::NonZeroU16;
use std::time::Duration;

use command_api::Settings;

use crate::cabinet::Ground;

#[actix_web::test]
async fn a_service_drops_the_days_that_are_past_its_keep_and_no_others() {
    let ground = Ground::new().await;
    let owner = ground.owner().await;
    let sql = "SELECT to_date(right(c.relname, 8), 'YYYYMMDD') - (now() AT TIME ZONE 'UTC')::date \
               FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
               WHERE i.inhparent = 'cabinet.reading'::regclass ORDER BY 1";
    let days =
        async || -> Vec<i32> { owner.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect() };
    for ago in [7, 8, 30] {
        let make = format!("SELECT cabinet.make_day((now() AT TIME ZONE 'UTC')::date - {ago})");
        owner.query(&make, &[]).await.unwrap();
    }
    assert_eq!(days().await, [-30, -8, -7, 0, 1, 2], "the service that keeps ninety days keeps them all");
    let settings = Settings { telemetry_days: NonZeroU16::new(7).unwrap(), ..Settings::default() };
    let _service = ground.place.start(settings, ground.clock.clone()).await;
    let mut found = Vec::new();
    for _ in 0..500 {
        found = days().await;
        if found == [-7, 0, 1, 2] {
            return;
        }
        edge::pace::rest(Duration::from_millis(20)).await;
    }
    panic!("the days are {found:?}");
}
