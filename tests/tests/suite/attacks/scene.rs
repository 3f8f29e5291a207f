//! A sealed ledger that a city left behind, what is known of it, and copies of it to attack.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use chajipoa::verify::{Published, read_folder};
use ledger::tree::{CheckpointKeys, CheckpointText, Growth, Hash, SignedNote, Signer, VerifierKey};
use ledger::{LedgerIdentity, Position, leaf};
use serde_json::json;
use tests::harness::{Database, FINANCE, Place, wait_until};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::journey::Up;
use crate::simulate::simulate;

const LIMIT: Duration = Duration::from_secs(60);
/// A checkpoint is signed over every so many events, and over all.
const SIGNED_EVERY: u64 = 25;
/// Every so many of them is kept outside the database, and the last.
const KEPT_EVERY: usize = 4;

/// An event as stored, as far as attacks look at it.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) position: i64,
    pub(crate) event_type: String,
    pub(crate) streams: Vec<(i16, Uuid, i64)>,
    pub(crate) command_id: Uuid,
    pub(crate) actor: String,
    pub(crate) payload: Vec<u8>,
}

/// A command as stored.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    pub(crate) id: Uuid,
    pub(crate) first: i64,
    pub(crate) count: i64,
    pub(crate) outcome: i16,
    pub(crate) result: String,
}

/// A claim as stored.
#[derive(Debug, Clone)]
pub(crate) struct Claim {
    pub(crate) kind: String,
    pub(crate) value: String,
    pub(crate) entity: Uuid,
    pub(crate) position: i64,
}

/// A checkpoint as stored.
#[derive(Debug, Clone)]
pub(crate) struct Checkpoint {
    pub(crate) size: i64,
    pub(crate) note: String,
}

/// What is known of the sealed ledger.
pub(crate) struct Ground {
    pub(crate) last: i64,
    pub(crate) identity: LedgerIdentity,
    pub(crate) events: Vec<Event>,
    pub(crate) commands: Vec<Command>,
    pub(crate) versions: Vec<(Uuid, i64, i64)>,
    pub(crate) claims: Vec<Claim>,
    pub(crate) leaves: Vec<Hash>,
    pub(crate) tiles: i64,
    pub(crate) checkpoints: Vec<Checkpoint>,
    /// Position, line and amount of every line of the journal.
    pub(crate) journal: Vec<(i64, i16, i64)>,
    /// Positions of the readers, by the SQL that finds their row.
    pub(crate) readers: Vec<(String, i64)>,
    /// The schema of the live books.
    pub(crate) books: String,
    pub(crate) keys: Vec<VerifierKey>,
    pub(crate) published: Vec<Published>,
    /// A key that is not the installation's, under its name.
    pub(crate) foreign: Signer,
}

/// The scene.
pub(crate) struct Scene {
    pub(crate) ground: Ground,
    place: Place,
    kept: PathBuf,
}

impl Scene {
    /// A city of some dozen rentals, stopped, sealed and written down.
    pub(crate) async fn new() -> Self {
        let mut up = Up::with_reactor().await;
        let _report = simulate(&up, 12, 11).await;
        close(&up).await;
        wait_until("the read models have caught up", LIMIT, async || {
            let last = up.place.last().await;
            let read = up.place.projected().await;
            !read.is_empty() && read.iter().all(|position| *position == last)
        })
        .await;
        let _status = up.process.stop().await;
        let Up { place, .. } = up;
        let kept = place.data().join("kept");
        let owner = place.database.owner().await;
        weaken(&owner).await;
        seal(&owner, &place, &kept).await;
        let ground = Ground::read(&owner, &place, &kept).await;
        println!(
            "{} events, {} commands, {} claims, {} checkpoints",
            ground.last,
            ground.commands.len(),
            ground.claims.len(),
            ground.checkpoints.len()
        );
        Self { ground, place, kept }
    }

