//! The verifier itself: it is content with a sound system, and finds a seeded violation of each invariant, by name and
//! position.

use std::time::Duration;

use bytes::Bytes;
use ledger::migrate::ServiceRole;
use ledger::tree::{CheckpointText, Frontier};
use ledger::{Position, leaf};
use serde_json::{Value, json};
use tests::harness::{binary, wait_until};
use tests::verifier::{Checkpoint, Event, Evidence, Journal, Record, Violation, models, verify};
use uuid::Uuid;

use crate::journey::Up;
use crate::load::Load;

const LIMIT: Duration = Duration::from_secs(60);

/// A small sound ledger with everything that is known of it.
struct Scene {
    up: Up,
    evidence: Evidence,
    journal: Journal,
}

impl Scene {
    async fn new() -> Self {
        let up = Up::new().await;
        let load = Load::start(std::slice::from_ref(&up.client), 3).await;
        load.goes_on(60).await;
        let journal = load.stop().await;
        let last = up.place.last().await;
        wait_until("the read models have caught up", LIMIT, async || {
            up.place.projected().await.iter().all(|position| *position == last)
        })
        .await;
        let client = up.place.database.client(ServiceRole::Query).await;
        let mut evidence = Evidence::read(&client).await.unwrap();
        // A topic as the relay leaves it, one record twice.
        let carry = |event: &Event| Record { source: evidence.source.clone(), event: event.clone() };
        let mut records: Vec<Record> = evidence.events.iter().map(carry).collect();
        records.insert(10, records[9].clone());
        evidence.records = Some(records);
        evidence.checkpoints = signed(&up).await;
        Self { up, evidence, journal }
    }

    /// What is found once this was done to the evidence or the journal.
    fn after(&self, hurt: impl FnOnce(&mut Evidence, &mut Journal)) -> Vec<Violation> {
        let (mut evidence, mut journal) = (self.evidence.clone(), self.journal.clone());
        hurt(&mut evidence, &mut journal);
        verify(&evidence, &journal)
    }

    /// The index of the last event of this type.
    fn last(&self, event_type: &str) -> usize {
        self.evidence.events.iter().rposition(|event| event.event_type == event_type).unwrap()
    }
}

/// Checkpoints over every fortieth event, by the ledger's own tree.
async fn signed(up: &Up) -> Vec<Checkpoint> {
    let ledger = up.place.ledger();
    let identity = ledger.identity().await.unwrap();
    let (mut tree, mut checkpoints, mut after) = (Frontier::new(), Vec::new(), Position::ZERO);
    loop {
        let events = ledger.read_after(after, 1_000).await.unwrap();
        let Some(last) = events.last() else { return checkpoints };
        after = last.position;
        for event in &events {
            tree.push(leaf::hash(event));
            if tree.size().is_multiple_of(40) {
                let text = CheckpointText::new(identity, tree.size(), tree.root());
                checkpoints.push(Checkpoint {
                    epoch: identity.epoch,
                    size: i64::try_from(tree.size()).unwrap(),
                    root: tree.root().to_vec(),
                    note: format!("{text}\n— whoever c2lnbmF0dXJl\n"),
                });
            }
        }
    }
}

/// Asserts that this invariant fell, at this position.
fn fell(found: &[Violation], invariant: &str, position: i64) {
    let named = found.iter().any(|one| one.invariant == invariant && one.position == Some(position));
    assert!(named, "{invariant} at {position} is not among {found:?}");
}

fn payload(event: &mut Event, pointer: &str, value: Value) {
    let mut whole: Value = serde_json::from_slice(&event.payload).unwrap();
    *whole.pointer_mut(pointer).unwrap() = value;
    event.payload = Bytes::from(whole.to_string());
}

