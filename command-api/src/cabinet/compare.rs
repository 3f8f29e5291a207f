//! What an inventory says that the ledger does not: a pure function from both to commands.
//!
//! In this order: banks that are gone, banks that are there, faults, batteries; so that a bank which moved within the
//! station is in its new slot before anybody misses it, and a slot's old bank is accounted for before its new one.
//!
//! Nothing is said of a slot of which the ledger knows something later than the inventory, and nothing of a release
//! that the cabinet may still answer.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::device::{Device, Whereabouts, crosses_threshold};
use domain::rental::{Rental, Stage, UNKNOWN_AFTER};
use domain::station::{Slot, Station};
use domain::values::SlotNumber;
use domain::{DeviceId, RentalId, Time};
use serde_json::{Map, Value, json};

use super::reported::{Kept, Report, Reports, Shown};

/// The ledger knows something later.
const OUTDATED: &str = "inventory_outdated";
/// The cabinet may still say what became of the release.
const PENDING: &str = "release_pending";
/// No bank has this serial.
const UNKNOWN: &str = "device_unknown";

/// Both sides.
pub(crate) struct Scene<'a> {
    pub(crate) station: &'a Station,
    /// The banks that the station holds and those that were seen.
    pub(crate) devices: &'a HashMap<DeviceId, Device>,
    pub(crate) by_serial: &'a HashMap<String, DeviceId>,
    /// The rentals that banks of the station are being released for.
    pub(crate) rentals: &'a HashMap<RentalId, Rental>,
    /// The slots as they were shown before.
    pub(crate) before: &'a [Kept],
    pub(crate) reports: &'a Reports,
    pub(crate) taken_at: Time,
    pub(crate) now: Time,
    /// A later inventory was accepted: nothing is sent.
    pub(crate) outdated: bool,
}

/// Who says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// The station, of the moment of its inventory.
    Station,
    /// The system.
    System,
}

/// What becomes of a difference.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    Send(Who, Map<String, Value>),
    /// Nothing is sent, for this reason.
    Withheld(&'static str),
}

/// What differs in a slot, and the command that says so.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Difference {
    pub(crate) slot: SlotNumber,
    pub(crate) kind: &'static str,
    pub(crate) step: Step,
}

/// A listed slot beside what the ledger knows of it.
struct Pair<'a> {
    slot: SlotNumber,
    report: &'a Report,
    known: Slot,
    /// The bank that was seen in it, if we know it.
    seen: Option<&'a Device>,
}

/// All differences, in the order in which they have to be sent.
pub(crate) fn differences(scene: &Scene<'_>) -> Vec<Difference> {
    let pairs: Vec<Pair<'_>> =
        scene.reports.iter().filter_map(|(slot, report)| scene.pair(*slot, report)).collect();
    let seen: HashSet<DeviceId> = pairs.iter().filter_map(|pair| pair.seen.map(|device| device.id)).collect();
    let gone = pairs.iter().filter_map(|pair| scene.gone(pair, &seen));
    let there = in_free_order(&pairs).into_iter().filter_map(|pair| scene.there(pair));
    let faults = pairs.iter().filter_map(|pair| scene.fault(pair));
    let batteries = pairs.iter().filter_map(|pair| scene.battery(pair));
    let mut all: Vec<Difference> = gone.chain(there).chain(faults).chain(batteries).collect();
    if scene.outdated {
        all.iter_mut().for_each(|one| one.step = Step::Withheld(OUTDATED));
    }
    all
}

/// The pairs so that a bank which moved enters its slot after the bank that was there has left it, as far as that can
/// be: of banks that went round in a circle, one has to be missed first.
fn in_free_order<'a, 'b>(pairs: &'b [Pair<'a>]) -> Vec<&'b Pair<'a>> {
    let (mut waiting, mut ordered): (Vec<&Pair<'_>>, Vec<&Pair<'_>>) = (pairs.iter().collect(), Vec::new());
    let mut moved: HashSet<DeviceId> = HashSet::new();
    loop {
        let (free, still): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|pair| {
            pair.known.device.is_none_or(|held| {
                moved.contains(&held) || !pairs.iter().any(|other| other.saw(held) && other.slot != pair.slot)
            })
        });
        moved.extend(free.iter().filter_map(|pair| pair.seen.map(|device| device.id)));
        let ended = free.is_empty();
        ordered.extend(free);
        waiting = still;
        if ended {
            ordered.extend(waiting);
            return ordered;
        }
    }
}

