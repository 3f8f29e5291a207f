//! What becomes of a customer's rentals, of their money and of the bank.

use domain::{
    Event, Money,
    event::{
        BatteryRanLow, BatteryRecovered, DeviceRecovered, PaymentExpired, Place, RentalExtended,
        ReplacementFeeReversed,
    },
    purse::{Credited, Debited},
    rating::not_taken,
    values::Percent,
};

use super::{Folds, given, only};
use crate::{
    Impossible,
    billing::{JournalRow, PaymentStatus, TOTALS_EVERY},
    inventory::DeviceStatus,
    rentals::Status,
};

fn from_deposit(deposit: u32, debt: u32) -> Debited {
    Debited { deposit: Money::tzs(deposit), debt: Money::tzs(debt) }
}

fn balanced(journal: &[JournalRow]) -> i64 {
    assert!(journal.iter().all(|line| line.amount > 0 && line.debit != line.credit));
    journal.iter().map(|line| line.amount).sum()
}

#[test]
fn a_rental_that_ended_shows_its_charge_and_where_the_money_came_from() {
    let mut events = given::registered();
    events.extend(given::deposited(20_000));
    events.push(given::started(1, 0));
    events.push(given::ended(1, 0, 31, from_deposit(1_000, 0)));
    let folds = Folds::of(&given::facts(events));

    let rental = only(&folds.rentals.rental);
    assert_eq!(rental.status, Status::Ended);
    assert_eq!((rental.started_at, rental.ended_at), (Some(given::at(0)), Some(given::at(31))));
    assert_eq!((rental.charge_total, rental.charge_vat), (Some(1_000), Some(153)));

    let charge = only(&folds.billing.charge);
    assert_eq!((charge.total, charge.usage, charge.late), (1_000, 1_000, 0));
    assert!(charge.lines.0.contains("\"rule\":\"usage\""), "{}", charge.lines.0);

    let balance = only(&folds.billing.balance);
    assert_eq!((balance.balance, balance.debt), (19_000, 0));
    let lines: Vec<_> =
        folds.billing.statement.rows().iter().map(|line| (line.amount, line.balance)).collect();
    assert_eq!(lines, [(20_000, 20_000), (-1_000, 19_000)]);

    let journal: Vec<_> =
        folds.billing.journal.rows().iter().map(|line| (line.debit, line.credit, line.amount)).collect();
    assert_eq!(journal, [(1000, 2000, 20_000), (2000, 4000, 847), (2000, 2100, 153)]);
    assert_eq!(balanced(folds.billing.journal.rows()), 21_000);
    // Nine in the evening of March 31 in UTC is April 1 in Dar es Salaam.
    assert_eq!(folds.billing.journal.rows()[1].booking_day.to_string(), "2026-04-01");

    let payment = only(&folds.billing.payment);
    assert_eq!((payment.status, payment.settled_at), (PaymentStatus::Settled, Some(given::at(-59))));

    let device = only(&folds.inventory.device);
    assert_eq!(
        (device.status, device.station_id, device.slot),
        (DeviceStatus::Docked, Some(given::id(3)), Some(2))
    );
    assert_eq!((device.battery_percent, device.rental_id), (Some(40), None));
    assert_eq!(folds.inventory.slot.rows().len(), 4);
}

#[test]
fn what_the_deposit_does_not_cover_becomes_debt() {
    let mut events = given::registered();
    events.extend(given::deposited(600));
    events.push(given::started(1, 0));
    events.push(given::ended(1, 0, 31, from_deposit(600, 400)));
    let folds = Folds::of(&given::facts(events));
    let balance = only(&folds.billing.balance);
    assert_eq!((balance.balance, balance.debt), (0, 400));
    let last = folds.billing.statement.rows().last().unwrap();
    assert_eq!((last.amount, last.balance, last.debt), (-1_000, 0, 400));
}

#[test]
fn an_expired_payment_says_so_until_proof_comes() {
    let mut events = given::registered();
    let mut payment = given::deposited(600);
    let settled = payment.pop().unwrap();
    events.extend(payment);
    let expired =
        PaymentExpired { payment_id: given::payment(1), customer_id: given::customer(), reason: None };
    events.push((1_380, expired.into()));
    let folds = Folds::of(&given::facts(events.clone()));
    let payment = only(&folds.billing.payment);
    assert_eq!((payment.status, payment.settled_at), (PaymentStatus::Expired, None));
    assert_eq!(only(&folds.billing.balance).balance, 0);
    events.push(settled);
    let folds = Folds::of(&given::facts(events));
    assert_eq!(only(&folds.billing.payment).status, PaymentStatus::Settled);
    assert_eq!(only(&folds.billing.balance).balance, 600);
}

