//! A small city's facts, recorded straight into a ledger: for tests of what reads it.

use std::collections::HashMap;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    CustomerId, DeviceId, Event, Money, PaymentId, RentalId, StationId, TariffId,
    event::*,
    ids::{ApprovalId, BreakId, EntryId, ReceiptId, RefundId},
    personal::Sealed,
    purse::Purse,
    rating::Rated,
    tariff::{Tariff, Terms},
    values::*,
};
use edge::{Clock as _, SystemClock};
use ledger::{Decided, Ledger, NewEvent, Position, PreparedCommand, StreamKind, StreamRef};
use uuid::Uuid;

/// How many banks stand at one station.
const BANKS: usize = 8;
/// Commands of one append.
const BATCH: usize = 256;

/// A customer with their bank and what they have.
pub(crate) struct Citizen {
    pub(crate) customer: CustomerId,
    pub(crate) device: DeviceId,
    pub(crate) station: StationId,
    pub(crate) slot: SlotNumber,
    pub(crate) purse: Purse,
    pub(crate) rentals: Vec<RentalId>,
    pub(crate) payment: PaymentId,
}

/// A city that is recorded as it lives.
pub(crate) struct City {
    ledger: Ledger,
    versions: HashMap<Uuid, i64>,
    pub(crate) citizens: Vec<Citizen>,
    pub(crate) now: DateTime<Utc>,
    pub(crate) last: Position,
    waiting: Vec<PreparedCommand>,
}

pub(crate) fn tariff() -> Tariff {
    Tariff {
        tariff_id: TariffId(Uuid::from_u128(4)),
        version: 1,
        name: Name::parse("standard").unwrap(),
        effective_from: start(),
        terms: Terms::STANDARD,
    }
}

fn start() -> DateTime<Utc> {
    DateTime::parse_from_rfc3339("2026-01-01T06:00:00Z").unwrap().to_utc()
}

impl City {
    /// A city of so many customers, each with a bank of their own and a deposit.
    pub(crate) async fn found(ledger: Ledger, citizens: usize) -> Self {
        let mut city = Self {
            ledger,
            versions: HashMap::new(),
            citizens: Vec::new(),
            now: start(),
            last: Position::ZERO,
            waiting: Vec::new(),
        };
        city.record(TariffPublished { tariff: tariff(), is_default: true }.into()).await;
        let mut station = StationId(SystemClock.id());
        for number in 0..citizens {
            if number % BANKS == 0 {
                station = StationId(SystemClock.id());
                city.open_station(station, number / BANKS).await;
            }
            let slot = SlotNumber::new(u16::try_from(number % BANKS + 1).unwrap()).unwrap();
            city.settle(number, station, slot).await;
        }
        city
    }

    async fn open_station(&mut self, station_id: StationId, number: usize) {
        let offset = f64::from(u32::try_from(number).unwrap()) / 1_000.0;
        let opened = StationRegistered {
            station_id,
            code: StationCode::parse(&format!("DSM-{number}")).unwrap(),
            name: Name::parse("Kariakoo").unwrap(),
            latitude: Latitude::new(-6.8 + offset).unwrap(),
            longitude: Longitude::new(39.25).unwrap(),
            slots: SlotCount::new(12).unwrap(),
            release_mode: ReleaseMode::Instant,
            tariff_id: None,
        };
        self.record(opened.into()).await;
    }

