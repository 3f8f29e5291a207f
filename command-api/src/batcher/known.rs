//! What this process knows of the ledger: states at known versions, and who holds which name.
//!
//! Keeps true: a stream's version never goes down while it is held; a state is only what committed events
//! add up to. Names of kinds that are never released are remembered, others only for one batch. Bounded:
//! the least recently used streams are let go after each batch.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use domain::{Claim, Event, State};
use ledger::Envelope;
use lru::LruCache;
use uuid::Uuid;

use super::kinds;

/// A stream at a version. Version zero has no state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) version: i64,
    pub(crate) state: Option<Arc<State>>,
    /// The version that a snapshot was last taken of.
    pub(crate) saved: i64,
}

/// A recorded event that does not fit the state it should follow: the ledger or this program is broken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FoldError {
    /// The event cannot be read.
    #[error(transparent)]
    Unknown(#[from] domain::event::UnknownEvent),
    /// The event cannot follow.
    #[error(transparent)]
    Impossible(#[from] domain::ImpossibleTransition),
    /// The event does not belong to the stream, or skips a version.
    #[error("the stream {0} does not continue with this event")]
    Order(Uuid),
    /// A snapshot cannot be read.
    #[error("a snapshot is damaged")]
    Snapshot(#[from] serde_json::Error),
}

impl Held {
    /// A stream without events.
    pub(crate) const EMPTY: Self = Self { version: 0, state: None, saved: 0 };

    /// The stream after one more of its events.
    ///
    /// # Errors
    /// See [`FoldError`].
    pub(crate) fn after(self, id: Uuid, envelope: &Envelope) -> Result<Self, FoldError> {
        let stream = envelope.streams.iter().find(|stream| stream.id == id).ok_or(FoldError::Order(id))?;
        if stream.version != self.version.saturating_add(1) {
            return Err(FoldError::Order(id));
        }
        let event = Event::decode(&envelope.event_type, envelope.schema_version, &envelope.payload)?;
        let kind = kinds::domain(stream.kind);
        let before = self.state.map(Arc::unwrap_or_clone);
        let state = State::evolve(before, kind, &event, envelope.occurred_at)?;
        Ok(Self { version: stream.version, state: Some(Arc::new(state)), saved: self.saved })
    }
}

/// Streams and names at hand.
#[derive(Debug)]
pub(crate) struct Known {
    streams: LruCache<Uuid, Held>,
    capacity: usize,
    names: LruCache<Claim, Uuid>,
    looked_up: HashMap<Claim, Option<Uuid>>,
}

impl Known {
    /// Knows nothing yet, and holds about `capacity` streams and as many names.
    pub(crate) fn new(capacity: NonZeroUsize) -> Self {
        Self {
            streams: LruCache::unbounded(),
            capacity: capacity.get(),
            names: LruCache::new(capacity),
            looked_up: HashMap::new(),
        }
    }

    /// How many streams are held.
    pub(crate) fn len(&self) -> usize {
        self.streams.len()
    }

    /// The stream, if it is at hand.
    pub(crate) fn stream(&self, id: Uuid) -> Option<&Held> {
        self.streams.peek(&id)
    }

    /// Who holds the name, if that is at hand.
    pub(crate) fn holder(&self, claim: &Claim) -> Option<Option<Uuid>> {
        self.looked_up.get(claim).copied().or_else(|| self.names.peek(claim).map(|entity| Some(*entity)))
    }

    /// Takes in a stream that was loaded or has committed; an older version than the one held is ignored.
    pub(crate) fn learn(&mut self, id: Uuid, held: Held) {
        match self.streams.get_mut(&id) {
            Some(known) if known.version >= held.version => known.saved = known.saved.max(held.saved),
            Some(known) => *known = Held { saved: known.saved.max(held.saved), ..held },
            None => {
                self.streams.put(id, held);
            }
        }
    }

    /// Takes in who holds a name, or that nobody does, as looked up for the batch at hand.
    pub(crate) fn learn_holder(&mut self, claim: Claim, holder: Option<Uuid>) {
        if let Some(entity) = holder.filter(|_| kinds::is_permanent(&claim)) {
            self.names.put(claim.clone(), entity);
        }
        self.looked_up.insert(claim, holder);
    }

    /// Notes that these streams were used just now.
    pub(crate) fn touch(&mut self, ids: impl IntoIterator<Item = Uuid>) {
        for id in ids {
            self.streams.promote(&id);
        }
    }

    /// Notes that a snapshot was taken.
    pub(crate) fn saved(&mut self, id: Uuid, version: i64) {
        if let Some(held) = self.streams.peek_mut(&id) {
            held.saved = held.saved.max(version);
        }
    }

    /// Lets a stream go; it is loaded again when it is needed.
    pub(crate) fn forget(&mut self, id: Uuid) {
        self.streams.pop(&id);
    }

    /// Lets every stream and every name go.
    pub(crate) fn forget_all(&mut self) {
        self.streams.clear();
        self.names.clear();
        self.looked_up.clear();
    }

    /// Advances the streams that another process wrote, or lets them go where they do not follow.
    ///
    /// # Errors
    /// The event cannot be folded; the streams concerned have been let go.
    pub(crate) fn advance(&mut self, envelope: &Envelope) -> Result<(), FoldError> {
        let mut outcome = Ok(());
        for stream in &envelope.streams {
            let Some(held) = self.streams.peek(&stream.id) else { continue };
            if held.version >= stream.version {
                continue;
            }
            let Some(held) = self.streams.pop(&stream.id) else { continue };
            if held.version.saturating_add(1) == stream.version {
                match held.after(stream.id, envelope) {
                    Ok(after) => drop(self.streams.put(stream.id, after)),
                    Err(error) => outcome = Err(error),
                }
            }
        }
        outcome
    }

    /// Ends a batch: forgets what was looked up for it and lets the least recently used streams go.
    pub(crate) fn end_batch(&mut self) {
        self.looked_up.clear();
        while self.streams.len() > self.capacity {
            self.streams.pop_lru();
        }
    }
}
