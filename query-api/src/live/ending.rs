//! Why a stream ends, as its last event says.

use super::frame::{Bye, frame};
use actix_web::web::Bytes;

/// Why a stream ends although its reader would go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The token is over: come back with a new one.
    TokenExpired,
    /// The session was ended, by a logout for example.
    SessionEnded,
    /// The service stops: come back, to another process.
    Stopping,
    /// The stream cannot be carried on: come back for the present state.
    Interrupted,
}

impl Ending {
    const fn as_str(self) -> &'static str {
        match self {
            Self::TokenExpired => "token_expired",
            Self::SessionEnded => "session_ended",
            Self::Stopping => "stopping",
            Self::Interrupted => "interrupted",
        }
    }

    pub(super) fn frame(self) -> Bytes {
        frame("bye", None, &Bye { reason: self.as_str() })
    }
}
