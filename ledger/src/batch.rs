//! A batch of decided commands as the parallel arrays of `ledger.append`.
//!
//! Everything that can be known without the database is settled here. A command that contradicts an earlier one
//! of the batch (the same id, the same name claimed, a version that does not follow) is sent as contradicted: it
//! falls out as moved and harms nobody else. A command that contradicts itself is a defect of the caller and
//! stops the whole batch before anything is sent.

use chrono::{DateTime, Utc};
use foldhash::{HashMap, HashSet};
use uuid::Uuid;

use crate::{AppendError, ClaimOp, Decided, MAX_STREAMS, NewEvent, Position, PreparedCommand};

/// `c_outcome` of a command that an earlier one of the batch contradicts.
const CONTRADICTED: i16 = 0;

/// The arrays, named as the parameters of `ledger.append`.
#[derive(Debug, Default)]
pub(crate) struct Batch<'a> {
    pub(crate) c_id: Vec<Uuid>,
    pub(crate) c_actor: Vec<&'a str>,
    pub(crate) c_hash: Vec<&'a [u8]>,
    pub(crate) c_outcome: Vec<i16>,
    pub(crate) c_before: Vec<i32>,
    pub(crate) c_count: Vec<i32>,
    pub(crate) c_result: Vec<&'a [u8]>,
    pub(crate) c_answer: Vec<i16>,
    pub(crate) c_correlation: Vec<Option<Uuid>>,
    pub(crate) c_trace: Vec<Option<&'a str>>,
    pub(crate) c_reads: Vec<i32>,
    pub(crate) c_writes: Vec<i32>,
    pub(crate) r_stream: Vec<Uuid>,
    pub(crate) b_stream: Vec<Uuid>,
    pub(crate) b_version: Vec<i64>,
    pub(crate) e_id: Vec<Uuid>,
    pub(crate) e_command: Vec<i32>,
    pub(crate) e_type: Vec<&'a str>,
    pub(crate) e_schema: Vec<i16>,
    pub(crate) e_occurred: Vec<DateTime<Utc>>,
    pub(crate) e_causation: Vec<Option<Uuid>>,
    pub(crate) e_payload: Vec<&'a [u8]>,
    pub(crate) e_streams: Vec<i32>,
    pub(crate) s_event: Vec<i32>,
    pub(crate) s_kind: Vec<i16>,
    pub(crate) s_stream: Vec<Uuid>,
    pub(crate) s_version: Vec<i64>,
    pub(crate) k_command: Vec<i32>,
    pub(crate) k_op: Vec<i16>,
    pub(crate) k_kind: Vec<&'a str>,
    pub(crate) k_value: Vec<&'a str>,
    pub(crate) k_entity: Vec<Option<Uuid>>,
}

impl<'a> Batch<'a> {
    /// Lays a batch out, checking each command against itself and against those before it.
    pub(crate) fn lay_out(commands: &'a [PreparedCommand]) -> Result<Self, AppendError> {
        let mut batch = Self::default();
        let mut earlier = Earlier::default();
        for command in commands {
            let heads = own_heads(command)?;
            let contradicted = earlier.contradict(command);
            if !contradicted {
                for (stream, version) in &command.reads {
                    if !earlier.heads.contains_key(stream) {
                        batch.b_stream.push(*stream);
                        batch.b_version.push(*version);
                    }
                }
                earlier.heads.extend(heads);
            }
            earlier.ids.insert(command.id);
            earlier.names.extend(command.claims.iter().map(ClaimOp::name));
            batch.push_command(command, contradicted)?;
        }
        Ok(batch)
    }

    /// How many commands.
    pub(crate) fn len(&self) -> usize {
        self.c_id.len()
    }

    fn push_command(&mut self, command: &'a PreparedCommand, contradicted: bool) -> Result<(), AppendError> {
        let number = length(self.c_id.len().saturating_add(1), command)?;
        self.c_id.push(command.id);
        self.c_actor.push(&command.actor);
        self.c_hash.push(&command.hash);
        self.c_outcome.push(if contradicted { CONTRADICTED } else { outcome_code(command.decided) });
        self.c_before.push(length(self.e_id.len(), command)?);
        self.c_count.push(length(command.events.len(), command)?);
        self.c_result.push(&command.result);
        self.c_answer.push(command.answer_version);
        self.c_correlation.push(command.correlation_id);
        self.c_trace.push(command.traceparent.as_deref());
        self.r_stream.extend(command.reads.iter().map(|(stream, _)| *stream));
        for event in &command.events {
            self.push_event(event, number, command)?;
        }
        for claim in &command.claims {
            self.push_claim(claim, number);
        }
        self.c_reads.push(length(self.r_stream.len(), command)?);
        self.c_writes.push(length(self.s_stream.len(), command)?);
        Ok(())
    }

