//! A cabinet with what surrounds it while the sandbox runs: its link, its mischief, what it did last, what it does next.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::cabinet::{Cabinet, Slot};
use super::file::Kept;
use super::letter::Letter;
use super::link::Link;
use super::mischief::{How, Misbehaviour, Moment, later};
use crate::settings::{self, span};

/// How many deeds are shown.
const DEEDS: usize = 20;
/// Commands in one upload; the ledger takes 500.
const UPLOAD: usize = 200;
/// Nothing is waited for longer without another look: the clock may be moved.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// What a cabinet says of itself.
const FIRMWARE: &str = "sandbox";

/// How it stands with the stream of releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Connection {
    Connecting,
    Connected,
    Offline,
    Refused,
}

#[derive(Debug, Clone, Serialize)]
struct Deed {
    at: DateTime<Utc>,
    what: String,
}

/// A cabinet and what surrounds it.
pub(super) struct Resident {
    pub(super) cabinet: Cabinet,
    pub(super) secret: String,
    /// Its own ledger, where that is another one than everybody's.
    pub(super) gateway: Option<String>,
    pub(super) link: Arc<Link>,
    pub(super) misbehaviour: Option<Misbehaviour>,
    pub(super) connection: Connection,
    pub(super) inventory_wanted: bool,
    heartbeat_at: Option<DateTime<Utc>>,
    inventory_at: Option<DateTime<Utc>>,
    deeds: VecDeque<Deed>,
    /// Wakes the task that listens.
    pub(super) ear: Arc<Notify>,
    /// Wakes the task that speaks.
    pub(super) voice: Arc<Notify>,
}

/// What a cabinet says next.
pub(super) enum Errand {
    /// It has no link.
    Offline(Duration),
    /// These commands.
    Commands(Vec<Letter>),
    /// What stands where.
    Inventory(Value),
    /// That it lives.
    Heartbeat(Value),
    /// Nothing yet.
    Nothing(Duration),
}

impl Resident {
    pub(super) fn new(kept: Kept, link: Link) -> Self {
        Self {
            cabinet: kept.cabinet,
            secret: kept.secret,
            gateway: kept.gateway,
            link: Arc::new(link),
            misbehaviour: None,
            connection: Connection::Connecting,
            inventory_wanted: false,
            heartbeat_at: None,
            inventory_at: None,
            deeds: VecDeque::new(),
            ear: Arc::default(),
            voice: Arc::default(),
        }
    }

    pub(super) fn kept(&self) -> Kept {
        Kept { secret: self.secret.clone(), gateway: self.gateway.clone(), cabinet: self.cabinet.clone() }
    }

    /// This moment, as the cabinet lives it.
    pub(super) fn moment(&self, now: DateTime<Utc>, timing: settings::Cabinets) -> Moment {
        let how = self.misbehaviour.filter(|misbehaviour| misbehaviour.until > now).map(|it| it.how);
        Moment { now, how, timing }
    }

    /// How long it has no link yet; nothing where it has one.
    pub(super) fn offline(&self, moment: &Moment) -> Option<Duration> {
        let until = self.misbehaviour.filter(|_| moment.is(How::Offline))?.until;
        Some(between(moment.now, until))
    }

    /// Writes down what it did.
    pub(super) fn did(&mut self, at: DateTime<Utc>, what: String) {
        self.deeds.push_back(Deed { at, what });
        if self.deeds.len() > DEEDS {
            self.deeds.pop_front();
        }
    }

    /// What it says next: what happened first, then what stands where, then that it lives.
    pub(super) fn errand(&mut self, moment: &Moment) -> Errand {
        if let Some(wait) = self.offline(moment) {
            return Errand::Offline(wait);
        }
        let due = self.cabinet.outbox().filter(|letter| letter.not_before <= moment.now);
        let due: Vec<Letter> = due.take(UPLOAD).cloned().collect();
        if !due.is_empty() {
            return Errand::Commands(due);
        }
        let inventory_due = next(self.inventory_at, moment.timing.inventory_ms);
        if self.inventory_wanted || inventory_due.is_some_and(|due| due <= moment.now) {
            self.inventory_wanted = false;
            self.inventory_at = Some(moment.now);
            return Errand::Inventory(self.cabinet.inventory(moment));
        }
        let heartbeat_due = next(self.heartbeat_at, moment.timing.heartbeat_ms);
        if heartbeat_due.is_none_or(|due| due <= moment.now) {
            self.heartbeat_at = Some(moment.now);
            return Errand::Heartbeat(json!({"at": moment.shown(), "firmware": FIRMWARE}));
        }
        let letters = self.cabinet.outbox().map(|letter| letter.not_before);
        let first = letters.chain(inventory_due).chain(heartbeat_due).min();
        Errand::Nothing(first.map_or(LOOK_AGAIN, |first| between(moment.now, first)))
    }

    /// The heartbeat was not heard: it is sent again.
    pub(super) fn unheard(&mut self) {
        self.heartbeat_at = None;
    }

    /// The cabinet as `GET /cabinets` shows it. Never its secret.
    pub(super) fn shown(&self, moment: &Moment) -> Value {
        let slots: Vec<Value> =
            self.cabinet.slots.iter().map(|(number, slot): (&u16, &Slot)| slot.told(*number)).collect();
        let misbehaviour = self.misbehaviour.filter(|_| moment.how.is_some());
        json!({
            "station_id": self.cabinet.station_id, "gateway": self.link.gateway, "connection": self.connection,
            "misbehaviour": misbehaviour, "slots": slots, "waiting": self.cabinet.outbox().count(),
            "last": self.deeds,
        })
    }
}

fn next(last: Option<DateTime<Utc>>, every_ms: u32) -> Option<DateTime<Utc>> {
    last.map(|last| later(last, span(every_ms)))
}

/// From one moment to a later one, at least a millisecond and at most [`LOOK_AGAIN`].
fn between(now: DateTime<Utc>, then: DateTime<Utc>) -> Duration {
    let span = then.signed_duration_since(now).max(TimeDelta::milliseconds(1));
    span.to_std().unwrap_or(LOOK_AGAIN).min(LOOK_AGAIN)
}
