//! I11: every signed checkpoint is of the events as they stand, and no two of them contradict each other.
//!
//! Leaves, roots and the text of a note are made here anew from what RFC 6962, C2SP and the table of fields of an event
//! say, so that a fault of the sealer does not hide itself.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{Context, SHA256};
use uuid::Uuid;

use super::evidence::{Checkpoint, Event, Evidence};
use super::{Findings, Violation};

type Hash = [u8; 32];

/// Checks I11.
#[must_use]
pub fn check(evidence: &Evidence) -> Vec<Violation> {
    let mut found = Findings::default();
    let mut checkpoints: Vec<&Checkpoint> = evidence.checkpoints.iter().collect();
    checkpoints.sort_by_key(|checkpoint| (checkpoint.size, checkpoint.epoch));
    let mut waiting = checkpoints.iter().peekable();
    // The perfect subtrees so far, the largest first, each with its height.
    let mut peaks: Vec<(u32, Hash)> = Vec::new();
    let mut size = 0;
    for event in &evidence.events {
        size += 1;
        if event.position != size {
            break;
        }
        grow(&mut peaks, leaf(event));
        while let Some(checkpoint) = waiting.next_if(|checkpoint| checkpoint.size <= size) {
            compare(evidence, checkpoint, root(&peaks), &mut found);
        }
    }
    for checkpoint in waiting {
        let size = checkpoint.size;
        let what = format!("a checkpoint is signed over {size} events, which are not all there");
        found.add("I11", Some(size), what);
    }
    found.0
}

fn compare(evidence: &Evidence, checkpoint: &Checkpoint, root: Hash, found: &mut Findings) {
    let Checkpoint { epoch, size, .. } = checkpoint;
    found.unless(checkpoint.root == root, "I11", *size, || {
        format!("the root of the checkpoint of size {size} is not that of the events")
    });
    // `/chajipoa/<ledger id>/<epoch>` is what Kafka calls the present epoch.
    let ledger = evidence.source.trim_start_matches('/').rsplit_once('/').map_or("", |(ledger, _)| ledger);
    let text = format!("{ledger}/{epoch}\n{size}\n{}\n\n", STANDARD.encode(root));
    found.unless(checkpoint.note.starts_with(&text), "I11", *size, || {
        format!("the note of the checkpoint of size {size} says {:?}, not {text:?}", checkpoint.note)
    });
}

/// SHA-256 over 0x00 and the fields, each with its length; see the ledger's description of a leaf.
fn leaf(event: &Event) -> Hash {
    let mut bytes = vec![0x00];
    let mut field = |value: Option<&[u8]>| {
        let length = value.map_or(u32::MAX, |value| u32::try_from(value.len()).unwrap_or(u32::MAX));
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(value.unwrap_or_default());
    };
    let streams: Vec<u8> = event
        .kinds
        .iter()
        .zip(&event.streams)
        .flat_map(|(kind, (id, version))| {
            [&kind.to_be_bytes()[..], id.as_bytes(), &version.to_be_bytes()].concat()
        })
        .collect();
    field(Some(&event.position.to_be_bytes()));
    field(Some(event.id.as_bytes()));
    field(Some(event.event_type.as_bytes()));
    field(Some(&event.schema_version.to_be_bytes()));
    field(Some(&streams));
    field(Some(&event.occurred_at.timestamp_micros().to_be_bytes()));
    field(Some(&event.recorded_at.timestamp_micros().to_be_bytes()));
    field(Some(event.command_id.as_bytes()));
    field(Some(event.actor.as_bytes()));
    field(event.causation_id.as_ref().map(|id| Uuid::as_bytes(id).as_slice()));
    field(event.correlation_id.as_ref().map(|id| Uuid::as_bytes(id).as_slice()));
    field(event.traceparent.as_deref().map(str::as_bytes));
    field(Some(&event.payload));
    digest(&[&bytes])
}

/// Adds a leaf: equal heights join.
fn grow(peaks: &mut Vec<(u32, Hash)>, leaf: Hash) {
    let mut peak = (0, leaf);
    while let Some((height, left)) = peaks.pop_if(|(height, _)| *height == peak.0) {
        peak = (height.saturating_add(1), digest(&[&[0x01], &left, &peak.1]));
    }
    peaks.push(peak);
}

fn root(peaks: &[(u32, Hash)]) -> Hash {
    let hashes = peaks.iter().rev().map(|(_, hash)| *hash);
    hashes.reduce(|right, left| digest(&[&[0x01], &left, &right])).unwrap_or_default()
}

fn digest(parts: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    parts.iter().for_each(|part| context.update(part));
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}