    fn push_event(
        &mut self,
        event: &'a NewEvent,
        command_number: i32,
        command: &PreparedCommand,
    ) -> Result<(), AppendError> {
        self.e_id.push(event.id);
        let number = length(self.e_id.len(), command)?;
        self.e_command.push(command_number);
        self.e_type.push(&event.event_type);
        self.e_schema.push(event.schema_version);
        self.e_occurred.push(event.occurred_at);
        self.e_causation.push(event.causation_id);
        self.e_payload.push(&event.payload);
        for stream in &event.streams {
            self.s_event.push(number);
            self.s_kind.push(stream.kind.code());
            self.s_stream.push(stream.id);
            self.s_version.push(stream.version);
        }
        self.e_streams.push(length(self.s_stream.len(), command)?);
        Ok(())
    }

    fn push_claim(&mut self, claim: &'a ClaimOp, command_number: i32) {
        let (kind, value) = claim.name();
        let (op, entity) = match claim {
            ClaimOp::Take { entity, .. } => (1, Some(*entity)),
            ClaimOp::Absent { .. } => (2, None),
            ClaimOp::Release { .. } => (3, None),
        };
        self.k_command.push(command_number);
        self.k_op.push(op);
        self.k_kind.push(kind);
        self.k_value.push(value);
        self.k_entity.push(entity);
    }
}

/// What the commands so far have used and made.
#[derive(Default)]
struct Earlier<'a> {
    ids: HashSet<Uuid>,
    names: HashSet<(&'a str, &'a str)>,
    heads: HashMap<Uuid, i64>,
}

impl Earlier<'_> {
    fn contradict(&self, command: &PreparedCommand) -> bool {
        self.ids.contains(&command.id)
            || command.claims.iter().any(|claim| self.names.contains(&claim.name()))
            || command
                .reads
                .iter()
                .any(|(stream, version)| self.heads.get(stream).is_some_and(|head| head != version))
    }
}

/// Where a command leaves the streams it names; checks that the command fits itself. A handful of streams is found
/// faster one by one than by a hash.
fn own_heads(command: &PreparedCommand) -> Result<Vec<(Uuid, i64)>, AppendError> {
    let malformed = |what| AppendError::Malformed { command: command.id, what };
    if (command.decided == Decided::Recorded) == command.events.is_empty() {
        return Err(malformed("it has events exactly if it is recorded"));
    }
    let mut heads: Vec<(Uuid, i64)> = Vec::with_capacity(command.reads.len());
    for (stream, version) in &command.reads {
        match heads.iter().find(|(known, _)| known == stream) {
            Some((_, known)) if known == version => {}
            None if *version >= 0 => heads.push((*stream, *version)),
            Some(_) | None => return Err(malformed("it names a stream at two versions, or below zero")),
        }
    }
    for event in &command.events {
        if event.streams.is_empty() || event.streams.len() > MAX_STREAMS {
            return Err(malformed("an event belongs to one to four streams"));
        }
        for stream in &event.streams {
            let head = heads.iter_mut().find(|(known, _)| *known == stream.id);
            let (_, head) = head.ok_or_else(|| malformed("it writes a stream it did not read"))?;
            if head.checked_add(1) != Some(stream.version) {
                return Err(malformed("the versions it writes do not follow the ones it read"));
            }
            *head = stream.version;
        }
    }
    let named_before = |(index, claim): (usize, &ClaimOp)| {
        command.claims.iter().take(index).any(|earlier| earlier.name() == claim.name())
    };
    if command.claims.iter().enumerate().any(named_before) {
        return Err(malformed("it names a claim twice"));
    }
    Ok(heads)
}

const fn outcome_code(decided: Decided) -> i16 {
    match decided {
        Decided::Recorded => 1,
        Decided::AlreadyDone => 2,
        Decided::Refused => 3,
    }
}

