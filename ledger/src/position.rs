//! A place in the ledger: 1, 2, 3 … without a gap, in commit order (I5).
//!
//! Zero stands before the first event. The type does no input or output and never counts past `i64::MAX`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The position of an event; zero is before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(i64);

impl Position {
    /// Before the first event.
    pub const ZERO: Self = Self(0);

    /// Wraps a position; anything below zero is zero.
    #[must_use]
    pub const fn new(value: i64) -> Self {
        Self(if value < 0 { 0 } else { value })
    }

    /// The number itself.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The position that must follow this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The position `count` events later.
    #[must_use]
    pub const fn plus(self, count: i64) -> Self {
        Self::new(self.0.saturating_add(count))
    }

    /// How many events lie between `earlier` and this one; zero if this one is not later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> i64 {
        let distance = self.0.saturating_sub(earlier.0);
        if distance < 0 { 0 } else { distance }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<Position> for i64 {
    fn from(position: Position) -> Self {
        position.0
    }
}
