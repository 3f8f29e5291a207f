//! Checks the invariants of ARCHITECTURE.md on what a system left behind, and names the one that fell.
//!
//! It reads only what clients were answered ([`journal`]), Postgres, Kafka and the read models ([`Evidence`]), and
//! folds events with a little fold of its own ([`fold`]): no rule of the domain and no code of a service is used, so a
//! fault of theirs does not hide itself. It writes nothing and repairs nothing.
//!
//! | check | what |
//! |---|---|
//! | [`acknowledged`] | I1, I2, I3: answers against commands and events |
//! | [`order`] | I4, I5: positions and versions |
//! | [`money`] | I6: every event balances, the books agree at every position |
//! | [`rentals`] | I9: one open rental for a device and for a customer |
//! | [`models`] | I7: read models against the fold, and against a rebuild |
//! | [`transport`] | I8: Kafka against the ledger |
//! | [`checkpoints`] | I11: signed checkpoints against the events |

pub mod acknowledged;
pub mod checkpoints;
pub mod evidence;
pub mod fold;
pub mod journal;
pub mod models;
pub mod money;
pub mod order;
pub mod rentals;
pub mod transport;

pub use evidence::{Checkpoint, Event, Evidence, JournalLine, ReadModels, Record, StoredCommand, Unreadable};
pub use fold::{Effect, effect};
pub use journal::{Journal, Said};

/// How many violations of one check are named; one is enough to stop, more help to understand.
const NAMED: usize = 20;

/// An invariant that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Its name: `I1` to `I13`.
    pub invariant: &'static str,
    /// The first position at fault, where there is one.
    pub position: Option<i64>,
    /// What was found.
    pub what: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.position {
            Some(position) => write!(f, "{} fell at position {position}: {}", self.invariant, self.what),
            None => write!(f, "{} fell: {}", self.invariant, self.what),
        }
    }
}

/// Gathers violations, not without end.
#[derive(Debug, Default)]
struct Findings(Vec<Violation>);

impl Findings {
    fn add(&mut self, invariant: &'static str, position: Option<i64>, what: String) {
        if self.0.len() < NAMED {
            self.0.push(Violation { invariant, position, what });
        }
    }

    fn unless(&mut self, holds: bool, invariant: &'static str, position: i64, what: impl FnOnce() -> String) {
        if !holds {
            self.add(invariant, Some(position), what());
        }
    }
}

/// Every check that needs no other program, in the order of the invariants.
#[must_use]
pub fn verify(evidence: &Evidence, journal: &Journal) -> Vec<Violation> {
    let mut found = acknowledged::check(evidence, journal);
    found.extend(order::check(evidence));
    found.extend(money::check(evidence));
    found.extend(models::check(evidence));
    found.extend(transport::check(evidence));
    found.extend(rentals::check(evidence));
    found.extend(checkpoints::check(evidence));
    found
}
