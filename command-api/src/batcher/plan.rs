//! Planning a batch: each command is decided in queue order on the committed state plus the events of the
//! commands before it in the same batch. No input or output happens here.
//!
//! Keeps true: every prepared command names each stream its decision looked at or writes, at the version
//! before it; two commands of one batch never name the same claim; one id stands in a batch once.
//! A command that cannot be decided because something is not at hand says what, and changes nothing.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use domain::period::Books;
use domain::{
    Claim, Decision, Fact, ImpossibleTransition, Missing, Reads, Rejection, Source, State, Stop, Time, View,
    decide,
};
use edge::Clock;
use foldhash::HashMap;
use ledger::{ClaimOp, Decided, NewEvent, PreparedCommand, StreamRef};
use uuid::Uuid;

use super::job::Job;
use super::kinds;
use super::known::{Held, Known};
use crate::answer::{self, ANSWER_VERSION};

/// A batch in the making.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) entries: Vec<Entry>,
    /// The commands for `append`, one for each entry.
    pub(crate) prepared: Vec<PreparedCommand>,
    /// The streams as they stand after the commands planned so far, where these changed them.
    pub(crate) overlay: HashMap<Uuid, Held>,
    names: HashSet<Claim>,
    ids: HashMap<Uuid, usize>,
}

/// A decided command of the batch.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) job: Job,
    /// Further jobs with the same id; they wait for this one.
    pub(crate) followers: Vec<Job>,
    /// Why, where it was refused.
    pub(crate) rejection: Option<Box<Rejection>>,
    /// The streams it writes.
    pub(crate) writes: Vec<Uuid>,
}

/// What became of one attempt to plan a command.
#[derive(Debug)]
pub(crate) enum Step {
    /// It is part of the batch.
    Planned,
    /// It names a claim that a command of this batch names; it waits for the next.
    Deferred(Job),
    /// Something must be loaded first.
    Missing(Job, Missing),
    /// The decision's events do not fold: the states are not of one moment, or it is a defect.
    Broken(Job, ImpossibleTransition),
}

/// The states a command is decided on.
struct Layers<'a> {
    overlay: &'a HashMap<Uuid, Held>,
    /// The batch before, where that is still on its way.
    before: Option<&'a Plan>,
    known: &'a Known,
    /// Ids that were minted for this very command, so no stream can have them.
    fresh: [Uuid; 2],
    /// The figures that came with it.
    books: Option<&'a Books>,
}

impl Layers<'_> {
    fn held(&self, id: Uuid) -> Option<&Held> {
        static EMPTY: Held = Held::EMPTY;
        let held = self.overlay.get(&id).or_else(|| self.before?.overlay.get(&id));
        let held = held.or_else(|| self.known.stream(id));
        held.or_else(|| self.fresh.contains(&id).then_some(&EMPTY))
    }
}

impl Source for Layers<'_> {
    fn stream(&self, id: Uuid) -> Option<(i64, Option<&State>)> {
        self.held(id).map(|held| (held.version, held.state.as_deref()))
    }

    fn claim(&self, claim: &Claim) -> Option<Option<Uuid>> {
        self.known.holder(claim)
    }

    fn books(&self) -> Option<&Books> {
        self.books
    }
}

/// What stopped a command's events from being laid over the states.
enum Unfit {
    Missing(Uuid),
    Impossible(ImpossibleTransition),
}

impl Plan {
    /// How many commands stand in the batch.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Every job of the batch, in its order; those with the id of another one follow it.
    pub(crate) fn into_jobs(self) -> Vec<Job> {
        let jobs = |entry: Entry| std::iter::once(entry.job).chain(entry.followers);
        self.entries.into_iter().flat_map(jobs).collect()
    }

    /// Decides `job` after everything planned so far.
    pub(crate) fn add(&mut self, job: Job, known: &Known, now: Time, clock: &dyn Clock) -> Step {
        self.decide(None, job, known, now, clock)
    }

    /// Decides `job` after the batch `before`, as if all of that had been recorded, and everything planned so far.
    pub(crate) fn add_after(
        &mut self,
        before: &Plan,
        job: Job,
        known: &Known,
        now: Time,
        clock: &dyn Clock,
    ) -> Step {
        if before.ids.contains_key(&job.id) {
            return Step::Deferred(job);
        }
        self.decide(Some(before), job, known, now, clock)
    }

    fn decide(
        &mut self,
        before: Option<&Plan>,
        mut job: Job,
        known: &Known,
        now: Time,
        clock: &dyn Clock,
    ) -> Step {
        if let Some(first) = self.ids.get(&job.id).and_then(|index| self.entries.get_mut(*index)) {
            first.followers.push(job);
            return Step::Planned;
        }
        job.order.now = now;
        let seeds = &job.order.seeds;
        let (fresh, books) = ([seeds.minted, seeds.second], job.books.as_deref());
        let layers = Layers { overlay: &self.overlay, before, known, fresh, books };
        let view = View::new(&layers);
        let decided = decide(&job.order, &view);
        let reads = view.into_reads();
        let (draft, rejection) = match decided {
            Err(Stop::Missing(missing)) => return Step::Missing(job, missing),
            Err(Stop::Rejected(rejection)) => {
                (Draft::empty(Decided::Refused, Bytes::new()), Some(Box::new(rejection)))
            }
            Ok(Decision::AlreadyDone { result }) => {
                (Draft::empty(Decided::AlreadyDone, answer::store(&[], &result)), None)
            }
            Ok(Decision::Recorded { facts, claims, result }) => match Laid::lay(facts, &layers, clock) {
                Err(Unfit::Missing(id)) => return Step::Missing(job, Missing::Stream(id)),
                Err(Unfit::Impossible(error)) => return Step::Broken(job, error),
                Ok(laid) => {
                    let result = answer::store(&laid.types, &result);
                    (Draft { decided: Decided::Recorded, result, laid, takes: claims }, None)
                }
            },
        };
        self.take(before, job, reads, draft, rejection)
    }

