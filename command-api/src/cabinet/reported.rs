//! What an inventory lists, read strictly: each slot once, within the station, with a serial that can be one.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use domain::values::{Percent, Reason, Serial, SlotNumber};
use edge::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A slot as it is listed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = InventorySlot)]
pub(crate) struct Line {
    /// Its number, from 1.
    slot: i64,
    /// The serial of the bank in it; absent if it is empty.
    #[serde(default)]
    #[schema(example = "PB-0001")]
    serial: Option<String>,
    /// How full that bank is.
    #[serde(default)]
    battery_percent: Option<i64>,
    /// What is wrong with the slot; absent if nothing is.
    #[serde(default)]
    fault: Option<String>,
}

/// What was read in a slot.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Report {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) serial: Option<Serial>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) battery_percent: Option<Percent>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) fault: Option<Reason>,
}

/// What a report says about the bank in a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown<'a> {
    /// This bank is there.
    Bank(&'a Serial),
    /// None is.
    Empty,
    /// Something is wrong with the slot, or something stands there without a serial: neither is known.
    Unread,
}

impl Report {
    pub(crate) fn shows(&self) -> Shown<'_> {
        match (&self.serial, self.fault.is_some() || self.battery_percent.is_some()) {
            (Some(serial), _) => Shown::Bank(serial),
            (None, true) => Shown::Unread,
            (None, false) => Shown::Empty,
        }
    }
}

/// The listed slots, by their numbers.
pub(crate) type Reports = BTreeMap<SlotNumber, Report>;

/// A slot as an accepted inventory showed it, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) slot: SlotNumber,
    pub(crate) at: DateTime<Utc>,
    #[serde(flatten)]
    pub(crate) report: Report,
}

/// Reads the lines of an inventory of a station with so many slots.
///
/// # Errors
/// 400 with the slot that is wrong.
pub(crate) fn check(lines: Vec<Line>, slots: u16) -> Result<Reports, Problem> {
    let mut reports = Reports::new();
    let mut seen: HashMap<String, u16> = HashMap::new();
    for line in lines {
        let number = line.slot;
        let wrong = |what: String| Problem::malformed(format!("slot {number}: {what}")).fact("slot", number);
        let slot = u16::try_from(number)
            .ok()
            .filter(|slot| *slot <= slots)
            .and_then(SlotNumber::new)
            .ok_or_else(|| wrong(format!("the station has the slots 1 to {slots}")))?;
        let report = line.report().map_err(|what| wrong(what.to_owned()))?;
        if let Some(serial) = &report.serial
            && let Some(other) = seen.insert(serial.as_str().to_owned(), slot.get())
            && other != slot.get()
        {
            return Err(wrong(format!("its bank is listed in slot {other} too")));
        }
        if reports.insert(slot, report).is_some() {
            return Err(wrong("it is listed twice".to_owned()));
        }
    }
    Ok(reports)
}

impl Line {
    fn report(self) -> Result<Report, &'static str> {
        let serial = self
            .serial
            .map(|text| Serial::parse(&text).ok_or("a serial is 3 to 40 characters of A-Z a-z 0-9 . _ -"));
        let percent = self.battery_percent.map(|percent| {
            u8::try_from(percent).ok().and_then(Percent::new).ok_or("battery_percent is 0 to 100")
        });
        let fault = self.fault.map(|text| {
            Reason::parse(&text)
                .filter(|fault| !fault.as_str().trim().is_empty())
                .ok_or("a fault is 1 to 200 printable characters")
        });
        Ok(Report {
            serial: serial.transpose()?,
            battery_percent: percent.transpose()?,
            fault: fault.transpose()?,
        })
    }
}

