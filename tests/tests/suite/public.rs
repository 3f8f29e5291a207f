//! What anybody may see: stations near a point, the page of a printed code, the feed for maps.

use std::collections::BTreeSet;
use std::path::PathBuf;

use reqwest::Method;
use serde_json::{Value, json};
use tests::harness::{ADMIN, AGENT, Answer, Client};
use uuid::Uuid;

use crate::journey::Up;
use crate::town::{Town, customer, id, rich_customer, station};

async fn anybody(client: &Client, path: &str) -> Answer {
    client.ask(Method::GET, path, None, &[], None).await
}

async fn anybody_at(client: &Client, path: &str, position: i64) -> Answer {
    client.ask(Method::GET, path, None, &[("ledger-min-position", &position.to_string())], None).await
}

/// Registers a station there; its id and the position.
async fn stands(client: &Client, [latitude, longitude]: [f64; 2]) -> (Uuid, i64) {
    let station = id();
    let data = json!({
        "station_id": station, "code": format!("P-{}", &station.simple().to_string()[12..]), "name": "Far away",
        "latitude": latitude, "longitude": longitude, "slots": 3, "release_mode": "instant",
    });
    let answer = client.command(ADMIN, "RegisterStation", data).await.expect(201);
    (station, answer.position().unwrap())
}

