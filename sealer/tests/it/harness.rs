//! A ledger with a sealer beside it.

use std::{future::Future, sync::Arc, time::Duration};

use bytes::Bytes;
use chrono::DateTime;
use edge::{metrics::Metrics, pace};
use ledger::{
    Decided, Ledger, NewEvent, Position, PreparedCommand, StreamKind, StreamRef, leaf,
    migrate::ServiceRole,
    tree::{CheckpointKeys, CheckpointText, Frontier, Hash, SignedCheckpoint, SignedNote},
};
use sealer::{Places, Sealer, SealerConfig, SealerError, SealerStatus};
use tokio::{sync::oneshot, task::JoinHandle, time::timeout};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::database;

/// How long a condition may take before a test gives up.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// A ledger, its keys, and where its checkpoints are published.
pub(crate) struct Stage {
    pub(crate) owner_url: String,
    pub(crate) ledger: Ledger,
    pub(crate) files: tempfile::TempDir,
    pub(crate) places: Places,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let owner_url = database::fresh().await;
        let url = database::url_for(&owner_url, ServiceRole::Command);
        let ledger = Ledger::connect(&url, 4).unwrap();
        let files = tempfile::tempdir().unwrap();
        let places = Places::new(files.path().join("checkpoints"), None);
        Self { owner_url, ledger, files, places }
    }

    pub(crate) async fn owner(&self) -> Client {
        database::connect(&self.owner_url).await
    }

    pub(crate) fn keys(&self) -> CheckpointKeys {
        CheckpointKeys::open_or_create(&self.files.path().join("keys")).unwrap()
    }

    pub(crate) fn config(&self) -> SealerConfig {
        let url = database::url_for(&self.owner_url, ServiceRole::Relay);
        let mut config = SealerConfig::new(url, self.files.path().join("keys"), self.places.clone());
        config.every = Duration::from_millis(20);
        config
    }

    pub(crate) fn start(&self) -> Running {
        Running::start(self.config())
    }

    /// Appends events, each by a command of its own.
    pub(crate) async fn fill(&self, count: usize) -> u64 {
        let mut left = count;
        while left > 0 {
            let batch: Vec<PreparedCommand> = (0..left.min(1_000)).map(|_| command()).collect();
            let last = self.ledger.last_position().await.unwrap();
            self.ledger.append(&batch, last).await.unwrap();
            left -= batch.len();
        }
        u64::try_from(self.ledger.last_position().await.unwrap().get()).unwrap()
    }

    /// Every checkpoint of the first epoch, each signed by a key of ours and saying what its row says.
    pub(crate) async fn checkpoints(&self) -> Vec<SignedCheckpoint> {
        let identity = self.ledger.identity().await.unwrap();
        let verifiers = self.keys().verifiers(&CheckpointText::origin_of(identity));
        let (mut all, mut from) = (Vec::new(), 1);
        while let Some(found) = self.ledger.first_signed_from(identity.epoch, from).await.unwrap() {
            let note = SignedNote::parse(&found.note).unwrap();
            let text = CheckpointText::parse(note.verify(&verifiers).unwrap()).unwrap();
            assert_eq!(text, CheckpointText::new(identity, found.size, found.root));
            from = found.size + 1;
            all.push(found);
        }
        all
    }

    /// The root after each event, computed anew from the events.
    pub(crate) async fn roots(&self) -> Vec<Hash> {
        let (mut frontier, mut roots) = (Frontier::new(), vec![ledger::tree::empty_root()]);
        loop {
            let after = Position::new(i64::try_from(frontier.size()).unwrap());
            let events = self.ledger.read_after(after, 1_000).await.unwrap();
            if events.is_empty() {
                return roots;
            }
            for event in &events {
                frontier.push(leaf::hash(event));
                roots.push(frontier.root());
            }
        }
    }

    /// I11: every checkpoint has the root of the events, so no two contradict each other; the last one is published.
    pub(crate) async fn assert_sound(&self) {
        let (checkpoints, roots) = (self.checkpoints().await, self.roots().await);
        for checkpoint in &checkpoints {
            assert_eq!(checkpoint.root, roots[usize::try_from(checkpoint.size).unwrap()], "{checkpoint:?}");
            let file = self.places.folder.file_of(checkpoint.epoch, checkpoint.size);
            assert_eq!(std::fs::read_to_string(file).unwrap(), checkpoint.note);
        }
        let last = checkpoints.last().expect("something was sealed");
        assert_eq!(self.places.folder.read_latest().unwrap().as_ref(), Some(&last.note));
        assert_eq!(last.size, u64::try_from(roots.len() - 1).unwrap(), "everything is sealed");
    }
}

pub(crate) fn command() -> PreparedCommand {
    let (id, stream) = (fresh_id(), fresh_id());
    PreparedCommand {
        id,
        actor: "agent:1".to_owned(),
        hash: [7; 32],
        decided: Decided::Recorded,
        reads: vec![(stream, 0)],
        events: vec![NewEvent {
            id: fresh_id(),
            event_type: "RentalStarted".into(),
            schema_version: 1,
            streams: vec![StreamRef { kind: StreamKind::Rental, id: stream, version: 1 }],
            occurred_at: DateTime::from_timestamp_micros(1_790_000_000_123_456).unwrap(),
            causation_id: None,
            payload: Bytes::from(format!("{{\"rental\":\"{stream}\"}}")),
        }],
        claims: Vec::new(),
        result: Bytes::from_static(b"{}"),
        answer_version: 1,
        correlation_id: None,
        traceparent: None,
    }
}

/// An id that no other call returns.
fn fresh_id() -> Uuid {
    use std::sync::atomic::{AtomicU64, Ordering};
    static IDS: AtomicU64 = AtomicU64::new(1);
    let number = IDS.fetch_add(1, Ordering::Relaxed);
    Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0000 | u128::from(number))
}

/// A sealer at work.
pub(crate) struct Running {
    pub(crate) status: Arc<SealerStatus>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<Result<(), SealerError>>,
}

impl Running {
    pub(crate) fn start(config: SealerConfig) -> Self {
        let sealer = Sealer::new(config, &Metrics::new()).unwrap();
        let status = sealer.status();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(sealer.run(async {
            let _ = stopped.await;
        }));
        Self { status, stop: Some(stop), task }
    }

    pub(crate) async fn reaches(&self, size: u64) {
        until("the sealer reaches the end", async || {
            assert!(!self.task.is_finished(), "it must not give up");
            self.status.snapshot().position >= size
        })
        .await;
    }

    pub(crate) async fn stop(mut self) {
        drop(self.stop.take());
        self.task.await.unwrap().unwrap();
    }

    /// Ends it in the middle of whatever it does: what kill -9 leaves behind.
    pub(crate) async fn abort(self) {
        self.task.abort();
        let _ = self.task.await;
    }

    /// How it ended by itself.
    pub(crate) async fn refusal(self) -> SealerError {
        timeout(LIMIT, self.task).await.unwrap().unwrap().expect_err("it refuses")
    }
}

/// Waits for a condition.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, condition: impl Fn() -> F) {
    let reached = async {
        while !condition().await {
            pace::rest(Duration::from_millis(5)).await;
        }
    };
    timeout(LIMIT, reached).await.unwrap_or_else(|_| panic!("{what}: not within {LIMIT:?}"));
}
