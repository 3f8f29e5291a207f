//! A ledger in memory for tests: the rules of `append`, written down once more and as plainly as possible.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::DateTime;
use domain::Missing;
use ledger::{Appended, ClaimOp, Decided, Envelope, Fate, Loaded, Position, PreparedCommand, StoredCommand};
use uuid::Uuid;

use super::kinds;
use super::known::Known;
use super::reader::fold;

#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) events: Vec<Arc<Envelope>>,
    pub(super) commands: HashMap<Uuid, StoredCommand>,
    claims: HashMap<(String, String), Uuid>,
}

impl Model {
    pub(super) fn last(&self) -> Position {
        Position::new(i64::try_from(self.events.len()).unwrap())
    }

    fn version(&self, stream: Uuid) -> i64 {
        self.events.iter().rev().find_map(|event| event.version_of(stream)).unwrap_or(0)
    }

    /// Every fate is judged on the ledger as it stood before the batch, plus the batch's earlier commands.
    pub(super) fn append(&mut self, batch: &[PreparedCommand]) -> Appended {
        let before = self.last();
        let mut fallen: HashSet<Uuid> = HashSet::new();
        let mut fates = Vec::new();
        for command in batch {
            let rests = command.reads.iter().any(|(stream, _)| fallen.contains(stream));
            let fate = self.fate(command, rests);
            if !matches!(fate, Fate::Recorded { .. } | Fate::AlreadyDone { .. } | Fate::Refused { .. }) {
                fallen.extend(command.events.iter().flat_map(|event| event.streams.iter().map(|s| s.id)));
            }
            fates.push(fate);
        }
        Appended { before, last: self.last(), fates }
    }

    fn fate(&mut self, command: &PreparedCommand, rests_on_fallen: bool) -> Fate {
        if let Some(stored) = self.commands.get(&command.id) {
            return if stored.hash == command.hash { Fate::Replay(stored.clone()) } else { Fate::KeyReused };
        }
        if rests_on_fallen || command.reads.iter().any(|(stream, seen)| self.version(*stream) != *seen) {
            return Fate::Moved;
        }
        for op in &command.claims {
            let (kind, value) = op.name();
            match (op, self.claims.get(&(kind.to_owned(), value.to_owned()))) {
                (ClaimOp::Take { .. }, Some(entity)) => {
                    return Fate::ClaimTaken {
                        kind: kind.to_owned(),
                        value: value.to_owned(),
                        entity: *entity,
                    };
                }
                (ClaimOp::Absent { .. }, Some(_)) => return Fate::Moved,
                (ClaimOp::Take { .. } | ClaimOp::Absent { .. } | ClaimOp::Release { .. }, _) => {}
            }
        }
        self.record(command)
    }

    fn record(&mut self, command: &PreparedCommand) -> Fate {
        let at = self.last();
        if command.decided == Decided::Refused {
            return Fate::Refused { at };
        }
        for op in &command.claims {
            if let ClaimOp::Take { kind, value, entity } = op {
                self.claims.insert((kind.clone(), value.clone()), *entity);
            }
        }
        for event in &command.events {
            for stream in &event.streams {
                assert_eq!(stream.version, self.version(stream.id) + 1, "i4: versions have no hole");
            }
            self.events.push(Arc::new(Envelope {
                position: self.last().next(),
                id: event.id,
                event_type: event.event_type.to_string(),
                schema_version: event.schema_version,
                streams: event.streams.clone(),
                occurred_at: event.occurred_at,
                recorded_at: DateTime::UNIX_EPOCH,
                command_id: command.id,
                actor: command.actor.clone(),
                causation_id: None,
                correlation_id: None,
                traceparent: None,
                payload: event.payload.clone(),
            }));
        }
        let count = u32::try_from(command.events.len()).unwrap();
        let first = if count == 0 { at } else { at.next() };
        self.commands.insert(
            command.id,
            StoredCommand {
                id: command.id,
                actor: command.actor.clone(),
                hash: command.hash,
                decided: command.decided,
                first_position: first,
                event_count: count,
                result: command.result.clone(),
                answer_version: command.answer_version,
            },
        );
        match command.decided {
            Decided::AlreadyDone => Fate::AlreadyDone { at },
            Decided::Recorded | Decided::Refused => {
                Fate::Recorded { first, count, recorded_at: DateTime::UNIX_EPOCH }
            }
        }
    }

    /// What a load at this moment, up to `limit` events, would bring.
    pub(super) fn learn(&self, known: &mut Known, missing: &Missing, limit: usize) {
        match missing {
            Missing::Stream(stream) => {
                let upto = self.events.iter().take(limit);
                let events: Vec<_> =
                    upto.filter(|event| event.version_of(*stream).is_some()).map(Arc::clone).collect();
                let version = i64::try_from(events.len()).unwrap();
                let loaded = Loaded { stream: *stream, version, snapshot: None, events };
                known.learn(*stream, fold(loaded).unwrap());
            }
            Missing::Books(_) => {}
            Missing::Claim(claim) => {
                let name = (claim.kind.to_owned(), claim.value.clone());
                known.learn_holder(claim.clone(), self.claims.get(&name).copied());
            }
        }
    }

    /// Every name that is taken, for checks.
    pub(super) fn names(&self) -> usize {
        let known = |(kind, value): &(String, String)| kinds::claim(kind, value.clone()).is_some();
        self.claims.keys().filter(|name| known(name)).count()
    }
}
