//! Checkpoints and proofs of a running program, believed by an implementation that is not ours; and a ledger that was
//! restored: refused, forked, and served again.
//!
//! Without pymerkle (no Python, no package index) that part is skipped loudly, and with `CI=true` it fails.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use ledger::tree::{CheckpointText, SignedNote, VerifierKey, verify_consistency, verify_inclusion};
use ledger::{Envelope, Position, leaf};
use serde_json::{Value, json};
use tests::harness::{ADMIN, Answer, Client, FINANCE, Place, Process, SUPPORT, wait_until};

const LIMIT: Duration = Duration::from_secs(60);
/// How the script says that pymerkle cannot be had.
const NO_PYMERKLE: Option<i32> = Some(3);

fn script(argument: &str) -> Command {
    let mut command = Command::new(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../scripts/pymerkle.sh"));
    command.arg(argument);
    command
}

/// Whether it is there. With `CI=true` a test that cannot run has failed.
fn is_there() -> bool {
    let fetched = script("fetch").output().expect("the script can be run");
    if fetched.status.success() {
        return true;
    }
    let said = String::from_utf8_lossy(&fetched.stderr).into_owned();
    assert_eq!(fetched.status.code(), NO_PYMERKLE, "{said}");
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "CI=true and no pymerkle: {said}");
    eprintln!("SKIPPED: no pymerkle\n{said}");
    false
}

/// What pymerkle makes of each answer.
fn verdicts(events: &[Envelope], answers: &[Value]) -> Vec<String> {
    let mut running =
        script("verify").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut input = running.stdin.take().expect("piped");
    // pymerkle adds the leaf's prefix itself.
    let entries: Vec<String> = events.iter().map(|event| hex::encode(&leaf::bytes(event)[1..])).collect();
    let lines = std::iter::once(json!(entries)).chain(answers.iter().cloned());
    let text: String = lines.map(|line| format!("{line}\n")).collect();
    let writing = std::thread::spawn(move || input.write_all(text.as_bytes()).expect("it listens"));
    let output = running.wait_with_output().expect("it ends");
    writing.join().expect("written");
    assert!(output.status.success());
    String::from_utf8(output.stdout).expect("text").lines().map(str::to_owned).collect()
}

/// The checkpoint that covers everything, verified with the keys that are served beside it.
async fn checkpoint(client: &Client, position: i64) -> CheckpointText {
    let told = client.get_at(ADMIN, "/api/v1/ledger/checkpoint", position).await.expect(200);
    assert_eq!(told.header("content-type"), Some("text/plain; charset=utf-8"));
    let keys = client.get(ADMIN, "/api/v1/ledger/checkpoint/keys").await.expect(200);
    let keys: Vec<VerifierKey> =
        keys.text.lines().map(|line| VerifierKey::parse(line).expect("a vkey")).collect();
    let note = SignedNote::parse(&told.text).expect("a note");
    let text =
        CheckpointText::parse(note.verify(&keys).expect("signed by one of them")).expect("a checkpoint");
    assert_eq!(told.position(), i64::try_from(text.size).ok());
    text
}

fn hash(answer: &Value) -> [u8; 32] {
    hex::decode(answer.as_str().expect("hex")).expect("hex").try_into().expect("32 bytes")
}

fn hashes(answer: &Answer) -> Vec<[u8; 32]> {
    answer.at("/hashes").as_array().expect("a list").iter().map(hash).collect()
}

