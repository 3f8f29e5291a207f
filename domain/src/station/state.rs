//! What a station's stream adds up to.

use serde::{Deserialize, Serialize};

use crate::{
    Event, Time,
    event::{Place, ReleaseMode, StationChanged, StationRegistered},
    ids::{DeviceId, StationId, TariffId},
    values::{Latitude, Longitude, Name, SlotNumber, StationCode},
};

/// Whether a station is meant to work at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// It is.
    InService,
    /// Not at present.
    Maintenance,
    /// Never again.
    Decommissioned,
}

/// A slot: what stands in it, and whether it may be used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// The bank in it.
    pub device: Option<DeviceId>,
    /// It does not work.
    pub faulty: bool,
    /// It was taken out of use.
    pub disabled: bool,
    /// When the last fact about it happened: a bank came or went, a fault was reported or cleared.
    pub last_fact_at: Option<Time>,
}

impl Slot {
    fn touch(&mut self, at: Time) {
        self.last_fact_at = self.last_fact_at.max(Some(at));
    }
}

/// The reason with which a station that was not heard is taken offline; such a one comes back by being heard.
pub const NO_HEARTBEAT: &str = "no heartbeat";

/// A station.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Station {
    /// Which.
    pub id: StationId,
    /// Its short code.
    pub code: StationCode,
    /// Its name.
    pub name: Name,
    /// Where it is.
    pub latitude: Latitude,
    /// Where it is.
    pub longitude: Longitude,
    /// How it hands out banks.
    pub release_mode: ReleaseMode,
    /// The tariff of rentals that start here, if not the default one.
    pub tariff_id: Option<TariffId>,
    /// Whether it is meant to work.
    pub service: Service,
    /// Whether it answers.
    pub online: bool,
    /// Whether it is offline because it was not heard.
    pub unheard: bool,
    /// Whether it rents out.
    pub renting: bool,
    /// Whether it takes back.
    pub returning: bool,
    slots: Vec<Slot>,
}