impl Pair<'_> {
    fn saw(&self, device: DeviceId) -> bool {
        self.seen.is_some_and(|seen| seen.id == device)
    }
}

impl<'a> Scene<'a> {
    fn pair(&self, slot: SlotNumber, report: &'a Report) -> Option<Pair<'a>> {
        let known = self.station.slot(slot)?;
        let id = report.serial.as_ref().and_then(|serial| self.by_serial.get(serial.as_str()));
        Some(Pair { slot, report, known, seen: id.and_then(|id| self.devices.get(id)) })
    }

    /// Whether the ledger knows of a later fact of the slot.
    fn is_later_known(&self, pair: &Pair<'_>) -> bool {
        pair.known.last_fact_at.is_some_and(|at| at > self.taken_at)
    }

    fn at_slot(&self, slot: SlotNumber, more: &[(&str, Value)]) -> Map<String, Value> {
        let place = [("station_id", json!(self.station.id)), ("slot", json!(slot))];
        place.iter().chain(more).map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    /// The bank that the ledger holds in the slot is not there, and nowhere else in the station.
    fn gone(&self, pair: &Pair<'_>, seen: &HashSet<DeviceId>) -> Option<Difference> {
        let held = pair.known.device?;
        if pair.report.shows() == Shown::Unread || seen.contains(&held) {
            return None;
        }
        let device = self.devices.get(&held)?;
        let difference = |kind, step| Some(Difference { slot: pair.slot, kind, step });
        let later = self.is_later_known(pair);
        if let Whereabouts::Releasing { rental_id, requested_at, .. } = device.whereabouts {
            let step = if later || self.taken_at < requested_at {
                Step::Withheld(OUTDATED)
            } else if self.may_still_answer(rental_id, requested_at) {
                Step::Withheld(PENDING)
            } else {
                let left = json!({"rental_id": rental_id, "device_id": held, "slot": pair.slot});
                Step::Send(Who::Station, object(left))
            };
            return difference("ConfirmRelease", step);
        }
        let why = ("reason", json!("not in its slot"));
        let data = self.at_slot(pair.slot, &[("device_id", json!(held)), why]);
        let step = if later { Step::Withheld(OUTDATED) } else { Step::Send(Who::Station, data) };
        difference("ReportDeviceMissing", step)
    }

    fn may_still_answer(&self, rental: RentalId, requested_at: Time) -> bool {
        let unknown = self.unknown_since(rental).is_some();
        !unknown && self.now < requested_at.checked_add_signed(UNKNOWN_AFTER).unwrap_or(Time::MAX_UTC)
    }

    fn unknown_since(&self, rental: RentalId) -> Option<Time> {
        match &self.rentals.get(&rental)?.stage {
            Stage::Releasing { unknown_since } => *unknown_since,
            Stage::Cancelled { .. } | Stage::Running { .. } | Stage::Closed { .. } => None,
        }
    }

    /// A bank is in the slot: another than the ledger thinks, or one whose release nobody knows about.
    fn there(&self, pair: &Pair<'_>) -> Option<Difference> {
        let difference = |kind, step| Some(Difference { slot: pair.slot, kind, step });
        let Shown::Bank(_) = pair.report.shows() else { return None };
        let Some(device) = pair.seen else { return difference("DeviceReturned", Step::Withheld(UNKNOWN)) };
        if pair.known.device == Some(device.id) {
            let stayed = self.stayed(device)?;
            return difference("CancelRelease", Step::Send(Who::System, stayed));
        }
        if self.is_later_known(pair) || left_after(device, self.taken_at) {
            return difference("DeviceReturned", Step::Withheld(OUTDATED));
        }
        let mut data = self.at_slot(pair.slot, &[("device_id", json!(device.id))]);
        if let Some(percent) = pair.report.battery_percent {
            data.insert("battery_percent".to_owned(), json!(percent));
        }
        if let Some(absent_at) = self.last_seen_empty(pair.slot) {
            data.insert("last_seen_absent_at".to_owned(), json!(absent_at));
        }
        difference("DeviceReturned", Step::Send(Who::Station, data))
    }

    /// A bank in its slot whose release was unknown by then did not leave.
    fn stayed(&self, device: &Device) -> Option<Map<String, Value>> {
        let Whereabouts::Releasing { rental_id, .. } = device.whereabouts else { return None };
        self.unknown_since(rental_id).filter(|since| *since <= self.taken_at)?;
        Some(object(json!({"rental_id": rental_id, "seen_in_slot_at": self.taken_at})))
    }

    /// When an inventory last showed the slot empty, if it was the last one that showed it.
    fn last_seen_empty(&self, slot: SlotNumber) -> Option<Time> {
        let kept = self.shown_before(slot)?;
        (kept.report.shows() == Shown::Empty && kept.at <= self.taken_at).then_some(kept.at)
    }

    fn shown_before(&self, slot: SlotNumber) -> Option<&Kept> {
        self.before.iter().find(|kept| kept.slot == slot)
    }

    /// A fault that came, or one that the cabinet had shown and shows no more. A fault that somebody else reported, a
    /// failed release among them, stays until somebody has looked at it.
    fn fault(&self, pair: &Pair<'_>) -> Option<Difference> {
        let shown = || self.shown_before(pair.slot).is_some_and(|kept| kept.report.fault.is_some());
        let (kind, data) = match (&pair.report.fault, pair.known.faulty) {
            (Some(fault), false) => ("ReportSlotFault", self.at_slot(pair.slot, &[("reason", json!(fault))])),
            (None, true) if shown() => ("ClearSlotFault", self.at_slot(pair.slot, &[])),
            (Some(_), true) | (None, true | false) => return None,
        };
        let later = self.is_later_known(pair);
        let step = if later { Step::Withheld(OUTDATED) } else { Step::Send(Who::Station, data) };
        Some(Difference { slot: pair.slot, kind, step })
    }

    /// A bank that stood there all the time crossed a threshold. A bank that was just put in says so by its return.
    fn battery(&self, pair: &Pair<'_>) -> Option<Difference> {
        let (device, read) = (pair.seen?, pair.report.battery_percent?);
        let stood = pair.known.device == Some(device.id) && crosses_threshold(device.battery_percent, read);
        let later = device.last_fact_at > self.taken_at;
        let data = [("device_id", json!(device.id)), ("battery_percent", json!(read))];
        let step = if later {
            Step::Withheld(OUTDATED)
        } else {
            Step::Send(Who::Station, self.at_slot(pair.slot, &data))
        };
        stood.then_some(Difference { slot: pair.slot, kind: "ReportBattery", step })
    }
}

/// The banks of which a comparison has to know: those that the ledger holds in the listed slots.
pub(crate) fn held(station: &Station, reports: &Reports) -> BTreeMap<SlotNumber, DeviceId> {
    reports.keys().filter_map(|slot| Some((*slot, station.slot(*slot)?.device?))).collect()
}

/// Whether the bank was asked for or left after that moment: a sighting from before does not bring it back. Whether an
/// earlier rental is billed anew because of the sighting is for the rules of returns.
fn left_after(device: &Device, moment: Time) -> bool {
    match device.whereabouts {
        Whereabouts::Releasing { requested_at, .. } => requested_at > moment,
        Whereabouts::Rented { rental_id, .. } => {
            device.runs.iter().any(|run| run.rental_id == rental_id && run.started_at > moment)
        }
        Whereabouts::Provisioned
        | Whereabouts::Docked { .. }
        | Whereabouts::Maintenance { .. }
        | Whereabouts::Lost
        | Whereabouts::Sold { .. }
        | Whereabouts::Retired { .. } => false,
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    }
}
