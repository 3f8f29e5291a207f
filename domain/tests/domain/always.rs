//! What holds after every decision, whoever asked for what.

use std::collections::HashMap;

use domain::{
    CustomerId, Decision, Event, Money, Order, State,
    device::Whereabouts,
    postings::{self, Account},
    purse::Purse,
    rating::Charge,
    rental::Stage,
};
use serde_json::Value;
use uuid::Uuid;

use super::given::{World, amounts};

impl World {
    /// Whether DOMAIN.md makes a repetition under a new id a new fact: extensions, and minted entity ids.
    fn is_new_each_time(name: &str, data: &Value) -> bool {
        let own = match name {
            "ExtendRental" | "AssignReceipt" | "AdjustBalance" | "WriteOffDebt" | "CorrectRental" => {
                return true;
            }
            "SkipProjectionEvent" => return data["projection"] == "billing",
            "RegisterCustomer" => "customer_id",
            "RegisterStation" => "station_id",
            "RegisterDevice" => "device_id",
            "PublishTariff" => "tariff_id",
            "InitiatePayment" => "payment_id",
            "StartRental" => "rental_id",
            "RequestDepositRefund" | "RequestPaymentRefund" | "RefundReceipt" => "refund_id",
            "OpenBreak" => "break_id",
            _ => return false,
        };
        data.get(own).is_none()
    }

    #[track_caller]
    pub(crate) fn check_repeated(&mut self, order: &Order, data: &Value, what: &str) {
        if World::is_new_each_time(order.command.name(), data) {
            return;
        }
        let again = Order { seeds: self.seeds(), ..order.clone() };
        let decided = self.decide(&again);
        assert!(matches!(decided, Ok(Decision::AlreadyDone { .. })), "again {what}: {decided:?}");
    }

    pub(crate) fn post(&mut self, event: &Event) {
        let entries = postings::entries(event);
        let mut moved = 0;
        for line in &entries {
            let amount = line.amount.shillings();
            assert!(amount > 0, "an amount is positive: {line:?}");
            moved += amount;
            let of = |account: Account| {
                let theirs = [Account::CustomerDeposits, Account::CustomerReceivables].contains(&account);
                line.customer.filter(|_| theirs)
            };
            *self.books.entry((line.debit, of(line.debit))).or_default() += amount;
            *self.books.entry((line.credit, of(line.credit))).or_default() -= amount;
        }
        assert_eq!(moved, moved_by(event), "everything an event says is in its entry: {event:?} {entries:?}");
        assert_eq!(self.books.values().sum::<i64>(), 0, "the books sum to zero");
    }

    /// What was written off for a customer and not restored since.
    fn written_off(&self, of: CustomerId) -> i64 {
        #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else writes off or restores")]
        let moved = |event: &Event| match event {
            Event::DebtWrittenOff(fact) if fact.customer_id == of => fact.amount.shillings(),
            Event::RentalCorrected(fact) if fact.customer_id == of => -fact.credited.write_off.shillings(),
            Event::ReplacementFeeReversed(fact) if fact.customer_id == of => {
                -fact.credited.write_off.shillings()
            }
            _ => 0,
        };
        self.log.iter().map(|fact| moved(&fact.event)).sum()
    }

    #[track_caller]
    pub(crate) fn check_state(&self, id: Uuid, what: &str) {
        let (_, _, state) = &self.streams[&id];
        let stored = serde_json::to_string(state).unwrap();
        let read: State = serde_json::from_str(&stored).unwrap();
        assert_eq!(&read, state, "{what}: a snapshot reads back the same");
        if let State::Customer(customer) = state {
            let Purse { balance, debt, written_off } = customer.purse;
            let on = |account| self.books.get(&(account, Some(CustomerId(id)))).copied().unwrap_or(0);
            assert_eq!(balance.shillings(), -on(Account::CustomerDeposits), "{what}: deposits");
            assert_eq!(debt.shillings(), on(Account::CustomerReceivables), "{what}: receivables");
            assert!(balance.is_zero() || debt.is_zero(), "{what}: a deposit and a debt at once");
            assert_eq!(written_off.shillings(), self.written_off(customer.id), "{what}: write-offs");
        }
    }

    /// I9, and that customer, device and rental say the same about it.
    #[track_caller]
    pub(crate) fn check_open_rentals(&self, what: &str) {
        let mut customers = HashMap::new();
        let mut devices = HashMap::new();
        for rental in self.rentals() {
            if !matches!(rental.stage, Stage::Releasing { .. } | Stage::Running { .. }) {
                continue;
            }
            assert_eq!(
                customers.insert(rental.customer_id, rental.id),
                None,
                "{what}: two rentals of one customer"
            );
            assert_eq!(
                devices.insert(rental.device_id, rental.id),
                None,
                "{what}: two rentals of one device"
            );
        }
        for (_, _, state) in self.streams.values() {
            match state {
                State::Customer(customer) => {
                    assert_eq!(
                        customers.get(&customer.id),
                        customer.open.as_ref(),
                        "{what}: the customer's open one"
                    );
                }
                State::Device(device) => {
                    let open = device.whereabouts.open_rental().map(|(rental, _)| rental);
                    assert_eq!(devices.get(&device.id).copied(), open, "{what}: the device's open one");
                }
                State::Station(_)
                | State::Rental(_)
                | State::Payment(_)
                | State::Receipt(_)
                | State::Refund(_)
                | State::Approval(_)
                | State::Break(_)
                | State::Entry(_)
                | State::Periods(_)
                | State::Lineage(_)
                | State::Projection(_)
                | State::Catalogue(_) => {}
            }
        }
    }

