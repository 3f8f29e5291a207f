//! The simulated city on everything in one process: nothing surprises it, the same seed does the same things, live
//! equals rebuilt, and the books are even at every position.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::harness::{FINANCE, Place};
use tests::verifier::Journal;

use crate::faults::assert_sound;
use crate::journey::Up;

/// 5,000 rentals are some 40,000 commands; on two busy cores with a debug build.
const BOUND: Duration = Duration::from_secs(120);

async fn simulate(up: &Up, rentals: u32, seed: u32) -> Value {
    let (rentals, seed) = (rentals.to_string(), seed.to_string());
    let arguments = ["simulate", "--rentals", &rentals, "--seed", &seed, "--json", "--url", up.client.base()];
    let spec = up.place.spec(&arguments, &up.place.database.owner_url);
    let (status, said) = tokio::task::spawn_blocking(move || spec.run()).await.unwrap();
    assert!(status.success(), "{said}");
    let report: Value = serde_json::from_str(said.trim()).unwrap_or_else(|_| panic!("{said}"));
    assert_eq!(report["surprises"], json!(0), "{report}");
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn i6_i7_five_thousand_rentals_leave_even_books_at_every_position_and_live_equals_rebuilt() {
    let up = Up::new().await;
    let started = Instant::now();
    let report = simulate(&up, 5_000, 7).await;
    println!("5,000 rentals in {:.1?}", started.elapsed());
    assert!(started.elapsed() < BOUND, "it took {:?}", started.elapsed());
    assert!(report["rentals_started"].as_u64().unwrap() >= 4_800, "{report}");
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

#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_does_the_same_things_and_another_one_others() {
    let mut reports = Vec::new();
    for seed in [3, 3, 4] {
        let up = Up::at(Place::new().await).await;
        let mut report = simulate(&up, 150, seed).await;
        report["seed"] = json!(0);
        reports.push(report);
    }
    assert_eq!(reports[0], reports[1]);
    assert_ne!(reports[0], reports[2]);
}
