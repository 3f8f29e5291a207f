//! Who listens to what, and who is to be told when: the whole state of the live streams, without tasks or clocks.
//!
//! Keeps true: a stream hears each event of its key once, in order, from beyond the position that it was opened at; the
//! limits hold; a stream that has ended or was cut is forgotten at once.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, VecDeque},
    sync::Arc,
};

use actix_web::web::Bytes;
use domain::Time;
use edge::Identity;
use ledger::Envelope;
use uuid::Uuid;

use super::{
    Ending,
    frame::{HEARTBEAT, HELLO},
    meter::{self, Meter},
    outlet::Outlet,
    release::{self, Placed},
    told::Heard,
};

/// How many streams one speaker may hold on one customer or station.
pub(super) const MOST_OF_SPEAKER: usize = 5;
/// How many events an opening stream keeps; its reading takes two seconds at most.
const MOST_KEPT: usize = 200;
/// After how many ticks a stream gets a heartbeat.
pub(super) const BEATS: usize = 60;

/// What a stream shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A customer's open rental.
    Rental,
    /// The releases of a station.
    Releases,
}

/// Why a stream is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// The speaker has enough of them.
    Speaker,
    /// The process has enough of them.
    Process,
    /// The process stops.
    Stopping,
}

/// What was read for a stream that opens, and the position it stands for.
#[derive(Debug)]
pub(crate) struct Opening {
    pub(crate) position: i64,
    pub(crate) first: First,
}

/// What a stream begins with.
#[derive(Debug)]
pub(crate) enum First {
    /// The open rental; before it the end of one that its reader has missed.
    Rental { missed: Option<Bytes>, meter: Option<Box<Meter>> },
    /// What a cabinet has to do.
    Releases(Vec<Placed>),
}

#[derive(Debug)]
enum Phase {
    /// What happened since it took its seat.
    Opening(Vec<Arc<Heard>>),
    /// Open, with what lies beyond this position.
    Open(i64),
}

#[derive(Debug)]
struct Line {
    key: Uuid,
    identity: Identity,
    kind: Kind,
    outlet: Arc<Outlet>,
    phase: Phase,
    meter: Option<Box<Meter>>,
    /// When its price is looked at next.
    due: Option<Time>,
}

/// All streams of a process.
#[derive(Debug)]
pub(super) struct Board {
    most: usize,
    lines: HashMap<u64, Line>,
    watched: HashMap<Uuid, Vec<u64>>,
    dues: BinaryHeap<Reverse<(Time, u64)>>,
    beats: VecDeque<Vec<u64>>,
    minted: u64,
    stopping: bool,
    /// Up to where the ledger was heard; nothing while nobody follows it.
    pub(super) position: Option<i64>,
}

impl Board {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            lines: HashMap::new(),
            watched: HashMap::new(),
            dues: BinaryHeap::new(),
            beats: std::iter::repeat_with(Vec::new).take(BEATS).collect(),
            minted: 0,
            stopping: false,
            position: None,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    /// Takes a seat: from now on what happens is kept for this stream.
    pub(super) fn seat(
        &mut self,
        key: Uuid,
        kind: Kind,
        identity: Identity,
    ) -> Result<(u64, Arc<Outlet>), Full> {
        let held = self.watched.get(&key).map_or(0, |ids| self.held(ids, &identity));
        match () {
            () if self.stopping => return Err(Full::Stopping),
            () if held >= MOST_OF_SPEAKER => return Err(Full::Speaker),
            () if self.lines.len() >= self.most => return Err(Full::Process),
            () => {}
        }
        self.minted = self.minted.wrapping_add(1);
        let (id, outlet) = (self.minted, Arc::new(Outlet::default()));
        let phase = Phase::Opening(Vec::new());
        let line = Line { key, identity, kind, outlet: Arc::clone(&outlet), phase, meter: None, due: None };
        self.dues.push(Reverse((identity.expires_at, id)));
        self.lines.insert(id, line);
        self.watched.entry(key).or_default().push(id);
        if let Some(last) = self.beats.back_mut() {
            last.push(id);
        }
        Ok((id, outlet))
    }

    fn held(&self, ids: &[u64], identity: &Identity) -> usize {
        let theirs = |id: &&u64| {
            let holder = self.lines.get(id).map(|line| (line.identity.role, line.identity.subject));
            holder == Some((identity.role, identity.subject))
        };
        ids.iter().filter(theirs).count()
    }

    /// Opens a stream with what was read for it, and then what was kept from beyond that.
    pub(super) fn open(&mut self, id: u64, opening: Opening, now: Time) {
        let Some(line) = self.lines.get_mut(&id) else { return };
        let phase = std::mem::replace(&mut line.phase, Phase::Open(opening.position));
        let first = line.first(opening, now);
        let mut alive = line.outlet.offer(first);
        if let Phase::Opening(kept) = phase {
            alive = alive && kept.iter().all(|heard| line.hear(heard, now));
        }
        self.settle(id, alive, now);
    }

