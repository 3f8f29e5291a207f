//! The hub of a process: where streams take their seats, and what others may do to them.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use actix_web::{
    HttpResponse,
    body::{BodySize, MessageBody},
    http::{StatusCode, header},
    web::Bytes,
};
use edge::{Clock, Identity, Problem, http::ledger_position};
use ledger::{Bell, Ledger};
use tokio::{
    sync::{Notify, watch},
    time::timeout,
};
use uuid::Uuid;

use super::{
    board::{Board, Full, Kind, Opening},
    follow,
    outlet::{Outlet, TooSlow},
};

/// How long an opening stream waits until somebody follows the ledger.
const PATIENCE: Duration = Duration::from_secs(2);
/// After how many seconds another process, or this one, may have room.
const RETRY_AFTER: u32 = 5;

/// What the hub works with.
pub(crate) struct Tools {
    /// The primary.
    pub(crate) ledger: Ledger,
    /// Rings in this process, if commands are taken here.
    pub(crate) bell: Option<Bell>,
    pub(crate) clock: Arc<dyn Clock>,
    /// How many streams are let in.
    pub(crate) most: usize,
}

/// The live streams of a process. Clones share them.
#[derive(Clone)]
pub struct Hub(Arc<Shared>);

pub(super) struct Shared {
    board: Mutex<Board>,
    pub(super) clock: Arc<dyn Clock>,
    /// Whether the ledger is followed.
    pub(super) followed: watch::Sender<bool>,
    /// Rings when a stream takes a seat.
    pub(super) demand: Notify,
    pub(super) stopping: watch::Sender<bool>,
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub").field("streams", &self.streams()).finish_non_exhaustive()
    }
}

impl Hub {
    /// Starts its tasks. Must be called inside a runtime.
    pub(crate) fn start(tools: Tools) -> Self {
        let hub = Self(Arc::new(Shared {
            board: Mutex::new(Board::new(tools.most)),
            clock: Arc::clone(&tools.clock),
            followed: watch::Sender::new(false),
            demand: Notify::new(),
            stopping: watch::Sender::new(false),
        }));
        tokio::spawn(follow::run(Arc::clone(&hub.0), tools.ledger, tools.bell));
        tokio::spawn(follow::tick(Arc::clone(&hub.0)));
        hub
    }

    /// How many streams are open.
    #[must_use]
    pub fn streams(&self) -> usize {
        self.0.board().len()
    }

    /// Ends the streams whose token this names, with `event: bye`. For whoever ends sessions: a logout, a suspension.
    /// Streams of tokens that expire end by themselves.
    pub fn end_sessions(&self, ended: impl Fn(&Identity) -> bool) {
        self.0.board().end_sessions(ended);
    }

    /// Ends every stream and lets no other in: before the server is stopped, which else waits for them.
    pub fn stop(&self) {
        self.0.board().stop();
        self.0.stopping.send_replace(true);
    }

    /// Takes a seat for a stream.
    pub(crate) fn seat(&self, key: Uuid, kind: Kind, identity: Identity) -> Result<Seat, Problem> {
        let (id, outlet) = self.0.board().seat(key, kind, identity).map_err(refused)?;
        self.0.demand.notify_one();
        Ok(Seat { shared: Arc::clone(&self.0), id, outlet })
    }
}

impl Shared {
    pub(super) fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refused(full: Full) -> Problem {
    let unavailable = |detail| Problem::unavailable("too_many_streams", detail, RETRY_AFTER);
    match full {
        Full::Speaker => Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_streams",
            "so many streams are open already; close one",
        ),
        Full::Process => unavailable("no more streams can be opened at the moment"),
        Full::Stopping => Problem::unavailable("unavailable", "the service stops", 1),
    }
}

/// A stream's seat; given up when it is dropped. As the body of an answer it is the stream.
pub(crate) struct Seat {
    shared: Arc<Shared>,
    id: u64,
    outlet: Arc<Outlet>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.shared.board().leave(self.id);
    }
}

impl Seat {
    /// A position from beyond which this stream hears everything.
    pub(crate) async fn position(&self) -> Result<i64, Problem> {
        let away = || Problem::unavailable("unavailable", "the ledger cannot be followed at the moment", 1);
        let mut followed = self.shared.followed.subscribe();
        // Not followed in time: there is no position below.
        let _waited = timeout(PATIENCE, followed.wait_for(|followed| *followed)).await;
        self.shared.board().position.ok_or_else(away)
    }

    /// Opens the stream with what was read for it.
    pub(crate) fn open(self, opening: Opening) -> HttpResponse {
        let position = ledger_position(opening.position);
        self.shared.board().open(self.id, opening, self.shared.clock.now());
        HttpResponse::Ok()
            .insert_header(position)
            .insert_header((header::CONTENT_TYPE, "text/event-stream"))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .insert_header(("x-accel-buffering", "no"))
            .body(self)
    }
}

impl MessageBody for Seat {
    type Error = TooSlow;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, TooSlow>>> {
        self.outlet.poll(context)
    }
}
