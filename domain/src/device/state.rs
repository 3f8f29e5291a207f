//! What a device's stream adds up to.

use serde::{Deserialize, Serialize};

use crate::{
    Event, Time,
    event::{CancelCause, CorrectedStage, Place, ReturnEvidence},
    ids::{CustomerId, DeviceId, RentalId},
    values::{CapacityMah, Percent, Serial},
};

/// How many rentals and returns of a device are remembered for what is uploaded late.
const REMEMBERED: usize = 512;

/// Where a device is, as far as anybody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Whereabouts {
    /// With us, in no slot.
    Provisioned,
    /// In a slot.
    Docked {
        /// Which.
        at: Place,
    },
    /// In a slot, being released to somebody.
    Releasing {
        /// Which slot.
        at: Place,
        /// For which rental.
        rental_id: RentalId,
        /// Whose rental.
        customer_id: CustomerId,
        /// Since when.
        requested_at: Time,
    },
    /// With a customer.
    Rented {
        /// On which rental.
        rental_id: RentalId,
        /// Whose rental.
        customer_id: CustomerId,
    },
    /// Being looked after.
    Maintenance {
        /// The slot it stands in, if it does.
        at: Option<Place>,
    },
    /// Nobody knows where.
    Lost,
    /// With a customer, for good.
    Sold {
        /// The rental that it was sold on.
        rental_id: RentalId,
    },
    /// Out of service for good.
    Retired {
        /// The slot that it was put into all the same, if it was.
        at: Option<Place>,
    },
}

impl Whereabouts {
    /// The name in answers.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Whereabouts::Provisioned => "provisioned",
            Whereabouts::Docked { .. } => "docked",
            Whereabouts::Releasing { .. } => "releasing",
            Whereabouts::Rented { .. } => "rented",
            Whereabouts::Maintenance { .. } => "maintenance",
            Whereabouts::Lost => "lost",
            Whereabouts::Sold { .. } => "sold",
            Whereabouts::Retired { .. } => "retired",
        }
    }

    /// The slot it stands in, if it does.
    #[must_use]
    pub const fn place(&self) -> Option<Place> {
        match self {
            Whereabouts::Docked { at } | Whereabouts::Releasing { at, .. } => Some(*at),
            Whereabouts::Maintenance { at } | Whereabouts::Retired { at } => *at,
            Whereabouts::Provisioned
            | Whereabouts::Rented { .. }
            | Whereabouts::Lost
            | Whereabouts::Sold { .. } => None,
        }
    }

    /// The open rental that it is on, releasing or running, and whose it is.
    #[must_use]
    pub const fn open_rental(&self) -> Option<(RentalId, CustomerId)> {
        match self {
            Whereabouts::Releasing { rental_id, customer_id, .. }
            | Whereabouts::Rented { rental_id, customer_id } => Some((*rental_id, *customer_id)),
            Whereabouts::Provisioned
            | Whereabouts::Docked { .. }
            | Whereabouts::Maintenance { .. }
            | Whereabouts::Lost
            | Whereabouts::Sold { .. }
            | Whereabouts::Retired { .. } => None,
        }
    }
}

/// A rental of this device that has started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Which.
    pub rental_id: RentalId,
    /// When it started.
    pub started_at: Time,
}

/// A return of this device that was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnSeen {
    /// Where.
    pub place: Place,
    /// When it was seen there.
    pub observed_at: Time,
    /// The billed end that followed from it alone.
    pub billed_at: Time,
    /// The rental that it belonged to, if one.
    pub rental_id: Option<RentalId>,
}

/// A device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Which.
    pub id: DeviceId,
    /// The serial printed on it.
    pub serial: Serial,
    /// What its battery holds, if that was said.
    pub capacity_mah: Option<CapacityMah>,
    /// Where it is.
    pub whereabouts: Whereabouts,
    /// How full it was when last read.
    pub battery_percent: Option<Percent>,
    /// When the last fact about it happened.
    pub last_fact_at: Time,
    /// When somebody or something last saw it, or saw that it was not where it had been.
    pub sighted_at: Time,
    /// When it was last put into a slot.
    pub docked_at: Option<Time>,
    /// Its rentals, by the time they started.
    pub runs: Vec<Run>,
    /// Its returns, in the order of their recording.
    pub returns: Vec<ReturnSeen>,
}