impl Station {
    /// `online`, `offline`, `maintenance` or `decommissioned`.
    #[must_use]
    pub const fn status(&self) -> &'static str {
        match (self.service, self.online) {
            (Service::Decommissioned, _) => "decommissioned",
            (Service::Maintenance, _) => "maintenance",
            (Service::InService, true) => "online",
            (Service::InService, false) => "offline",
        }
    }

    /// A slot, if the station has it.
    #[must_use]
    pub fn slot(&self, number: SlotNumber) -> Option<Slot> {
        self.slots.get(number.index()).copied()
    }

    /// How many slots it has.
    #[must_use]
    pub fn slot_count(&self) -> u16 {
        u16::try_from(self.slots.len()).unwrap_or(u16::MAX)
    }

    fn place_if_here(&mut self, device: DeviceId, place: Place, at: Time) {
        self.vacate(device, at);
        if place.station_id == self.id {
            self.mark(place.slot, |slot| {
                slot.device = Some(device);
                slot.touch(at);
            });
        }
    }

    fn vacate(&mut self, device: DeviceId, at: Time) {
        for slot in self.slots.iter_mut().filter(|slot| slot.device == Some(device)) {
            slot.device = None;
            slot.touch(at);
        }
    }

    fn fault(&mut self, number: SlotNumber, faulty: bool, at: Time) {
        self.mark(number, |slot| {
            slot.faulty = faulty;
            slot.touch(at);
        });
    }

    fn mark(&mut self, number: SlotNumber, change: impl FnOnce(&mut Slot)) {
        if let Some(slot) = self.slots.get_mut(number.index()) {
            change(slot);
        }
    }

    fn change(&mut self, fact: &StationChanged) {
        let StationChanged {
            station_id: _,
            name,
            latitude,
            longitude,
            slots,
            release_mode,
            tariff_id,
            renting,
            returning,
            service,
        } = fact;
        if let Some(name) = name {
            self.name = name.clone();
        }
        if let Some(slots) = slots {
            self.slots.resize(usize::from(slots.get()), Slot::default());
        }
        self.latitude = latitude.unwrap_or(self.latitude);
        self.longitude = longitude.unwrap_or(self.longitude);
        self.release_mode = release_mode.unwrap_or(self.release_mode);
        self.tariff_id = tariff_id.or(self.tariff_id);
        self.renting = renting.unwrap_or(self.renting);
        self.returning = returning.unwrap_or(self.returning);
        self.service = service.unwrap_or(self.service);
    }

    fn registered(fact: &StationRegistered) -> Station {
        Station {
            id: fact.station_id,
            code: fact.code.clone(),
            name: fact.name.clone(),
            latitude: fact.latitude,
            longitude: fact.longitude,
            release_mode: fact.release_mode,
            tariff_id: fact.tariff_id,
            service: Service::InService,
            online: true,
            unheard: false,
            renting: true,
            returning: true,
            slots: vec![Slot::default(); usize::from(fact.slots.get())],
        }
    }

    /// The first event of a station.
    #[must_use]
    pub fn begin(event: &Event) -> Option<Station> {
        #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else begins a station")]
        match event {
            Event::StationRegistered(fact) => Some(Station::registered(fact)),
            _ => None,
        }
    }

    /// The station after one more event; `None` if it cannot stand in a station's stream.
    #[must_use]
    pub fn evolve(mut self, event: &Event, occurred_at: Time) -> Option<Station> {
        match event {
            Event::StationChanged(fact) => self.change(fact),
            Event::StationWentOffline(fact) => {
                self.online = false;
                self.unheard = fact.reason.as_ref().is_some_and(|reason| reason.as_str() == NO_HEARTBEAT);
            }
            Event::StationCameOnline(_) => (self.online, self.unheard) = (true, false),
            Event::SlotDisabled(fact) => self.mark(fact.slot, |slot| slot.disabled = true),
            Event::SlotEnabled(fact) => self.mark(fact.slot, |slot| slot.disabled = false),
            Event::SlotFaultReported(fact) => self.fault(fact.slot, true, occurred_at),
            Event::SlotFaultCleared(fact) => self.fault(fact.slot, false, occurred_at),
            Event::DeviceDocked(fact) => {
                let place = Place { station_id: fact.station_id, slot: fact.slot };
                let seen_at = fact.evidence.as_ref().map_or(occurred_at, |evidence| evidence.observed_at);
                self.place_if_here(fact.device_id, place, seen_at);
            }
            Event::DeviceUndocked(fact) => self.vacate(fact.device_id, occurred_at),
            Event::DeviceMissing(fact) => self.vacate(fact.device_id, occurred_at),
            Event::DeviceRetired(fact) => self.vacate(fact.device_id, occurred_at),
            Event::RentalStarted(fact) => self.vacate(fact.device_id, fact.started_at),
            Event::LateReleaseRecorded(fact) => self.vacate(fact.device_id, fact.released_at),
            Event::RentalCancelled(fact) if !fact.docked => self.vacate(fact.device_id, occurred_at),
            Event::RentalEnded(fact) => {
                let place = Place { station_id: fact.station_id, slot: fact.slot };
                self.place_if_here(fact.device_id, place, fact.evidence.observed_at);
            }
            Event::RentalCorrected(fact) => {
                if let Some(place) = fact.docked {
                    let seen_at = fact.evidence.as_ref().map_or(occurred_at, |e| e.observed_at);
                    self.place_if_here(fact.device_id, place, seen_at);
                }
            }
            Event::DeviceRecovered(fact) if fact.docked => {
                let place = Place { station_id: fact.station_id, slot: fact.slot };
                self.place_if_here(fact.device_id, place, fact.evidence.observed_at);
            }
            Event::DeviceRecovered(_)
            | Event::RentalCancelled(_)
            | Event::RentalRequested(_)
            | Event::ReleaseOutcomeUnknown(_)
            | Event::ReturnAttemptRecorded(_) => {}
            Event::StationRegistered(_)
            | Event::CustomerRegistered(_)
            | Event::CustomerVerified(_)
            | Event::CustomerSuspended(_)
            | Event::CustomerReinstated(_)
            | Event::ProfileUpdated(_)
            | Event::CustomerErased(_)
            | Event::TariffPublished(_)
            | Event::TariffRetired(_)
            | Event::DeviceRegistered(_)
            | Event::BatteryRanLow(_)
            | Event::BatteryRecovered(_)
            | Event::MaintenanceStarted(_)
            | Event::MaintenanceCompleted(_)
            | Event::RentalExtended(_)
            | Event::RentalBecameOverdue(_)
            | Event::RentalSold(_)
            | Event::ReplacementFeeReversed(_)
            | Event::PaymentPrompted(_)
            | Event::PaymentWasDeclined(_)
            | Event::PaymentOutcomeUnknown(_)
            | Event::PaymentChargedBack(_)
            | Event::ApprovalRequested(_)
            | Event::ActionRejected(_)
            | Event::ReceiptAssigned(_)
            | Event::ReceiptRefundRequested(_)
            | Event::RefundRequested(_)
            | Event::RefundApproved(_)
            | Event::RefundRejected(_)
            | Event::RefundSubmitted(_)
            | Event::RefundOutcomeUnknown(_)
            | Event::RefundPaid(_)
            | Event::RefundFailed(_)
            | Event::BreakOpened(_)
            | Event::BreakExplained(_)
            | Event::BreakClosed(_)
            | Event::BalanceAdjusted(_)
            | Event::DebtWrittenOff(_)
            | Event::PeriodClosed(_)
            | Event::LedgerRestored(_)
            | Event::ProjectionEventSkipped(_)
            | Event::ProviderFeeRecorded(_)
            | Event::ProviderPayoutRecorded(_)
            | Event::PaymentInitiated(_)
            | Event::PaymentSettled(_)
            | Event::PaymentExpired(_)
            | Event::ReceiptUnmatched(_) => return None,
        }
        Some(self)
    }
}