    async fn settle(&mut self, number: usize, station_id: StationId, slot: SlotNumber) {
        let (customer_id, device_id) = (CustomerId(SystemClock.id()), DeviceId(SystemClock.id()));
        let payment_id = PaymentId(SystemClock.id());
        let sealed = Sealed { sealed: "x".repeat(60), digest: "d".repeat(64) };
        self.record(CustomerRegistered { customer_id, phone: sealed, name: None }.into()).await;
        self.record(CustomerVerified { customer_id }.into()).await;
        let serial = Serial::parse(&format!("PB-{number}")).unwrap();
        self.record(DeviceRegistered { device_id, serial, capacity_mah: None }.into()).await;
        let docked = DeviceDocked {
            device_id,
            station_id,
            slot,
            battery_percent: Percent::new(90),
            left: None,
            rental_id: None,
            evidence: None,
            review: Vec::new(),
        };
        self.record(docked.into()).await;
        let (amount, provider) = (Money::tzs(20_000), Provider::Mpesa);
        let initiated = PaymentInitiated {
            payment_id,
            customer_id,
            amount,
            purpose: Purpose::Deposit,
            provider,
            phone: None,
            external_id: format!("ext-{number}"),
            expires_at: self.now + TimeDelta::days(1),
        };
        self.record(initiated.into()).await;
        let mut purse = Purse::EMPTY;
        let settled = PaymentSettled {
            payment_id,
            customer_id,
            amount,
            provider,
            provider_reference: ProviderReference::parse(&format!("ref-{number}")).unwrap(),
            paid_at: self.now,
            credited: purse.pay(amount),
        };
        self.record(settled.into()).await;
        let rentals = Vec::new();
        let citizen = Citizen {
            customer: customer_id,
            device: device_id,
            station: station_id,
            slot,
            purse,
            rentals,
            payment: payment_id,
        };
        self.citizens.push(citizen);
    }

    /// A citizen takes their bank.
    pub(crate) async fn take(&mut self, number: usize) -> RentalId {
        let rental_id = RentalId(SystemClock.id());
        let started_at = self.now;
        let citizen = &mut self.citizens[number];
        citizen.rentals.push(rental_id);
        let started = RentalStarted {
            rental_id,
            customer_id: citizen.customer,
            device_id: citizen.device,
            station_id: citizen.station,
            slot: citizen.slot,
            started_at,
            due_at: started_at + TimeDelta::minutes(1_440),
            free_minutes: 5,
            tariff: tariff(),
            reason: None,
            review: Vec::new(),
        };
        self.record(started.into()).await;
        rental_id
    }

    /// A citizen brings their bank back after so many minutes.
    pub(crate) async fn bring_back(&mut self, number: usize, minutes: i64) {
        let started_at = self.now;
        let ended_at = started_at + TimeDelta::minutes(minutes);
        let terms = Terms::STANDARD;
        let due_at = started_at + TimeDelta::minutes(1_440);
        let charge = Rated { terms: &terms, free_minutes: 5, started_at, due_at }.returned(ended_at);
        let citizen = &mut self.citizens[number];
        let place = Place { station_id: citizen.station, slot: citizen.slot };
        let ended = RentalEnded {
            rental_id: *citizen.rentals.last().unwrap(),
            customer_id: citizen.customer,
            device_id: citizen.device,
            station_id: citizen.station,
            slot: citizen.slot,
            started_at,
            ended_at,
            debited: citizen.purse.charge(charge.total),
            charge,
            evidence: ReturnEvidence {
                place,
                observed_at: ended_at,
                last_seen_absent_at: None,
                arrived_at: ended_at,
                billed_at: ended_at,
                battery_percent: Percent::new(50),
            },
            review: Vec::new(),
        };
        self.now = ended_at;
        self.record(ended.into()).await;
    }

    /// Everybody rents once and brings the bank back.
    pub(crate) async fn day(&mut self, minutes: i64) {
        let morning = self.now;
        for number in 0..self.citizens.len() {
            self.now = morning;
            self.take(number).await;
            self.bring_back(number, minutes + i64::try_from(number % 90).unwrap()).await;
        }
    }

    /// What can happen to money besides: each citizen is refunded in one of several ways, charged back, or pays into
    /// nowhere and gets it assigned or paid back; a provider takes a fee, and a break is looked into.
    pub(crate) async fn money(&mut self, day: usize) {
        for number in 0..self.citizens.len() {
            match (number + day) % 4 {
                0 => self.refund(number, day).await,
                1 => self.receive(number, day).await,
                2 => self.charge_back(number, day).await,
                _ => self.ask_again(number, day).await,
            }
        }
        let provider_reference = Some(ProviderReference::parse(&format!("ref-{day}")).unwrap());
        let (provider, amount) = (Provider::Mpesa, Money::tzs(90));
        let fee = ProviderFeeRecorded {
            entry_id: EntryId(SystemClock.id()),
            provider,
            amount,
            provider_reference: ProviderReference::parse(&format!("fee-{day}")).unwrap(),
            reason: None,
        };
        self.record(fee.into()).await;
        let break_id = BreakId(SystemClock.id());
        let opened = BreakOpened {
            break_id,
            cause: BreakCause::AmountDiffers,
            provider,
            provider_reference,
            payment_id: Some(self.citizens[0].payment),
            refund_id: None,
            receipt_id: None,
            ledger_amount: Some(Money::tzs(20_000)),
            statement_amount: Some(amount),
            statement_id: Some(SystemClock.id()),
            reason: None,
        };
        self.record(opened.into()).await;
        let reason = Reason::parse("asked the provider").unwrap();
        self.record(BreakExplained { break_id, explained_by: SystemClock.id(), reason }.into()).await;
        self.record(BreakClosed { break_id, closed_by: SystemClock.id(), reason: None }.into()).await;
    }

