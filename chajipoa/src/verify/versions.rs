//! I4: each stream's versions are 1 … n, in the order of positions.
//!
//! That holds if every version but the first has the one before it at an earlier position, and none is there twice. What
//! the last events did is remembered, so most versions are held against the one before right here. Of a ledger of any
//! size only so many streams are remembered, those that were met last; where a stream that was forgotten goes on, the one
//! before is looked up in `ledger.stream_version`, which is compared with the events as a whole and whose key keeps
//! doubles out.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;
use tokio::sync::mpsc::{Receiver, Sender};
use tokio_postgres::Client;
use uuid::Uuid;

use super::error::VerifyError;
use super::finding::{Check, Findings};

/// How many streams one generation of what is remembered holds; there are two.
const GENERATION: usize = 2_000_000;
/// How many versions are looked up at once.
const LOOKED_UP: usize = 2_000;

/// A version whose predecessor has to be looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Open {
    stream: Uuid,
    version: i64,
    position: i64,
}

/// The newest version of the streams that were met last.
pub(super) struct Versions {
    generation: usize,
    young: HashMap<Uuid, i64, RandomState>,
    old: HashMap<Uuid, i64, RandomState>,
    /// A stream may have been forgotten.
    forgetful: bool,
    waiting: Vec<Open>,
    /// None once all events were seen.
    open: Option<Sender<Vec<Open>>>,
}

impl Versions {
    /// Nothing is known; versions that have to be looked up go to `open`.
    pub(super) fn new(open: Sender<Vec<Open>>) -> Self {
        Self::with(GENERATION, open)
    }

    fn with(generation: usize, open: Sender<Vec<Open>>) -> Self {
        let (young, old) = (HashMap::default(), HashMap::default());
        Self { generation, young, old, forgetful: false, waiting: Vec::new(), open: Some(open) }
    }

    /// The event at this position gives a stream this version.
    pub(super) fn event(&mut self, position: i64, (stream, version): (Uuid, i64), findings: &mut Findings) {
        let before = match self.young.insert(stream, version) {
            Some(before) => Some(before),
            None => self.old.remove(&stream),
        };
        if self.young.len() >= self.generation {
            self.forgetful |= !self.old.is_empty();
            self.old = std::mem::take(&mut self.young);
        }
        match before {
            None if version == 1 => {}
            None if self.forgetful && version > 1 => self.look_up(Open { stream, version, position }),
            before => {
                let before = before.unwrap_or(0);
                findings.unless(
                    before.checked_add(1) == Some(version),
                    Check::StreamVersion,
                    position,
                    || format!("stream {stream} goes from version {before} to {version}"),
                );
            }
        }
    }

    fn look_up(&mut self, open: Open) {
        self.waiting.push(open);
        if self.waiting.len() >= LOOKED_UP {
            self.hand_on();
        }
    }

    /// Nobody there means that the run has failed already, and says so itself.
    fn hand_on(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        if let Some(open) = self.open.as_ref().filter(|_| !waiting.is_empty()) {
            let _ = open.blocking_send(waiting);
        }
    }

    /// All events were seen: what waits is handed on, and nothing more comes.
    pub(super) fn end(&mut self) {
        self.hand_on();
        self.open = None;
    }
}

const WITHOUT: &str = "
    SELECT u.stream, u.version, u.position
    FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS u (stream, version, position)
        LEFT JOIN LATERAL (SELECT v.position FROM ledger.stream_version v
            WHERE v.stream = u.stream AND v.version = u.version - 1 OFFSET 0) v ON true
    WHERE v.position IS NULL OR v.position >= u.position";

/// Looks up what comes, until nothing more does.
pub(super) async fn look_up(
    client: Arc<Client>,
    mut open: Receiver<Vec<Open>>,
) -> Result<Findings, VerifyError> {
    let mut findings = Findings::default();
    while let Some(some) = open.recv().await {
        let streams: Vec<Uuid> = some.iter().map(|one| one.stream).collect();
        let versions: Vec<i64> = some.iter().map(|one| one.version).collect();
        let positions: Vec<i64> = some.iter().map(|one| one.position).collect();
        for row in client.query(WITHOUT, &[&streams, &versions, &positions]).await? {
            let (stream, version): (Uuid, i64) = (row.try_get(0)?, row.try_get(1)?);
            let what =
                format!("stream {stream} has version {version} here, and not the one before it before");
            findings.add(Check::StreamVersion, row.try_get(2)?, what);
        }
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Findings by position, and what has to be looked up.
    fn told(generation: usize, events: &[(u128, i64)]) -> (Vec<i64>, Vec<(i64, i64)>) {
        let (open, mut opened) = tokio::sync::mpsc::channel(100);
        let mut findings = Findings::default();
        let mut versions = Versions::with(generation, open);
        for (position, (stream, version)) in (1_i64..).zip(events) {
            versions.event(position, (Uuid::from_u128(*stream), *version), &mut findings);
        }
        versions.end();
        let found = findings.into_sorted().0.iter().filter_map(|one| one.position).collect();
        let open = std::iter::from_fn(|| opened.try_recv().ok()).flatten();
        (found, open.map(|one| (one.version, one.position)).collect())
    }

    #[test]
    fn versions_follow_each_other() {
        assert_eq!(told(100, &[(1, 1), (2, 1), (1, 2), (1, 3), (2, 2)]), (vec![], vec![]));
        assert_eq!(told(100, &[(1, 1), (1, 3)]).0, [2]);
        assert_eq!(told(100, &[(1, 1), (1, 1)]).0, [2]);
        assert_eq!(told(100, &[(1, 1), (1, 2), (1, 2), (1, 3)]).0, [3]);
        assert_eq!(told(100, &[(1, 2)]).0, [1]);
        assert_eq!(told(100, &[(1, 0)]).0, [1]);
    }

    #[test]
    fn a_stream_that_was_forgotten_is_looked_up() {
        let events = [(1, 1), (2, 1), (3, 1), (4, 1), (5, 1), (1, 2), (5, 2)];
        assert_eq!(told(2, &events), (vec![], vec![(2, 6)]));
        // Whoever is met again and again is not forgotten.
        let events = [(1, 1), (2, 1), (1, 2), (3, 1), (1, 3), (4, 1), (1, 4), (5, 1), (1, 5)];
        assert_eq!(told(2, &events), (vec![], vec![]));
        assert_eq!(told(2, &[(1, 1), (2, 1), (1, 2), (3, 1), (1, 4)]).0, [5]);
    }
}
