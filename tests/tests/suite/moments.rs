//! The two axes of time on everything in one process: the worked example of docs/time.md, and, after a simulated city,
//! a hundred positions at which every answer equals what a fold of its own says.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use reqwest::Method;
use serde_json::{Value, json};
use tests::harness::{ADMIN, Answer, Client, FINANCE};
use tests::witness::{World, trail};

use crate::journey::Up;
use crate::simulate::simulate;
use crate::town::{Town, dated, id, minutes_ago, rich_customer, station, upload};

const POSITIONS: usize = 100;
const TIMES: usize = 20;
const SAMPLE: usize = 4;

fn rfc(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_return_that_a_station_tells_late_was_not_known_and_had_happened() {
    let up = Up::new().await;
    let client = &up.client;
    let town = Town::found(client, "instant", 1, json!({})).await;
    let asha = rich_customer(client).await;
    let began = town.began(client, asha, 1, 55).await.expect(201);
    let rental = began.at("/result/rental_id").as_str().unwrap().to_owned();
    let event = format!("/api/v1/ledger/events/{}", began.position().unwrap());
    let event = client.get_at(ADMIN, &event, began.position().unwrap()).await.expect(200);
    // Noon: the start is recorded, the return is not, though the bank has stood in its slot for 20 minutes.
    let noon: DateTime<Utc> = serde_json::from_value(event.at("/recorded_at")).unwrap();
    let returned_at = minutes_ago(20);
    let data = json!({"serial": town.banks[0].serial, "station_id": town.station, "slot": 1, "observed_at": returned_at});
    let returned = client.command(station(town.station), "DeviceReturned", data).await.expect(201);
    let last = returned.position().unwrap();
    assert!(returned_at < noon);

    let ask =
        async |path: &str, question: String| client.get_at(ADMIN, &format!("{path}?{question}"), last).await;
    let known = format!("as_of={}", rfc(noon));
    let happened = format!("occurred_until={}", rfc(noon));
    let path = format!("/api/v1/rentals/{rental}");
    let then = ask(&path, known.clone()).await.expect(200);
    assert_eq!(
        (then.at("/status"), then.at("/ended_at"), then.at("/charge_final")),
        (json!("active"), Value::Null, json!(false))
    );
    assert_eq!(then.at("/position"), json!(began.position().unwrap()));
    assert_eq!(then.position(), began.position(), "the header says the same");
    let by_then = ask(&path, happened.clone()).await.expect(200);
    let ended_at: DateTime<Utc> = serde_json::from_value(by_then.at("/ended_at")).unwrap();
    assert_eq!((by_then.at("/status"), ended_at), (json!("ended"), returned_at));
    assert_eq!((by_then.at("/charge/total"), by_then.position()), (json!(1_000), Some(last)));
    assert_eq!(ask(&path, format!("{known}&{happened}")).await.expect(200).at("/status"), json!("active"));

    let charge = format!("{path}/charge");
    assert_eq!(ask(&charge, known.clone()).await.expect(200).at("/final"), json!(false));
    assert_eq!(ask(&charge, happened.clone()).await.expect(200).at("/total"), json!(1_000));
    let shelf = format!("/api/v1/stations/{}", town.station);
    assert_eq!(ask(&shelf, known.clone()).await.expect(200).at("/slot_list/0/status"), json!("empty"));
    assert_eq!(ask(&shelf, happened.clone()).await.expect(200).at("/slot_list/0/status"), json!("occupied"));
    let purse = async |question: &str| {
        let answer = ask("/api/v1/users/balance", format!("customer_id={asha}&{question}")).await;
        answer.expect(200).at("/balance")
    };
    assert_eq!((purse(&known).await, purse(&happened).await), (json!(20_000), json!(19_000)));

    let _ = ask(&path, "as_of=position:1".to_owned()).await.refused(404, "not_there_yet");
    let _ = ask(&path, "as_of=tomorrow".to_owned()).await.refused(400, "malformed");
    let _ = client
        .get(ADMIN, &format!("{path}?as_of=position:{}", last + 1_000))
        .await
        .refused(503, "not_caught_up");
    let _ = ask(&format!("/api/v1/rentals/{}", id()), known).await.refused(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_waited_for_comes_and_is_answered_there() {
    let up = Up::new().await;
    let last = up.place.last().await;
    let path = format!("/api/v1/finance/trial-balance?as_of=position:{}", last + 1);
    let (answer, _) = tokio::join!(up.client.get(FINANCE, &path), async {
        let line = dated("RegisterDevice", minutes_ago(0), json!({"device_id": id(), "serial": "PB-WAITED"}));
        upload(&up.client, ADMIN, &[line]).await;
    });
    assert_eq!(answer.expect(200).at("/position"), json!(last + 1));
}

/// Numbers that follow from a seed: any will do that are spread.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end).unwrap()).unwrap()
    }

    fn some<T: Clone>(&mut self, all: impl Iterator<Item = T>) -> Vec<T> {
        let all: Vec<T> = all.collect();
        if all.is_empty() {
            return all;
        }
        (0..SAMPLE).map(|_| all[self.below(all.len())].clone()).collect()
    }
}

async fn ask(client: &Client, path: &str) -> Answer {
    client.ask(Method::GET, path, Some(ADMIN), &[], None).await
}

/// The books as an answer shows them, without accounts that never moved.
fn books(answer: &Answer) -> BTreeMap<i16, i64> {
    let items = answer.at("/items");
    let net = items.as_array().unwrap().iter().map(|item| {
        let number = |field: &str| item[field].as_i64().unwrap();
        (item["account"].as_str().unwrap().parse().unwrap(), number("debit") - number("credit"))
    });
    net.filter(|(_, net)| *net != 0).collect()
}

fn moved(world: &World) -> BTreeMap<i16, i64> {
    world.books.iter().filter(|(_, net)| **net != 0).map(|(account, net)| (*account, *net)).collect()
}

async fn compare_money(client: &Client, world: &World, customers: &[String], moment: &str) {
    let answer = ask(client, &format!("/api/v1/finance/trial-balance?{moment}")).await.expect(200);
    assert_eq!(answer.at("/total_debit"), answer.at("/total_credit"), "{moment}");
    assert_eq!(moved(world).values().sum::<i64>(), 0, "{moment}");
    assert_eq!(books(&answer), moved(world), "{moment}");
    for customer in customers {
        let path = format!("/api/v1/users/balance?customer_id={customer}&{moment}");
        let answer = ask(client, &path).await.expect(200);
        let (balance, debt) = world.purses[customer];
        assert_eq!((answer.at("/balance"), answer.at("/debt")), (json!(balance), json!(debt)), "{path}");
    }
}

async fn compare_rental(client: &Client, rental: &str, expected: &tests::witness::Rental, moment: &str) {
    let path = format!("/api/v1/rentals/{rental}?{moment}");
    let answer = ask(client, &path).await.expect(200);
    assert_eq!(answer.at("/status"), json!(expected.status), "{path}");
    assert_eq!(answer.at("/charge_final"), json!(expected.is_over()), "{path}");
    if let Some(total) = expected.total {
        assert_eq!(answer.at("/charge/total"), json!(total), "{path}");
        let charge = ask(client, &format!("/api/v1/rentals/{rental}/charge?{moment}")).await.expect(200);
        assert_eq!((charge.at("/total"), charge.at("/final")), (json!(total), json!(true)), "{path}");
    }
    if !expected.ended_at.is_empty() {
        let shown: DateTime<Utc> = serde_json::from_value(answer.at("/ended_at")).unwrap();
        assert_eq!(shown, expected.ended_at.parse::<DateTime<Utc>>().unwrap(), "{path}");
    }
}

async fn compare_known(client: &Client, world: &World, position: usize, dice: &mut Dice) {
    let moment = format!("as_of=position:{position}");
    let customers = dice.some(world.purses.keys().cloned());
    compare_money(client, world, &customers, &moment).await;
    for (rental, versions) in dice.some(world.rentals.iter()) {
        compare_rental(client, rental, &versions.last().unwrap().2, &moment).await;
    }
    for station in dice.some(world.slots.keys().map(|(station, _)| station.clone())) {
        let path = format!("/api/v1/stations/{station}?{moment}");
        let answer = ask(client, &path).await.expect(200);
        assert_eq!(answer.at("/slot_list"), world.station(&station), "{path}");
        assert_eq!(answer.at("/position"), json!(position));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn i6_at_a_hundred_positions_every_answer_equals_a_fold_of_its_own() {
    let up = Up::with_reactor().await;
    let _ = simulate(&up, 400, 11).await;
    let last = up.place.last().await;
    let events = trail(&up.client, last).await;
    let mut dice = Dice(0x5eed_0f71);
    let mut positions: Vec<usize> = (0..POSITIONS).map(|_| 1 + dice.below(events.len())).collect();
    positions.push(events.len());
    positions.sort_unstable();
    let mut world = World::default();
    let mut folded = 0;
    for position in positions {
        events[folded..position].iter().for_each(|event| world.take(event));
        folded = position;
        compare_known(&up.client, &world, position, &mut dice).await;
    }
    // What has happened by the time of some event, as far as it is known at the end.
    for _ in 0..TIMES {
        let until: DateTime<Utc> =
            serde_json::from_value(events[dice.below(events.len())]["occurred_at"].clone()).unwrap();
        let moment = format!("as_of=position:{last}&occurred_until={}", rfc(until));
        let at = |event: &&Value| {
            event["occurred_at"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap() <= until
        };
        let mut by_then = World::default();
        events.iter().filter(at).for_each(|event| by_then.pay(event));
        let registered: Vec<String> = dice.some(registered(&events, until));
        compare_money(&up.client, &by_then, &registered, &moment).await;
        for (rental, _) in dice.some(world.rentals.iter()) {
            match world.rental_by(rental, until) {
                Some(expected) => compare_rental(&up.client, rental, expected, &moment).await,
                None => {
                    let path = format!("/api/v1/rentals/{rental}?{moment}");
                    let _ = ask(&up.client, &path).await.refused(404, "not_there_yet");
                }
            }
        }
    }
}

/// Who had registered by a time.
fn registered(events: &[Value], until: DateTime<Utc>) -> impl Iterator<Item = String> {
    let at = move |event: &&Value| {
        event["occurred_at"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap() <= until
    };
    let all = events.iter().filter(|event| event["type"] == "CustomerRegistered").filter(at);
    all.map(|event| event["data"]["customer_id"].as_str().unwrap().to_owned())
}
