//! I4: each stream's versions are 1 … n without hole or double. I5: positions are 1 … N, and time never runs back.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::evidence::Evidence;
use super::{Findings, Violation};

/// Checks I4 and I5.
#[must_use]
pub fn check(evidence: &Evidence) -> Vec<Violation> {
    let mut found = Findings::default();
    versions(evidence, &mut found);
    positions(evidence, &mut found);
    found.0
}

fn versions(evidence: &Evidence, found: &mut Findings) {
    let mut newest: BTreeMap<Uuid, i64> = BTreeMap::new();
    let mut named: usize = 0;
    for event in &evidence.events {
        for (stream, version) in &event.streams {
            let before = newest.entry(*stream).or_default();
            found.unless(before.saturating_add(1) == *version, "I4", event.position, || {
                format!("stream {stream} goes from version {before} to {version}")
            });
            *before = *version;
            named = named.saturating_add(1);
            let listed = evidence.versions.get(&(*stream, *version)).copied();
            found.unless(listed == Some(event.position), "I4", event.position, || {
                format!("version {version} of stream {stream} is listed at {listed:?}")
            });
        }
    }
    if named != evidence.versions.len() {
        let listed = evidence.versions.len();
        found.add("I4", None, format!("{listed} versions are listed, {named} are named by events"));
    }
}

fn positions(evidence: &Evidence, found: &mut Findings) {
    let mut expected: i64 = 1;
    let mut before = None;
    for event in &evidence.events {
        found.unless(event.position == expected, "I5", expected, || {
            format!("position {} follows {}", event.position, expected.saturating_sub(1))
        });
        found.unless(before <= Some(event.recorded_at), "I5", event.position, || {
            "it was recorded before the event before it".to_owned()
        });
        before = Some(event.recorded_at);
        expected = event.position.saturating_add(1);
    }
}
