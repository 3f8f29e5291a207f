//! The simulated city on everything in one process, deadlines included: nothing surprises it, the same seed makes the same
//! choices, live equals rebuilt, and the books are even at every position.

use std::time::{Duration, Instant};

use futures_util::future::join3;
use serde_json::{Value, json};
use tests::harness::{FINANCE, Place};
use tests::verifier::Journal;

use crate::faults::assert_sound;
use crate::journey::Up;

/// 5,000 rentals are some 40,000 requests; on two busy cores with a debug build.
const BOUND: Duration = Duration::from_secs(180);

pub(crate) async fn simulate(up: &Up, rentals: u32, seed: u32) -> Value {
    let (rentals, seed, sandbox) = (rentals.to_string(), seed.to_string(), up.sandbox());
    let what = ["simulate", "--rentals", &rentals, "--seed", &seed, "--json"];
    let arguments = [&what[..], &["--url", up.client.base(), "--sandbox", &sandbox]].concat();
    let spec = up.place.spec(&arguments, &up.place.database.owner_url);
    let (status, said) = tokio::task::spawn_blocking(move || spec.run()).await.unwrap();
    assert!(status.success(), "{said}");
    let report: Value = serde_json::from_str(said.trim()).unwrap_or_else(|_| panic!("{said}"));
    assert_eq!(report["surprises"], json!(0), "{report}");
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn i6_i7_five_thousand_rentals_leave_even_books_at_every_position_and_live_equals_rebuilt() {
    let up = Up::with_reactor().await;
    let started = Instant::now();
    let report = simulate(&up, 5_000, 7).await;
    println!("5,000 rentals in {:.1?}", started.elapsed());
    assert!(started.elapsed() < BOUND, "it took {:?}", started.elapsed());
    assert!(report["rentals_started"].as_u64().unwrap() >= 4_800, "{report}");
    assert_eq!(report["payments"].as_object().unwrap().len(), 10, "every way of the provider: {report}");
    // Of those that were overdue when they were entered the system marks those that it comes to before their return.
    for (kind, least) in [
        ("RentalExtended", 100),
        ("RentalBecameOverdue", 5),
        ("RentalSold", 60),
        ("DeviceRecovered", 20),
        ("ReturnAttemptRecorded", 20),
        ("ReleaseOutcomeUnknown", 20),
        ("StationWentOffline", 40),
    ] {
        let count = count(&up.place, kind).await;
        assert!(count >= least, "{kind}: {count}");
    }
    // The verifier folds every position by itself and compares the journal there.
    assert_sound(&up.place, &Journal::default(), None).await;
    let last = up.place.last().await;
    for step in 1..=20 {
        let position = last * step / 20;
        let path = format!("/api/v1/finance/trial-balance?as_of=position:{position}");
        let books = up.client.get(FINANCE, &path).await.expect(200);
        assert_eq!(books.at("/total_debit"), books.at("/total_credit"), "i6 at {position}");
        assert_eq!(books.at("/position"), json!(position));
    }
}

/// How many events of a type there are.
async fn count(place: &Place, kind: &str) -> i64 {
    let all = "SELECT count(*) FROM ledger.event WHERE type = $1";
    place.database.owner().await.query_one(all, &[&kind]).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_makes_the_same_choices_and_another_one_others() {
    let city = async |seed| {
        let up = Up::with_reactor().await;
        let report = simulate(&up, 150, seed).await;
        let again = simulate(&up, 30, seed).await;
        assert!(again["rentals_started"].as_u64().unwrap() >= 28, "a city stands beside its twin: {again}");
        chosen(report)
    };
    let (one, twin, other) = join3(city(3), city(3), city(4)).await;
    assert_eq!(one, twin);
    assert_ne!(one, other);
}

/// What is chosen, without what depends on ids and on how long it took: bills, and so who has to pay in again.
fn chosen(mut report: Value) -> Value {
    let all = report.as_object_mut().unwrap();
    for field in ["seed", "charged_tzs", "paid_tzs", "payments", "duplicates_sent", "duplicates_replayed"] {
        assert!(all.remove(field).is_some(), "{field}");
    }
    let commands = all["commands"].as_object_mut().unwrap();
    assert!(commands.remove("InitiatePayment").is_some());
    for episode in all["cabinets"].as_array_mut().unwrap() {
        for id in ["rental_id", "station_id"] {
            assert!(episode.as_object_mut().unwrap().remove(id).is_some(), "{id}");
        }
    }
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn a_city_without_a_sandbox_says_what_to_do_and_ends_as_misuse() {
    let place = Place::new().await;
    let up = place.up().env("CHAJIPOA_SANDBOX_BIND", "off").start().await;
    let arguments = ["simulate", "--rentals", "5", "--url", &up.url(), "--sandbox", "http://127.0.0.1:9"];
    let spec = place.spec(&arguments, &place.database.owner_url);
    let (status, said) = tokio::task::spawn_blocking(move || spec.run()).await.unwrap();
    assert_eq!(status.code(), Some(2), "{said}");
    assert!(said.contains("no sandbox answers at http://127.0.0.1:9"), "{said}");
    assert!(said.contains("--sandbox") && said.contains("CHAJIPOA_SANDBOX_URL"), "{said}");
    assert_eq!(count(&place, "RentalStarted").await, 0);
}