/// The payload changed wherever it is held, so that only what it says is at fault.
fn rewrite(evidence: &mut Evidence, index: usize, pointer: &str, value: &Value) {
    let position = evidence.events[index].position;
    payload(&mut evidence.events[index], pointer, value.clone());
    for record in evidence.records.iter_mut().flatten().filter(|record| record.event.position == position) {
        payload(&mut record.event, pointer, value.clone());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_finds_a_seeded_violation_of_each_invariant_and_none_where_there_is_none() {
    let scene = Scene::new().await;
    assert_eq!(verify(&scene.evidence, &scene.journal), [], "a sound system");
    answers(&scene);
    order(&scene);
    money_and_rentals(&scene);
    transport(&scene);
    checkpoints(&scene);
    read_models(&scene).await;
    the_program(&scene).await;
}

fn answers(scene: &Scene) {
    let index = scene.last("RentalEnded");
    let event = &scene.evidence.events[index];
    let (id, at) = (event.command_id, event.position);
    let gone = scene.after(|evidence, _| drop(evidence.commands.remove(&id)));
    fell(&gone, "I1", at);
    fell(&gone, "I2", at);
    let altered = scene.after(|evidence, _| {
        let stored = evidence.commands.get_mut(&id).unwrap();
        stored.result =
            String::from_utf8(stored.result.clone()).unwrap().replace("ended", "endet").into_bytes();
    });
    fell(&altered, "I1", at);
    let other = scene.after(|evidence, _| evidence.events[index].event_type = "RentalSold".to_owned());
    fell(&other, "I1", at);
    let stolen =
        scene.after(|evidence, _| evidence.commands.get_mut(&id).unwrap().actor = "admin:1".to_owned());
    fell(&stolen, "I1", at);
    let refused = scene.after(|_, journal| {
        for said in journal.0.iter_mut().filter(|said| said.command_id == id) {
            said.status = 422;
        }
    });
    fell(&refused, "I2", at);
    let double = scene.after(|evidence, _| {
        let mut again = evidence.events[index].clone();
        again.position = i64::try_from(evidence.events.len()).unwrap() + 1;
        evidence.events.push(again);
    });
    fell(&double, "I3", i64::try_from(scene.evidence.events.len()).unwrap() + 1);
    let two_answers = scene.after(|_, journal| {
        let mut said =
            journal.0.iter().find(|said| said.command_id == id && said.status == 201).unwrap().clone();
        said.answer.push(' ');
        journal.0.push(said);
    });
    fell(&two_answers, "I3", at);
}

fn order(scene: &Scene) {
    let index = scene.last("RentalStarted");
    let event = &scene.evidence.events[index];
    let (at, (stream, version)) = (event.position, event.streams[1]);
    let hole = scene.after(|evidence, _| evidence.events[index].streams[1].1 += 1);
    fell(&hole, "I4", at);
    let unlisted = scene.after(|evidence, _| {
        let _ = evidence.versions.remove(&(stream, version));
    });
    fell(&unlisted, "I4", at);
    let more = scene.after(|evidence, _| {
        let _ = evidence.versions.insert((Uuid::nil(), 1), 1);
    });
    assert!(more.iter().any(|one| one.invariant == "I4"), "{more:?}");
    let gap = scene.after(|evidence, _| drop(evidence.events.remove(index)));
    fell(&gap, "I5", at);
    let early = scene.after(|evidence, _| evidence.events[index].recorded_at -= chrono::TimeDelta::hours(1));
    fell(&early, "I5", at);
}

fn money_and_rentals(scene: &Scene) {
    let index = scene.last("PaymentSettled");
    let at = scene.evidence.events[index].position;
    let invented = scene.after(|evidence, _| rewrite(evidence, index, "/amount", &json!(601)));
    fell(&invented, "I6", at);
    let overdrawn = scene.after(|evidence, _| {
        rewrite(evidence, index, "/amount", &json!(-90_000));
        rewrite(evidence, index, "/credited/deposit", &json!(-90_000));
    });
    fell(&overdrawn, "I6", at);
    let booked = scene.after(|evidence, _| {
        let models = evidence.models.as_mut().unwrap();
        models.journal.iter_mut().find(|line| line.position == at).unwrap().amount += 1;
    });
    fell(&booked, "I6", at);
    let unbooked = scene
        .after(|evidence, _| evidence.models.as_mut().unwrap().journal.retain(|line| line.position != at));
    fell(&unbooked, "I6", at);
    let totals =
        scene.after(|evidence, _| evidence.models.as_mut().unwrap().accounts.get_mut(&1_000).unwrap().0 += 1);
    assert!(totals.iter().any(|one| one.invariant == "I6"), "{totals:?}");

    // Two customers, one bank.
    let index = scene.last("RentalStarted");
    let before =
        scene.evidence.events[..index].iter().rposition(|event| event.event_type == "RentalStarted").unwrap();
    let device = |index: usize| {
        let payload: Value = serde_json::from_slice(&scene.evidence.events[index].payload).unwrap();
        (payload["device_id"].clone(), payload["customer_id"].clone())
    };
    let (bank, customer) = device(before);
    let at = scene.evidence.events[index].position;
    let unended = |evidence: &mut Evidence| {
        for event in &mut evidence.events[before..] {
            if event.event_type == "RentalEnded" {
                event.event_type = "RentalExtended".to_owned();
            }
        }
    };
    let shared = scene.after(|evidence, _| {
        unended(evidence);
        payload(&mut evidence.events[index], "/device_id", bank.clone());
    });
    fell(&shared, "I9", at);
    let greedy = scene.after(|evidence, _| {
        unended(evidence);
        payload(&mut evidence.events[index], "/customer_id", customer.clone());
    });
    fell(&greedy, "I9", at);
}

fn transport(scene: &Scene) {
    let records =
        |evidence: &mut Evidence, hurt: &dyn Fn(&mut Vec<Record>)| hurt(evidence.records.as_mut().unwrap());
    let lost = scene.after(|evidence, _| records(evidence, &|all| drop(all.remove(30))));
    fell(&lost, "I8", 30);
    let swapped = scene.after(|evidence, _| records(evidence, &|all| all.swap(30, 31)));
    fell(&swapped, "I8", 30);
    let altered = scene.after(|evidence, _| {
        records(evidence, &|all| all[30].event.payload = Bytes::from_static(b"{}"));
    });
    fell(&altered, "I8", 30);
    let foreign = scene.after(|evidence, _| records(evidence, &|all| all[30].source.push('x')));
    fell(&foreign, "I8", 30);
    let last = i64::try_from(scene.evidence.events.len()).unwrap();
    let short = scene.after(|evidence, _| records(evidence, &|all| drop(all.pop())));
    fell(&short, "I8", last);
    let ahead = scene.after(|evidence, _| {
        records(evidence, &|all| {
            let mut next = all[all.len() - 1].clone();
            next.event.position = last + 1;
            all.push(next);
        });
    });
    fell(&ahead, "I8", last + 1);
}

fn checkpoints(scene: &Scene) {
    assert!(scene.evidence.checkpoints.len() > 2, "{:?}", scene.evidence.checkpoints.len());
    // Its streams, its books and its command know nothing of these two.
    let traced = scene.after(|evidence, _| evidence.events[49].traceparent = Some("00-1".to_owned()));
    fell(&traced, "I11", 80);
    assert!(!traced.iter().any(|one| one.invariant == "I11" && one.position == Some(40)), "{traced:?}");
    let caused = scene.after(|evidence, _| evidence.events[0].causation_id = Some(Uuid::nil()));
    fell(&caused, "I11", 40);
    let root = scene.after(|evidence, _| evidence.checkpoints[1].root[7] ^= 1);
    fell(&root, "I11", 80);
    let note = scene.after(|evidence, _| evidence.checkpoints[1].note = evidence.checkpoints[0].note.clone());
    fell(&note, "I11", 80);
    let ahead = scene.after(|evidence, _| {
        let mut next = evidence.checkpoints[0].clone();
        next.size = i64::try_from(evidence.events.len()).unwrap() + 1;
        evidence.checkpoints.push(next);
    });
    fell(&ahead, "I11", i64::try_from(scene.evidence.events.len()).unwrap() + 1);
}

async fn read_models(scene: &Scene) {
    let index = scene.last("PaymentSettled");
    let payload: Value = serde_json::from_slice(&scene.evidence.events[index].payload).unwrap();
    let customer: Uuid = payload["customer_id"].as_str().unwrap().parse().unwrap();
    let at = scene.evidence.events[index].position;
    let richer = scene.after(|evidence, _| {
        evidence.models.as_mut().unwrap().balances.get_mut(&customer).unwrap().0 += 1;
    });
    fell(&richer, "I7", at);
    let open = scene.after(|evidence, _| {
        let rentals = &mut evidence.models.as_mut().unwrap().rentals;
        rentals.values_mut().next().unwrap().2 = "active".to_owned();
    });
    assert!(open.iter().any(|one| one.invariant == "I7"), "{open:?}");

    // A row that was changed behind the projector's back: the rebuild tells.
    let (tool, url) = (binary(), scene.up.place.database.url(ServiceRole::Projector));
    let data = scene.up.place.data().to_string_lossy().into_owned();
    let rebuild = async || {
        let (tool, url, data) = (tool.clone(), url.clone(), data.clone());
        let environment = [("CHAJIPOA_DATA_DIR".to_owned(), data)];
        tokio::task::spawn_blocking(move || models::rebuilt(&tool, &url, &environment)).await.unwrap()
    };
    assert_eq!(rebuild().await, []);
    let owner = scene.up.place.database.owner().await;
    let schema = "SELECT 'inventory_v' || version FROM ledger.projection WHERE live AND name = 'inventory'";
    let schema: String = owner.query_one(schema, &[]).await.unwrap().get(0);
    owner.batch_execute(&format!("UPDATE {schema}.device SET battery_percent = 1")).await.unwrap();
    let found = rebuild().await;
    assert!(found.iter().any(|one| one.invariant == "I7" && one.what.contains("inventory")), "{found:?}");
}

/// The program says the same, with its exit code.
async fn the_program(scene: &Scene) {
    let journal = tempfile::NamedTempFile::new().unwrap();
    scene.journal.write(journal.path()).unwrap();
    assert_eq!(Journal::read(journal.path()).unwrap().0, scene.journal.0);
    let url = scene.up.place.database.url(ServiceRole::Query);
    let run = async |journal: std::path::PathBuf| {
        let url = url.clone();
        let run = move || {
            let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_verifier"));
            command.args(["--database", &url, "--journal"]).arg(journal).output().unwrap()
        };
        tokio::task::spawn_blocking(run).await.unwrap()
    };
    let sound = run(journal.path().to_owned()).await;
    assert!(sound.status.success(), "{sound:?}");
    let mut forged = scene.journal.clone();
    let said = forged.0.iter_mut().find(|said| said.acknowledged()).unwrap();
    said.answer = said.answer.replace("recorded", "recordet");
    forged.write(journal.path()).unwrap();
    let fallen = run(journal.path().to_owned()).await;
    assert_eq!(fallen.status.code(), Some(1), "{fallen:?}");
    assert!(String::from_utf8_lossy(&fallen.stdout).contains("I1 fell at position"), "{fallen:?}");
}