#[test]
fn a_sold_bank_that_comes_back_costs_what_it_would_have_cost() {
    let mut events = given::registered();
    events.extend(given::deposited(100_000));
    events.push(given::started(1, 0));
    let charge = given::sale_charge(0);
    let total = u32::try_from(charge.total.shillings()).unwrap();
    events.push(given::sold(1, 0, from_deposit(total, 0)));
    let reversed = charge.to_posted().replacement_only();
    let fee = reversed.amounts.replacement;
    let credited = Credited { debt: Money::ZERO, write_off: Money::ZERO, deposit: fee };
    let back = 7_000;
    events.push((
        back,
        ReplacementFeeReversed {
            rental_id: given::rental(1),
            customer_id: given::customer(),
            reversed,
            credited,
        }
        .into(),
    ));
    let sold = Folds::of(&given::facts(events.clone()));
    assert_eq!(only(&sold.rentals.rental).charge_replacement, Some(0));
    assert_eq!(only(&sold.inventory.device).status, DeviceStatus::Sold);

    let whole = given::rated(0).returned(given::at(1_440 + 4_320));
    let recovered = DeviceRecovered {
        rental_id: given::rental(1),
        customer_id: given::customer(),
        device_id: given::device(),
        station_id: given::station(),
        slot: given::slot(),
        recovered_at: given::at(back),
        charge: not_taken(given::at(back)),
        whole: whole.clone(),
        debited: from_deposit(0, 0),
        evidence: given::evidence(back),
        docked: true,
        review: Vec::new(),
    };
    events.push((back, recovered.into()));
    let folds = Folds::of(&given::facts(events));
    let rental = only(&folds.rentals.rental);
    assert_eq!((rental.status, rental.charge_total), (Status::Recovered, Some(whole.total.shillings())));
    assert_eq!(only(&folds.billing.charge).total, whole.total.shillings());
    assert_eq!(only(&folds.billing.balance).balance, 100_000 - whole.total.shillings());
    assert_eq!(only(&folds.inventory.device).status, DeviceStatus::Docked);
}

#[test]
fn the_accounts_are_kept_at_every_ten_thousandth_position() {
    let folds = Folds::of(&given::from_position(TOTALS_EVERY - 6, {
        let mut events = given::registered();
        events.extend(given::deposited(20_000));
        events.push(given::started(1, 0));
        events
    }));
    let totals: Vec<_> =
        folds.billing.total.rows().iter().map(|row| (row.account, row.debit, row.credit)).collect();
    assert_eq!(totals, [(1000, 20_000, 0), (2000, 0, 20_000)]);
    assert!(folds.billing.total.rows().iter().all(|row| row.position == TOTALS_EVERY));
}

#[test]
fn an_event_about_a_thing_that_is_not_there_is_impossible() {
    let extended = RentalExtended {
        rental_id: given::rental(9),
        customer_id: given::customer(),
        minutes: 60,
        previous_due_at: given::at(0),
        due_at: given::at(60),
    };
    let error = Folds::new().apply(&given::facts(vec![(0, extended.into())])).unwrap_err();
    assert!(matches!(error, Impossible::Absent { table: "rental", .. }), "{error}");
}

#[test]
fn the_same_registration_twice_is_impossible() {
    let mut events: Vec<(i64, Event)> = given::registered();
    events.extend(given::registered());
    let error = Folds::new().apply(&given::facts(events)).unwrap_err();
    assert!(matches!(error, Impossible::Present { .. }), "{error}");
}

#[test]
fn a_battery_that_runs_low_and_recovers_changes_what_is_known_of_it_and_nothing_else() {
    let mut events = given::registered();
    let at = Some(Place { station_id: given::station(), slot: given::slot() });
    let percent = |percent: u8| Percent::new(percent).unwrap();
    let before = Folds::of(&given::facts(events.clone()));
    let low = BatteryRanLow { device_id: given::device(), battery_percent: percent(19), at };
    events.push((5, low.into()));
    let folds = Folds::of(&given::facts(events.clone()));
    assert_eq!(only(&folds.inventory.device).battery_percent, Some(19));
    let well = BatteryRecovered { device_id: given::device(), battery_percent: percent(30), at };
    events.push((9, well.into()));
    let folds = Folds::of(&given::facts(events));
    let (device, known) = (only(&folds.inventory.device), only(&before.inventory.device));
    assert_eq!(device.battery_percent, Some(30));
    assert_eq!((device.status, device.slot, device.since), (known.status, known.slot, known.since));
}
