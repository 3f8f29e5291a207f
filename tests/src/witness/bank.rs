//! Where banks are, and which slots work.

use serde_json::Value;

use super::{data, text};

/// A power bank as an event left it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bank {
    /// What it is: `docked`, `maintenance`, `retired`, or anything else.
    pub state: String,
    /// The station and slot that it stands in.
    pub place: Option<(String, i64)>,
    /// How full it was when last read.
    pub percent: Option<i64>,
}

/// A slot's own condition.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shelf {
    /// A fault is known.
    pub faulty: bool,
    /// It was taken out of service.
    pub disabled: bool,
}

fn place(event: &Value, pointer: &str) -> Option<(String, i64)> {
    let slot = data(event, &format!("{pointer}/slot")).as_i64()?;
    Some((text(event, &format!("{pointer}/station_id")), slot))
}

impl Bank {
    /// Changes it as an event says.
    pub(super) fn take(&mut self, kind: &str, event: &Value) {
        let yes = |pointer: &str| data(event, pointer).as_bool() == Some(true);
        match kind {
            "DeviceDocked" => {
                self.read("/battery_percent", event);
                self.dock(place(event, ""));
            }
            "BatteryRanLow" | "BatteryRecovered" => self.read("/battery_percent", event),
            "DeviceUndocked" => self.gone("provisioned", &["maintenance", "retired"]),
            "DeviceMissing" => self.gone("lost", &["retired"]),
            "DeviceRetired" => self.gone("retired", &[]),
            "RentalStarted" => self.gone("rented", &[]),
            "RentalSold" => self.gone("sold", &[]),
            "LateReleaseRecorded" if yes("/lost") => self.gone("lost", &[]),
            "MaintenanceStarted" => self.becomes("maintenance", place(event, "/at")),
            "MaintenanceCompleted" => {
                self.read("/battery_percent", event);
                let at = place(event, "/at");
                self.becomes(if at.is_some() { "docked" } else { "provisioned" }, at);
            }
            "RentalRequested" => self.becomes("releasing", place(event, "")),
            "RentalCancelled" if yes("/docked") => self.becomes("docked", place(event, "")),
            "RentalCancelled" => self.gone("lost", &[]),
            "RentalEnded" => self.comes_back(true, event),
            "DeviceRecovered" => self.comes_back(yes("/docked"), event),
            "RentalCorrected" => {
                self.read("/evidence/battery_percent", event);
                let at = place(event, "/docked");
                if at.is_some() {
                    self.dock(at);
                }
            }
            _ => {}
        }
    }

    fn becomes(&mut self, state: &str, place: Option<(String, i64)>) {
        state.clone_into(&mut self.state);
        self.place = place;
    }

    /// It stands nowhere; what it is stays where it is one of these.
    fn gone(&mut self, state: &str, unless: &[&str]) {
        let state = if unless.contains(&self.state.as_str()) { self.state.clone() } else { state.to_owned() };
        self.becomes(&state, None);
    }

    fn dock(&mut self, place: Option<(String, i64)>) {
        let stays = ["maintenance", "retired"].contains(&self.state.as_str());
        let state = if stays { self.state.clone() } else { "docked".to_owned() };
        self.becomes(&state, place);
    }

    fn comes_back(&mut self, docks: bool, event: &Value) {
        self.read("/evidence/battery_percent", event);
        if docks {
            self.dock(place(event, "/evidence"));
        }
    }

    fn read(&mut self, pointer: &str, event: &Value) {
        self.percent = data(event, pointer).as_i64().or(self.percent);
    }
}
