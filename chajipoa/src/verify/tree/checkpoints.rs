//! Checkpoints against the tree: those that are stored, and those that were published outside the database.
//!
//! What a checkpoint says is its note, and that is signed; the columns beside it must say the same.

use std::collections::BTreeMap;

use domain::event::CheckpointRef;
use ledger::LedgerIdentity;
use ledger::tree::{CheckpointText, Hash, SignedNote, VerifierKey};

use super::rows::{StoredCheckpoint, TreeRows};
use crate::verify::Asked;
use crate::verify::error::VerifyError;
use crate::verify::finding::{Check, Findings};
use crate::verify::ground::Ground;
use crate::verify::published::Published;

/// A checkpoint at its size.
#[derive(Debug, Clone)]
pub(super) struct Point {
    pub(super) size: i64,
    source: Source,
}

#[derive(Debug, Clone)]
enum Source {
    /// A row: epoch, root, note.
    Stored(i32, Vec<u8>, String),
    /// One from outside, and the root that is stored for its epoch and size.
    Published(Published, Option<Vec<u8>>),
    /// What the close of a period at this position recorded.
    Recorded(i64, CheckpointRef),
}

/// What is known of checkpoints.
pub(super) struct Checkpoints {
    keys: Vec<VerifierKey>,
    identity: LedgerIdentity,
    /// Those from outside, by size.
    outside: BTreeMap<i64, Vec<Published>>,
    /// Those that closes of periods recorded, with the positions of the closes, by size.
    recorded: BTreeMap<i64, Vec<(i64, CheckpointRef)>>,
    /// From outside, and no checkpoint of this ledger.
    foreign: Vec<String>,
    /// How many stored ones were compared with the tree.
    pub(super) signed: u64,
    /// How many from outside were.
    pub(super) published: u64,
    /// The largest size whose signed root is that of the events.
    held: i64,
    /// A root did not hold, and it was told.
    pub(super) fell: bool,
}

impl Checkpoints {
    pub(super) fn new(ground: &Ground, asked: Asked) -> Self {
        let identity = LedgerIdentity { ledger_id: ground.ledger_id, epoch: ground.epoch };
        let mut outside: BTreeMap<i64, Vec<Published>> = BTreeMap::new();
        let mut foreign = Vec::new();
        for one in asked.published {
            match of_ledger(&one, identity) {
                Ok(size) => outside.entry(size).or_default().push(one),
                Err(why) => foreign.push(format!("{}: {why}", one.path.display())),
            }
        }
        let mut recorded: BTreeMap<i64, Vec<_>> = BTreeMap::new();
        for (position, said) in &ground.recorded {
            recorded.entry(said.size).or_default().push((*position, said.clone()));
        }
        let keys = asked.keys;
        Self { keys, identity, outside, recorded, foreign, signed: 0, published: 0, held: 0, fell: false }
    }

    pub(super) const fn held(&self) -> i64 {
        self.held
    }

    /// The checkpoints after a size, up to another one, the smallest first; stored ones before those from outside.
    pub(super) fn points(&self, after: i64, until: i64, rows: &TreeRows) -> Result<Vec<Point>, VerifyError> {
        let stored: Vec<StoredCheckpoint<'_>> = rows.checkpoints().collect::<Result<_, _>>()?;
        let from = if after == 0 { 0 } else { after.saturating_add(1) };
        let outside =
            self.outside.range(from..=until).flat_map(|(size, all)| all.iter().map(|one| (*size, one)));
        let outside = outside.map(|(size, one)| {
            let epoch =
                one.said.as_ref().and_then(|(_, text)| text.identity()).map(|identity| identity.epoch);
            let same = stored.iter().find(|row| row.size == size && Some(row.epoch) == epoch);
            Point { size, source: Source::Published(one.clone(), same.map(|row| row.root.to_vec())) }
        });
        let rows = stored.iter().map(|row| Point {
            size: row.size,
            source: Source::Stored(row.epoch, row.root.to_vec(), row.note.to_owned()),
        });
        let recorded = self.recorded.range(from..=until).flat_map(|(size, all)| {
            all.iter().map(|(position, said)| Point {
                size: *size,
                source: Source::Recorded(*position, said.clone()),
            })
        });
        let mut points: Vec<Point> = rows.chain(outside).chain(recorded).collect();
        points.sort_by_key(|point| point.size);
        Ok(points)
    }

    /// Checks one against the root of the tree of its size, if there is a tree; with it comes the first position whose
    /// leaf is known to differ.
    pub(super) fn check(
        &mut self,
        point: &Point,
        tree: Option<(Hash, Option<i64>)>,
        findings: &mut Findings,
    ) {
        let size = point.size;
        let said = match &point.source {
            Source::Stored(epoch, root, note) => {
                self.signed = self.signed.saturating_add(1);
                self.stored(size, *epoch, (root, note), findings)
            }
            Source::Published(one, stored) => {
                self.published = self.published.saturating_add(1);
                self.look_outside(size, one, stored.as_deref(), findings)
            }
            Source::Recorded(position, said) => return self.look_at_close(*position, said, tree, findings),
        };
        let (Some(said), Some((root, differs))) = (said, tree) else { return };
        if said == root {
            self.held = self.held.max(size);
        } else if !self.fell && differs.is_none_or(|position| position > size) {
            self.fell = true;
            let from = self.unproven(size);
            let what =
                format!("the signed root of the first {size} events is not theirs: one of these was altered");
            findings.stretch(Check::Checkpoint, from, size, what);
        }
    }

