//! Whether a refusal was right (I4): the events are replayed in order through the domain, and somewhere between the
//! request and its answer the very same refusal must come out.

use std::collections::HashMap;

use domain::{Actor, Claim, Command, Event, Order, Seeds, Source, State, Stop, View, decide};
use edge::{Clock as _, SystemClock};
use ledger::Envelope;
use serde_json::Value;
use tests::harness::{Answer, Who};
use uuid::Uuid;

/// A refusal, and between which positions of the ledger it was given.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) who: Who,
    pub(crate) kind: &'static str,
    pub(crate) data: Value,
    /// A position that the ledger had before the request was sent.
    pub(crate) after: i64,
    /// One that it had when the answer was here.
    pub(crate) until: i64,
    pub(crate) answer: Answer,
}

/// The ledger's states at one position.
#[derive(Default)]
struct World(HashMap<Uuid, (i64, State)>);

impl Source for World {
    fn stream(&self, id: Uuid) -> Option<(i64, Option<&State>)> {
        Some(self.0.get(&id).map_or((0, None), |(version, state)| (*version, Some(state))))
    }

    fn claim(&self, _: &Claim) -> Option<Option<Uuid>> {
        Some(None)
    }
}

impl World {
    fn add(&mut self, envelope: &Envelope) {
        let event = Event::decode(&envelope.event_type, envelope.schema_version, &envelope.payload).unwrap();
        for (stream, key) in envelope.streams.iter().zip(event.streams()) {
            assert_eq!(stream.id, key.id);
            let before = self.0.remove(&stream.id).map(|(_, state)| state);
            let state = State::evolve(before, key.kind, &event, envelope.occurred_at).unwrap();
            self.0.insert(stream.id, (stream.version, state));
        }
    }
}

impl Refusal {
    /// Whether this is what a decision on that world comes to.
    fn is_right(&self, world: &World) -> bool {
        let actor = Actor { role: domain::Role::parse(self.who.0.as_str()).unwrap(), subject: self.who.1 };
        let order = Order {
            command: Command::parse(self.kind, &self.data.to_string()).unwrap(),
            actor,
            now: SystemClock.now(),
            stated_at: None,
            seeds: Seeds {
                minted: SystemClock.id(),
                second: SystemClock.id(),
                derived: SystemClock.id(),
                random: [0; 17],
            },
        };
        let Err(Stop::Rejected(rejection)) = decide(&order, &View::new(world)) else { return false };
        let facts = serde_json::to_value(&rejection).unwrap();
        let answer = self.answer.json();
        let mut told = facts.as_object().unwrap().iter();
        rejection.code() == answer["code"] && told.all(|(name, fact)| answer.get(name) == Some(fact))
    }
}

/// Asserts that each refusal was right at some position between its request and its answer.
pub(crate) fn assert_none_is_stale(events: &[Envelope], refusals: Vec<Refusal>) {
    let mut open = refusals;
    let mut world = World::default();
    let mut position = 0;
    let mut events = events.iter();
    loop {
        open.retain(|refusal| {
            let now = (refusal.after..=refusal.until).contains(&position) && refusal.is_right(&world);
            let missed = !now && position >= refusal.until;
            assert!(!missed, "i4: never right between request and answer: {refusal:?}");
            !now
        });
        let Some(event) = events.next() else { break };
        world.add(event);
        position = event.position.get();
    }
    assert!(open.is_empty(), "answered beyond the ledger's end: {open:?}");
}
