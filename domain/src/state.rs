//! What a stream of events adds up to.
//!
//! One state per stream; which aggregate folds an event is decided by the kind of the stream it is read from. The
//! fold is total over recorded history: an event that cannot follow the state is an [`ImpossibleTransition`] and
//! means that the ledger or this program is broken, never that a customer did something odd.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Event, StreamKind, Time, approval::Approval, customer::Customer, device::Device, event::Action,
    lineage::Lineage, payment::Payment, period::Periods, projection::Skips, provider_entry::ProviderEntry,
    receipt::Receipt, reconciliation::Break, refund::Refund, rental::Rental, station::Station,
    tariff::Catalogue,
};

/// The version of the folds. A snapshot taken under another version is ignored; a golden test forces it up
/// whenever the serialised states change.
pub const FOLD_VERSION: i16 = 6;

pub(crate) static EMPTY_CATALOGUE: LazyLock<Catalogue> = LazyLock::new(Catalogue::default);

/// The state of any stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum State {
    /// A customer's.
    Customer(Customer),
    /// A device's.
    Device(Box<Device>),
    /// A station's.
    Station(Station),
    /// A rental's.
    Rental(Box<Rental>),
    /// A payment's.
    Payment(Payment),
    /// A receipt's.
    Receipt(Receipt),
    /// A refund's.
    Refund(Refund),
    /// An approval's.
    Approval(Approval),
    /// A break's.
    Break(Break),
    /// A provider's fee's or payout's.
    Entry(ProviderEntry),
    /// The tariff catalogue's.
    Catalogue(Catalogue),
    /// That of closed periods.
    Periods(Periods),
    /// The ledger's own.
    Lineage(Lineage),
    /// That of a read model.
    Projection(Skips),
}

/// An event that cannot follow the state it was recorded on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{event} cannot follow the recorded state of this {kind} stream")]
pub struct ImpossibleTransition {
    /// The event's type.
    pub event: &'static str,
    /// The kind of stream.
    pub kind: &'static str,
}

impl State {
    /// Under whose key texts about this thing are sealed: its customer's, or, where there is none, a receipt's or an
    /// approval's own.
    #[must_use]
    pub fn person(&self) -> Option<Uuid> {
        match self {
            State::Customer(customer) => Some(customer.id.0),
            State::Rental(rental) => Some(rental.customer_id.0),
            State::Payment(payment) => Some(payment.customer_id.0),
            State::Receipt(receipt) => Some(receipt.id.0),
            State::Refund(refund) => refund.customer_id.map(|id| id.0).or(refund.receipt_id.map(|id| id.0)),
            State::Approval(approval) => match approval.action {
                Action::AssignReceipt { customer_id, .. }
                | Action::AdjustBalance { customer_id, .. }
                | Action::WriteOffDebt { customer_id, .. }
                | Action::CorrectRental { customer_id, .. } => Some(customer_id.0),
                Action::SkipProjectionEvent { .. } => Some(approval.id.0),
            },
            State::Device(_)
            | State::Station(_)
            | State::Catalogue(_)
            | State::Break(_)
            | State::Entry(_)
            | State::Periods(_)
            | State::Lineage(_)
            | State::Projection(_) => None,
        }
    }

    /// The state after one more event of a stream of this kind.
    ///
    /// # Errors
    /// [`ImpossibleTransition`] if such an event cannot stand at this place of such a stream.
    pub fn evolve(
        before: Option<State>,
        kind: StreamKind,
        event: &Event,
        occurred_at: Time,
    ) -> Result<State, ImpossibleTransition> {
        let impossible = || ImpossibleTransition { event: event.event_type(), kind: kind.as_str() };
        let after = match (kind, before) {
            (StreamKind::Customer, None) => Customer::begin(event).map(State::Customer),
            (StreamKind::Customer, Some(State::Customer(state))) => state.evolve(event).map(State::Customer),
            (StreamKind::Device, None) => Device::begin(event, occurred_at).map(Box::new).map(State::Device),
            (StreamKind::Device, Some(State::Device(state))) => {
                state.evolve(event, occurred_at).map(Box::new).map(State::Device)
            }
            (StreamKind::Station, None) => Station::begin(event).map(State::Station),
            (StreamKind::Station, Some(State::Station(state))) => {
                state.evolve(event, occurred_at).map(State::Station)
            }
            (StreamKind::Rental, None) => Rental::begin(event).map(Box::new).map(State::Rental),
            (StreamKind::Rental, Some(State::Rental(state))) => {
                state.evolve(event, occurred_at).map(Box::new).map(State::Rental)
            }
            (StreamKind::Payment, None) => Payment::begin(event).map(State::Payment),
            (StreamKind::Payment, Some(State::Payment(state))) => state.evolve(event).map(State::Payment),
            (StreamKind::Receipt, None) => Receipt::begin(event).map(State::Receipt),
            (StreamKind::Receipt, Some(State::Receipt(state))) => state.evolve(event).map(State::Receipt),
            (StreamKind::Refund, None) => Refund::begin(event).map(State::Refund),
            (StreamKind::Refund, Some(State::Refund(state))) => state.evolve(event).map(State::Refund),
            (StreamKind::Approval, None) => Approval::begin(event).map(State::Approval),
            (StreamKind::Approval, Some(State::Approval(state))) => state.evolve(event).map(State::Approval),
            (StreamKind::Break, None) => Break::begin(event).map(State::Break),
            (StreamKind::Break, Some(State::Break(state))) => state.evolve(event).map(State::Break),
            (StreamKind::Entry, None) => ProviderEntry::begin(event).map(State::Entry),
            (StreamKind::Tariff, None) => Catalogue::default().evolve(event).map(State::Catalogue),
            (StreamKind::Tariff, Some(State::Catalogue(state))) => state.evolve(event).map(State::Catalogue),
            (StreamKind::Period, None) => Periods::default().evolve(event).map(State::Periods),
            (StreamKind::Period, Some(State::Periods(state))) => state.evolve(event).map(State::Periods),
            (StreamKind::Ledger, None) => Lineage::evolve(None, event).map(State::Lineage),
            (StreamKind::Ledger, Some(State::Lineage(state))) => {
                Lineage::evolve(Some(state), event).map(State::Lineage)
            }
            (StreamKind::Projection, None) => Skips::begin(event).map(State::Projection),
            (StreamKind::Projection, Some(State::Projection(state))) => {
                state.evolve(event).map(State::Projection)
            }
            (_, Some(_)) => None,
        };
        after.ok_or_else(impossible)
    }
}
