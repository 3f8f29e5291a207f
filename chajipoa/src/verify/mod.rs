//! Proves the ledger: recomputes from the tables everything that they can show, and names the first position that does
//! not hold. It reads ranges of positions and pages of keys in short statements, writes nothing, and holds no more of a
//! ledger of any size than a few stretches and a sum for each stretch.
//!
//! | file | what it checks |
//! |---|---|
//! | [`order`] | I5: positions are 1 … N, `recorded_at` never goes back |
//! | [`events`] | the pass over the events: each can be read, and is in the streams that it says |
//! | [`versions`] | I4: the versions of a stream are 1 … n |
//! | [`tables`] | I4, I3: the pass over `stream_version`, `command`, `claim`, which say what the events say |
//! | [`command`] | I3: the events of a command are one block, as its row says |
//! | [`names`] | the names that events take are those in `claim` |
//! | [`stated`] | I6: both sides of what an event says come to the same |
//! | [`books`] | I6: journal and accounts of the live books say what the events say |
//! | [`periods`] | I6: a closed period comes to what its close has recorded |
//! | [`readers`] | what projections and relay saw is still there |
//! | [`tree`] | I11: leaves, tiles, roots of the signed checkpoints |
//! | [`published`] | I11: checkpoints outside the database |
//! | [`catalogue`] | partitions, keys, triggers |
//!
//! Whether the tables say what the events say is known from sums ([`sums`]); where they differ, [`locate`] looks.
//!
//! What no table can show: the hash and the result of a command (no event holds them), a command that was already done
//! and made nothing, the time at which a checkpoint was signed, and what was recorded after the last checkpoint.

mod books;
mod catalogue;
mod command;
mod copy;
mod error;
mod event_row;
mod events;
mod finding;
mod ground;
mod locate;
mod names;
mod order;
mod periods;
mod published;
mod readers;
mod report;
mod sources;
mod stated;
mod sums;
mod tables;
mod tree;
mod versions;

use std::sync::Arc;
use std::time::Instant;

use ledger::tree::VerifierKey;

pub use error::VerifyError;
pub use finding::{Check, Finding};
pub use published::{Published, read_files, read_folder};
pub use report::Report;
pub use sources::Sources;

use events::Checker;
use finding::Findings;
use ground::Ground;
use sums::Sums;
use tables::Tables;
use tree::Tree;
use versions::Versions;

/// How many stretches are read ahead.
const AHEAD: usize = 2;

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// The keys that checkpoints may be signed with.
    pub keys: Vec<VerifierKey>,
    /// Checkpoints from outside the database.
    pub published: Vec<Published>,
    /// Whether triggers and keys of the tables are left out.
    pub rows_only: bool,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Events checked.
    pub done: i64,
    /// Events in all.
    pub of: i64,
    /// Events each second so far.
    pub events_per_second: u64,
}

/// Hears how far a run is.
pub type Show = Arc<dyn Fn(Progress) + Send + Sync>;

/// Checks the ledger behind these connections.
///
/// # Errors
/// The database cannot be read. What does not hold is no error; it stands in the report.
pub async fn verify(sources: &Sources, asked: Asked, show: Show) -> Result<Report, VerifyError> {
    let begun = Instant::now();
    let mut findings = Findings::default();
    let ground = Arc::new(Ground::read(&sources.tables, &mut findings).await?);
    let sums = Sums::default();
    let tables = Tables::new(&ground, sums.other_side());
    let (signatures, rows_only) = (!asked.keys.is_empty(), asked.rows_only);
    let (open, opened) = tokio::sync::mpsc::channel(AHEAD);
    let checker = Checker::new(Arc::clone(&ground), Tree::new(&ground, asked), sums, Versions::new(open));

    let of = ground.last;
    let done = move |done| {
        show(Progress { done, of, events_per_second: report::rate(done, begun.elapsed()) });
    };
    let (send, receive) = tokio::sync::mpsc::channel(AHEAD);
    let reading = tokio::spawn(events::read(sources.clone(), Arc::clone(&ground), send));
    let checking = tokio::task::spawn_blocking(move || checker.run(receive, &done));
    let client = Arc::clone(&sources.tables);
    let beside = tokio::spawn(async move { tables.run(&client).await });
    let looking = tokio::spawn(versions::look_up(Arc::clone(&sources.beside), opened));
    let (reading, checking, beside, looking) = tokio::try_join!(reading, checking, beside, looking)?;
    reading?;
    let (mut checker, mut beside) = (checking?, beside?);
    findings.take_in(looking?);

    let client = &sources.tables;
    locate::take_back_erased(client, &checker.erased, &mut checker.sums).await?;
    locate::run(client, &ground, (&checker.sums, &beside.sums), &mut beside.findings).await?;
    locate::beyond(client, beside.beyond, &mut beside.findings).await?;
    readers::run(client, &ground, &mut beside.findings).await?;
    checker.tree.strays(client, &ground, &mut beside.findings).await?;
    if !rows_only {
        catalogue::run(client, &ground, &mut beside.findings).await?;
    }
    findings.take_in(checker.findings);
    findings.take_in(beside.findings);
    let took = begun.elapsed();
    let (findings, findings_count) = findings.into_sorted();
    Ok(Report {
        holds: findings.is_empty(),
        position: ground.last,
        sealed: checker.tree.sealed(),
        checkpoints: checker.tree.checkpoints(),
        published: checker.tree.published(),
        signatures,
        books: ground.books.schema.is_some().then_some(ground.books.position),
        seconds: took.as_secs_f64(),
        events_per_second: report::rate(ground.last, took),
        findings_count,
        findings,
    })
}
