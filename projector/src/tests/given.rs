//! Events for tests: one customer, one station, one bank, the standard tariff.

use chrono::{DateTime, TimeDelta};
use domain::{
    CustomerId, DeviceId, Event, Money, PaymentId, RentalId, StationId, TariffId, Time,
    event::*,
    personal::Sealed,
    purse::{Credited, Debited},
    rating::{Charge, Rated},
    tariff::{Tariff, Terms},
    values::*,
};
use ledger::Position;
use uuid::Uuid;

use crate::Fact;

pub(crate) fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0000 | number)
}

pub(crate) fn customer() -> CustomerId {
    CustomerId(id(1))
}

pub(crate) fn rental(number: u128) -> RentalId {
    RentalId(id(0x100 + number))
}

pub(crate) fn device() -> DeviceId {
    DeviceId(id(2))
}

pub(crate) fn station() -> StationId {
    StationId(id(3))
}

pub(crate) fn slot() -> SlotNumber {
    SlotNumber::new(2).unwrap()
}

/// Minutes after nine in the evening (UTC) of a day, which is after midnight in Dar es Salaam.
pub(crate) fn at(minutes: i64) -> Time {
    DateTime::parse_from_rfc3339("2026-03-31T21:00:00Z").unwrap().to_utc() + TimeDelta::minutes(minutes)
}

pub(crate) fn tariff() -> Tariff {
    Tariff {
        tariff_id: TariffId(id(4)),
        version: 1,
        name: Name::parse("standard").unwrap(),
        effective_from: at(-1_000),
        terms: Terms::STANDARD,
    }
}

/// Numbers events from 1 on.
pub(crate) fn facts(events: Vec<(i64, Event)>) -> Vec<Fact> {
    from_position(1, events)
}

pub(crate) fn from_position(first: i64, events: Vec<(i64, Event)>) -> Vec<Fact> {
    let numbered = (first..).zip(events);
    numbered
        .map(|(position, (minutes, event))| Fact {
            position: Position::new(position),
            id: id(0x1_0000 + u128::try_from(position).unwrap()),
            occurred_at: at(minutes),
            recorded_at: at(minutes),
            event,
        })
        .collect()
}

pub(crate) fn registered() -> Vec<(i64, Event)> {
    let sealed = Sealed { sealed: "s".to_owned(), digest: "d".to_owned() };
    vec![
        (-100, TariffPublished { tariff: tariff(), is_default: true }.into()),
        (-100, CustomerRegistered { customer_id: customer(), phone: sealed, name: None }.into()),
        (
            -100,
            StationRegistered {
                station_id: station(),
                code: StationCode::parse("DSM-1").unwrap(),
                name: Name::parse("Kariakoo").unwrap(),
                latitude: Latitude::new(-6.8).unwrap(),
                longitude: Longitude::new(39.25).unwrap(),
                slots: SlotCount::new(4).unwrap(),
                release_mode: ReleaseMode::Instant,
                tariff_id: None,
            }
            .into(),
        ),
        (
            -100,
            DeviceRegistered {
                device_id: device(),
                serial: Serial::parse("PB-1").unwrap(),
                capacity_mah: CapacityMah::new(5_000),
            }
            .into(),
        ),
        (
            -90,
            DeviceDocked {
                device_id: device(),
                station_id: station(),
                slot: slot(),
                battery_percent: Percent::new(90),
                left: None,
                rental_id: None,
                evidence: None,
                review: Vec::new(),
            }
            .into(),
        ),
    ]
}

pub(crate) fn payment(number: u128) -> PaymentId {
    PaymentId(id(0x200 + number))
}

pub(crate) fn paid(number: u128, amount: u32, credited: Credited) -> Vec<(i64, Event)> {
    let payment_id = payment(number);
    vec![
        (
            -60,
            PaymentInitiated {
                payment_id,
                customer_id: customer(),
                amount: Money::tzs(amount),
                purpose: Purpose::Deposit,
                provider: Provider::Mpesa,
                phone: None,
                external_id: format!("ext-{number}"),
                expires_at: at(1_380),
            }
            .into(),
        ),
        (
            -59,
            PaymentSettled {
                payment_id,
                customer_id: customer(),
                amount: Money::tzs(amount),
                provider: Provider::Mpesa,
                provider_reference: ProviderReference::parse(&format!("ref-{number}")).unwrap(),
                paid_at: at(-59),
                credited,
            }
            .into(),
        ),
    ]
}

pub(crate) fn deposited(amount: u32) -> Vec<(i64, Event)> {
    let deposit = Money::tzs(amount);
    paid(1, amount, Credited { debt: Money::ZERO, write_off: Money::ZERO, deposit })
}

pub(crate) fn started(number: u128, minutes: i64) -> (i64, Event) {
    let started = RentalStarted {
        rental_id: rental(number),
        customer_id: customer(),
        device_id: device(),
        station_id: station(),
        slot: slot(),
        started_at: at(minutes),
        due_at: at(minutes + 1_440),
        free_minutes: 5,
        tariff: tariff(),
        reason: None,
        review: Vec::new(),
    };
    (minutes, started.into())
}

pub(crate) fn rated(minutes: i64) -> Rated<'static> {
    Rated { terms: &Terms::STANDARD, free_minutes: 5, started_at: at(minutes), due_at: at(minutes + 1_440) }
}

pub(crate) fn evidence(minutes: i64) -> ReturnEvidence {
    ReturnEvidence {
        place: Place { station_id: station(), slot: slot() },
        observed_at: at(minutes),
        last_seen_absent_at: None,
        arrived_at: at(minutes),
        billed_at: at(minutes),
        battery_percent: Percent::new(40),
    }
}

pub(crate) fn ended(number: u128, from: i64, to: i64, debited: Debited) -> (i64, Event) {
    let ended = RentalEnded {
        rental_id: rental(number),
        customer_id: customer(),
        device_id: device(),
        station_id: station(),
        slot: slot(),
        started_at: at(from),
        ended_at: at(to),
        charge: rated(from).returned(at(to)),
        debited,
        evidence: evidence(to),
        review: Vec::new(),
    };
    (to, ended.into())
}

pub(crate) fn sold(number: u128, from: i64, debited: Debited) -> (i64, Event) {
    let to = from + 1_440 + 4_320;
    let sold = RentalSold {
        rental_id: rental(number),
        customer_id: customer(),
        device_id: device(),
        started_at: at(from),
        sold_at: at(to),
        cause: SaleCause::Deadline,
        charge: sale_charge(from),
        debited,
        reason: None,
    };
    (to, sold.into())
}

pub(crate) fn sale_charge(from: i64) -> Charge {
    rated(from).sold(at(from + 1_440 + 4_320))
}
