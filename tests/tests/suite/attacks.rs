//! Ten thousand ways to alter a ledger as its database's owner, and the verifier finds each and names where.
//!
//! A city lives for a while and is sealed; then its database is copied, what keeps it append-only is taken away, and
//! every attack is made in a transaction that the very verifier of the tool reads through and that is rolled back.
//! An attack is a kind, drawn with its details from a seed: one that fails can be made again by its number.
//!
//! | file | what is attacked |
//! |---|---|
//! | [`events`] | each column of an event, its place, its existence |
//! | [`rows`] | `stream_version`, `command`, `claim`, readers, the journal |
//! | [`sealing`] | tiles and checkpoints |
//! | [`forging`] | forgeries with everything else patched to fit, so that only the tree can tell |

#[path = "attacks/attack.rs"]
mod attack;
#[path = "attacks/events.rs"]
mod events;
#[path = "attacks/forging.rs"]
mod forging;
#[path = "attacks/rows.rs"]
mod rows;
#[path = "attacks/scene.rs"]
mod scene;
#[path = "attacks/sealing.rs"]
mod sealing;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use chajipoa::verify::{Asked, Check, Report, Sources, verify};
use futures_util::future::join_all;
use tokio_postgres::Client;

use attack::{Attack, Dice, Kind};
use scene::{Ground, Scene};

/// How many attacks are made.
const ATTACKS: u64 = 10_000;
/// Databases that are attacked at once.
const AT_ONCE: u64 = 2;
/// After so many attacks a database is cleaned of what was rolled back.
const CLEANED_AFTER: u64 = 200;
/// A finding that cannot name the very position names a stretch of less than this.
const WIDEST: i64 = 256;

/// Every kind of attack.
fn kinds() -> Vec<(&'static str, Kind)> {
    [events::KINDS, rows::KINDS, sealing::KINDS, forging::KINDS].concat()
}

async fn look(client: &Arc<Client>, ground: &Ground, rows_only: bool) -> Report {
    let asked = Asked { keys: ground.keys.clone(), published: ground.published.clone(), rows_only };
    verify(&Sources::one(client), asked, Arc::new(|_| {})).await.expect("the ledger can be read")
}

/// The attack of this number: its kind and its details follow from the number alone. A kind that finds nothing to do
/// with what was drawn (a command without a second event) draws again.
fn drawn(number: u64, ground: &Ground) -> Attack {
    let kinds = kinds();
    let mut dice = Dice::of(number);
    // Every kind comes in turn, so that none is rare.
    let (name, kind) = kinds[usize::try_from(number).unwrap() % kinds.len()];
    for _ in 0..1_000 {
        if let Some(mut attack) = kind(ground, &mut dice) {
            attack.name = name;
            return attack;
        }
    }
    panic!("attack {number}, {name}: there is nothing in this ledger to do it with");
}

/// Makes one attack; says what is wrong with what was found, if anything.
async fn found(client: &Arc<Client>, ground: &Ground, attack: &Attack) -> Result<(), String> {
    client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ").await.unwrap();
    let made = client.batch_execute(&attack.sql).await;
    let report = match &made {
        Ok(()) => Some(look(client, ground, true).await),
        Err(_) => None,
    };
    client.batch_execute("ROLLBACK").await.unwrap();
    let report = report.ok_or_else(|| format!("could not be made: {made:?}\n{}", attack.sql))?;
    let named = match (report.first(), attack.at) {
        (None, _) => false,
        (Some(first), None) => first.position.is_none(),
        (Some(first), Some(at)) => {
            let from = first.position.unwrap_or(i64::MAX);
            let until = first.until.unwrap_or(from);
            from <= at && at <= until && until - from < WIDEST
        }
    };
    if named { Ok(()) } else { Err(format!("should name {:?}: {report}\n{}", attack.at, attack.sql)) }
}

/// One database, and every attack whose number is its turn.
async fn attacked(scene: &Scene, turn: u64) -> (BTreeMap<&'static str, u64>, Vec<String>) {
    let client = Arc::new(scene.copy().await);
    let (mut counted, mut missed) = (BTreeMap::new(), Vec::new());
    for (made, number) in (turn..ATTACKS).step_by(usize::try_from(AT_ONCE).unwrap()).enumerate() {
        let attack = drawn(number, &scene.ground);
        match found(&client, &scene.ground, &attack).await {
            Ok(()) => *counted.entry(attack.name).or_default() += 1,
            Err(why) => missed.push(format!("attack {number}, {}: {why}", attack.name)),
        }
        assert!(missed.len() < 20, "{}", missed.join("\n\n"));
        if (u64::try_from(made).unwrap() + 1).is_multiple_of(CLEANED_AFTER) {
            scene.clean(&client).await;
        }
    }
    let after = look(&client, &scene.ground, true).await;
    assert!(after.holds, "what was rolled back left something: {after}");
    (counted, missed)
}

#[tokio::test(flavor = "multi_thread")]
async fn i11_ten_thousand_attacks_of_the_databases_owner_are_all_found_and_named() {
    let scene = Scene::new().await;
    let begun = Instant::now();
    // Side by side in one task: what costs time is done by the tasks of the verifier and by the database.
    let turns = join_all((0..AT_ONCE).map(|turn| attacked(&scene, turn))).await;
    let mut counted: BTreeMap<&'static str, u64> = BTreeMap::new();
    let mut missed = Vec::new();
    for (found, not) in turns {
        found.into_iter().for_each(|(name, count)| *counted.entry(name).or_default() += count);
        missed.extend(not);
    }
    for (name, count) in &counted {
        println!("{count:>5}  {name}");
    }
    let all: u64 = counted.values().sum();
    println!("{all} attacks of {} kinds, all found, in {:.1?}", counted.len(), begun.elapsed());
    assert!(missed.is_empty(), "{} were not found or not named:\n{}", missed.len(), missed.join("\n\n"));
    assert_eq!(all, ATTACKS);
    assert_eq!(counted.len(), kinds().len(), "every kind was made");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_ledger_holds_and_open_tables_are_told() {
    let scene = Scene::new().await;
    let client = Arc::new(scene.copy().await);
    let report = look(&client, &scene.ground, true).await;
    assert!(report.holds, "{report}");
    assert_eq!(report.sealed, report.position);
    assert_eq!(report.checkpoints, u64::try_from(scene.ground.checkpoints.len()).unwrap());
    // The copy has its triggers off.
    let report = look(&client, &scene.ground, false).await;
    assert!(report.findings.iter().all(|finding| finding.check == Check::Catalogue), "{report}");
    assert!(report.findings.iter().any(|finding| finding.what.contains("append-only")), "{report}");
    scene.the_tool().await;
}
