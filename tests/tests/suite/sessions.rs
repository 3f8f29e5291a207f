//! Getting in, over separate processes: guessing a code, and the end of a session wherever it is shown.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use tests::harness::{Client, Place, SUPPORT, wait_until};

use crate::parts::{COMMANDS, LoggedIn, PROJECTOR, Parts, QUERIES, open, with};
use crate::town::phone;

/// How soon every process turns an ended session away.
const SOON: Duration = Duration::from_secs(2);
const GUESSES: usize = 1_000;
const PROFILE: &str = "/api/v1/users/profile";
const PAYMENTS: &str = "/api/v1/users/payments";

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_guesses_at_once_are_three() {
    let parts = Parts::start(Place::new().await, "info", &[COMMANDS, COMMANDS]).await;
    let doors = parts.of("command-api");
    let phone = phone();
    let code = parts.code(&doors[0], &phone, None).await;
    let right: usize = code.parse().unwrap();
    let guess = async |n: usize| {
        // Every code but the right one, somewhere.
        let body = json!({"phone": phone, "code": format!("{:06}", (right + n) % 1_000_000)});
        open(&doors[n % doors.len()], "/api/v1/auth/verify-phone", body).await
    };
    let answers = join_all((1..=GUESSES).map(guess)).await;
    let mut counted: BTreeMap<(u16, String), usize> = BTreeMap::new();
    for answer in &answers {
        *counted.entry((answer.status, answer.code())).or_default() += 1;
    }
    let wrong = ((422, "code_wrong".to_owned()), 3);
    let ended = ((422, "code_expired".to_owned()), GUESSES - 3);
    assert_eq!(counted, BTreeMap::from([wrong, ended]));
    let mut left: Vec<i64> = answers.iter().filter_map(|answer| answer.at("/tries_left").as_i64()).collect();
    left.sort_unstable();
    assert_eq!(left, [0, 1, 2]);
    let late = json!({"phone": phone, "code": code});
    for door in &doors {
        let _ = open(door, "/api/v1/auth/verify-phone", late.clone()).await.refused(422, "code_expired");
    }
    // Whoever has the phone gets in with another code.
    let again = parts.log_in(&doors[1], &phone, None).await;
    assert!(!again.customer.is_empty());
}

/// Every process takes the token, or every process turns it away.
async fn stands(doors: &[Client], desks: &[Client], who: &LoggedIn) -> Vec<u16> {
    let mut seen = Vec::new();
    for (clients, path) in [(doors, PROFILE), (desks, PAYMENTS)] {
        for client in clients {
            seen.push(with(client, &who.access, Method::GET, path, None).await.status);
        }
    }
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_in_one_process_ends_in_all_of_them_within_two_seconds() {
    let services = [COMMANDS, COMMANDS, PROJECTOR, QUERIES, QUERIES];
    let parts = Parts::start(Place::new().await, "info", &services).await;
    let (doors, desks) = (parts.of("command-api"), parts.of("query-api"));
    let (asha, juma, bystander) = (phone(), phone(), phone());
    let asha = parts.log_in(&doors[0], &asha, Some("Asha")).await;
    let juma = parts.log_in(&doors[1], &juma, None).await;
    let bystander = parts.log_in(&doors[1], &bystander, None).await;
    let last = parts.place.last().await;
    wait_until("the read models are there", Duration::from_secs(60), async || {
        let projected = parts.place.projected().await;
        projected.len() == 4 && projected.iter().all(|position| *position >= last)
    })
    .await;
    for who in [&asha, &juma, &bystander] {
        assert_eq!(stands(&doors, &desks, who).await, [200; 4]);
    }

    let _ =
        with(&doors[0], &asha.access, Method::POST, "/api/v1/auth/logout", Some(json!({}))).await.expect(204);
    let _ = with(&doors[0], &asha.access, Method::GET, PROFILE, None).await.refused(401, "unauthorized");
    wait_until("a logout reaches every process", SOON, async || {
        stands(&doors, &desks, &asha).await == [401; 4]
    })
    .await;
    let refresh = json!({"refresh_token": asha.refresh});
    let _ = open(&doors[1], "/api/v1/auth/refresh", refresh).await.refused(401, "refresh_token_invalid");

    let reason = json!({"customer_id": juma.customer, "reason": "a complaint"});
    let _ = doors[1].command(SUPPORT, "SuspendCustomer", reason).await.expect(201);
    let _ = with(&doors[1], &juma.access, Method::GET, PROFILE, None).await.refused(401, "unauthorized");
    wait_until("a suspension reaches every process", SOON, async || {
        stands(&doors, &desks, &juma).await == [401; 4]
    })
    .await;
    let refresh = json!({"refresh_token": juma.refresh});
    let _ = open(&doors[0], "/api/v1/auth/refresh", refresh).await.refused(401, "refresh_token_invalid");

    // A refresh token shown twice ends the session: one of the two who have it should not.
    assert_eq!(stands(&doors, &desks, &bystander).await, [200; 4]);
    let refresh = json!({"refresh_token": bystander.refresh});
    let next = LoggedIn::of(&open(&doors[0], "/api/v1/auth/refresh", refresh.clone()).await.expect(200));
    assert_eq!(stands(&doors, &desks, &next).await, [200; 4]);
    let _ = open(&doors[1], "/api/v1/auth/refresh", refresh).await.refused(401, "refresh_token_reused");
    for who in [&bystander, &next] {
        wait_until("a reused token ends the session everywhere", SOON, async || {
            stands(&doors, &desks, who).await == [401; 4]
        })
        .await;
    }
}
