//! The pass over the events: one stretch of positions after the other, read ahead while the one before is checked.

use std::sync::Arc;

use domain::Event;
use ledger::StreamKind;
use tokio::sync::mpsc::{Receiver, Sender};
use uuid::Uuid;

use super::books::{self, Books, Entry};
use super::command::Blocks;
use super::copy::{Rows, rows};
use super::error::VerifyError;
use super::event_row::{self, EventRow, Streams};
use super::finding::{Check, Findings};
use super::ground::Ground;
use super::names;
use super::order::Order;
use super::periods::Periods;
use super::sources::Sources;
use super::sums::{Kind, STRETCH, Sums};
use super::tree::{Tree, TreeRows};
use super::versions::Versions;

/// What one stretch of positions holds.
#[derive(Debug)]
pub(super) struct Stretch {
    /// The position before the first.
    pub(super) after: i64,
    /// The last position.
    pub(super) until: i64,
    events: Rows,
    journal: Rows,
    tree: TreeRows,
}

/// Reads all stretches, in order, and hands each on; ends early when nobody takes them any more.
pub(super) async fn read(
    sources: Sources,
    ground: Arc<Ground>,
    stretches: Sender<Stretch>,
) -> Result<(), VerifyError> {
    let mut after = 0;
    while after < ground.last {
        let until = after.saturating_add(STRETCH).min(ground.last);
        let stretch = stretch(&sources, &ground, after, until).await?;
        after = until;
        if stretch.events.is_empty() {
            // A hole that is larger than a stretch: on to whatever comes next.
            let Some(next) = next_after(&sources, until).await? else { break };
            after = next.saturating_sub(1).div_euclid(STRETCH).saturating_mul(STRETCH);
        } else if stretches.send(stretch).await.is_err() {
            break;
        }
    }
    Ok(())
}

async fn stretch(sources: &Sources, ground: &Ground, after: i64, until: i64) -> Result<Stretch, VerifyError> {
    let beside = async {
        let journal = match &ground.books.schema {
            Some(schema) if after < ground.books.position => {
                let columns = books::COLUMNS;
                let until = until.min(ground.books.position);
                rows(
                    &sources.beside,
                    &format!(
                        "SELECT {columns} FROM {schema}.journal WHERE position > {after} AND position <= {until} \
                         ORDER BY position, line"
                    ),
                )
                .await?
            }
            Some(_) | None => Rows::default(),
        };
        Ok((journal, TreeRows::read(&sources.beside, ground, after, until).await?))
    };
    let (events, (journal, tree)) = tokio::try_join!(between(&sources.events, after, until), beside)?;
    Ok(Stretch { after, until, events, journal, tree })
}

/// The events after a position, up to another one.
pub(super) async fn between(
    client: &tokio_postgres::Client,
    after: i64,
    until: i64,
) -> Result<Rows, VerifyError> {
    let columns = event_row::COLUMNS;
    let query = format!(
        "SELECT {columns} FROM ledger.event WHERE position > {after} AND position <= {until} ORDER BY position"
    );
    rows(client, &query).await
}

async fn next_after(sources: &Sources, position: i64) -> Result<Option<i64>, VerifyError> {
    let next = "SELECT min(position) FROM ledger.event WHERE position > $1";
    Ok(sources.events.query_one(next, &[&position]).await?.try_get(0)?)
}

/// Everything that is known of the events read so far.
pub(super) struct Checker {
    pub(super) findings: Findings,
    pub(super) sums: Sums,
    /// Customers that were erased: they hold no phone any more.
    pub(super) erased: Vec<Uuid>,
    pub(super) tree: Tree,
    ground: Arc<Ground>,
    order: Order,
    versions: Versions,
    blocks: Blocks,
    books: Books,
    periods: Periods,
    /// Room for the middle of a leaf.
    middle: Vec<u8>,
}

