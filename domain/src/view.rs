//! What a decision may look at, and the record of what it did look at.
//!
//! A decision asks for states by id. A state that is not at hand stops it with [`Missing`]; the caller loads the
//! stream and decides again. Every stream that was looked at is written down with its version, so the ledger can
//! refuse the answer, refusals included, if one of them has moved (I4).

use std::cell::RefCell;

use chrono::NaiveDate;
use uuid::Uuid;

use crate::{
    State,
    approval::Approval,
    customer::Customer,
    device::Device,
    event::Projection,
    ids::{
        ApprovalId, BreakId, CATALOGUE, CustomerId, DeviceId, EntryId, PERIODS, PaymentId, ReceiptId,
        RefundId, RentalId, StationId,
    },
    payment::Payment,
    period::{Books, Periods},
    projection::Skips,
    provider_entry::ProviderEntry,
    receipt::Receipt,
    reconciliation::Break,
    refund::Refund,
    rental::Rental,
    state::EMPTY_CATALOGUE,
    station::Station,
    tariff::Catalogue,
};

/// A name that belongs to one thing at most.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Claim {
    /// What sort of name it is.
    pub kind: &'static str,
    /// The name.
    pub value: String,
}

impl Claim {
    /// The serial of a device.
    pub const DEVICE_SERIAL: &'static str = "device_serial";
    /// The code of a station.
    pub const STATION_CODE: &'static str = "station_code";
    /// The blind index of a customer's phone.
    pub const PHONE: &'static str = "phone";
    /// A provider's reference: `provider/reference`.
    pub const PROVIDER_REFERENCE: &'static str = "provider_reference";
    /// The reference that a provider is given for a payment: the payment's `external_id`.
    pub const EXTERNAL_ID: &'static str = "external_id";
    /// The reference that a provider is given for a pay-out: `provider/reference`.
    pub const REFUND_REFERENCE: &'static str = "refund_reference";
    /// A provider's reference of a chargeback: `provider/reference`.
    pub const CHARGEBACK: &'static str = "chargeback";
    /// A provider's reference of a fee or payout: `kind/provider/reference`.
    pub const PROVIDER_ENTRY: &'static str = "provider_entry";
}

/// Where states come from: a cache, an overlay of a batch, a fixture.
pub trait Source {
    /// The stream's version and state. `None`: not at hand, load it. Version 0 has no state.
    fn stream(&self, id: Uuid) -> Option<(i64, Option<&State>)>;
    /// Who holds a claim. `None`: not at hand, look it up. `Some(None)`: nobody.
    fn claim(&self, claim: &Claim) -> Option<Option<Uuid>>;
    /// The figures of the period that is to be closed, if somebody folded them.
    fn books(&self) -> Option<&Books> {
        None
    }
}

/// What has to be loaded before the decision can be made.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Missing {
    /// A stream.
    Stream(Uuid),
    /// A claim.
    Claim(Claim),
    /// The figures of the days up to this one, on top of what is closed now.
    Books(NaiveDate),
}

/// What stands under an id.
#[derive(Debug)]
pub enum Found<'a, T> {
    /// Nothing: the id is free.
    Absent,
    /// Something else: the id names a thing of another kind.
    OtherKind,
    /// The thing.
    Here(&'a T),
}

impl<'a, T> Found<'a, T> {
    /// The thing, if it is there.
    #[must_use]
    pub fn here(self) -> Option<&'a T> {
        match self {
            Found::Here(thing) => Some(thing),
            Found::Absent | Found::OtherKind => None,
        }
    }
}

/// The streams and absent claims that a decision rests on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reads {
    /// Streams with the version at which they were seen.
    pub streams: Vec<(Uuid, i64)>,
    /// Claims that were seen to be free.
    pub free_claims: Vec<Claim>,
}

/// A decision's window on the ledger. Not shared between threads; one per decision.
pub struct View<'a> {
    source: &'a dyn Source,
    reads: RefCell<Reads>,
}

impl<'a> View<'a> {
    /// A window on this source.
    #[must_use]
    pub fn new(source: &'a dyn Source) -> Self {
        View { source, reads: RefCell::new(Reads::default()) }
    }

    /// What the decision looked at.
    #[must_use]
    pub fn into_reads(self) -> Reads {
        self.reads.into_inner()
    }

