//! Messages: how they leave, each at most once.
//!
//! There are two outboxes: one-time codes, which have no event (`access.message`, [`codes`]), and notices of events
//! (`reactor.notice`, [`queue`]). One sender serves both ([`Outbox`]): one works at a time, by an advisory lock. A row is
//! claimed, and the claim committed, before anybody outside is called. So whatever happens in between, a claimed row
//! without an outcome means that nobody knows: it becomes `unknown` when the next sender starts, and is never sent again,
//! because no provider recognises a repeat. Only what was surely refused goes another way ([`Route`]) or another time.
//! Numbers and texts are opened and written here, in memory; neither is ever logged.

mod allowance;
mod codes;
mod figures;
mod letters;
mod outbox;
mod queue;
mod report;
mod route;
mod settled;

use async_trait::async_trait;

pub use allowance::{Allowance, QuietHours};
pub use outbox::{Outbox, Post, Sending};
pub use report::{Report, State, apply_report};
pub use route::Route;

/// What became of a message at the provider's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// The provider took it.
    Accepted {
        /// The provider's id of it.
        provider_id: String,
    },
    /// It was certainly not sent.
    Refused {
        /// Why, without number or text.
        reason: String,
        /// Whether it may be otherwise later.
        for_now: bool,
    },
    /// Nobody knows: it may have been sent.
    Unknown,
}

impl Delivery {
    /// Not sent, and the same will be said again.
    #[must_use]
    pub fn refused(reason: impl Into<String>) -> Self {
        Self::Refused { reason: reason.into(), for_now: false }
    }

    /// Not sent, and later it may be.
    #[must_use]
    pub fn refused_for_now(reason: impl Into<String>) -> Self {
        Self::Refused { reason: reason.into(), for_now: true }
    }
}

/// A message as it leaves.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    /// The number (E.164).
    pub to: &'a str,
    /// The words.
    pub text: &'a str,
    /// Our name for it, for providers that take one.
    pub reference: &'a str,
}

/// Somebody who carries texts to phones.
#[async_trait]
pub trait Messenger: Send + Sync {
    /// Its word in rows and metrics.
    fn name(&self) -> &'static str;

    /// Sends a text to a number, once.
    async fn send(&self, text: &Text<'_>) -> Delivery;
}