    /// A copy of the database with nothing left that keeps it append-only.
    pub(crate) async fn copy(&self) -> Client {
        let Database { name, .. } = &self.place.database;
        let copy = format!("{name}_{}", uuid_text());
        let server = self.place.database.owner_url.rsplit_once('/').unwrap().0.to_owned();
        let (admin, connection) =
            tokio_postgres::connect(&format!("{server}/postgres"), tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        let create = format!("CREATE DATABASE {copy} TEMPLATE {name}");
        wait_until("the database can be copied", LIMIT, async || admin.batch_execute(&create).await.is_ok())
            .await;
        let (client, connection) =
            tokio_postgres::connect(&format!("{server}/{copy}"), tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    /// What was rolled back takes room.
    pub(crate) async fn clean(&self, client: &Client) {
        let books = &self.ground.books;
        let tables = "ledger.event, ledger.stream_version, ledger.command, ledger.claim, ledger.tile, \
                      ledger.signed_checkpoint, ledger.projection";
        client.batch_execute(&format!("VACUUM {tables}, {books}.journal, {books}.account")).await.unwrap();
    }

    /// The tool says the same, with its exit code.
    pub(crate) async fn the_tool(&self) {
        let owner = &self.place.database.owner_url;
        let run = async |arguments: &[&str], url: &str| {
            let arguments = [&["ledger", "verify"], arguments].concat();
            let spec = self.place.spec(&arguments, url);
            let spec = spec.env("CHAJIPOA_CHECKPOINTS", self.kept.to_string_lossy());
            let (status, said) = tokio::task::spawn_blocking(move || spec.run()).await.unwrap();
            (status.code().unwrap(), said)
        };
        // The database that the copies are of has its triggers off.
        let (code, said) = run(&["--json"], owner).await;
        assert_eq!(code, 1, "{said}");
        let report: serde_json::Value = serde_json::from_str(said.trim()).unwrap();
        assert_eq!((&report["sealed"], &report["position"]), (&report["position"], &self.ground.last.into()));
        assert_eq!(report["published"], serde_json::json!(self.ground.published.len()), "{report}");
        let checks = report["findings"].as_array().unwrap().iter().map(|finding| &finding["check"]);
        assert!(checks.clone().count() > 0 && checks.clone().all(|check| check == "catalogue"), "{report}");
        let foreign = self.ground.foreign.verifier().to_string();
        let (code, said) = run(&["--key", &foreign], owner).await;
        assert_eq!(code, 1, "{said}");
        assert!(said.contains("none of the known keys has signed this note"), "{said}");
        let (code, said) = run(&["--key", "nonsense"], owner).await;
        assert_eq!(code, 2, "{said}");
        let (code, said) = run(&[], "postgres://nobody@127.0.0.1:1/nothing").await;
        assert_eq!(code, 2, "{said}");
        let (code, said) = run(&["--checkpoint", "/nowhere"], owner).await;
        assert_eq!((code, said.contains("/nowhere cannot be read")), (2, true), "{said}");
    }
}

/// Finance closes all days but today, once something of them is signed.
async fn close(up: &Up) {
    wait_until("a checkpoint is signed", LIMIT, async || {
        up.client.get(FINANCE, "/api/v1/ledger/checkpoint").await.status == 200
    })
    .await;
    let yesterday = domain::timing::business_day(edge::Clock::now(&edge::SystemClock)).pred_opt().unwrap();
    let closed = up.client.command(FINANCE, "ClosePeriod", json!({"until": yesterday})).await.expect(201);
    assert!(closed.at("/result/checkpoint/root").is_string(), "{:?}", closed.json());
}

fn uuid_text() -> String {
    use edge::Clock as _;
    edge::SystemClock.id().simple().to_string()
}

/// What an owner can do who wants to alter something: off with the triggers and the checks. Keys are dropped as well, so
/// that an attack may leave two rows where there is one.
async fn weaken(owner: &Client) {
    let tables = "SELECT c.oid::regclass::text FROM pg_class c WHERE c.relnamespace = 'ledger'::regnamespace \
                  AND c.relkind IN ('r', 'p') AND NOT c.relispartition \
                  AND c.relname ~ '^(event|stream_version|command|claim|tile|signed_checkpoint|projection)$'";
    for row in owner.query(tables, &[]).await.unwrap() {
        let table: String = row.get(0);
        owner.batch_execute(&format!("ALTER TABLE {table} DISABLE TRIGGER USER")).await.unwrap();
    }
    let partitions = "SELECT c.oid::regclass::text FROM pg_class c WHERE c.relnamespace = 'ledger'::regnamespace \
                      AND c.relispartition AND c.relkind = 'r'";
    for row in owner.query(partitions, &[]).await.unwrap() {
        let table: String = row.get(0);
        owner.batch_execute(&format!("ALTER TABLE {table} DISABLE TRIGGER USER")).await.unwrap();
    }
    let checks = "SELECT k.conrelid::regclass::text, k.conname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid \
                  WHERE c.relnamespace = 'ledger'::regnamespace AND k.contype = 'c' AND NOT c.relispartition \
                  AND c.relname IN ('command', 'tile', 'signed_checkpoint', 'projection')";
    for row in owner.query(checks, &[]).await.unwrap() {
        let (table, name): (String, String) = (row.get(0), row.get(1));
        owner.batch_execute(&format!("ALTER TABLE {table} DROP CONSTRAINT {name}")).await.unwrap();
    }
}

/// Seals the ledger with the installation's key, in place of whatever sealed it while the city lived.
async fn seal(owner: &Client, place: &Place, kept: &std::path::Path) {
    let _gone = owner.batch_execute("DELETE FROM ledger.tile; DELETE FROM ledger.signed_checkpoint").await;
    std::fs::create_dir_all(kept).unwrap();
    let identity = place.ledger().identity().await.unwrap();
    let keys = CheckpointKeys::open_or_create(&place.keys()).unwrap();
    let signer = keys.signer(&CheckpointText::origin_of(identity)).unwrap();
    let leaves = leaves(place).await;
    let mut growth = Growth::new();
    let mut full = Vec::new();
    let mut signed = 0;
    for leaf in &leaves {
        growth.push(*leaf, &mut full);
        let last = growth.size() == u64::try_from(leaves.len()).unwrap();
        if !growth.size().is_multiple_of(SIGNED_EVERY) && !last {
            continue;
        }
        let note = note(identity, growth.size(), growth.root(), &signer);
        let size = i64::try_from(growth.size()).unwrap();
        let insert = "INSERT INTO ledger.signed_checkpoint (epoch, size, root, note) VALUES ($1, $2, $3, $4)";
        owner.execute(insert, &[&identity.epoch, &size, &growth.root().as_slice(), &note]).await.unwrap();
        if signed % KEPT_EVERY == 0 || last {
            std::fs::write(kept.join(size.to_string()), &note).unwrap();
        }
        signed += 1;
    }
    for (id, tile) in full {
        let insert = "INSERT INTO ledger.tile (epoch, level, index, hashes) VALUES ($1, $2, $3, $4)";
        let (level, index) = (i16::from(id.level), i64::try_from(id.index).unwrap());
        owner.execute(insert, &[&identity.epoch, &level, &index, &tile.to_bytes()]).await.unwrap();
    }
}

/// The signed text of a checkpoint.
pub(crate) fn note(identity: LedgerIdentity, size: u64, root: Hash, signer: &Signer) -> String {
    SignedNote::sign(CheckpointText::new(identity, size, root).to_string(), &[signer]).to_string()
}

/// The leaves as the ledger's own reader sees the events: not the way in which the verifier reads them.
async fn leaves(place: &Place) -> Vec<Hash> {
    let ledger = place.ledger();
    let (mut leaves, mut after) = (Vec::new(), Position::ZERO);
    loop {
        let events = ledger.read_after(after, 500).await.unwrap();
        let Some(last) = events.last() else { return leaves };
        after = last.position;
        leaves.extend(events.iter().map(leaf::hash));
    }
}

impl Ground {
    async fn read(owner: &Client, place: &Place, kept: &std::path::Path) -> Self {
        let identity = place.ledger().identity().await.unwrap();
        let keys = CheckpointKeys::open_or_create(&place.keys()).unwrap();
        let origin = CheckpointText::origin_of(identity);
        let leaves = leaves(place).await;
        let one = async |sql: &str| -> String { owner.query_one(sql, &[]).await.unwrap().get(0) };
        let books =
            one("SELECT 'billing_v' || version FROM ledger.projection WHERE name = 'billing' AND live").await;
        let pair = ring::signature::Ed25519KeyPair::generate_pkcs8(&ring::rand::SystemRandom::new()).unwrap();
        Self {
            last: i64::try_from(leaves.len()).unwrap(),
            events: events(owner).await,
            commands: commands(owner).await,
            versions: versions(owner).await,
            claims: claims(owner).await,
            tiles: i64::try_from(leaves.len() / 256).unwrap(),
            checkpoints: checkpoints(owner).await,
            journal: journal(owner, &books).await,
            readers: readers(owner).await,
            keys: keys.verifiers(&origin),
            published: read_folder(kept).unwrap(),
            foreign: Signer::new(&origin, pair.as_ref()).unwrap(),
            identity,
            leaves,
            books,
        }
    }

    pub(crate) fn event(&self, position: i64) -> Option<&Event> {
        self.events.get(usize::try_from(position - 1).ok()?)
    }

    /// The commands that made events.
    pub(crate) fn recorded(&self) -> Vec<&Command> {
        self.commands.iter().filter(|command| command.outcome == 1).collect()
    }

    /// The newest version of every stream.
    pub(crate) fn heads(&self) -> BTreeMap<Uuid, i64> {
        let mut heads = BTreeMap::new();
        for (stream, version, _) in &self.versions {
            let head = heads.entry(*stream).or_default();
            *head = (*version).max(*head);
        }
        heads
    }
}

async fn events(owner: &Client) -> Vec<Event> {
    let all = "SELECT position, type, stream_kinds, stream_ids, stream_versions, command_id, actor, payload \
               FROM ledger.event ORDER BY position";
    let rows = owner.query(all, &[]).await.unwrap();
    let event = |row: &tokio_postgres::Row| {
        let (kinds, ids, versions): (Vec<i16>, Vec<Uuid>, Vec<i64>) = (row.get(2), row.get(3), row.get(4));
        Event {
            position: row.get(0),
            event_type: row.get(1),
            streams: kinds
                .into_iter()
                .zip(ids)
                .zip(versions)
                .map(|((kind, id), at)| (kind, id, at))
                .collect(),
            command_id: row.get(5),
            actor: row.get(6),
            payload: row.get(7),
        }
    };
    rows.iter().map(event).collect()
}

async fn commands(owner: &Client) -> Vec<Command> {
    let all = "SELECT id, first_position, event_count::bigint, outcome, convert_from(result, 'UTF8') \
               FROM ledger.command ORDER BY first_position, id";
    let rows = owner.query(all, &[]).await.unwrap();
    let command = |row: &tokio_postgres::Row| Command {
        id: row.get(0),
        first: row.get(1),
        count: row.get(2),
        outcome: row.get(3),
        result: row.get(4),
    };
    rows.iter().map(command).collect()
}

async fn versions(owner: &Client) -> Vec<(Uuid, i64, i64)> {
    let all = "SELECT stream, version, position FROM ledger.stream_version ORDER BY position, stream";
    let rows = owner.query(all, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
}

async fn claims(owner: &Client) -> Vec<Claim> {
    let all = "SELECT kind, value, entity, position FROM ledger.claim ORDER BY position, kind, value";
    let rows = owner.query(all, &[]).await.unwrap();
    let claim = |row: &tokio_postgres::Row| Claim {
        kind: row.get(0),
        value: row.get(1),
        entity: row.get(2),
        position: row.get(3),
    };
    rows.iter().map(claim).collect()
}

async fn checkpoints(owner: &Client) -> Vec<Checkpoint> {
    let all = "SELECT size, note FROM ledger.signed_checkpoint ORDER BY size";
    let rows = owner.query(all, &[]).await.unwrap();
    rows.iter().map(|row| Checkpoint { size: row.get(0), note: row.get(1) }).collect()
}

async fn journal(owner: &Client, books: &str) -> Vec<(i64, i16, i64)> {
    let all = format!("SELECT position, line, amount FROM {books}.journal ORDER BY position, line");
    let rows = owner.query(&all, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
}

async fn readers(owner: &Client) -> Vec<(String, i64)> {
    let all = "SELECT format('ledger.projection WHERE name = %L AND version = %s', name, version), position \
                   FROM ledger.projection WHERE position > 0 \
               UNION ALL SELECT format('ledger.checkpoint WHERE name = %L', name), position \
                   FROM ledger.checkpoint WHERE position > 0 ORDER BY 1";
    let rows = owner.query(all, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}
