//! Makes a new version of read models from the whole ledger while the present ones stay live.
//!
//! The ledger is read once, by position, in short statements, and every event is decoded once for all models that
//! are being made. Each model folds it on a connection of its own (`fill`). A new version gets its indexes when
//! its rows are in, then the events that came meanwhile, and is ready: nobody sees it before it is promoted. A
//! version that was left unfinished, or was never promoted, is dropped and begun anew; the live one and the one that was
//! live before it stay.

mod fill;
mod finishing;
mod read;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use futures_util::future::try_join_all;
use ledger::Position;
use tokio::{sync::mpsc, task::JoinSet};

use crate::{
    ModelName, ProjectorError, Sources,
    connection::{connect, try_rebuilder},
    control,
    store::Store,
};
use fill::Fill;
use read::Facts;
pub(crate) use read::read;

/// How many batches may wait for a model.
const WAITING: usize = 2;

/// How many messages of progress may wait for whoever listens.
const NEWS: usize = 64;
/// How many events a version that is nearly there takes at a time.
const CATCH_UP: usize = 1_000;

/// How far a rebuild came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The read model.
    pub model: ModelName,
    /// The last position that it folded.
    pub position: Position,
    /// The position it is heading for.
    pub of: Position,
    /// Events folded in each second so far.
    pub events_per_second: u64,
}

/// A version that was made and waits to be promoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebuilt {
    /// The read model.
    pub model: ModelName,
    /// The number of the new version.
    pub version: i16,
    /// How far it came.
    pub position: Position,
    /// How many rows were made.
    pub rows: u64,
    /// How long it took.
    pub took: Duration,
}

/// Positions that cannot be applied, by model.
type Passed = BTreeMap<ModelName, BTreeSet<i64>>;

/// Makes a new version of each of these models and brings it up to the ledger's end.
///
/// # Errors
/// When somebody else rebuilds one of them, an event cannot be applied, or the database fails.
pub async fn rebuild(
    sources: &Sources,
    models: &[ModelName],
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Vec<Rebuilt>, ProjectorError> {
    let mut passed = Passed::new();
    loop {
        match attempt(sources, models, progress, &passed).await {
            Err(ProjectorError::StartsOver { model, position }) => {
                passed.entry(model).or_default().insert(position.get());
            }
            done => return done,
        }
    }
}

async fn attempt(
    sources: &Sources,
    models: &[ModelName],
    progress: &(dyn Fn(Progress) + Send + Sync),
    passed: &Passed,
) -> Result<Vec<Rebuilt>, ProjectorError> {
    let started = Instant::now();
    let stores = try_join_all(models.iter().map(|model| shadow(sources, *model))).await?;
    let until = sources.ledger.last_position().await?;
    let (senders, receivers): (Vec<_>, Vec<_>) = models.iter().map(|_| mpsc::channel(WAITING)).unzip();
    // Each in a task of its own, so that all cores fold and encode; dropping the set ends them.
    let mut tasks = JoinSet::new();
    let (told, mut news) = mpsc::channel(NEWS);
    tasks.spawn({
        let ledger = sources.ledger.clone();
        async move { read::send_all(ledger, until, senders).await.map(|()| None) }
    });
    for ((mut store, number), facts) in stores.into_iter().zip(receivers) {
        passed.get(&store.model).into_iter().for_each(|positions| store.pass(positions));
        let work = Work { sources: sources.clone(), told: told.clone(), until, started };
        tasks.spawn(async move { work.fill(store, number, facts).await.map(Some) });
    }
    drop(told);
    while let Some(one) = news.recv().await {
        progress(one);
    }
    gathered(tasks).await
}

/// What the tasks made. What stopped one of them ends the others quietly; the cause is the error that counts.
async fn gathered(
    mut tasks: JoinSet<Result<Option<Rebuilt>, ProjectorError>>,
) -> Result<Vec<Rebuilt>, ProjectorError> {
    let mut rebuilt = Vec::new();
    let mut failed: Option<ProjectorError> = None;
    while let Some(ended) = tasks.join_next().await {
        match ended.unwrap_or(Err(ProjectorError::Stopped)) {
            Ok(one) => rebuilt.extend(one),
            Err(ProjectorError::Stopped) if failed.is_some() => {}
            Err(error) => {
                if failed.as_ref().is_none_or(|known| matches!(known, ProjectorError::Stopped)) {
                    failed = Some(error);
                }
            }
        }
    }
    rebuilt.sort_by_key(|one| one.model);
    failed.map_or(Ok(rebuilt), Err)
}

/// An empty new version of a model, whatever an earlier rebuild left behind.
async fn shadow(sources: &Sources, model: ModelName) -> Result<(Store, i16), ProjectorError> {
    let mut client = connect(&sources.database_url).await?;
    if !try_rebuilder(&client, model).await? {
        return Err(ProjectorError::BeingRebuilt(model));
    }
    let versions = control::versions(&client, model).await?;
    for left in versions.iter().filter(|version| !version.live && !version.is_former()) {
        control::remove(&mut client, model, left.version).await?;
    }
    let newest = versions.iter().map(|version| version.version).max().unwrap_or(0);
    let number = newest.saturating_add(1);
    control::add_shadow(&mut client, model, number, sources.ledger.identity().await?).await?;
    let made = control::version(&client, model, number).await?.ok_or(ProjectorError::NotLive(model))?;
    Ok((Store::open(&sources.ledger, client, &made).await?, number))
}

struct Work {
    sources: Sources,
    told: mpsc::Sender<Progress>,
    until: Position,
    started: Instant,
}

impl Work {
    async fn fill(
        &self,
        store: Store,
        number: i16,
        mut facts: mpsc::Receiver<Facts>,
    ) -> Result<Rebuilt, ProjectorError> {
        let model = store.model;
        let expected = usize::try_from(self.until.get()).unwrap_or(usize::MAX);
        let mut fill = Fill::begin(store, number, expected).await?;
        while let Some(batch) = facts.recv().await {
            fill.take(&batch).await?;
            if let Some(last) = batch.last() {
                self.tell(model, last.position());
            }
        }
        let beside = connect(&self.sources.database_url).await?;
        let (mut store, rows) = fill.finish(&beside).await?;
        if store.position() < self.until {
            // The reader failed and says why.
            return Err(ProjectorError::Stopped);
        }
        catch_up(&self.sources, &mut store).await?;
        let position = store.position();
        let client = store.into_client();
        let made = control::version(&client, model, number).await?.ok_or(ProjectorError::NotLive(model))?;
        control::ready(&client, &made).await?;
        self.tell(model, position);
        Ok(Rebuilt { model, version: number, position, rows, took: self.started.elapsed() })
    }

    fn tell(&self, model: ModelName, position: Position) {
        let millis = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
        let events = u64::try_from(position.get()).unwrap_or(0);
        let events_per_second = events.saturating_mul(1_000).checked_div(millis).unwrap_or(0);
        let progress = Progress { model, position, of: self.until.max(position), events_per_second };
        // Whoever listens too slowly hears the next one.
        let _full = self.told.try_send(progress);
    }
}

/// Applies what the ledger holds beyond a version, batch by batch, until there is nothing more.
pub(crate) async fn catch_up(sources: &Sources, store: &mut Store) -> Result<(), ProjectorError> {
    loop {
        let events = sources.ledger.read_after(store.position(), CATCH_UP).await?;
        if events.is_empty() {
            return Ok(());
        }
        if let Some(poison) = store.apply(&events).await?.poison {
            return Err(poison.into());
        }
    }
}