async fn refused(client: &Client, status: u16, path: &str) -> Answer {
    let answer = client.get(FINANCE, path).await;
    assert_eq!(answer.status, status, "{path}: {}", answer.text);
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn i11_others_believe_the_proofs_that_are_served() {
    let place = Place::new().await;
    let process = place.up().start().await;
    process.wait_ready(LIMIT).await;
    let client = place.client(&process);
    wait_until("the demo city stands", LIMIT, async || place.last().await > 10).await;
    let last = place.last().await;
    let signed = checkpoint(&client, last).await;
    let (size, root) = (signed.size, signed.root);
    let events = place.ledger().read_after(Position::ZERO, usize::try_from(size).unwrap()).await.unwrap();

    let mut answers = Vec::new();
    for position in (1..=size).step_by(7).chain([size]) {
        let path = format!("/api/v1/ledger/proof/inclusion?position={position}&size={size}");
        let proof = client.get(FINANCE, &path).await.expect(200);
        assert_eq!(hash(&proof.at("/root_hash")), root);
        let leaf = leaf::hash(&events[usize::try_from(position - 1).unwrap()]);
        assert_eq!(hash(&proof.at("/leaf_hash")), leaf);
        assert_eq!(verify_inclusion(&leaf, position - 1, size, &hashes(&proof), &root), Ok(()));
        answers.push(proof.json());
        let path = format!("/api/v1/ledger/proof/consistency?from={position}&to={size}");
        let proof = client.get(ADMIN, &path).await.expect(200);
        let old = hash(&proof.at("/from_root"));
        assert_eq!(verify_consistency(position, size, &hashes(&proof), &old, &root), Ok(()));
        answers.push(proof.json());
    }
    refusals(&client, size).await;
    if is_there() {
        assert_eq!(verdicts(&events, &answers), vec!["ok"; answers.len()]);
        let mut wrong = answers[2].clone();
        wrong["hashes"][0] = wrong["root_hash"].clone();
        assert_ne!(verdicts(&events, &[wrong]), ["ok"], "it does not believe everything");
    }
}

async fn refusals(client: &Client, size: u64) {
    let beyond = size + 1_000_000;
    for path in [
        "inclusion",
        "inclusion?position=0",
        "inclusion?position=x",
        "inclusion?position=3&size=2",
        "inclusion?position=1&size=0",
        "consistency",
        "consistency?from=0",
        "consistency?from=3&to=2",
        "consistency?from=1&to=2&more=3",
    ] {
        refused(client, 400, &format!("/api/v1/ledger/proof/{path}")).await;
    }
    let facts = refused(client, 400, "/api/v1/ledger/proof/inclusion?position=3&size=2").await;
    assert_eq!((facts.at("/position"), facts.at("/size")), (json!(3), json!(2)));
    for path in [format!("inclusion?position=1&size={beyond}"), format!("consistency?from=1&to={beyond}")] {
        let absent = refused(client, 404, &format!("/api/v1/ledger/proof/{path}")).await;
        assert!(absent.at("/sealed").as_u64() >= Some(size), "{}", absent.text);
    }
    refused(client, 404, &format!("/api/v1/ledger/checkpoint?position={beyond}")).await;
    let first = client.get(ADMIN, "/api/v1/ledger/checkpoint?position=1").await.expect(200);
    assert!(first.position() >= Some(1));
    assert_eq!(client.get(SUPPORT, "/api/v1/ledger/proof/inclusion?position=1").await.status, 403);
}

/// A copy of the database as it stands, or the copy in its place.
async fn copied(place: &Place, restore: bool) {
    let (name, kept) = (&place.database.name, format!("{}_kept", place.database.name));
    let admin = tests::harness::Postgres::shared().empty_database().await.owner().await;
    let steps = match restore {
        false => vec![format!("CREATE DATABASE {kept} TEMPLATE {name}")],
        true => vec![
            format!("DROP DATABASE {name} WITH (FORCE)"),
            format!("ALTER DATABASE {kept} RENAME TO {name}"),
        ],
    };
    for step in steps {
        // Sessions that ended a moment ago may still be there.
        wait_until("the database is free", LIMIT, async || admin.batch_execute(&step).await.is_ok()).await;
    }
}

async fn stands(place: &Place, process: &Process) -> CheckpointText {
    process.wait_ready(LIMIT).await;
    let client = place.client(process);
    checkpoint(&client, place.last().await).await
}

async fn record_something(client: &Client, code: &str) {
    let station = json!({"code": code, "name": code, "latitude": -6.8, "longitude": 39.2, "slots": 4, "release_mode": "instant"});
    let _ = client.command(ADMIN, "RegisterStation", station).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_was_restored_is_refused_until_it_is_forked() {
    let place = Place::new().await;
    let mut process = place.up().start().await;
    wait_until("the demo city stands", LIMIT, async || place.last().await > 10).await;
    let before = stands(&place, &process).await;
    process.stop().await;
    copied(&place, false).await;

    process.restart().await;
    process.wait_ready(LIMIT).await;
    for code in ["LOST-1", "LOST-2"] {
        record_something(&place.client(&process), code).await;
    }
    let lost = stands(&place, &process).await;
    assert!(lost.size > before.size && lost.origin == before.origin);
    let refused = place.spec(&["ledger", "fork", "--reason", "a test"], &place.database.owner_url).run();
    assert!(!refused.0.success() && refused.1.contains("stop every service first"), "{}", refused.1);
    process.stop().await;

    copied(&place, true).await;
    let mut refusing = place.up().launch();
    assert!(!refusing.wait_ended(LIMIT).await.success());
    assert!(refusing.log().contains("chajipoa ledger fork --reason"), "{}", refusing.log());

    let restored_to = place.last().await;
    let (status, said) = place
        .spec(&["--json", "ledger", "fork", "--reason", "the disk was lost"], &place.database.owner_url)
        .run();
    assert!(status.success(), "{said}");
    let told: Value = serde_json::from_str(said.trim()).expect("JSON");
    assert_eq!(told["epoch"], 2);
    assert_eq!((&told["restored_to"], &told["position"]), (&json!(restored_to), &json!(restored_to + 1)));
    assert_eq!(told["to_rebuild"], json!([]), "the read models were restored with the ledger");

    let process = place.up().start().await;
    let after = stands(&place, &process).await;
    let [old, new] = [&before, &after].map(|text| text.identity().expect("ours"));
    assert_eq!((new.ledger_id, old.epoch, new.epoch), (old.ledger_id, 1, 2));
    let client = place.client(&process);
    let event = client.get(FINANCE, &format!("/api/v1/ledger/events/{}", restored_to + 1)).await.expect(200);
    assert_eq!(event.at("/type"), "LedgerRestored");
    assert_eq!(event.at("/data/reason"), "the disk was lost");
    record_something(&client, "AFTER-1").await;
    wait_until("the read models go on", LIMIT, async || {
        let last = place.last().await;
        place.projected().await.iter().all(|position| *position == last)
    })
    .await;
    stands(&place, &process).await;
}