/// What is known of a station's slots once these reports are accepted: those that were not listed stay as they were
/// last shown.
pub(crate) fn merged(before: &[Kept], reports: &Reports, at: DateTime<Utc>) -> Vec<Kept> {
    let unlisted = before.iter().filter(|kept| !reports.contains_key(&kept.slot)).cloned();
    let listed = reports.iter().map(|(slot, report)| Kept { slot: *slot, at, report: report.clone() });
    let mut all: Vec<Kept> = unlisted.chain(listed).collect();
    all.sort_by_key(|kept| kept.slot);
    all
}

/// Whether an inventory of that moment listed exactly these.
pub(crate) fn listed_the_same(kept: &[Kept], reports: &Reports, at: DateTime<Utc>) -> bool {
    let listed = kept.iter().filter(|kept| kept.at == at).map(|kept| (&kept.slot, &kept.report));
    listed.eq(reports)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn checked(lines: Value) -> Result<Reports, Problem> {
        check(serde_json::from_value(lines).unwrap(), 8)
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn what_is_absurd_is_refused_with_the_slot() {
        for (lines, slot, why) in [
            (json!([{"slot": 1}, {"slot": 1}]), 1, "twice"),
            (json!([{"slot": 0}]), 0, "1 to 8"),
            (json!([{"slot": 9}]), 9, "1 to 8"),
            (json!([{"slot": -3}]), -3, "1 to 8"),
            (json!([{"slot": 70_000}]), 70_000, "1 to 8"),
            (json!([{"slot": 2, "serial": "P 1"}]), 2, "serial"),
            (json!([{"slot": 2, "serial": ""}]), 2, "serial"),
            (json!([{"slot": 2, "serial": "PB-1", "battery_percent": 101}]), 2, "0 to 100"),
            (json!([{"slot": 2, "fault": " "}]), 2, "fault"),
            (json!([{"slot": 2, "fault": "x".repeat(201)}]), 2, "fault"),
            (json!([{"slot": 2, "serial": "PB-1"}, {"slot": 5, "serial": "PB-1"}]), 5, "slot 2 too"),
        ] {
            let problem = checked(lines.clone()).unwrap_err();
            assert_eq!((problem.status().as_u16(), problem.code()), (400, "malformed"), "{lines}");
            assert!(problem.detail().contains(why), "{lines}: {}", problem.detail());
            assert_eq!(problem.known_facts()["slot"], slot, "{lines}");
        }
        assert!(serde_json::from_value::<Line>(json!({"slot": 1, "colour": "red"})).is_err());
    }

    #[test]
    fn a_slot_that_could_not_be_read_shows_nothing() {
        let lines = json!([
            {"slot": 1}, {"slot": 2, "serial": "PB-1", "fault": "fan"}, {"slot": 3, "fault": "jam"},
            {"slot": 4, "battery_percent": 9},
        ]);
        let reports = checked(lines).unwrap();
        let serial = Serial::parse("PB-1").unwrap();
        let shown: Vec<_> = reports.values().map(Report::shows).collect();
        assert_eq!(shown, [Shown::Empty, Shown::Bank(&serial), Shown::Unread, Shown::Unread]);
    }

    #[test]
    fn slots_that_are_not_listed_stay_as_they_were_last_shown() {
        let first = checked(json!([{"slot": 1, "serial": "PB-1"}, {"slot": 2}])).unwrap();
        let kept = merged(&[], &first, at(10));
        let second = checked(json!([{"slot": 2, "serial": "PB-2"}])).unwrap();
        let kept = merged(&kept, &second, at(20));
        let times: Vec<_> = kept.iter().map(|kept| (kept.slot.get(), kept.at)).collect();
        assert_eq!(times, [(1, at(10)), (2, at(20))]);
        assert!(listed_the_same(&kept, &second, at(20)));
        assert!(!listed_the_same(&kept, &first, at(20)) && !listed_the_same(&kept, &second, at(10)));
        let stored = serde_json::to_value(&kept).unwrap();
        assert_eq!(serde_json::from_value::<Vec<Kept>>(stored).unwrap(), kept);
    }
}
