//! What does not agree between a recorded event and what follows from the facts.

use serde::Serialize;
use serde_json::Value;

use crate::{RentalId, rating::Charge};

/// What of an event was computed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The pinned tariff is not the published version of that name.
    Tariff,
    /// The moment of the start.
    Start,
    /// The free minutes granted at the start.
    FreeMinutes,
    /// The due time.
    DueAt,
    /// How the rental came out: ended, sold or recovered.
    Outcome,
    /// The billed end, or the sale moment.
    End,
    /// What is charged by this event, its VAT and its trace.
    Charge,
    /// What the rental costs in all, its VAT and its trace.
    Whole,
    /// What is taken back.
    Reversed,
    /// The event cannot follow what was recorded of its rental before.
    Order,
}

impl What {
    /// Its name in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            What::Tariff => "tariff",
            What::Start => "start",
            What::FreeMinutes => "free_minutes",
            What::DueAt => "due_at",
            What::Outcome => "outcome",
            What::End => "end",
            What::Charge => "charge",
            What::Whole => "whole",
            What::Reversed => "reversed",
            What::Order => "order",
        }
    }
}

/// A recorded event that says something else than its facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The event.
    pub position: i64,
    /// Its rental.
    pub rental_id: RentalId,
    /// What differs.
    pub what: What,
    /// As recorded.
    pub recorded: Value,
    /// As it follows from the facts.
    pub recomputed: Value,
}

/// The differences of one event.
pub(super) struct Checks {
    position: i64,
    rental_id: RentalId,
    pub(super) found: Vec<Difference>,
}

impl Checks {
    pub(super) const fn of(position: i64, rental_id: RentalId) -> Checks {
        Checks { position, rental_id, found: Vec::new() }
    }

    /// Notes a difference if there is one.
    pub(super) fn same<T: PartialEq + Serialize>(&mut self, what: What, recorded: &T, recomputed: &T) {
        if recorded != recomputed {
            self.note(what, recorded, recomputed);
        }
    }

    /// The same of a charge: amounts, VAT by kind, and every line of the trace.
    pub(super) fn charge(&mut self, what: What, recorded: &Charge, recomputed: &Charge) {
        self.same(what, recorded, recomputed);
    }

    pub(super) fn note(&mut self, what: What, recorded: &impl Serialize, recomputed: &impl Serialize) {
        let value = |written: Result<Value, serde_json::Error>| written.unwrap_or(Value::Null);
        self.found.push(Difference {
            position: self.position,
            rental_id: self.rental_id,
            what,
            recorded: value(serde_json::to_value(recorded)),
            recomputed: value(serde_json::to_value(recomputed)),
        });
    }

    /// Notes that the event cannot stand here.
    pub(super) fn out_of_order(&mut self, event_type: &str, expected: &str) {
        self.note(What::Order, &event_type, &expected);
    }
}
