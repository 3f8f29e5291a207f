//! A cabinet's physical truth: which bank stands in which slot, what it was asked and what it answered. Pure.
//!
//! Keeps true: one attempt moves banks once, however often it is delivered, and its answer is the same each time; what the
//! ledger has to hear lies in the outbox before the cabinet says that anything happened.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::letter::{Kind, Letter, answer_id};
use super::mischief::{How, Moment};

/// How many attempts it remembers: the ledger has a handful open at a time.
const REMEMBERED: usize = 200;
/// How many commands wait for the link at most.
const OUTBOX: usize = 10_000;

/// A cabinet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cabinet {
    pub(super) station_id: Uuid,
    pub(super) slots: BTreeMap<u16, Slot>,
    absorbed: VecDeque<Absorbed>,
    outbox: VecDeque<Letter>,
}

/// A slot and what stands in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Slot {
    pub(super) serial: Option<String>,
    pub(super) battery_percent: Option<u8>,
    pub(super) fault: Option<String>,
    /// When its last bank left, by the cabinet's clock.
    #[serde(default)]
    pub(super) emptied_at: Option<DateTime<Utc>>,
}

/// An attempt that was acted upon, and the answer, if one was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Absorbed {
    attempt_id: Uuid,
    answer: Option<Letter>,
}

/// A release as the ledger asks for it; what else it tells is not needed here.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Release {
    pub(super) attempt_id: Uuid,
    pub(super) rental_id: Uuid,
    pub(super) slot: u16,
    pub(super) answer_by: Option<DateTime<Utc>>,
}

/// A bank that somebody puts in.
#[derive(Debug, Clone)]
pub(super) struct Bank {
    pub(super) serial: String,
    pub(super) battery_percent: Option<u8>,
}

/// Why a bank does not go in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotInserted {
    /// There is no such slot.
    NoSuchSlot,
    /// A bank stands there.
    Taken,
    /// The slot does not lock.
    Faulty,
    /// Too much waits to be sent already.
    OutboxFull,
}

impl Cabinet {
    pub(super) fn new(station_id: Uuid, slots: BTreeMap<u16, Slot>) -> Self {
        Self { station_id, slots, absorbed: VecDeque::new(), outbox: VecDeque::new() }
    }

    /// The slot in which this bank stands.
    pub(super) fn holds(&self, serial: &str) -> Option<u16> {
        self.slots.iter().find(|(_, slot)| slot.serial.as_deref() == Some(serial)).map(|(number, _)| *number)
    }

    /// Does what a release asks for, once. Returns in words what it did.
    pub(super) fn absorb(&mut self, release: &Release, moment: &Moment) -> String {
        if let Some(known) = self.absorbed.iter().find(|known| known.attempt_id == release.attempt_id) {
            let answer = known.answer.clone();
            return self.repeat(answer, moment);
        }
        if release.answer_by.is_some_and(|by| by < moment.now) {
            self.remember(release, None);
            return format!("did not open slot {}: the release came too late", release.slot);
        }
        let (left, done) = self.open(release.slot, moment);
        let answer = match &left {
            Ok((slot, serial)) => {
                let data = json!({"rental_id": release.rental_id, "serial": serial, "slot": slot});
                answer(release, Kind::ConfirmRelease, data, moment)
            }
            Err(reason) => {
                let data = json!({"rental_id": release.rental_id, "reason": reason});
                answer(release, Kind::ReportReleaseFailure, data, moment)
            }
        };
        let answer = (!(moment.is(How::Silent) && left.is_ok())).then_some(answer);
        self.outbox.extend(answer.clone());
        self.remember(release, answer);
        done
    }

    /// Says again what was answered, unless it still waits to be said.
    fn repeat(&mut self, answer: Option<Letter>, moment: &Moment) -> String {
        let Some(answer) = answer else {
            return "heard a release again, and says nothing again".to_owned();
        };
        if !self.outbox.iter().any(|letter| letter.command_id == answer.command_id) {
            self.outbox.push_back(Letter { not_before: moment.now, ..answer });
        }
        "heard a release again: the same answer, no second bank".to_owned()
    }

    fn remember(&mut self, release: &Release, answer: Option<Letter>) {
        self.absorbed.push_back(Absorbed { attempt_id: release.attempt_id, answer });
        if self.absorbed.len() > REMEMBERED {
            self.absorbed.pop_front();
        }
    }

    /// Lets a bank out: which really left and from where, or why none did; and that in words.
    fn open(&mut self, asked: u16, moment: &Moment) -> (Result<(u16, String), &'static str>, String) {
        if let Err(reason) = self.can_open(asked) {
            return (Err(reason), format!("could not open slot {asked}: {reason}"));
        }
        let other =
            self.slots.keys().copied().find(|number| *number != asked && self.can_open(*number).is_ok());
        let from = if moment.is(How::WrongBank) { other.unwrap_or(asked) } else { asked };
        let Some(serial) = self.eject(from, moment) else {
            return (Err("slot_empty"), format!("could not open slot {asked}"));
        };
        let mut done = format!("released {serial} from slot {from}");
        if let (true, Some(second)) = (moment.is(How::TwoBanks), other) {
            let extra = self.eject(second, moment).unwrap_or_default();
            done.push_str(&format!(", and {extra} from slot {second} unasked"));
        }
        (Ok((from, serial)), done)
    }