impl Device {
    /// The latest rental that had started by that moment.
    #[must_use]
    pub fn run_at(&self, moment: Time) -> Option<Run> {
        self.runs.iter().rev().find(|run| run.started_at <= moment).copied()
    }

    /// The return by which it stands in its slot, if it came there so.
    #[must_use]
    pub fn docked_by(&self) -> Option<ReturnSeen> {
        let Whereabouts::Docked { at } = self.whereabouts else { return None };
        self.returns
            .iter()
            .rev()
            .find(|seen| seen.place == at && Some(seen.observed_at) == self.docked_at)
            .copied()
    }

    fn start_run(&mut self, run: Run) {
        let later = self.runs.iter().rev().take_while(|other| other.started_at > run.started_at).count();
        self.runs.insert(self.runs.len().saturating_sub(later), run);
        if self.runs.len() > REMEMBERED {
            self.runs.remove(0);
        }
    }

    fn returned(&mut self, evidence: &ReturnEvidence, rental_id: Option<RentalId>) {
        let ReturnEvidence { place, observed_at, billed_at, battery_percent, .. } = *evidence;
        self.returns.push(ReturnSeen { place, observed_at, billed_at, rental_id });
        if self.returns.len() > REMEMBERED {
            self.returns.remove(0);
        }
        self.battery_percent = battery_percent.or(self.battery_percent);
    }

    fn dock(&mut self, at: Place, moment: Time) {
        self.whereabouts = match self.whereabouts {
            Whereabouts::Maintenance { .. } => Whereabouts::Maintenance { at: Some(at) },
            Whereabouts::Retired { .. } => Whereabouts::Retired { at: Some(at) },
            Whereabouts::Provisioned
            | Whereabouts::Docked { .. }
            | Whereabouts::Releasing { .. }
            | Whereabouts::Rented { .. }
            | Whereabouts::Lost
            | Whereabouts::Sold { .. } => Whereabouts::Docked { at },
        };
        self.docked_at = Some(moment);
        self.sighted_at = self.sighted_at.max(moment);
    }

    /// The first event of a device.
    #[must_use]
    pub fn begin(event: &Event, occurred_at: Time) -> Option<Device> {
        #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else begins a device")]
        match event {
            Event::DeviceRegistered(fact) => Some(Device {
                id: fact.device_id,
                serial: fact.serial.clone(),
                capacity_mah: fact.capacity_mah,
                whereabouts: Whereabouts::Provisioned,
                battery_percent: None,
                last_fact_at: occurred_at,
                sighted_at: occurred_at,
                docked_at: None,
                runs: Vec::new(),
                returns: Vec::new(),
            }),
            _ => None,
        }
    }

