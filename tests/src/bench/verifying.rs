//! Row 9: proving the ledger, beside the bare `COPY` of the same rows to nowhere.
//!
//! The verifier reads every table through three connections, decodes every event, and hashes all of them; the baseline
//! has the server write the same tables to `/dev/null`, one after the other. The ledger is sealed as the sealer does it:
//! full tiles, and a checkpoint over every thousand events.

use std::sync::Arc;
use std::time::Instant;

use chajipoa::verify::{Asked, Sources, verify};
use futures_util::SinkExt as _;
use ledger::tree::{CheckpointText, Growth, SignedNote, Signer, Tile, TileId};
use ledger::{Ledger, LedgerIdentity, Position, leaf};
use ring::rand::SystemRandom;
use ring::signature::Ed25519KeyPair;
use tokio_postgres::Client;

use super::error::BenchError;
use super::ground::{Database, connect, last_position};
use super::table::{Table, rate};

/// A checkpoint is signed over every so many events.
const SIGNED_EVERY: u64 = 1_000;
/// Events read at once while sealing.
const PAGE: usize = 5_000;
/// What the verifier reads.
const TABLES: [&str; 6] = ["event", "stream_version", "command", "claim", "tile", "signed_checkpoint"];
/// What has to be reached on two cores.
const WANTED: f64 = 300_000.0;

/// A ledger that is sealed, with the key that it is sealed under.
pub(super) struct Sealed {
    database: Database,
    signer: Arc<Signer>,
}

impl Sealed {
    /// Seals a ledger that nobody has sealed.
    pub(super) async fn prepare(database: &Database) -> Result<Self, BenchError> {
        let database = database.clone();
        super::run::aside(move || async move {
            let signer = Arc::new(seal(&database).await?);
            Ok(Self { database, signer })
        })
        .await
    }
}

/// One round.
pub(super) async fn round(sealed: &Sealed, table: &mut Table) -> Result<(), BenchError> {
    let (database, signer) = (sealed.database.clone(), Arc::clone(&sealed.signer));
    let (verified, copied) =
        super::run::aside(move || async move { measure(&database, &signer).await }).await?;
    table.add(9, verified, copied);
    table.note(format!(
        "row 9: {verified:.0} events a second are proved; {WANTED:.0} are wanted on two cores"
    ));
    Ok(())
}

async fn measure(database: &Database, signer: &Signer) -> Result<(f64, f64), BenchError> {
    let owner = connect(&database.owner_url).await?;
    let events = usize::try_from(last_position(&owner).await?).unwrap_or(0);
    let begun = Instant::now();
    for table in TABLES {
        let rows = format!("COPY (SELECT * FROM ledger.{table}) TO '/dev/null' (FORMAT binary)");
        owner.batch_execute(&rows).await?;
    }
    let copying = begun.elapsed();
    let asked = Asked { keys: vec![signer.verifier().clone()], ..Asked::default() };
    let begun = Instant::now();
    let sources = Sources::connect(&database.owner_url).await?;
    let report = verify(&sources, asked, Arc::new(|_| {})).await?;
    let verifying = begun.elapsed();
    if !report.holds {
        return Err(BenchError::wrong(format!("the ledger of the bench does not hold: {report}")));
    }
    Ok((rate(events, verifying), rate(events, copying)))
}

async fn seal(database: &Database) -> Result<Signer, BenchError> {
    let owner = connect(&database.owner_url).await?;
    let ledger = Ledger::connect(&database.owner_url, 1)?;
    let identity = ledger.identity().await?;
    let random = || BenchError::wrong("no key could be made");
    let pair = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| random())?;
    let signer = Signer::new(&CheckpointText::origin_of(identity), pair.as_ref()).ok_or_else(random)?;
    let (mut growth, mut full) = (Growth::new(), Vec::new());
    let mut signed = Vec::new();
    let last = ledger.last_position().await?;
    let mut after = Position::ZERO;
    while after < last {
        let events = ledger.read_after(after, PAGE).await?;
        for event in &events {
            growth.push(leaf::hash(event), &mut full);
            if growth.size().is_multiple_of(SIGNED_EVERY) || event.position == last {
                let text = CheckpointText::new(identity, growth.size(), growth.root());
                let note = SignedNote::sign(text.to_string(), &[&signer]).to_string();
                signed.push((growth.size(), growth.root(), note));
            }
        }
        after = events.last().map_or(last, |event| event.position);
    }
    store_tiles(&owner, identity, &full).await?;
    for (size, root, note) in signed {
        let insert = "INSERT INTO ledger.signed_checkpoint (epoch, size, root, note) VALUES ($1, $2, $3, $4)";
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        owner.execute(insert, &[&identity.epoch, &size, &root.as_slice(), &note]).await?;
    }
    owner.batch_execute("VACUUM ANALYZE ledger.tile, ledger.signed_checkpoint").await?;
    Ok(signer)
}

async fn store_tiles(
    owner: &Client,
    identity: LedgerIdentity,
    full: &[(TileId, Tile)],
) -> Result<(), BenchError> {
    let sink = owner.copy_in("COPY ledger.tile (epoch, level, index, hashes) FROM STDIN").await?;
    let mut sink = std::pin::pin!(sink);
    for (id, tile) in full {
        let hashes = hex::encode(tile.to_bytes());
        let row = format!("{}\t{}\t{}\t\\\\x{hashes}\n", identity.epoch, id.level, id.index);
        sink.send(bytes::Bytes::from(row)).await?;
    }
    sink.finish().await?;
    Ok(())
}