    /// Compares what a close recorded with the tree. Where an event is known to be at fault, the root says nothing more.
    fn look_at_close(
        &self,
        position: i64,
        said: &CheckpointRef,
        tree: Option<(Hash, Option<i64>)>,
        findings: &mut Findings,
    ) {
        let Some((root, differs)) = tree else { return };
        if self.fell || differs.is_some_and(|at| at <= said.size) {
            return;
        }
        let ours =
            |epoch| CheckpointText::origin_of(LedgerIdentity { epoch, ..self.identity }) == said.origin;
        let holds = said.root == hex::encode(root) && (1..=self.identity.epoch).any(ours);
        findings.unless(holds, Check::Period, position, || {
            format!(
                "the close records a checkpoint of {} with a root that is not that of the first {} events",
                said.origin, said.size
            )
        });
    }

    /// The first position that only a checkpoint of this size or a later one proves.
    fn unproven(&self, size: i64) -> i64 {
        self.held.saturating_add(1).min(size)
    }

    /// Checks a row by itself; returns the root that it says.
    fn stored(
        &self,
        size: i64,
        epoch: i32,
        (root, note): (&[u8], &str),
        findings: &mut Findings,
    ) -> Option<Hash> {
        let identity = LedgerIdentity { epoch, ..self.identity };
        match self.read(note, identity, size) {
            Ok(text) => {
                if text.root != root {
                    let what =
                        format!("the stored root of the checkpoint of size {size} is not the signed one");
                    findings.stretch(Check::Checkpoint, self.unproven(size), size, what);
                }
                Some(text.root)
            }
            Err(why) => {
                let what = format!("the checkpoint of size {size}: {why}");
                findings.stretch(Check::Checkpoint, self.unproven(size), size, what);
                root.try_into().ok()
            }
        }
    }

    /// What a note says, if it is signed, and of this ledger and size.
    fn read(&self, note: &str, identity: LedgerIdentity, size: i64) -> Result<CheckpointText, String> {
        let note = SignedNote::parse(note).map_err(|error| error.to_string())?;
        self.signed(&note)?;
        let text = CheckpointText::parse(note.text()).map_err(|error| error.to_string())?;
        if text.identity() != Some(identity) {
            return Err(format!(
                "its origin is {}, and should be {}",
                text.origin,
                CheckpointText::origin_of(identity)
            ));
        }
        if u64::try_from(size) != Ok(text.size) {
            return Err(format!("what was signed is of size {}", text.size));
        }
        Ok(text)
    }

    fn signed(&self, note: &SignedNote) -> Result<(), String> {
        if self.keys.is_empty() {
            return Ok(());
        }
        note.verify(&self.keys).map(|_| ()).map_err(|error| error.to_string())
    }

    /// Checks one from outside by itself; returns the root that it says.
    fn look_outside(
        &self,
        size: i64,
        one: &Published,
        stored: Option<&[u8]>,
        findings: &mut Findings,
    ) -> Option<Hash> {
        let (note, text) = one.said.as_ref()?;
        let path = one.path.display();
        if let Err(why) = self.signed(note) {
            findings.add(Check::Published, size, format!("{path}: {why}"));
            return None;
        }
        let present = text.identity() == Some(self.identity);
        match stored {
            Some(stored) if stored != text.root => {
                let what =
                    format!("{path} was published with another root than the stored checkpoint of its size");
                findings.add(Check::Published, size, what);
            }
            None if present => {
                let what = format!("{path} was published, and no checkpoint of its size is stored");
                findings.add(Check::Published, size, what);
            }
            // A former epoch may have published what was lost before the fork.
            None => return None,
            Some(_) => {}
        }
        Some(text.root)
    }

    /// What was published of more events than there are, the first `proven` of which are known to be right.
    pub(super) fn beyond(&self, last: i64, proven: i64, findings: &mut Findings) {
        for why in &self.foreign {
            findings.nowhere(Check::Published, why.clone());
        }
        let from = last.saturating_add(1);
        for (size, one) in
            self.outside.range(from..).flat_map(|(size, all)| all.iter().map(move |one| (size, one)))
        {
            let present = one.said.as_ref().is_some_and(|(_, text)| text.identity() == Some(self.identity));
            let signed = one.said.as_ref().is_some_and(|(note, _)| self.signed(note).is_ok());
            if present && signed {
                let path = one.path.display();
                let what = format!("{path} was signed over {size} events, and the ledger ends at {last}");
                findings.stretch(Check::Published, proven.min(last).saturating_add(1), *size, what);
            }
        }
    }
}

/// The size of a checkpoint from outside, if it is one of this ledger.
fn of_ledger(one: &Published, identity: LedgerIdentity) -> Result<i64, String> {
    let (_, text) = one.said.as_ref().ok_or("this is no checkpoint")?;
    let of = text
        .identity()
        .ok_or_else(|| format!("it is a checkpoint of {}, not of this system", text.origin))?;
    if of.ledger_id != identity.ledger_id {
        return Err(format!(
            "it is a checkpoint of the ledger {}, this is {}",
            of.ledger_id, identity.ledger_id
        ));
    }
    if of.epoch > identity.epoch {
        let LedgerIdentity { epoch, .. } = identity;
        return Err(format!("it is of epoch {}, this ledger is of epoch {epoch}: an old backup", of.epoch));
    }
    i64::try_from(text.size).map_err(|_| "its size is larger than any ledger".to_owned())
}