    fn state(&self, id: Uuid) -> Result<Option<&'a State>, Missing> {
        let (version, state) = self.source.stream(id).ok_or(Missing::Stream(id))?;
        let mut reads = self.reads.borrow_mut();
        if !reads.streams.iter().any(|(seen, _)| *seen == id) {
            reads.streams.push((id, version));
        }
        Ok(state)
    }

    /// The customer of that id.
    ///
    /// # Errors
    /// [`Missing`] if the stream is not at hand; the same for every look-up here.
    pub fn customer(&self, id: CustomerId) -> Result<Found<'a, Customer>, Missing> {
        Ok(match self.state(id.0)? {
            None => Found::Absent,
            Some(State::Customer(customer)) => Found::Here(customer),
            Some(_) => Found::OtherKind,
        })
    }

    /// The device of that id.
    ///
    /// # Errors
    /// As [`View::customer`].
    pub fn device(&self, id: DeviceId) -> Result<Found<'a, Device>, Missing> {
        Ok(match self.state(id.0)? {
            None => Found::Absent,
            Some(State::Device(device)) => Found::Here(device),
            Some(_) => Found::OtherKind,
        })
    }

    /// The station of that id.
    ///
    /// # Errors
    /// As [`View::customer`].
    pub fn station(&self, id: StationId) -> Result<Found<'a, Station>, Missing> {
        Ok(match self.state(id.0)? {
            None => Found::Absent,
            Some(State::Station(station)) => Found::Here(station),
            Some(_) => Found::OtherKind,
        })
    }

    /// The rental of that id.
    ///
    /// # Errors
    /// As [`View::customer`].
    pub fn rental(&self, id: RentalId) -> Result<Found<'a, Rental>, Missing> {
        Ok(match self.state(id.0)? {
            None => Found::Absent,
            Some(State::Rental(rental)) => Found::Here(rental),
            Some(_) => Found::OtherKind,
        })
    }

    /// The payment of that id.
    ///
    /// # Errors
    /// As [`View::customer`].
    pub fn payment(&self, id: PaymentId) -> Result<Found<'a, Payment>, Missing> {
        Ok(match self.state(id.0)? {
            None => Found::Absent,
            Some(State::Payment(payment)) => Found::Here(payment),
            Some(_) => Found::OtherKind,
        })
    }

    /// The receipt of that id.
    ///
    /// # Errors
    /// As [`View::customer`].
    pub fn receipt(&self, id: ReceiptId) -> Result<Found<'a, Receipt>, Missing> {
        Ok(match self.state(id.0)? {
            None => Found::Absent,
            Some(State::Receipt(receipt)) => Found::Here(receipt),
            Some(_) => Found::OtherKind,
        })
    }

    /// The refund of that id.
    ///
    /// # Errors
    /// As [`View::customer`].
    pub fn refund(&self, id: RefundId) -> Result<Found<'a, Refund>, Missing> {
        Ok(match self.state(id.0)? {
            None => Found::Absent,
            Some(State::Refund(refund)) => Found::Here(refund),
            Some(_) => Found::OtherKind,
        })
    }

    /// The approval of that id.
    ///
    /// # Errors
    /// As [`View::customer`].
    pub fn approval(&self, id: ApprovalId) -> Result<Found<'a, Approval>, Missing> {
        Ok(match self.state(id.0)? {
            None => Found::Absent,
            Some(State::Approval(approval)) => Found::Here(approval),
            Some(_) => Found::OtherKind,
        })
    }

    /// The break of that id.
    ///
    /// # Errors
    /// As [`View::customer`].
    pub fn difference(&self, id: BreakId) -> Result<Found<'a, Break>, Missing> {
        Ok(match self.state(id.0)? {
            None => Found::Absent,
            Some(State::Break(found)) => Found::Here(found),
            Some(_) => Found::OtherKind,
        })
    }

    /// The provider's fee or payout of that id.
    ///
    /// # Errors
    /// As [`View::customer`].
    pub fn entry(&self, id: EntryId) -> Result<Found<'a, ProviderEntry>, Missing> {
        Ok(match self.state(id.0)? {
            None => Found::Absent,
            Some(State::Entry(entry)) => Found::Here(entry),
            Some(_) => Found::OtherKind,
        })
    }

    /// What a read model may pass over.
    ///
    /// # Errors
    /// As [`View::customer`].
    pub fn skips(&self, projection: Projection) -> Result<Option<&'a Skips>, Missing> {
        Ok(match self.state(projection.stream().id)? {
            Some(State::Projection(skips)) => Some(skips),
            Some(_) | None => None,
        })
    }

    /// How far the books are closed.
    ///
    /// # Errors
    /// As [`View::customer`].
    pub fn periods(&self) -> Result<Periods, Missing> {
        Ok(match self.state(PERIODS.id)? {
            Some(State::Periods(periods)) => periods.clone(),
            Some(_) | None => Periods::default(),
        })
    }

    /// The figures of the days after `closed` up to `until`.
    ///
    /// # Errors
    /// [`Missing`] if nobody has folded them, or not on top of what is closed now.
    pub fn books(&self, until: NaiveDate, closed: Option<NaiveDate>) -> Result<&'a Books, Missing> {
        let books =
            self.source.books().filter(|books| books.until() == until && books.closed_before() == closed);
        books.ok_or(Missing::Books(until))
    }

    /// The tariff catalogue.
    ///
    /// # Errors
    /// As [`View::customer`].
    pub fn catalogue(&self) -> Result<&'a Catalogue, Missing> {
        Ok(match self.state(CATALOGUE.id)? {
            Some(State::Catalogue(catalogue)) => catalogue,
            Some(_) | None => &EMPTY_CATALOGUE,
        })
    }

    /// Who holds a name.
    ///
    /// # Errors
    /// [`Missing`] if nobody has looked it up yet.
    pub fn holder(&self, claim: Claim) -> Result<Option<Uuid>, Missing> {
        match self.source.claim(&claim) {
            None => Err(Missing::Claim(claim)),
            Some(None) => {
                self.reads.borrow_mut().free_claims.push(claim);
                Ok(None)
            }
            Some(Some(entity)) => Ok(Some(entity)),
        }
    }
}