    async fn refund(&mut self, number: usize, day: usize) {
        let refund_id = RefundId(SystemClock.id());
        let amount = Money::tzs(100);
        let citizen = &mut self.citizens[number];
        let (customer_id, payment_id) = (citizen.customer, Some(citizen.payment));
        if citizen.purse.balance < amount {
            return;
        }
        let taken = citizen.purse.charge(amount);
        assert!(taken.debt.is_zero());
        let fails = number.is_multiple_of(2);
        let credited = fails.then(|| citizen.purse.pay(amount));
        let requested = RefundRequested {
            refund_id,
            customer_id,
            payment_id,
            amount,
            provider: Provider::Airtel,
            destination: Sealed { sealed: "x".repeat(60), digest: "d".repeat(64) },
            requested_by: customer_id.0,
            requested_at: self.now,
            reason: None,
        };
        self.record(requested.into()).await;
        let (receipt_id, customer) = (None, Some(customer_id));
        let approved = RefundApproved {
            refund_id,
            customer_id: customer,
            receipt_id,
            payment_id,
            amount,
            approved_by: None,
        };
        self.record(approved.into()).await;
        let submitted = RefundSubmitted {
            refund_id,
            customer_id: customer,
            receipt_id,
            payment_id,
            amount,
            provider: Provider::Airtel,
            reference: ProviderReference::parse(&format!("our-{number}-{day}")).unwrap(),
        };
        self.record(submitted.into()).await;
        let unknown = RefundOutcomeUnknown { refund_id, customer_id: customer, receipt_id, reason: None };
        self.record(unknown.into()).await;
        let end: Event = if fails {
            let reason = None;
            RefundFailed {
                refund_id,
                customer_id: customer,
                receipt_id,
                payment_id,
                amount,
                credited,
                reason,
            }
            .into()
        } else {
            RefundPaid {
                refund_id,
                customer_id: customer,
                receipt_id,
                payment_id,
                amount,
                provider: Provider::Airtel,
                provider_reference: None,
                paid_from: PaidFrom::Transit,
                named: None,
                review: Vec::new(),
            }
            .into()
        };
        self.record(end).await;
    }

    async fn receive(&mut self, number: usize, day: usize) {
        let (receipt_id, amount) = (ReceiptId(SystemClock.id()), Money::tzs(300));
        let provider = Provider::Mixx;
        let held = ReceiptUnmatched {
            receipt_id,
            provider,
            provider_reference: ProviderReference::parse(&format!("nowhere-{number}-{day}")).unwrap(),
            amount,
            paid_at: self.now,
            payment_id: None,
            payer: None,
            customer_id: None,
            reason: None,
            review: vec![Review::UnknownReference],
        };
        self.record(held.into()).await;
        let sealed = || Sealed { sealed: "x".repeat(60), digest: "d".repeat(64) };
        let staff = SystemClock.id();
        if number.is_multiple_of(2) {
            let refund_id = RefundId(SystemClock.id());
            let begun = ReceiptRefundRequested {
                refund_id,
                receipt_id,
                amount,
                provider,
                destination: sealed(),
                requested_by: staff,
                reason: sealed(),
            };
            self.record(begun.into()).await;
            let rejected = RefundRejected {
                refund_id,
                customer_id: None,
                receipt_id: Some(receipt_id),
                payment_id: None,
                amount,
                credited: None,
                cause: RefundRejection::Staff,
                rejected_by: Some(staff),
                reason: None,
            };
            self.record(rejected.into()).await;
            return;
        }
        let (approval_id, customer_id) = (ApprovalId(SystemClock.id()), self.citizens[number].customer);
        let action = Action::AssignReceipt { receipt_id, customer_id, reason: sealed() };
        self.record(ApprovalRequested { approval_id, action, requested_by: staff }.into()).await;
        let assigned = ReceiptAssigned {
            receipt_id,
            customer_id,
            amount,
            provider,
            credited: self.citizens[number].purse.pay(amount),
            approval_id,
            approved_by: SystemClock.id(),
            named: None,
        };
        self.record(assigned.into()).await;
    }