fn length(length: usize, command: &PreparedCommand) -> Result<i32, AppendError> {
    i32::try_from(length)
        .map_err(|_| AppendError::Malformed { command: command.id, what: "the batch is far too large" })
}

/// The position an event count later; counts of a batch are never negative.
pub(crate) fn later(position: Position, events: i32) -> Position {
    position.plus(i64::from(events))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{StreamKind, StreamRef, testing::micros};

    fn command(id: u128, reads: &[(u128, i64)], writes: &[(u128, i64)]) -> PreparedCommand {
        let streams = writes
            .iter()
            .map(|(id, version)| StreamRef {
                kind: StreamKind::Rental,
                id: Uuid::from_u128(*id),
                version: *version,
            })
            .collect();
        let event = NewEvent {
            id: Uuid::from_u128(1),
            event_type: "RentalStarted".into(),
            schema_version: 1,
            streams,
            occurred_at: micros(0),
            causation_id: None,
            payload: Bytes::from_static(b"{}"),
        };
        PreparedCommand {
            id: Uuid::from_u128(id),
            actor: "agent:1".to_owned(),
            hash: [0; 32],
            decided: if writes.is_empty() { Decided::Refused } else { Decided::Recorded },
            reads: reads.iter().map(|(id, version)| (Uuid::from_u128(*id), *version)).collect(),
            events: if writes.is_empty() { Vec::new() } else { vec![event] },
            claims: Vec::new(),
            result: Bytes::new(),
            answer_version: 1,
            correlation_id: None,
            traceparent: None,
        }
    }

    fn outcomes(commands: &[PreparedCommand]) -> Vec<i16> {
        Batch::lay_out(commands).unwrap().c_outcome
    }

    #[test]
    fn each_stream_is_probed_once_at_its_version_before_the_batch() {
        let commands = [
            command(1, &[(10, 4), (11, 0)], &[(10, 5), (11, 1)]),
            command(2, &[(10, 5), (12, 7)], &[(10, 6)]),
            command(3, &[(10, 6)], &[]),
        ];
        let batch = Batch::lay_out(&commands).unwrap();
        assert_eq!(batch.c_outcome, [1, 1, 3]);
        assert_eq!(batch.b_stream, [10, 11, 12].map(Uuid::from_u128));
        assert_eq!(batch.b_version, [4, 0, 7]);
        assert_eq!((batch.c_reads, batch.c_writes), (vec![2, 4, 5], vec![2, 3, 3]));
        assert_eq!((batch.c_before, batch.c_count), (vec![0, 1, 2], vec![1, 1, 0]));
        assert_eq!((batch.e_streams, batch.s_event), (vec![2, 3], vec![1, 1, 2]));
    }

    #[test]
    fn a_command_that_an_earlier_one_contradicts_falls_out_alone() {
        let twice = [command(1, &[(10, 0)], &[(10, 1)]), command(1, &[(10, 1)], &[(10, 2)])];
        assert_eq!(outcomes(&twice), [1, 0]);
        let stale = [
            command(1, &[(10, 0)], &[(10, 1)]),
            command(2, &[(10, 0)], &[(10, 1)]),
            command(3, &[(10, 1)], &[(10, 2)]),
        ];
        assert_eq!(outcomes(&stale), [1, 0, 1]);
        let mut claims = [command(1, &[(10, 0)], &[(10, 1)]), command(2, &[(11, 0)], &[(11, 1)])];
        for one in &mut claims {
            one.claims.push(ClaimOp::Absent { kind: "serial".into(), value: "A".into() });
        }
        assert_eq!(outcomes(&claims), [1, 0]);
    }

    #[test]
    fn a_command_that_contradicts_itself_stops_the_batch() {
        let unread = command(1, &[(10, 0)], &[(11, 1)]);
        let jump = command(1, &[(10, 0)], &[(10, 2)]);
        let two = command(1, &[(10, 0), (10, 1)], &[(10, 1)]);
        let mut empty = command(1, &[(10, 0)], &[]);
        empty.decided = Decided::Recorded;
        for bad in [unread, jump, two, empty] {
            let laid = Batch::lay_out(std::slice::from_ref(&bad));
            assert!(matches!(laid, Err(AppendError::Malformed { .. })), "{bad:?}");
        }
    }
}