fn ids(page: &Answer) -> BTreeSet<String> {
    page.at("/items")
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["station_id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn stations_near_a_point_are_found_across_the_date_line_and_at_the_pole() {
    let up = Up::new().await;
    let client = &up.client;
    let mut position = 0;
    let mut at = Vec::new();
    for place in [[0.0, 179.99], [0.0, -179.99], [0.0, 179.9], [89.99, 0.0], [89.99, 180.0], [-90.0, 7.0]] {
        let (station, at_position) = stands(client, place).await;
        at.push(station.to_string());
        position = at_position;
    }
    let of = |range: &[usize]| range.iter().map(|n| at[*n].clone()).collect::<BTreeSet<_>>();

    let line = anybody_at(client, "/api/v1/stations?near=0,180", position).await.expect(200);
    assert_eq!(ids(&line), of(&[0, 1]), "{}", line.text);
    let other_side = anybody(client, "/api/v1/stations?near=0,-180&radius_m=12000").await.expect(200);
    assert_eq!(ids(&other_side), of(&[0, 1, 2]), "{}", other_side.text);
    let nearest = &other_side.json()["items"][0];
    let shown = ["distance_m", "available_devices", "free_slots", "status", "renting", "returning"];
    // A hundredth of a degree of the sphere.
    assert_eq!(
        shown.map(|name| &nearest[name]),
        [&json!(1112), &json!(0), &json!(3), &json!("online"), &json!(true), &json!(true)]
    );
    let pole = anybody(client, "/api/v1/stations?near=90,-120").await.expect(200);
    assert_eq!(ids(&pole), of(&[3, 4]), "{}", pole.text);
    let south = anybody(client, "/api/v1/stations?near=-89.999,-100&radius_m=200").await.expect(200);
    assert_eq!(ids(&south), of(&[5]), "{}", south.text);

    // Page by page: each once, nearest first.
    let (mut cursor, mut found) = (String::new(), Vec::new());
    loop {
        let path = format!("/api/v1/stations?near=0,180&radius_m=12000&limit=1{cursor}");
        let page = anybody(client, &path).await.expect(200);
        found.push((page.at("/items/0/distance_m"), page.at("/items/0/station_id")));
        match page.at("/next_cursor").as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(found.iter().map(|(metres, _)| metres.clone()).collect::<Vec<_>>(), [1112, 1112, 11_120]);
    assert_eq!(found.iter().map(|(_, id)| id.to_string()).collect::<BTreeSet<_>>().len(), 3);
    for bad in [
        "near=",
        "near=1",
        "near=1,2,3",
        "near=91,0",
        "near=0,180.1",
        "near=NaN,1",
        "near=1,1&radius_m=50001",
    ] {
        let _ = anybody(client, &format!("/api/v1/stations?{bad}")).await.refused(400, "malformed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_printed_code_shows_what_to_do_and_never_where_a_bank_is() {
    let up = Up::new().await;
    let client = &up.client;
    let town = Town::found(client, "instant", 2, json!({})).await;
    let asha = rich_customer(client).await;
    let started = client.command(ADMIN, "StartRental", town.start(asha, 1)).await.expect(201);
    let position = started.position().unwrap();
    let [rented, docked] = [&town.banks[0], &town.banks[1]];
    let path = format!("/api/v1/devices/{}", rented.id);

    let public = anybody_at(client, &path, position).await.expect(200);
    let names: Vec<String> = public.json().as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["device_id", "how_to_rent", "how_to_return", "serial", "status"]);
    assert_eq!(public.at("/status"), "in_service");
    assert_eq!(client.get(customer(asha), &path).await.expect(200).text, public.text);
    assert_eq!(client.get(station(id()), &path).await.expect(200).text, public.text);
    let staff = client.get(AGENT, &path).await.expect(200);
    assert_eq!(
        (staff.at("/status"), staff.at("/rental_id")),
        (json!("rented"), started.at("/result/rental_id"))
    );
    let own = client.get(station(town.station), &format!("/api/v1/devices/{}", docked.id)).await.expect(200);
    assert_eq!(own.at("/slot"), 2);
    let bad = client.ask(Method::GET, &path, None, &[("authorization", "Bearer x.y.z")], None).await;
    let _ = bad.refused(401, "unauthorized");
    let _ = anybody(client, &format!("/api/v1/devices/{}", id())).await.refused(404, "not_found");

    let events = up.place.last().await;
    for bank in [rented, docked] {
        let page = anybody(client, &format!("/d/{}", bank.serial)).await.expect(200);
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
        assert!(page.text.contains(&bank.serial) && page.text.contains("in service"), "{}", page.text);
        for secret in [asha, town.station, bank.id] {
            assert!(!page.text.contains(&secret.to_string()), "{}", page.text);
        }
    }
    for unknown in ["PB-nobody", "x", "%3Cscript%3E", "%00%FF", "..%2f"] {
        let page = anybody(client, &format!("/d/{unknown}")).await.expect(404);
        assert!(page.text.starts_with("<!DOCTYPE html>") && !page.text.contains("<script"), "{}", page.text);
    }
    assert_eq!(up.place.last().await, events, "looking starts nothing");
}

fn schema(feed: &str) -> jsonschema::Validator {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../schema/gbfs/3.0/{feed}.json"));
    let schema: Value = serde_json::from_slice(&std::fs::read(file).expect("vendored")).expect("JSON");
    jsonschema::options().should_validate_formats(true).build(&schema).expect("a schema")
}

fn conforms(feed: &str, file: &Value) {
    let wrong: Vec<String> =
        schema(feed).iter_errors(file).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(wrong.is_empty(), "{feed}: {wrong:?}\n{file}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feed_is_as_the_published_schemas_of_gbfs_want_it() {
    let up = Up::new().await;
    let client = &up.client;
    let town = Town::found(client, "instant", 2, json!({})).await;
    let asha = rich_customer(client).await;
    let started = client.command(ADMIN, "StartRental", town.start(asha, 1)).await.expect(201);
    let position = started.position().unwrap();

    let discovery = anybody_at(client, "/gbfs/3/gbfs.json", position).await.expect(200).json();
    conforms("gbfs", &discovery);
    let feeds = discovery["data"]["feeds"].as_array().unwrap();
    assert_eq!(feeds.len(), 6);
    for feed in feeds {
        let (name, url) = (feed["name"].as_str().unwrap(), feed["url"].as_str().unwrap());
        let path = url.strip_prefix(client.base()).expect("where it was asked");
        let file = anybody_at(client, path, position).await.expect(200);
        conforms(name, &file.json());
        assert_eq!(file.header("content-type"), Some("application/json"));
        assert!(file.position().unwrap() >= position, "{name}");
        let ttl = file.at("/ttl").as_i64().unwrap();
        let age = file.header("cache-control").unwrap().strip_prefix("public, max-age=").unwrap();
        assert!((0..=ttl).contains(&age.parse().unwrap()), "{name}: {age} of {ttl}");
        if name != "gbfs" {
            let tag = file.header("etag").unwrap();
            let again =
                client.ask(Method::GET, path, None, &[("if-none-match", tag)], None).await.expect(304);
            assert_eq!((again.text.as_str(), again.header("etag")), ("", Some(tag)), "{name}");
        }
    }
    // A schema that takes anything would have taken this too.
    assert!(!schema("station_status").is_valid(&discovery));

    let here = |file: Value| {
        let stations = file["data"]["stations"].as_array().unwrap().clone();
        stations.into_iter().find(|item| item["station_id"] == json!(town.station)).expect("it is listed")
    };
    let status = here(anybody(client, "/gbfs/3/station_status.json").await.expect(200).json());
    assert_eq!((&status["num_vehicles_available"], &status["num_docks_available"]), (&json!(1), &json!(199)));
    let told = here(anybody(client, "/gbfs/3/station_information.json").await.expect(200).json());
    assert_eq!((&told["capacity"], &told["lat"]), (&json!(200), &json!(-6.8)));
    let plans = anybody(client, "/gbfs/3/system_pricing_plans.json").await.expect(200);
    assert_eq!(plans.at("/data/plans/0/per_min_pricing/0"), json!({"start": 5, "rate": 500, "interval": 0}));
    let types = anybody(client, "/gbfs/3/vehicle_types.json").await.expect(200);
    assert_eq!(types.at("/data/vehicle_types/0/default_pricing_plan_id"), plans.at("/data/plans/0/plan_id"));
    let _ = anybody(client, "/gbfs/3/vehicle_status.json").await.refused(404, "not_found");

    // Out of service: listed as not there to rent, with when it was last heard of.
    let data = json!({"station_id": town.station, "service": "maintenance"});
    let changed = client.command(ADMIN, "ChangeStation", data).await.expect(201);
    let closed =
        anybody_at(client, "/gbfs/3/station_status.json", changed.position().unwrap()).await.expect(200);
    conforms("station_status", &closed.json());
    let status = here(closed.json());
    assert_eq!(["is_installed", "is_renting", "is_returning"].map(|name| &status[name]), [&json!(false); 3]);
}