impl Checker {
    pub(super) fn new(ground: Arc<Ground>, tree: Tree, sums: Sums, versions: Versions) -> Self {
        Self {
            findings: Findings::default(),
            sums,
            erased: Vec::new(),
            tree,
            ground,
            order: Order::default(),
            versions,
            blocks: Blocks::default(),
            books: Books::default(),
            periods: Periods::default(),
            middle: Vec::new(),
        }
    }

    /// Checks stretches until there are no more; `done` hears of each.
    pub(super) fn run(
        mut self,
        mut stretches: Receiver<Stretch>,
        done: &(dyn Fn(i64) + Send + Sync),
    ) -> Result<Self, VerifyError> {
        while let Some(stretch) = stretches.blocking_recv() {
            self.stretch(&stretch)?;
            done(stretch.until);
        }
        self.end();
        Ok(self)
    }

    fn stretch(&mut self, stretch: &Stretch) -> Result<(), VerifyError> {
        let mut journal = stretch.journal.iter();
        let mut ahead = None;
        self.tree.begin(stretch.after);
        for row in stretch.events.iter() {
            let event = EventRow::read(row)?;
            self.envelope(&event);
            let Some(fact) = self.fact(&event) else { continue };
            self.names(event.position, &fact);
            let entry = Entry::of(&event, &fact);
            self.periods.event(&entry, &mut self.findings);
            self.books.event(&entry, &self.ground.books, &mut journal, &mut ahead, &mut self.findings)?;
        }
        Books::left(ahead.into_iter().chain(journal), &mut self.findings)?;
        self.tree.end_of(stretch.until, &stretch.tree, &mut self.findings)
    }

    /// What can be said of an event without reading its payload.
    fn envelope(&mut self, event: &EventRow<'_>) {
        self.order.event(event, &mut self.findings);
        self.blocks.event(event, &mut self.findings, |block| block.sum(&mut self.sums));
        let leaf = event.leaf(&mut self.middle);
        self.tree.leaf(event.position, leaf);
        match &event.streams {
            Some(streams) => streams.as_slice().iter().for_each(|stream| {
                let version = (stream.id, stream.version);
                self.sums.add(Kind::Version, event.position, version);
                self.versions.event(event.position, version, &mut self.findings);
            }),
            None => self.findings.add(Check::Event, event.position, "its streams do not fit each other"),
        }
    }

    /// What the event says, if it can be read.
    fn fact(&mut self, event: &EventRow<'_>) -> Option<Event> {
        match Event::decode(event.event_type, event.schema_version, event.payload) {
            Ok(fact) => {
                let same = event.streams.is_none_or(|streams| says_its_streams(&fact, &streams));
                self.findings.unless(same, Check::Event, event.position, || {
                    "its streams are not those that its payload says".to_owned()
                });
                Some(fact)
            }
            Err(unknown) => {
                self.findings.add(Check::Event, event.position, unknown.to_string());
                None
            }
        }
    }

    /// The name that the event takes. A claim stands at the first position of its command.
    fn names(&mut self, position: i64, fact: &Event) {
        if let Event::CustomerErased(fact) = fact {
            self.erased.push(fact.customer_id.0);
        }
        if let Some(name) = names::taken(fact) {
            let first = if self.blocks.first() > 0 { self.blocks.first() } else { position };
            self.sums.add(Kind::Claim, first, name);
        }
    }

    fn end(&mut self) {
        if let Some(block) = self.blocks.last() {
            block.sum(&mut self.sums);
        }
        self.versions.end();
        self.order.end(self.ground.last, &mut self.findings);
        self.books.end(&self.ground.books, &mut self.findings);
        self.tree.end(&mut self.findings);
    }
}

/// Whether the streams in the envelope are those of the payload, in that order.
fn says_its_streams(fact: &Event, stored: &Streams) -> bool {
    let said = fact.streams();
    let same = |(said, stored): (&domain::StreamKey, &event_row::Stream)| {
        let kind = StreamKind::from_code(stored.kind);
        said.id == stored.id && kind.is_some_and(|kind| kind.as_str() == said.kind.as_str())
    };
    said.len() == stored.as_slice().len() && said.iter().zip(stored.as_slice()).all(same)
}
