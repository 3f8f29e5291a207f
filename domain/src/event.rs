//! The facts that the ledger keeps: one struct each, in past tense, never changed once recorded.
//!
//! A stored event is its type, its schema version and the JSON of its struct. [`Event::streams`] says which
//! streams it belongs to, subject first, derived from the payload alone; at most four. What a fact did to money
//! stands in it (`debited`, `credited`), so that [`crate::postings`] and every read model can be computed from
//! the event without any other.

mod upcast;
mod words;

pub use words::{
    AccountTotal, Action, BreakCause, CancelCause, CheckpointRef, CorrectedStage, CorrectionCause, Direction,
    PaidFrom, Place, Projection, Provider, Purpose, RefundRejection, ReleaseMode, ReturnEvidence, Review,
    SaleCause,
};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Money, Time,
    customer::Language,
    ids::{
        ApprovalId, BreakId, CATALOGUE, CustomerId, DeviceId, EntryId, LINEAGE, PERIODS, PaymentId,
        ReceiptId, RefundId, RentalId, StationId, StreamKey, TariffId,
    },
    personal::Sealed,
    purse::{Credited, Debited},
    rating::{Charge, Posted},
    tariff::Tariff,
    values::{
        CapacityMah, Latitude, Longitude, Name, Percent, ProviderReference, Reason, Serial, SlotCount,
        SlotNumber, StationCode,
    },
};

fn none_to_review(review: &[Review]) -> bool {
    review.is_empty()
}