    /// What `job` would have to be loaded for, if it stood in the batch now. Decides and forgets.
    pub(crate) fn probe(&self, job: &mut Job, known: &Known, now: Time) -> Option<Missing> {
        job.order.now = now;
        let seeds = &job.order.seeds;
        let fresh = [seeds.minted, seeds.second];
        let books = job.books.as_deref();
        let layers = Layers { overlay: &self.overlay, before: None, known, fresh, books };
        match decide(&job.order, &View::new(&layers)) {
            Err(Stop::Missing(missing)) => Some(missing),
            Err(Stop::Rejected(_)) | Ok(_) => None,
        }
    }

    fn take(
        &mut self,
        before: Option<&Plan>,
        job: Job,
        reads: Reads,
        draft: Draft,
        rejection: Option<Box<Rejection>>,
    ) -> Step {
        let (claims, names) = claim_ops(&draft.takes, reads.free_claims);
        let named = |name| self.names.contains(name) || before.is_some_and(|plan| plan.names.contains(name));
        if names.iter().any(named) {
            return Step::Deferred(job);
        }
        self.names.extend(names);
        let mut streams = reads.streams;
        for (id, before, _) in &draft.laid.written {
            if !streams.iter().any(|(read, _)| read == id) {
                streams.push((*id, *before));
            }
        }
        let writes = draft.laid.written.iter().map(|(id, ..)| *id).collect();
        self.overlay.extend(draft.laid.written.into_iter().map(|(id, _, held)| (id, held)));
        let prepared = PreparedCommand {
            id: job.id,
            actor: job.actor.clone(),
            hash: job.hash,
            decided: draft.decided,
            reads: streams,
            events: draft.laid.events,
            claims,
            result: draft.result,
            answer_version: ANSWER_VERSION,
            correlation_id: None,
            traceparent: job.traceparent.clone(),
        };
        self.ids.insert(job.id, self.entries.len());
        self.prepared.push(prepared);
        self.entries.push(Entry { job, followers: Vec::new(), rejection, writes });
        Step::Planned
    }
}

struct Draft {
    decided: Decided,
    result: Bytes,
    laid: Laid,
    takes: Vec<(Claim, Uuid)>,
}

impl Draft {
    fn empty(decided: Decided, result: Bytes) -> Self {
        Self { decided, result, laid: Laid::default(), takes: Vec::new() }
    }
}

/// A command's facts as events of their streams, and the streams after them.
#[derive(Default)]
struct Laid {
    events: Vec<NewEvent>,
    types: Vec<&'static str>,
    /// Stream, version before the command, stream after it.
    written: Vec<(Uuid, i64, Held)>,
}

impl Laid {
    fn lay(facts: Vec<Fact>, layers: &Layers<'_>, clock: &dyn Clock) -> Result<Self, Unfit> {
        let mut laid = Self::default();
        for fact in facts {
            let keys = fact.event.streams();
            let mut streams = Vec::with_capacity(keys.len());
            for key in keys {
                let version = laid.evolve(key, &fact, layers)?;
                streams.push(StreamRef { kind: kinds::ledger(key.kind), id: key.id, version });
            }
            laid.types.push(fact.event.event_type());
            laid.events.push(NewEvent {
                id: clock.id(),
                event_type: Cow::Borrowed(fact.event.event_type()),
                schema_version: fact.event.schema_version(),
                streams,
                occurred_at: fact.occurred_at,
                causation_id: None,
                payload: Bytes::from(fact.event.encode()),
            });
        }
        Ok(laid)
    }

    /// The version that the fact gives the stream.
    fn evolve(&mut self, key: domain::StreamKey, fact: &Fact, layers: &Layers<'_>) -> Result<i64, Unfit> {
        let at = self.written.iter().position(|(id, ..)| *id == key.id);
        let (before, held) = match at.map(|at| self.written.swap_remove(at)) {
            Some((_, before, held)) => (before, held),
            None => {
                let held = layers.held(key.id).ok_or(Unfit::Missing(key.id))?;
                (held.version, held.clone())
            }
        };
        let state = held.state.map(Arc::unwrap_or_clone);
        let state =
            State::evolve(state, key.kind, &fact.event, fact.occurred_at).map_err(Unfit::Impossible)?;
        let version = held.version.saturating_add(1);
        self.written.push((
            key.id,
            before,
            Held { version, state: Some(Arc::new(state)), saved: held.saved },
        ));
        Ok(version)
    }
}

/// What a decision does to names: what it takes, and what it rests on being free.
fn claim_ops(takes: &[(Claim, Uuid)], free: Vec<Claim>) -> (Vec<ClaimOp>, Vec<Claim>) {
    let mut ops = Vec::with_capacity(takes.len());
    let mut names = Vec::with_capacity(takes.len());
    for (claim, entity) in takes {
        ops.push(ClaimOp::Take { kind: claim.kind.to_owned(), value: claim.value.clone(), entity: *entity });
        names.push(claim.clone());
    }
    for claim in free {
        if !names.contains(&claim) {
            ops.push(ClaimOp::Absent { kind: claim.kind.to_owned(), value: claim.value.clone() });
            names.push(claim);
        }
    }
    (ops, names)
}