    /// The device after one more event; `None` if it cannot stand in a device's stream.
    #[must_use]
    pub fn evolve(mut self, event: &Event, occurred_at: Time) -> Option<Device> {
        self.last_fact_at = self.last_fact_at.max(occurred_at);
        match event {
            Event::DeviceDocked(fact) => {
                let at = Place { station_id: fact.station_id, slot: fact.slot };
                let seen_at = fact.evidence.as_ref().map_or(occurred_at, |evidence| evidence.observed_at);
                self.battery_percent = fact.battery_percent.or(self.battery_percent);
                if let Some(evidence) = &fact.evidence {
                    self.returned(evidence, fact.rental_id);
                }
                self.dock(at, seen_at);
            }
            Event::DeviceUndocked(_) => {
                self.whereabouts = match self.whereabouts {
                    Whereabouts::Maintenance { .. } => Whereabouts::Maintenance { at: None },
                    Whereabouts::Retired { .. } => Whereabouts::Retired { at: None },
                    Whereabouts::Provisioned
                    | Whereabouts::Docked { .. }
                    | Whereabouts::Releasing { .. }
                    | Whereabouts::Rented { .. }
                    | Whereabouts::Lost
                    | Whereabouts::Sold { .. } => Whereabouts::Provisioned,
                };
                self.sighted_at = self.sighted_at.max(occurred_at);
            }
            Event::DeviceMissing(_) => {
                self.whereabouts = match self.whereabouts {
                    Whereabouts::Retired { .. } => Whereabouts::Retired { at: None },
                    Whereabouts::Provisioned
                    | Whereabouts::Docked { .. }
                    | Whereabouts::Releasing { .. }
                    | Whereabouts::Rented { .. }
                    | Whereabouts::Maintenance { .. }
                    | Whereabouts::Lost
                    | Whereabouts::Sold { .. } => Whereabouts::Lost,
                };
                self.sighted_at = self.sighted_at.max(occurred_at);
            }
            Event::BatteryRanLow(fact) => self.battery_percent = Some(fact.battery_percent),
            Event::BatteryRecovered(fact) => self.battery_percent = Some(fact.battery_percent),
            Event::MaintenanceStarted(fact) => {
                self.whereabouts = Whereabouts::Maintenance { at: fact.at };
                self.sighted_at = self.sighted_at.max(occurred_at);
            }
            Event::MaintenanceCompleted(fact) => {
                self.battery_percent = fact.battery_percent.or(self.battery_percent);
                self.whereabouts = fact.at.map_or(Whereabouts::Provisioned, |at| Whereabouts::Docked { at });
                self.sighted_at = self.sighted_at.max(occurred_at);
            }
            Event::DeviceRetired(_) => {
                self.whereabouts = Whereabouts::Retired { at: None };
                self.sighted_at = self.sighted_at.max(occurred_at);
            }
            Event::RentalRequested(fact) => {
                self.whereabouts = Whereabouts::Releasing {
                    at: Place { station_id: fact.station_id, slot: fact.slot },
                    rental_id: fact.rental_id,
                    customer_id: fact.customer_id,
                    requested_at: fact.requested_at,
                };
            }
            Event::RentalStarted(fact) => {
                let (rental_id, customer_id) = (fact.rental_id, fact.customer_id);
                self.whereabouts = Whereabouts::Rented { rental_id, customer_id };
                self.start_run(Run { rental_id, started_at: fact.started_at });
                self.sighted_at = self.sighted_at.max(fact.started_at);
            }
            Event::RentalCancelled(fact) => {
                let at = Place { station_id: fact.station_id, slot: fact.slot };
                self.whereabouts = if fact.docked { Whereabouts::Docked { at } } else { Whereabouts::Lost };
                if fact.cause == CancelCause::SeenInSlot {
                    self.sighted_at = self.sighted_at.max(occurred_at);
                }
            }
            Event::LateReleaseRecorded(fact) => {
                if fact.lost {
                    self.whereabouts = Whereabouts::Lost;
                }
            }
            Event::RentalEnded(fact) => {
                self.returned(&fact.evidence, Some(fact.rental_id));
                self.dock(fact.evidence.place, fact.evidence.observed_at);
            }
            Event::RentalSold(fact) => {
                self.whereabouts = Whereabouts::Sold { rental_id: fact.rental_id };
            }
            Event::RentalCorrected(fact) => {
                // Not sold any more, and nobody has seen it.
                let sold = Whereabouts::Sold { rental_id: fact.rental_id };
                if fact.stage == CorrectedStage::Ended && self.whereabouts == sold {
                    self.whereabouts = Whereabouts::Lost;
                }
                if let Some(evidence) = &fact.evidence {
                    self.returned(evidence, Some(fact.rental_id));
                    if let Some(at) = fact.docked {
                        self.dock(at, evidence.observed_at);
                    }
                }
            }
            Event::DeviceRecovered(fact) => {
                self.returned(&fact.evidence, Some(fact.rental_id));
                if fact.docked {
                    self.dock(fact.evidence.place, fact.evidence.observed_at);
                }
            }
            Event::ReturnAttemptRecorded(_) => {}
            Event::DeviceRegistered(_)
            | Event::CustomerRegistered(_)
            | Event::CustomerVerified(_)
            | Event::CustomerSuspended(_)
            | Event::CustomerReinstated(_)
            | Event::ProfileUpdated(_)
            | Event::CustomerErased(_)
            | Event::TariffPublished(_)
            | Event::TariffRetired(_)
            | Event::StationRegistered(_)
            | Event::StationChanged(_)
            | Event::StationWentOffline(_)
            | Event::StationCameOnline(_)
            | Event::SlotDisabled(_)
            | Event::SlotEnabled(_)
            | Event::SlotFaultReported(_)
            | Event::SlotFaultCleared(_)
            | Event::ReleaseOutcomeUnknown(_)
            | Event::RentalExtended(_)
            | Event::RentalBecameOverdue(_)
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
