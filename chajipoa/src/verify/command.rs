//! I3: one command id has one effect. The events of a command are one block, and agree on who, when and why; the
//! block is what the command's row says: first position, number of events, sender, and the types in its answer.

use uuid::Uuid;

use super::event_row::EventRow;
use super::finding::{Check, Findings};
use super::sums::{Kind, Sums};

/// The events of one command, as far as they were read.
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Block {
    pub(super) id: Uuid,
    pub(super) first: i64,
    pub(super) count: i32,
    pub(super) actor: Vec<u8>,
    /// The types as they stand in the stored answer: `"A","B"`.
    pub(super) types: Vec<u8>,
}

/// The block that is being read.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    block: Block,
    recorded_at: i64,
    correlation_id: Option<Vec<u8>>,
    traceparent: Option<Vec<u8>>,
}

impl Blocks {
    /// The first position of the block that the last event belongs to.
    pub(super) const fn first(&self) -> i64 {
        self.block.first
    }

    /// The next event; `whole` is shown the block before it, if this one begins another.
    pub(super) fn event(
        &mut self,
        event: &EventRow<'_>,
        findings: &mut Findings,
        whole: impl FnOnce(&Block),
    ) {
        let next = self.block.first.saturating_add(i64::from(self.block.count));
        if event.command_id == self.block.id && event.position == next && self.block.count > 0 {
            self.go_on(event, findings);
            return;
        }
        if let Some(before) = self.last() {
            whole(before);
        }
        self.block.id = event.command_id;
        self.block.first = event.position;
        self.block.count = 1;
        self.block.actor.clear();
        self.block.actor.extend_from_slice(event.actor);
        self.block.types.clear();
        name(&mut self.block.types, event.event_type);
        self.recorded_at = event.recorded_at;
        self.correlation_id = event.correlation_id.map(<[u8]>::to_vec);
        self.traceparent = event.traceparent.map(<[u8]>::to_vec);
    }

    /// The block that is being read; after the last event, the last one.
    pub(super) fn last(&self) -> Option<&Block> {
        Some(&self.block).filter(|block| block.count > 0)
    }

    fn go_on(&mut self, event: &EventRow<'_>, findings: &mut Findings) {
        self.block.count = self.block.count.saturating_add(1);
        name(&mut self.block.types, event.event_type);
        let differs = if self.block.actor != event.actor {
            "sender"
        } else if self.recorded_at != event.recorded_at {
            "time of recording"
        } else if self.correlation_id.as_deref() != event.correlation_id {
            "correlation id"
        } else if self.traceparent.as_deref() != event.traceparent {
            "traceparent"
        } else {
            return;
        };
        let what = format!("its {differs} is not that of its command's first event");
        findings.stretch(Check::Command, self.block.first, event.position, what);
    }
}

fn name(types: &mut Vec<u8>, event_type: &str) {
    types.extend_from_slice(if types.is_empty() { b"\"" } else { b",\"" });
    types.extend_from_slice(event_type.as_bytes());
    types.push(b'"');
}

impl Block {
    /// Into the sums of a side.
    pub(super) fn sum(&self, sums: &mut Sums) {
        sums.add(Kind::Command, self.first, self);
    }
}