    fn can_open(&self, number: u16) -> Result<(), &'static str> {
        match self.slots.get(&number) {
            None => Err("slot_unknown"),
            Some(Slot { fault: Some(_), .. }) => Err("slot_faulty"),
            Some(Slot { serial: None, .. }) => Err("slot_empty"),
            Some(_) => Ok(()),
        }
    }

    /// Takes the bank out of a slot, however that came about.
    pub(super) fn eject(&mut self, number: u16, moment: &Moment) -> Option<String> {
        let slot = self.slots.get_mut(&number)?;
        let serial = slot.serial.take()?;
        slot.battery_percent = None;
        slot.emptied_at = Some(moment.shown());
        Some(serial)
    }

    /// Puts a bank in and writes that down for the ledger; one that finds no place is written down as refused.
    ///
    /// # Errors
    /// It does not go in.
    pub(super) fn insert(
        &mut self,
        bank: Bank,
        number: u16,
        command_id: Uuid,
        moment: &Moment,
    ) -> Result<(), NotInserted> {
        if self.outbox.len() >= OUTBOX {
            return Err(NotInserted::OutboxFull);
        }
        let slot = self.slots.get_mut(&number).ok_or(NotInserted::NoSuchSlot)?;
        let refused = match (&slot.fault, &slot.serial) {
            (Some(_), _) => Some(NotInserted::Faulty),
            (None, Some(_)) => Some(NotInserted::Taken),
            (None, None) => None,
        };
        if let Some(refused) = refused {
            self.refuse(&bank, number, refused, command_id, moment);
            return Err(refused);
        }
        let absent = slot.emptied_at.unwrap_or_default().max(moment.last_scan()).min(moment.shown());
        let mut data = json!({
            "serial": bank.serial, "station_id": self.station_id, "slot": number,
            "observed_at": moment.shown(), "last_seen_absent_at": absent,
        });
        if let (Some(percent), Some(members)) = (bank.battery_percent, data.as_object_mut()) {
            members.insert("battery_percent".to_owned(), json!(percent));
        }
        slot.serial = Some(bank.serial);
        slot.battery_percent = bank.battery_percent;
        self.outbox.push_back(letter(command_id, Kind::DeviceReturned, data, moment));
        Ok(())
    }

    fn refuse(&mut self, bank: &Bank, number: u16, why: NotInserted, command_id: Uuid, moment: &Moment) {
        let full = self.slots.values().all(|slot| slot.serial.is_some() || slot.fault.is_some());
        let reason = match (why, full) {
            (_, true) => "cabinet_full",
            (NotInserted::Faulty, false) => "slot_faulty",
            (NotInserted::Taken | NotInserted::NoSuchSlot | NotInserted::OutboxFull, false) => "slot_taken",
        };
        let data = json!({
            "serial": bank.serial, "station_id": self.station_id, "slot": number,
            "observed_at": moment.shown(), "reason": reason,
        });
        self.outbox.push_back(letter(command_id, Kind::ReportReturnRefused, data, moment));
    }

    /// What stands where, as the ledger wants to be told.
    pub(super) fn inventory(&self, moment: &Moment) -> Value {
        let slots: Vec<Value> = self.slots.iter().map(|(number, slot)| slot.told(*number)).collect();
        json!({"taken_at": moment.shown(), "slots": slots})
    }

    /// The commands that wait, oldest first.
    pub(super) fn outbox(&self) -> impl Iterator<Item = &Letter> {
        self.outbox.iter()
    }

    /// The ledger has said the last word on this command.
    pub(super) fn settled(&mut self, command_id: Uuid) {
        self.outbox.retain(|letter| letter.command_id != command_id);
    }
}

impl Slot {
    /// The slot in an inventory, or in the sandbox's own answers: what is not there is left out.
    pub(super) fn told(&self, number: u16) -> Value {
        let mut told = json!({"slot": number});
        if let Some(members) = told.as_object_mut() {
            let members_of = [
                ("serial", self.serial.as_ref().map(|serial| json!(serial))),
                ("battery_percent", self.battery_percent.map(|percent| json!(percent))),
                ("fault", self.fault.as_ref().map(|fault| json!(fault))),
            ];
            members
                .extend(members_of.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        }
        told
    }
}

/// The answer to a release. It happened now by the cabinet's clock, and may be sent later.
fn answer(release: &Release, kind: Kind, data: Value, moment: &Moment) -> Letter {
    let plain = letter(answer_id(release.attempt_id), kind, data, moment);
    Letter { occurred_at: Some(moment.shown()), not_before: moment.answered_at(), ..plain }
}

fn letter(command_id: Uuid, kind: Kind, data: Value, moment: &Moment) -> Letter {
    let twice = moment.is(How::Duplicate);
    Letter { command_id, kind, occurred_at: None, data, not_before: moment.now, twice }
}

#[cfg(test)]
#[path = "cabinet_tests.rs"]
mod tests;