    async fn charge_back(&mut self, number: usize, day: usize) {
        let amount = Money::tzs(50);
        let citizen = &mut self.citizens[number];
        let charged_back = PaymentChargedBack {
            payment_id: citizen.payment,
            customer_id: citizen.customer,
            amount,
            provider: Provider::Mpesa,
            provider_reference: ProviderReference::parse(&format!("cb-{number}-{day}")).unwrap(),
            debited: Some(citizen.purse.charge(amount)),
        };
        self.record(charged_back.into()).await;
    }

    async fn ask_again(&mut self, number: usize, day: usize) {
        let (payment_id, customer_id) = (PaymentId(SystemClock.id()), self.citizens[number].customer);
        let initiated = PaymentInitiated {
            payment_id,
            customer_id,
            amount: Money::tzs(500),
            purpose: Purpose::Deposit,
            provider: Provider::Halopesa,
            phone: None,
            external_id: format!("again-{number}-{day}"),
            expires_at: self.now + TimeDelta::days(1),
        };
        self.record(initiated.into()).await;
        self.record(PaymentPrompted { payment_id, customer_id, provider_reference: None }.into()).await;
        self.record(PaymentOutcomeUnknown { payment_id, customer_id, reason: None }.into()).await;
        let declined = PaymentWasDeclined { payment_id, customer_id, provider_reference: None, reason: None };
        self.record(declined.into()).await;
    }

    /// Records a fact; it is in the ledger after [`City::flush`] at the latest.
    pub(crate) async fn record(&mut self, event: Event) {
        let payload = Bytes::from(event.encode());
        self.record_bytes(event.event_type(), event.schema_version(), &event.streams(), payload).await;
    }

    async fn record_bytes(
        &mut self,
        event_type: &'static str,
        schema_version: i16,
        streams: &[domain::StreamKey],
        payload: Bytes,
    ) {
        let mut reads = Vec::new();
        let mut refs = Vec::new();
        for stream in streams {
            let version = self.versions.entry(stream.id).or_insert(0);
            reads.push((stream.id, *version));
            *version += 1;
            let kind: StreamKind = stream.kind.as_str().parse().unwrap();
            refs.push(StreamRef { kind, id: stream.id, version: *version });
        }
        let event = NewEvent {
            id: SystemClock.id(),
            event_type: event_type.into(),
            schema_version,
            streams: refs,
            occurred_at: self.now,
            causation_id: None,
            payload,
        };
        self.waiting.push(PreparedCommand {
            id: SystemClock.id(),
            actor: format!("admin:{}", Uuid::nil()),
            hash: [7; 32],
            decided: Decided::Recorded,
            reads,
            events: vec![event],
            claims: Vec::new(),
            result: Bytes::from_static(b"{}"),
            answer_version: 1,
            correlation_id: None,
            traceparent: None,
        });
        if self.waiting.len() >= BATCH {
            self.flush().await;
        }
    }

    /// Records an event that nobody can read.
    pub(crate) async fn record_poison(&mut self) -> Position {
        let stream = self.citizens[0].device.stream();
        self.record_bytes("DeviceRegistered", 1, &[stream], Bytes::from_static(b"{}")).await;
        self.flush().await
    }

    /// Sends what waits.
    pub(crate) async fn flush(&mut self) -> Position {
        let batch = std::mem::take(&mut self.waiting);
        if !batch.is_empty() {
            let appended = self.ledger.append(&batch, self.last).await.expect("appended");
            assert!(appended.fates.iter().all(|fate| matches!(fate, ledger::Fate::Recorded { .. })));
            self.last = appended.last;
        }
        self.last
    }
}
