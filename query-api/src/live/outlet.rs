//! What waits to be sent on one stream: a few frames, then the end.
//!
//! Keeps true (I13): a queue that is full ends its stream; what it held is dropped with it.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use actix_web::web::Bytes;

/// How many frames may wait: a reader that is this far behind does not read. More than one page of the ledger makes, so
/// that no burst cuts one that does.
const MOST: usize = 256;

/// The reader did not read: the connection is cut, so that nobody takes the stream for a complete one.
#[derive(Debug, thiserror::Error)]
#[error("the reader did not keep up")]
pub(crate) struct TooSlow;

/// The queue of one stream.
#[derive(Debug, Default)]
pub(crate) struct Outlet(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    frames: VecDeque<Bytes>,
    reader: Option<Waker>,
    end: End,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum End {
    /// It goes on.
    #[default]
    Open,
    /// What waits is sent, then it ends.
    Last,
    /// It ends at once.
    Cut,
}

impl Outlet {
    /// One more frame; false if the reader is too far behind, and then the stream is cut.
    pub(crate) fn offer(&self, frame: Bytes) -> bool {
        let mut waiting = self.waiting();
        if waiting.end != End::Open || waiting.frames.len() >= MOST {
            waiting.end = End::Cut;
            waiting.frames = VecDeque::new();
        } else {
            waiting.frames.push_back(frame);
        }
        let open = waiting.end == End::Open;
        wake(waiting);
        open
    }

    /// The last frame. It has room in any case.
    pub(crate) fn finish(&self, frame: Bytes) {
        let mut waiting = self.waiting();
        if waiting.end == End::Open {
            waiting.frames.push_back(frame);
            waiting.end = End::Last;
        }
        wake(waiting);
    }

    /// The next frame for the reader.
    pub(crate) fn poll(&self, context: &Context<'_>) -> Poll<Option<Result<Bytes, TooSlow>>> {
        let mut waiting = self.waiting();
        if let Some(frame) = waiting.frames.pop_front() {
            return Poll::Ready(Some(Ok(frame)));
        }
        match waiting.end {
            End::Open => {
                waiting.reader = Some(context.waker().clone());
                Poll::Pending
            }
            End::Last => Poll::Ready(None),
            End::Cut => Poll::Ready(Some(Err(TooSlow))),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes the reader, outside of the lock.
fn wake(mut waiting: MutexGuard<'_, Waiting>) {
    let reader = waiting.reader.take();
    drop(waiting);
    if let Some(reader) = reader {
        reader.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(outlet: &Outlet) -> Poll<Option<Result<Bytes, TooSlow>>> {
        outlet.poll(&Context::from_waker(Waker::noop()))
    }

    #[test]
    fn frames_come_in_order_and_then_the_end() {
        let outlet = Outlet::default();
        assert!(read(&outlet).is_pending());
        assert!(outlet.offer(Bytes::from_static(b"1")));
        outlet.finish(Bytes::from_static(b"2"));
        assert!(matches!(read(&outlet), Poll::Ready(Some(Ok(frame))) if frame == "1"));
        assert!(matches!(read(&outlet), Poll::Ready(Some(Ok(frame))) if frame == "2"));
        assert!(matches!(read(&outlet), Poll::Ready(None)));
    }

    #[test]
    fn a_reader_that_does_not_read_is_cut_and_nothing_is_kept_for_it() {
        let outlet = Outlet::default();
        let taken = (0..1_000).filter(|_| outlet.offer(Bytes::from_static(b"x"))).count();
        assert_eq!(taken, MOST);
        assert!(matches!(read(&outlet), Poll::Ready(Some(Err(TooSlow)))));
        assert!(outlet.waiting().frames.is_empty());
    }
}
