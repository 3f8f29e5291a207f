//! Cabinets that misbehave, each in its way, through the real cabinet link: what the ledger makes of it is the one thing
//! that it has to be, and afterwards every invariant holds.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tests::harness::ADMIN;
use tests::verifier::Journal;

use crate::faults::assert_sound;
use crate::journey::Up;
use crate::simulate::simulate;

/// Every event of a rental, in order.
async fn story(up: &Up, rental: &str) -> Vec<Value> {
    let path = format!("/api/v1/ledger/events?stream={rental}");
    let answer = up.client.get_at(ADMIN, &path, up.place.last().await).await.expect(200);
    answer.at("/items").as_array().unwrap().clone()
}

fn types(story: &[Value]) -> Vec<&str> {
    story.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

fn one<'a>(story: &'a [Value], kind: &str) -> &'a Value {
    let found: Vec<&Value> = story.iter().filter(|event| event["type"] == kind).collect();
    assert_eq!(found.len(), 1, "{kind} in {:?}", types(story));
    found[0]
}

fn moment(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap_or_else(|| panic!("{value}")).parse().unwrap()
}

fn review(event: &Value) -> Vec<&str> {
    let codes = event["data"]["review"].as_array();
    codes.into_iter().flatten().map(|code| code.as_str().unwrap()).collect()
}

const PLAIN: [&str; 3] = ["RentalRequested", "RentalStarted", "RentalEnded"];
const UNKNOWN: [&str; 4] = ["RentalRequested", "ReleaseOutcomeUnknown", "RentalStarted", "RentalEnded"];

#[tokio::test(flavor = "multi_thread")]
async fn every_misbehaviour_of_a_cabinet_comes_to_its_one_end() {
    let up = Up::with_reactor().await;
    let report = simulate(&up, 25, 11).await;
    let episodes = report["cabinets"].as_array().unwrap();
    let mut stories = BTreeMap::new();
    for episode in episodes {
        let how = episode["how"].as_str().unwrap();
        stories.insert(how, story(&up, episode["rental_id"].as_str().unwrap()).await);
    }
    let hows: Vec<&str> = stories.keys().copied().collect();
    let all = ["clock_wrong", "duplicate", "late", "offline", "silent", "slow", "two_banks", "wrong_bank"];
    assert_eq!(hows, all);
    for (how, story) in &stories {
        let unknown = matches!(*how, "late" | "silent");
        let expected: &[&str] = if unknown { &UNKNOWN } else { &PLAIN };
        // What was sent twice (duplicate) is there once as well.
        assert_eq!(types(story), expected, "{how}");
        let same = one(story, "RentalRequested")["data"]["device_id"]
            == one(story, "RentalStarted")["data"]["device_id"];
        assert_eq!(same, *how != "wrong_bank", "{how}");
    }
    starts_and_reviews(&stories);

    // Kept while offline: it arrived later than it happened, and is billed when it happened.
    let evidence = &one(&stories["offline"], "RentalEnded")["data"]["evidence"];
    let (observed, arrived) = (moment(&evidence["observed_at"]), moment(&evidence["arrived_at"]));
    assert!(arrived - observed >= TimeDelta::seconds(1), "{evidence}");
    assert!(moment(&evidence["billed_at"]) <= observed, "{evidence}");

    // The second bank was missed and came back.
    let lost = episodes.iter().find(|episode| episode["how"] == "two_banks").unwrap();
    let station =
        up.client.get(ADMIN, &format!("/api/v1/stations/{}", lost["station_id"].as_str().unwrap())).await;
    let second = station.at("/slot_list/1/device_id").as_str().expect("it is back").to_owned();
    let story = story(&up, &second).await;
    let tail = &types(&story)[types(&story).len() - 2..];
    assert_eq!(tail, ["DeviceMissing", "DeviceDocked"]);

    assert_sound(&up.place, &Journal::default(), None).await;
}

/// When each rental started, and what somebody is asked to look at.
fn starts_and_reviews(stories: &BTreeMap<&str, Vec<Value>>) {
    for (how, story) in stories {
        let started = one(story, "RentalStarted");
        let expected: &[&str] = match *how {
            "clock_wrong" => &["clock_suspect"],
            "wrong_bank" => &["other_device"],
            _ => &[],
        };
        assert_eq!(review(started), expected, "{how}");
        assert_eq!(started["data"]["started_at"], started["occurred_at"], "{how}");
    }
    let between = |how: &str, from: &str| {
        let story = &stories[how];
        moment(&one(story, "RentalStarted")["data"]["started_at"]) - moment(&one(story, from)["occurred_at"])
    };
    // A late answer says when the bank left; an inventory only that it is gone by now: the customer's favour.
    assert!(between("late", "RentalRequested") < TimeDelta::seconds(30));
    assert!(between("silent", "RentalRequested") >= TimeDelta::seconds(60));
    assert_eq!(one(&stories["silent"], "RentalEnded")["data"]["charge"]["total"], json!(0));
    let recorded = |how: &str| {
        let story = &stories[how];
        moment(&one(story, "RentalStarted")["recorded_at"])
            - moment(&one(story, "RentalRequested")["recorded_at"])
    };
    assert!(recorded("slow") >= TimeDelta::seconds(2));
    assert!(recorded("late") >= TimeDelta::seconds(60));
    // A clock hours ahead: the arrival counts.
    let started = one(&stories["clock_wrong"], "RentalStarted");
    assert!(moment(&started["data"]["started_at"]) <= moment(&started["recorded_at"]));
}