    /// Forgets a stream whose reader has gone.
    pub(super) fn leave(&mut self, id: u64) {
        let Some(line) = self.lines.remove(&id) else { return };
        if let Some(ids) = self.watched.get_mut(&line.key) {
            ids.retain(|other| *other != id);
            if ids.is_empty() {
                self.watched.remove(&line.key);
            }
        }
    }

    /// Whether anybody listens to what this event is about.
    pub(super) fn watches(&self, envelope: &Envelope) -> bool {
        envelope.streams.iter().any(|stream| self.watched.contains_key(&stream.id))
    }

    /// Tells an event to those who listen.
    pub(super) fn hear(&mut self, heard: &Arc<Heard>, now: Time) {
        let watching = heard.streams.iter().filter_map(|stream| self.watched.get(stream));
        let ids: Vec<u64> = watching.flatten().copied().collect();
        for id in ids {
            let Some(line) = self.lines.get_mut(&id) else { continue };
            let alive = line.hear(heard, now);
            self.settle(id, alive, now);
        }
    }

    /// A tick: heartbeats, and what is due.
    pub(super) fn tick(&mut self, now: Time) {
        self.beat();
        while let Some(Reverse((due, id))) = self.dues.peek().copied()
            && due <= now
        {
            self.dues.pop();
            self.due(id, now);
        }
    }

    /// Ends the streams of all sessions that this names.
    pub(super) fn end_sessions(&mut self, ended: impl Fn(&Identity) -> bool) {
        let ids = self.lines.iter().filter(|(_, line)| ended(&line.identity)).map(|(id, _)| *id);
        for id in ids.collect::<Vec<_>>() {
            self.end(id, Ending::SessionEnded);
        }
    }

    /// Ends every stream and lets no other in.
    pub(super) fn stop(&mut self) {
        self.stopping = true;
        for id in self.lines.keys().copied().collect::<Vec<_>>() {
            self.end(id, Ending::Stopping);
        }
    }

    fn end(&mut self, id: u64, ending: Ending) {
        if let Some(line) = self.lines.get(&id) {
            line.outlet.finish(ending.frame());
        }
        self.leave(id);
    }

    /// After something was told: forgets a stream that ended, plans the next look at the price of another.
    fn settle(&mut self, id: u64, alive: bool, now: Time) {
        if !alive {
            return self.leave(id);
        }
        let Some(line) = self.lines.get_mut(&id) else { return };
        let due = line.meter.as_ref().and_then(|meter| meter.next_step(now));
        if due != line.due {
            line.due = due;
            self.dues.extend(due.map(|due| Reverse((due, id))));
        }
    }

    fn due(&mut self, id: u64, now: Time) {
        let Some(line) = self.lines.get_mut(&id) else { return };
        if line.identity.expires_at <= now {
            return self.end(id, Ending::TokenExpired);
        }
        if line.due.is_none_or(|due| due > now) {
            return;
        }
        line.due = None;
        let step = line.meter.as_mut().and_then(|meter| meter.step(now));
        let alive = step.is_none_or(|frame| line.outlet.offer(frame));
        self.settle(id, alive, now);
    }

    fn beat(&mut self) {
        let Some(mut ids) = self.beats.pop_front() else { return };
        ids.retain(|id| self.beats_on(*id));
        self.beats.push_back(ids);
    }

    fn beats_on(&mut self, id: u64) -> bool {
        let Some(line) = self.lines.get(&id) else { return false };
        let alive = matches!(line.phase, Phase::Opening(_)) || line.outlet.offer(HEARTBEAT);
        if !alive {
            self.leave(id);
        }
        alive
    }
}

impl Line {
    /// The first frame: everything that stands.
    fn first(&mut self, opening: Opening, now: Time) -> Bytes {
        let mut frames = vec![HELLO];
        match opening.first {
            First::Rental { missed, meter } => {
                self.meter = meter;
                frames.extend(missed);
                frames.push(meter::present(&mut self.meter, opening.position, now));
            }
            First::Releases(placed) => frames.extend(placed.into_iter().map(|(_, frame)| frame)),
        }
        Bytes::from(frames.concat())
    }

    /// Hears an event; false once the stream is over.
    fn hear(&mut self, heard: &Arc<Heard>, now: Time) -> bool {
        match &mut self.phase {
            Phase::Opening(kept) if kept.len() < MOST_KEPT => {
                kept.push(Arc::clone(heard));
                return true;
            }
            Phase::Open(after) if heard.position <= *after => return true,
            Phase::Open(_) if heard.event.is_some() => {}
            Phase::Opening(_) | Phase::Open(_) => {
                self.outlet.finish(Ending::Interrupted.frame());
                return false;
            }
        }
        let frame = match self.kind {
            Kind::Rental => meter::hear(&mut self.meter, heard, now),
            Kind::Releases => release::hear(heard),
        };
        frame.is_none_or(|frame| self.outlet.offer(frame))
    }
}

#[cfg(test)]
mod tests;