macro_rules! events {
    ($(
        $(#[$doc:meta])*
        $name:ident v $version:literal {
            $($(#[$attribute:meta])* $field:ident: $type:ty,)*
        }
        in |$this:ident| [$($stream:expr),* $(,)?];
    )*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
            #[cfg_attr(test, derive(schemars::JsonSchema))]
            #[expect(missing_docs, reason = "the fields are named after the facts they hold")]
            pub struct $name { $($(#[$attribute])* pub $field: $type,)* }

            impl From<$name> for Event {
                fn from(fact: $name) -> Event {
                    Event::$name(Box::new(fact))
                }
            }
        )*

        /// Any fact of the ledger.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Event {
            $($(#[$doc])* $name(Box<$name>),)*
        }

        impl Event {
            /// The names of all event types.
            pub const TYPES: &'static [&'static str] = &[$(stringify!($name)),*];

            /// Every version that was ever recorded and can be read, older ones after those of today.
            pub fn versions() -> impl Iterator<Item = (&'static str, i16)> {
                [$((stringify!($name), $version)),*].into_iter().chain(upcast::OLDER.iter().copied())
            }

            /// How the JSON of each version looks.
            #[cfg(test)]
            pub(crate) fn schemas() -> Vec<(&'static str, i16, crate::schema::Described)> {
                let mut schemas = vec![$((stringify!($name), $version, crate::schema::described::<$name>())),*];
                schemas.extend(upcast::schemas());
                schemas
            }

            /// The name of this event's type.
            #[must_use]
            pub const fn event_type(&self) -> &'static str {
                match self { $(Event::$name(_) => stringify!($name),)* }
            }

            /// The version of this event's schema.
            #[must_use]
            pub const fn schema_version(&self) -> i16 {
                match self { $(Event::$name(_) => $version,)* }
            }

            /// The streams it belongs to, its subject first.
            #[must_use]
            pub fn streams(&self) -> Vec<StreamKey> {
                let mut streams: Vec<StreamKey> = match self {
                    $(Event::$name($this) => [$(Some($stream).into_stream()),*].into_iter().flatten().collect(),)*
                };
                let mut seen = Vec::with_capacity(streams.len());
                streams.retain(|stream| {
                    let new = !seen.contains(&stream.id);
                    seen.push(stream.id);
                    new
                });
                streams
            }

            /// The bytes that are stored.
            #[must_use]
            pub fn encode(&self) -> Vec<u8> {
                let encoded = match self { $(Event::$name(fact) => serde_json::to_vec(fact),)* };
                encoded.expect("an event is valid JSON")
            }

            /// Reads stored bytes back, whatever version they were written in.
            ///
            /// # Errors
            /// [`UnknownEvent`] if type or version are not known here or the bytes are not of that shape.
            pub fn decode(event_type: &str, schema_version: i16, payload: &[u8]) -> Result<Event, UnknownEvent> {
                let unknown = |why: String| UnknownEvent { event_type: event_type.to_owned(), schema_version, why };
                match (event_type, schema_version) {
                    $((stringify!($name), $version) => serde_json::from_slice::<$name>(payload)
                        .map(Event::from)
                        .map_err(|error| unknown(error.to_string())),)*
                    (_, _) => upcast::decode(event_type, schema_version, payload)
                        .unwrap_or_else(|| Err("no such type and version".to_owned()))
                        .map_err(unknown),
                }
            }
        }
    };
}

/// A stored event that this program cannot read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("event {event_type} version {schema_version} cannot be read: {why}")]
pub struct UnknownEvent {
    /// The stored type.
    pub event_type: String,
    /// The stored version.
    pub schema_version: i16,
    /// What is wrong.
    pub why: String,
}

/// Lets the table below name a stream that is always there and one that may be absent in the same way.
trait IntoStream {
    fn into_stream(self) -> Option<StreamKey>;
}

impl IntoStream for Option<StreamKey> {
    fn into_stream(self) -> Option<StreamKey> {
        self
    }
}

impl IntoStream for Option<Option<StreamKey>> {
    fn into_stream(self) -> Option<StreamKey> {
        self.flatten()
    }
}

events! {
    // ---- customers
    /// A person has an account; their phone and name are sealed.
    CustomerRegistered v 1 {
        customer_id: CustomerId,
        phone: Sealed,
        #[serde(skip_serializing_if = "Option::is_none", default)] name: Option<Sealed>,
    } in |e| [e.customer_id.stream()];
    /// The phone is theirs.
    CustomerVerified v 1 { customer_id: CustomerId, } in |e| [e.customer_id.stream()];
    /// How they are called or spoken to changed; absent fields stayed.
    ProfileUpdated v 1 {
        customer_id: CustomerId,
        #[serde(skip_serializing_if = "Option::is_none", default)] name: Option<Sealed>,
        #[serde(skip_serializing_if = "Option::is_none", default)] language: Option<Language>,
    } in |e| [e.customer_id.stream()];
    /// They may not start or extend rentals.
    CustomerSuspended v 1 {
        customer_id: CustomerId,
        #[serde(skip_serializing_if = "Option::is_none", default)] reason: Option<Sealed>,
    } in |e| [e.customer_id.stream()];
    /// They may again.
    CustomerReinstated v 1 {
        customer_id: CustomerId,
        #[serde(skip_serializing_if = "Option::is_none", default)] reason: Option<Sealed>,
    } in |e| [e.customer_id.stream()];
    /// Their account is closed for good, and their key destroyed: what was sealed under it says nothing any more.
    CustomerErased v 1 { customer_id: CustomerId, } in |e| [e.customer_id.stream()];

    // ---- tariffs
    /// A new version of a tariff stands in the catalogue.
    TariffPublished v 1 { #[serde(flatten)] tariff: Tariff, is_default: bool, } in |_e| [CATALOGUE];
    /// A tariff takes no new starts.
    TariffRetired v 1 {
        tariff_id: TariffId,
        #[serde(skip_serializing_if = "Option::is_none", default)] reason: Option<Reason>,
    } in |_e| [CATALOGUE];

    // ---- stations and slots
    /// A station exists, online, with empty slots.
    StationRegistered v 1 {
        station_id: StationId, code: StationCode, name: Name, latitude: Latitude, longitude: Longitude,
        slots: SlotCount, release_mode: ReleaseMode,
        #[serde(skip_serializing_if = "Option::is_none", default)] tariff_id: Option<TariffId>,
    } in |e| [e.station_id.stream()];
    /// What is known of a station changed; absent fields stayed.
    StationChanged v 1 {
        station_id: StationId,
        #[serde(skip_serializing_if = "Option::is_none", default)] name: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none", default)] latitude: Option<Latitude>,
        #[serde(skip_serializing_if = "Option::is_none", default)] longitude: Option<Longitude>,
        #[serde(skip_serializing_if = "Option::is_none", default)] slots: Option<SlotCount>,
        #[serde(skip_serializing_if = "Option::is_none", default)] release_mode: Option<ReleaseMode>,
        #[serde(skip_serializing_if = "Option::is_none", default)] tariff_id: Option<TariffId>,
        #[serde(skip_serializing_if = "Option::is_none", default)] renting: Option<bool>,
        #[serde(skip_serializing_if = "Option::is_none", default)] returning: Option<bool>,
        #[serde(skip_serializing_if = "Option::is_none", default)] service: Option<crate::station::Service>,
    } in |e| [e.station_id.stream()];
    /// A station is not reachable.
    StationWentOffline v 1 {
        station_id: StationId,
        #[serde(skip_serializing_if = "Option::is_none", default)] reason: Option<Reason>,
    } in |e| [e.station_id.stream()];
    /// It is again.
    StationCameOnline v 1 { station_id: StationId, } in |e| [e.station_id.stream()];
    /// A slot was taken out of use.
    SlotDisabled v 1 {
        station_id: StationId, slot: SlotNumber,
        #[serde(skip_serializing_if = "Option::is_none", default)] reason: Option<Reason>,
    } in |e| [e.station_id.stream()];
    /// A slot was put back into use.
    SlotEnabled v 1 { station_id: StationId, slot: SlotNumber, } in |e| [e.station_id.stream()];
    /// A slot does not work.
    SlotFaultReported v 1 {
        station_id: StationId, slot: SlotNumber,
        #[serde(skip_serializing_if = "Option::is_none", default)] reason: Option<Reason>,
    } in |e| [e.station_id.stream()];
    /// It works again.
    SlotFaultCleared v 1 { station_id: StationId, slot: SlotNumber, } in |e| [e.station_id.stream()];

    // ---- devices
    /// A bank is ours, in no slot yet.
    DeviceRegistered v 1 {
        device_id: DeviceId, serial: Serial,
        #[serde(skip_serializing_if = "Option::is_none", default)] capacity_mah: Option<CapacityMah>,
    } in |e| [e.device_id.stream()];
    /// A bank stands in a slot. `left` is the station where it was thought to be before, if another one.
    DeviceDocked v 1 {
        device_id: DeviceId, station_id: StationId, slot: SlotNumber,
        #[serde(skip_serializing_if = "Option::is_none", default)] battery_percent: Option<Percent>,
        #[serde(skip_serializing_if = "Option::is_none", default)] left: Option<StationId>,
        /// The rental that it was sold on, if it came back after the recovery days.
        #[serde(skip_serializing_if = "Option::is_none", default)] rental_id: Option<RentalId>,
        /// The report of a return that ended no rental, if that is how it came here.
        #[serde(skip_serializing_if = "Option::is_none", default)] evidence: Option<ReturnEvidence>,
        #[serde(skip_serializing_if = "none_to_review", default)] review: Vec<Review>,
    } in |e| [
        e.device_id.stream(), e.station_id.stream(), e.left.map(StationId::stream),
        e.rental_id.map(RentalId::stream),
    ];
    /// A bank was taken out by staff.
    DeviceUndocked v 1 {
        device_id: DeviceId, station_id: StationId, slot: SlotNumber,
        #[serde(skip_serializing_if = "Option::is_none", default)] reason: Option<Reason>,
    } in |e| [e.device_id.stream(), e.station_id.stream()];
    /// Nobody knows where a bank is; `last` is where it was thought to be.
    DeviceMissing v 1 {
        device_id: DeviceId,
        #[serde(skip_serializing_if = "Option::is_none", default)] last: Option<Place>,
        #[serde(skip_serializing_if = "Option::is_none", default)] reason: Option<Reason>,
        #[serde(skip_serializing_if = "none_to_review", default)] review: Vec<Review>,
    } in |e| [e.device_id.stream(), e.last.map(|place| place.station_id.stream())];
    /// A bank has less in it than is handed out; `at` is where it was read, if that was said.
    BatteryRanLow v 1 {
        device_id: DeviceId, battery_percent: Percent,
        #[serde(skip_serializing_if = "Option::is_none", default)] at: Option<Place>,
    } in |e| [e.device_id.stream()];
    /// A bank that had run low is charged again.
    BatteryRecovered v 1 {
        device_id: DeviceId, battery_percent: Percent,
        #[serde(skip_serializing_if = "Option::is_none", default)] at: Option<Place>,
    } in |e| [e.device_id.stream()];
    /// A bank is being looked after; `at` is the slot it stands in, if it does.
    MaintenanceStarted v 1 {
        device_id: DeviceId,
        #[serde(skip_serializing_if = "Option::is_none", default)] at: Option<Place>,
        #[serde(skip_serializing_if = "Option::is_none", default)] reason: Option<Reason>,
    } in |e| [e.device_id.stream()];
    /// A bank is fit again.
    MaintenanceCompleted v 1 {
        device_id: DeviceId,
        #[serde(skip_serializing_if = "Option::is_none", default)] at: Option<Place>,
        #[serde(skip_serializing_if = "Option::is_none", default)] battery_percent: Option<Percent>,
        #[serde(skip_serializing_if = "Option::is_none", default)] reason: Option<Reason>,
    } in |e| [e.device_id.stream()];

    /// A bank is out of service for good; `at` is the slot it was taken out of, if it stood in one.
    DeviceRetired v 1 {
        device_id: DeviceId,
        #[serde(skip_serializing_if = "Option::is_none", default)] at: Option<Place>,
        #[serde(skip_serializing_if = "Option::is_none", default)] reason: Option<Reason>,
    } in |e| [e.device_id.stream(), e.at.map(|place| place.station_id.stream())];

    // ---- rentals
    /// A cabinet was asked to release a bank; the meter stands still.
    RentalRequested v 1 {
        rental_id: RentalId, customer_id: CustomerId, device_id: DeviceId, station_id: StationId,
        slot: SlotNumber, requested_at: Time, tariff: Tariff,
    } in |e| [e.rental_id.stream(), e.customer_id.stream(), e.device_id.stream(), e.station_id.stream()];
    /// The bank is out and the meter runs.
    RentalStarted v 1 {
        rental_id: RentalId, customer_id: CustomerId, device_id: DeviceId, station_id: StationId,
        slot: SlotNumber, started_at: Time, due_at: Time, free_minutes: i64, tariff: Tariff,
        #[serde(skip_serializing_if = "Option::is_none", default)] reason: Option<Reason>,
        #[serde(skip_serializing_if = "none_to_review", default)] review: Vec<Review>,
    } in |e| [e.rental_id.stream(), e.customer_id.stream(), e.device_id.stream(), e.station_id.stream()];
    /// The bank did not leave; nothing is owed. `docked` says whether the reserved bank still stands in its slot.
    RentalCancelled v 1 {
        rental_id: RentalId, customer_id: CustomerId, device_id: DeviceId, station_id: StationId,
        slot: SlotNumber, cause: CancelCause, docked: bool,
        #[serde(skip_serializing_if = "Option::is_none", default)] reason: Option<Reason>,
        #[serde(skip_serializing_if = "none_to_review", default)] review: Vec<Review>,
    } in |e| [e.rental_id.stream(), e.customer_id.stream(), e.device_id.stream(), e.station_id.stream()];
    /// The station did not say in time whether the bank left.
    ReleaseOutcomeUnknown v 1 {
        rental_id: RentalId, customer_id: CustomerId, device_id: DeviceId, station_id: StationId,
        #[serde(skip_serializing_if = "Option::is_none", default)] reason: Option<Reason>,
    } in |e| [e.rental_id.stream(), e.station_id.stream()];
    /// A confirmation came after a cancel and could not start the rental any more; nothing is owed.
    LateReleaseRecorded v 1 {
        rental_id: RentalId, customer_id: CustomerId, device_id: DeviceId, station_id: StationId,
        slot: SlotNumber, released_at: Time, lost: bool, review: Vec<Review>,
    } in |e| [e.rental_id.stream(), e.customer_id.stream(), e.device_id.stream(), e.station_id.stream()];
    /// The due time moved.
    RentalExtended v 2 {
        rental_id: RentalId, customer_id: CustomerId, minutes: i64, previous_due_at: Time, due_at: Time,
    } in |e| [e.rental_id.stream(), e.customer_id.stream()];
    /// The due time passed.
    RentalBecameOverdue v 1 {
        rental_id: RentalId, customer_id: CustomerId, due_at: Time,
    } in |e| [e.rental_id.stream(), e.customer_id.stream()];
    /// The bank came back; the rental is billed.
    RentalEnded v 1 {
        rental_id: RentalId, customer_id: CustomerId, device_id: DeviceId, station_id: StationId,
        slot: SlotNumber, started_at: Time, ended_at: Time, charge: Charge, debited: Debited,
        evidence: ReturnEvidence,
        #[serde(skip_serializing_if = "none_to_review", default)] review: Vec<Review>,
    } in |e| [e.rental_id.stream(), e.customer_id.stream(), e.device_id.stream(), e.station_id.stream()];
    /// A station refused a bank that somebody wanted to give back.
    ReturnAttemptRecorded v 1 {
        rental_id: RentalId, customer_id: CustomerId, device_id: DeviceId, station_id: StationId,
        #[serde(skip_serializing_if = "Option::is_none", default)] slot: Option<SlotNumber>,
        attempted_at: Time,
        #[serde(skip_serializing_if = "Option::is_none", default)] reason: Option<Reason>,
        #[serde(skip_serializing_if = "none_to_review", default)] review: Vec<Review>,
    } in |e| [e.rental_id.stream(), e.customer_id.stream(), e.device_id.stream(), e.station_id.stream()];
    /// The bank did not come back; it is billed and sold.
    RentalSold v 1 {
        rental_id: RentalId, customer_id: CustomerId, device_id: DeviceId, started_at: Time, sold_at: Time,
        cause: SaleCause, charge: Charge, debited: Debited,
        #[serde(skip_serializing_if = "Option::is_none", default)] reason: Option<Sealed>,
    } in |e| [e.rental_id.stream(), e.customer_id.stream(), e.device_id.stream()];
    /// The bill was wrong: the old charge is taken back whole, the new one stands. `docked` is where the bank
    /// is now, if nothing later was known of it.
    RentalCorrected v 2 {
        rental_id: RentalId, customer_id: CustomerId, device_id: DeviceId, stage: CorrectedStage,
        #[serde(skip_serializing_if = "Option::is_none", default)] ended_at: Option<Time>,
        cause: CorrectionCause, reversed: Posted, credited: Credited, charge: Charge, debited: Debited,
        #[serde(skip_serializing_if = "Option::is_none", default)] evidence: Option<ReturnEvidence>,
        #[serde(skip_serializing_if = "Option::is_none", default)] docked: Option<Place>,
        #[serde(skip_serializing_if = "none_to_review", default)] review: Vec<Review>,
        /// The start, if staff corrected it.
        #[serde(skip_serializing_if = "Option::is_none", default)] started_at: Option<Time>,
        #[serde(skip_serializing_if = "Option::is_none", default)] approval_id: Option<ApprovalId>,
        #[serde(skip_serializing_if = "Option::is_none", default)] approved_by: Option<Uuid>,
        #[serde(skip_serializing_if = "Option::is_none", default)] reason: Option<Sealed>,
    } in |e| [
        e.rental_id.stream(), e.customer_id.stream(), e.device_id.stream(),
        e.docked.map(|place| place.station_id.stream()).or(e.approval_id.map(ApprovalId::stream)),
    ];
    /// The bank came back within the recovery days: its replacement fee is given back.
    ReplacementFeeReversed v 1 {
        rental_id: RentalId, customer_id: CustomerId, reversed: Posted, credited: Credited,
    } in |e| [e.rental_id.stream(), e.customer_id.stream()];
    /// A sold bank is with us again. `charge` is what is billed now, `whole` what the rental costs in all.
    DeviceRecovered v 1 {
        rental_id: RentalId, customer_id: CustomerId, device_id: DeviceId, station_id: StationId,
        slot: SlotNumber, recovered_at: Time, charge: Charge, whole: Charge, debited: Debited,
        evidence: ReturnEvidence,
        /// Whether it stands in that slot now; false if something later was known of it.
        docked: bool,
        #[serde(skip_serializing_if = "none_to_review", default)] review: Vec<Review>,
    } in |e| [e.rental_id.stream(), e.customer_id.stream(), e.device_id.stream(), e.station_id.stream()];

    // ---- payments
    /// A customer is to be asked for money.
    PaymentInitiated v 1 {
        payment_id: PaymentId, customer_id: CustomerId, amount: Money, purpose: Purpose, provider: Provider,
        #[serde(skip_serializing_if = "Option::is_none", default)] phone: Option<Sealed>,
        external_id: String, expires_at: Time,
    } in |e| [e.payment_id.stream(), e.customer_id.stream()];
    /// The provider proved that the money came.
    PaymentSettled v 1 {
        payment_id: PaymentId, customer_id: CustomerId, amount: Money, provider: Provider,
        provider_reference: ProviderReference, paid_at: Time, credited: Credited,
    } in |e| [e.payment_id.stream(), e.customer_id.stream()];
    /// Nobody paid in time; proof that comes later still settles it.
    PaymentExpired v 1 {
        payment_id: PaymentId, customer_id: CustomerId,
        #[serde(skip_serializing_if = "Option::is_none", default)] reason: Option<Reason>,
    } in |e| [e.payment_id.stream(), e.customer_id.stream()];
    /// Money came that settles nothing.
    ReceiptUnmatched v 1 {
        receipt_id: ReceiptId, provider: Provider, provider_reference: ProviderReference, amount: Money,
        paid_at: Time,
        #[serde(skip_serializing_if = "Option::is_none", default)] payment_id: Option<PaymentId>,
        /// The phone that paid, sealed under a key of the receipt.
        #[serde(skip_serializing_if = "Option::is_none", default)] payer: Option<Sealed>,
        /// The customer whose phone that is.
        #[serde(skip_serializing_if = "Option::is_none", default)] customer_id: Option<CustomerId>,
        #[serde(skip_serializing_if = "Option::is_none", default)] reason: Option<Reason>,
        review: Vec<Review>,
    } in |e| [
        e.receipt_id.stream(), e.payment_id.map(PaymentId::stream), e.customer_id.map(CustomerId::stream),
    ];
    /// The customer's phone shows the prompt to pay.
    PaymentPrompted v 1 {
        payment_id: PaymentId, customer_id: CustomerId,
        #[serde(skip_serializing_if = "Option::is_none", default)] provider_reference: Option<ProviderReference>,
    } in |e| [e.payment_id.stream(), e.customer_id.stream()];
    /// The customer or the provider said no; proof that comes later still settles it.
    PaymentWasDeclined v 1 {
        payment_id: PaymentId, customer_id: CustomerId,
        #[serde(skip_serializing_if = "Option::is_none", default)] provider_reference: Option<ProviderReference>,
        #[serde(skip_serializing_if = "Option::is_none", default)] reason: Option<Reason>,
    } in |e| [e.payment_id.stream(), e.customer_id.stream()];
    /// Nobody knows whether the customer was asked, or has paid.
    PaymentOutcomeUnknown v 1 {
        payment_id: PaymentId, customer_id: CustomerId,
        #[serde(skip_serializing_if = "Option::is_none", default)] reason: Option<Reason>,
    } in |e| [e.payment_id.stream(), e.customer_id.stream()];
    /// The provider took a settled payment back. `debited` is absent where the customer is erased: a bad debt.
    PaymentChargedBack v 1 {
        payment_id: PaymentId, customer_id: CustomerId, amount: Money, provider: Provider,
        provider_reference: ProviderReference,
        #[serde(skip_serializing_if = "Option::is_none", default)] debited: Option<Debited>,
    } in |e| [e.payment_id.stream(), e.customer_id.stream()];

    // ---- receipts and approvals
    /// A member of staff asked for something that a second one has to approve; no money moved.
    ApprovalRequested v 1 {
        approval_id: ApprovalId, action: Action, requested_by: Uuid,
    } in |e| [e.approval_id.stream()];
    /// A second member of staff said no.
    ActionRejected v 1 {
        approval_id: ApprovalId, rejected_by: Uuid,
        #[serde(skip_serializing_if = "Option::is_none", default)] reason: Option<Sealed>,
    } in |e| [e.approval_id.stream()];
    /// The money of a receipt is a customer's. `named` is the customer whose phone had paid it.
    ReceiptAssigned v 1 {
        receipt_id: ReceiptId, customer_id: CustomerId, amount: Money, provider: Provider, credited: Credited,
        approval_id: ApprovalId, approved_by: Uuid,
        #[serde(skip_serializing_if = "Option::is_none", default)] named: Option<CustomerId>,
    } in |e| [
        e.receipt_id.stream(), e.customer_id.stream(), e.approval_id.stream(), e.named.map(CustomerId::stream),
    ];
    /// The money of a receipt is to go back to whoever paid it, once a second person has approved.
    ReceiptRefundRequested v 1 {
        refund_id: RefundId, receipt_id: ReceiptId, amount: Money, provider: Provider,
        /// A phone, sealed under the receipt's key.
        destination: Sealed, requested_by: Uuid, reason: Sealed,
    } in |e| [e.refund_id.stream(), e.receipt_id.stream()];

    // ---- refunds
    /// A customer's money is set aside to be paid out.
    RefundRequested v 1 {
        refund_id: RefundId, customer_id: CustomerId,
        #[serde(skip_serializing_if = "Option::is_none", default)] payment_id: Option<PaymentId>,
        amount: Money, provider: Provider,
        /// The customer's verified phone.
        destination: Sealed, requested_by: Uuid, requested_at: Time,
        #[serde(skip_serializing_if = "Option::is_none", default)] reason: Option<Sealed>,
    } in |e| [e.refund_id.stream(), e.customer_id.stream(), e.payment_id.map(PaymentId::stream)];
    /// It may be paid out. `approved_by` is absent where no second person was needed.
    RefundApproved v 1 {
        refund_id: RefundId,
        #[serde(skip_serializing_if = "Option::is_none", default)] customer_id: Option<CustomerId>,
        #[serde(skip_serializing_if = "Option::is_none", default)] receipt_id: Option<ReceiptId>,
        #[serde(skip_serializing_if = "Option::is_none", default)] payment_id: Option<PaymentId>,
        amount: Money,
        #[serde(skip_serializing_if = "Option::is_none", default)] approved_by: Option<Uuid>,
    } in |e| [e.refund_id.stream(), e.customer_id.map(CustomerId::stream)];
    /// It will not be paid out; the money went back to where it came from: the customer's purse, or the receipt.
    RefundRejected v 1 {
        refund_id: RefundId,
        #[serde(skip_serializing_if = "Option::is_none", default)] customer_id: Option<CustomerId>,
        #[serde(skip_serializing_if = "Option::is_none", default)] receipt_id: Option<ReceiptId>,
        #[serde(skip_serializing_if = "Option::is_none", default)] payment_id: Option<PaymentId>,
        amount: Money,
        #[serde(skip_serializing_if = "Option::is_none", default)] credited: Option<Credited>,
        cause: RefundRejection,
        #[serde(skip_serializing_if = "Option::is_none", default)] rejected_by: Option<Uuid>,
        #[serde(skip_serializing_if = "Option::is_none", default)] reason: Option<Sealed>,
    } in |e| [
        e.refund_id.stream(), e.customer_id.map(CustomerId::stream), e.receipt_id.map(ReceiptId::stream),
        e.payment_id.map(PaymentId::stream),
    ];
    /// A provider is about to be told to pay it out, under this reference.
    RefundSubmitted v 1 {
        refund_id: RefundId,
        #[serde(skip_serializing_if = "Option::is_none", default)] customer_id: Option<CustomerId>,
        #[serde(skip_serializing_if = "Option::is_none", default)] receipt_id: Option<ReceiptId>,
        #[serde(skip_serializing_if = "Option::is_none", default)] payment_id: Option<PaymentId>,
        amount: Money, provider: Provider, reference: ProviderReference,
    } in |e| [e.refund_id.stream(), e.customer_id.map(CustomerId::stream)];
    /// Nobody knows whether it was paid out.
    RefundOutcomeUnknown v 1 {
        refund_id: RefundId,
        #[serde(skip_serializing_if = "Option::is_none", default)] customer_id: Option<CustomerId>,
        #[serde(skip_serializing_if = "Option::is_none", default)] receipt_id: Option<ReceiptId>,
        #[serde(skip_serializing_if = "Option::is_none", default)] reason: Option<Reason>,
    } in |e| [e.refund_id.stream(), e.customer_id.map(CustomerId::stream)];
    /// The money is with the person. `customer_id` is whose refund it is, or, of a receipt's refund that had failed
    /// before, who had been given the receipt meanwhile; `named` is the customer whose phone had paid the receipt.
    RefundPaid v 1 {
        refund_id: RefundId,
        #[serde(skip_serializing_if = "Option::is_none", default)] customer_id: Option<CustomerId>,
        #[serde(skip_serializing_if = "Option::is_none", default)] receipt_id: Option<ReceiptId>,
        #[serde(skip_serializing_if = "Option::is_none", default)] payment_id: Option<PaymentId>,
        amount: Money, provider: Provider,
        #[serde(skip_serializing_if = "Option::is_none", default)] provider_reference: Option<ProviderReference>,
        paid_from: PaidFrom,
        #[serde(skip_serializing_if = "Option::is_none", default)] named: Option<CustomerId>,
        #[serde(skip_serializing_if = "none_to_review", default)] review: Vec<Review>,
    } in |e| [
        e.refund_id.stream(), e.customer_id.or(e.named).map(CustomerId::stream),
        e.receipt_id.map(ReceiptId::stream), e.payment_id.map(PaymentId::stream),
    ];
    /// The provider refused to pay it out; the money went back to where it came from.
    RefundFailed v 1 {
        refund_id: RefundId,
        #[serde(skip_serializing_if = "Option::is_none", default)] customer_id: Option<CustomerId>,
        #[serde(skip_serializing_if = "Option::is_none", default)] receipt_id: Option<ReceiptId>,
        #[serde(skip_serializing_if = "Option::is_none", default)] payment_id: Option<PaymentId>,
        amount: Money,
        #[serde(skip_serializing_if = "Option::is_none", default)] credited: Option<Credited>,
        #[serde(skip_serializing_if = "Option::is_none", default)] reason: Option<Reason>,
    } in |e| [
        e.refund_id.stream(), e.customer_id.map(CustomerId::stream), e.receipt_id.map(ReceiptId::stream),
        e.payment_id.map(PaymentId::stream),
    ];

    // ---- reconciliation
    /// Ledger and statement differ.
    BreakOpened v 1 {
        break_id: BreakId, cause: BreakCause, provider: Provider,
        #[serde(skip_serializing_if = "Option::is_none", default)] provider_reference: Option<ProviderReference>,
        #[serde(skip_serializing_if = "Option::is_none", default)] payment_id: Option<PaymentId>,
        #[serde(skip_serializing_if = "Option::is_none", default)] refund_id: Option<RefundId>,
        #[serde(skip_serializing_if = "Option::is_none", default)] receipt_id: Option<ReceiptId>,
        #[serde(skip_serializing_if = "Option::is_none", default)] ledger_amount: Option<Money>,
        #[serde(skip_serializing_if = "Option::is_none", default)] statement_amount: Option<Money>,
        #[serde(skip_serializing_if = "Option::is_none", default)] statement_id: Option<Uuid>,
        #[serde(skip_serializing_if = "Option::is_none", default)] reason: Option<Reason>,
    } in |e| [e.break_id.stream()];
    /// Somebody knows why.
    BreakExplained v 1 {
        break_id: BreakId, explained_by: Uuid, reason: Reason,
    } in |e| [e.break_id.stream()];
    /// Nothing is left to do about it.
    BreakClosed v 1 {
        break_id: BreakId, closed_by: Uuid,
        #[serde(skip_serializing_if = "Option::is_none", default)] reason: Option<Reason>,
    } in |e| [e.break_id.stream()];
    /// A provider took its fee.
    ProviderFeeRecorded v 1 {
        entry_id: EntryId, provider: Provider, amount: Money, provider_reference: ProviderReference,
        #[serde(skip_serializing_if = "Option::is_none", default)] reason: Option<Reason>,
    } in |e| [e.entry_id.stream()];
    /// A provider moved what it held for us to our bank.
    ProviderPayoutRecorded v 1 {
        entry_id: EntryId, provider: Provider, amount: Money, provider_reference: ProviderReference,
        #[serde(skip_serializing_if = "Option::is_none", default)] reason: Option<Reason>,
    } in |e| [e.entry_id.stream()];

    // ---- finance
    /// Staff gave a customer money, or took some. `credited` is where it went, `debited` where it came from.
    BalanceAdjusted v 1 {
        customer_id: CustomerId, direction: Direction, amount: Money,
        #[serde(skip_serializing_if = "Option::is_none", default)] credited: Option<Credited>,
        #[serde(skip_serializing_if = "Option::is_none", default)] debited: Option<Debited>,
        approval_id: ApprovalId, approved_by: Uuid, reason: Sealed,
    } in |e| [e.customer_id.stream(), e.approval_id.stream()];
    /// A debt was given up.
    DebtWrittenOff v 1 {
        customer_id: CustomerId, amount: Money, approval_id: ApprovalId, approved_by: Uuid, reason: Sealed,
    } in |e| [e.customer_id.stream(), e.approval_id.stream()];
    /// The books of all business days up to `until` are closed: nothing is booked on them any more. The figures
    /// hold everything up to `position`, the one before this event's own.
    PeriodClosed v 1 {
        #[serde(skip_serializing_if = "Option::is_none", default)] from: Option<NaiveDate>,
        until: NaiveDate, closed_by: Uuid, position: i64, accounts: Vec<AccountTotal>,
        #[serde(skip_serializing_if = "Option::is_none", default)] checkpoint: Option<CheckpointRef>,
    } in |_e| [PERIODS];

    // ---- the ledger and its readers
    /// The ledger was restored to an earlier moment and goes on from there under a new epoch.
    LedgerRestored v 1 { epoch: i32, restored_to: i64, reason: Reason, } in |_e| [LINEAGE];
    /// A read model may pass over an event, should it be unable to apply it.
    ProjectionEventSkipped v 1 {
        projection: Projection, position: i64, reason: Reason, requested_by: Uuid,
        #[serde(skip_serializing_if = "Option::is_none", default)] approval_id: Option<ApprovalId>,
        #[serde(skip_serializing_if = "Option::is_none", default)] approved_by: Option<Uuid>,
    } in |e| [e.projection.stream(), e.approval_id.map(ApprovalId::stream)];
}

impl Event {
    /// The customer whose money or rental it concerns, if one.
    #[must_use]
    pub fn customer(&self) -> Option<Uuid> {
        self.streams().into_iter().find(|s| s.kind == crate::StreamKind::Customer).map(|s| s.id)
    }
}