    /// A bank stands where the station thinks it stands, and nowhere else. A slot whose bank is just leaving may
    /// hold the next one already.
    #[track_caller]
    pub(crate) fn check_slots(&self, what: &str) {
        let mut held = HashMap::new();
        for (_, _, state) in self.streams.values() {
            let State::Station(station) = state else { continue };
            for slot in 1..=station.slot_count() {
                let number = domain::values::SlotNumber::new(slot).unwrap();
                if let Some(device) = station.slot(number).and_then(|slot| slot.device) {
                    assert_eq!(
                        held.insert(device, (station.id, number)),
                        None,
                        "{what}: {device} stands twice"
                    );
                }
            }
        }
        for (_, _, state) in self.streams.values() {
            let State::Device(device) = state else { continue };
            let place = device.whereabouts.place().map(|place| (place.station_id, place.slot));
            let leaving = matches!(device.whereabouts, Whereabouts::Releasing { .. });
            let at = held.get(&device.id).copied();
            assert!(
                at == place || (leaving && at.is_none()),
                "{what}: {} at {place:?}, held {at:?}",
                device.id
            );
        }
    }

    /// Folds all facts anew, and compares with what stands.
    #[track_caller]
    pub(crate) fn check_replay(&self) {
        let mut again = World::empty();
        for fact in &self.log {
            for stream in fact.event.streams() {
                again.evolve(stream.kind, stream.id, fact, "replay");
            }
        }
        assert_eq!(again.streams, self.streams, "a replay gives the same state");
        super::rerating::check_charges(self);
    }
}

pub(crate) fn check_stored(event: &Event) {
    let bytes = event.encode();
    let read = Event::decode(event.event_type(), event.schema_version(), &bytes).unwrap();
    assert_eq!(&read, event, "what is stored reads back the same");
    assert_eq!(read.encode(), bytes, "and is stored the same again");
    let streams = event.streams();
    assert!((1..=4).contains(&streams.len()), "an event has one to four streams: {event:?}");
    for charge in charges(event) {
        let lines: i64 = charge.lines.iter().map(|line| line.amount).sum();
        assert_eq!(lines, charge.total.shillings(), "the lines add up to the total: {charge:?}");
        let (usage, late, replacement) = amounts(charge);
        assert_eq!(usage + late + replacement, charge.total.shillings());
        let vat = charge.vat_by_kind;
        assert!(
            vat.usage <= charge.usage && vat.late <= charge.late && vat.replacement <= charge.replacement
        );
        assert_eq!(vat.total(), charge.vat);
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "a new event with a charge fails the count of what moved")]
fn charges(event: &Event) -> Vec<&Charge> {
    match event {
        Event::RentalEnded(fact) => vec![&fact.charge],
        Event::RentalSold(fact) => vec![&fact.charge],
        Event::RentalCorrected(fact) => vec![&fact.charge],
        Event::DeviceRecovered(fact) => vec![&fact.charge, &fact.whole],
        _ => Vec::new(),
    }
}

/// What an event says that it moves in the books.
#[expect(clippy::wildcard_enum_match_arm, reason = "all others must move nothing, and are held to it")]
fn moved_by(event: &Event) -> i64 {
    let sum = |amounts: &[Money]| amounts.iter().map(|amount| amount.shillings()).sum::<i64>();
    match event {
        Event::PaymentSettled(fact) => {
            assert_eq!(fact.amount, fact.credited.debt.plus(fact.credited.deposit));
            fact.amount.shillings()
        }
        Event::ReceiptUnmatched(fact) => fact.amount.shillings(),
        Event::PaymentChargedBack(fact) => fact.amount.shillings(),
        Event::ReceiptAssigned(fact) => {
            assert_eq!(fact.amount, fact.credited.debt.plus(fact.credited.deposit));
            fact.amount.shillings()
        }
        Event::ReceiptRefundRequested(fact) => fact.amount.shillings(),
        Event::RefundRequested(fact) => fact.amount.shillings(),
        Event::RefundRejected(fact) => fact.amount.shillings(),
        Event::RefundFailed(fact) => fact.amount.shillings(),
        Event::RefundPaid(fact) => fact.amount.shillings(),
        Event::ProviderFeeRecorded(fact) => fact.amount.shillings(),
        Event::ProviderPayoutRecorded(fact) => fact.amount.shillings(),
        Event::BalanceAdjusted(fact) => {
            let credited = fact.credited.map(|credited| sum(&[credited.debt, credited.deposit]));
            let debited = fact.debited.map(|debited| sum(&[debited.debt, debited.deposit]));
            assert_eq!(credited.xor(debited), Some(fact.amount.shillings()));
            fact.amount.shillings()
        }
        Event::DebtWrittenOff(fact) => fact.amount.shillings(),
        Event::RentalEnded(fact) => sum(&[fact.debited.deposit, fact.debited.debt]),
        Event::RentalSold(fact) => sum(&[fact.debited.deposit, fact.debited.debt]),
        Event::DeviceRecovered(fact) => sum(&[fact.charge.total]),
        Event::ReplacementFeeReversed(fact) => sum(&[fact.reversed.amounts.total()]),
        Event::RentalCorrected(fact) => sum(&[fact.reversed.amounts.total(), fact.charge.total]),
        _ => 0,
    }
}
