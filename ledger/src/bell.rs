//! A bell that tells readers in the same process how far the ledger reaches.
//!
//! It is a hint only: a reader that hears nothing polls. It never carries events and never goes back.

use tokio::sync::watch;

use crate::Position;

/// Rings when something was appended; clones ring the same bell.
#[derive(Debug, Clone)]
pub struct Bell {
    sender: watch::Sender<Position>,
}

impl Bell {
    /// A bell that has not rung.
    #[must_use]
    pub fn new() -> Self {
        Self { sender: watch::Sender::new(Position::ZERO) }
    }

    /// Says that the ledger reaches `last`; an older position changes nothing.
    pub fn ring(&self, last: Position) {
        self.sender.send_if_modified(|known| {
            let further = last > *known;
            if further {
                *known = last;
            }
            further
        });
    }

    /// Hears every later ring, and can read how far the ledger reached at the last one.
    #[must_use]
    pub fn listen(&self) -> watch::Receiver<Position> {
        self.sender.subscribe()
    }
}

impl Default for Bell {
    fn default() -> Self {
        Self::new()
    }
}
