//! USSD against the real program: how soon a screen comes while two hundred sessions begin in each second, and a bill that is
//! paid in the sandbox.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tests::harness::{Client, Place, wait_for, wait_until};
use tokio::time::{Instant, interval};

use crate::town::{Town, customer, id, rich_customer};
use crate::wallets::{LIMIT, Sandbox};

/// How many sessions begin in a second, and for how long.
const SESSIONS_A_SECOND: usize = 200;
const SECONDS: usize = 5;
/// What 99 of 100 screens take at most, from the moment at which they are to be asked for.
const AT_MOST: Duration = Duration::from_millis(200);
/// What a session asks for, screen after screen.
const INPUTS: [&str; 5] = ["", "1", "1*0*5", "1*0*5*0*2", "1*0*5*0*2*3"];

async fn screen(http: &reqwest::Client, base: &str, session: &str, phone: &str, text: &str) -> String {
    let phone = phone.replace('+', "%2B");
    let form = format!(
        "sessionId={session}&phoneNumber={phone}&networkCode=64004&serviceCode=*149*46%23&text={text}"
    );
    let request = http.post(format!("{base}/api/v1/ussd")).body(form);
    let answer = request.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.text().await.unwrap()
}

/// One caller's screens; how long each took, the first from when it was to begin.
async fn session(http: reqwest::Client, base: String, phone: String, due: Instant) -> Vec<Duration> {
    let (name, mut since, mut took) = (format!("ATUid_{}", id().simple()), due, Vec::new());
    for text in INPUTS {
        let shown = screen(&http, &base, &name, &phone, text).await;
        assert!(shown.starts_with("CON ") && shown.len() <= 200, "{shown}");
        took.push(since.elapsed());
        since = Instant::now();
    }
    took
}

async fn phone_of(client: &Client) -> String {
    let asha = rich_customer(client).await;
    let profile = client.get(customer(asha), "/api/v1/users/profile").await.expect(200);
    profile.at("/phone").as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn ninety_nine_of_a_hundred_screens_come_within_a_fifth_of_a_second() {
    let place = Place::new().await;
    let process = place.up().start().await;
    wait_until("the demo city stands", LIMIT, async || process.log().contains("ChajiPoa is ready")).await;
    let client = place.client(&process);
    let _town = Town::found(&client, "instant", 1, json!({})).await;
    let mut phones = Vec::new();
    for _ in 0..20 {
        phones.push(phone_of(&client).await);
    }
    let http = reqwest::Client::builder().pool_max_idle_per_host(512).build().unwrap();
    let each = Duration::from_secs(1) / u32::try_from(SESSIONS_A_SECOND).unwrap();
    let (mut ticks, mut sessions) = (interval(each), Vec::new());
    for number in 0..SESSIONS_A_SECOND * SECONDS {
        let due = ticks.tick().await;
        let phone = phones[number % phones.len()].clone();
        sessions.push(tokio::spawn(session(http.clone(), process.url(), phone, due)));
    }
    let mut took = Vec::new();
    for session in sessions {
        took.extend(session.await.unwrap());
    }
    took.sort();
    let p99 = took[took.len() * 99 / 100];
    println!(
        "{} screens, p50 {:?}, p99 {p99:?}, longest {:?}",
        took.len(),
        took[took.len() / 2],
        took[took.len() - 1]
    );
    assert!(p99 < AT_MOST, "p99 {p99:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bill_number_is_paid_at_a_wallet_and_is_the_deposit() {
    let place = Place::new().await;
    let process = place.up().start().await;
    let client = place.client(&process);
    let asha = rich_customer(&client).await;
    let profile = client.get(customer(asha), "/api/v1/users/profile").await.expect(200);
    let bill = profile.at("/bill_number");
    let (sandbox, _process) = Sandbox::beside(&place, &process.url()).await;
    let body = json!({"msisdn": "255754000001", "bill": bill, "amount": 7_500, "provider": "mpesa",
        "transaction_id": "AZM0123456789abcdef"});
    for _ in 0..2 {
        let paid = sandbox.send(Method::POST, "/bill-pay", body.clone()).await;
        assert_eq!(paid["payment"]["body"]["StatusCode"], 0, "{paid}");
    }
    let balance = async || {
        let balance = client.get(customer(asha), "/api/v1/users/balance").await;
        (balance.at("/balance") == json!(27_500)).then_some(())
    };
    wait_for("the bill is paid in, once", LIMIT, balance).await;
}
