//! What finance decides: closed periods, corrections, and what waits for a second person.

use domain::{
    Event, Money,
    event::*,
    ids::ApprovalId,
    postings::Account,
    purse::{Credited, Debited},
    rating::set_by_staff,
    timing::business_day,
};
use ledger::Position;
use uuid::Uuid;

use super::{Folds, given, money::sealed, only};
use crate::{
    Fact,
    billing::{ApprovalKind, ApprovalStatus},
};

const STAFF: Uuid = Uuid::from_u128(0x57);
const SECOND: Uuid = Uuid::from_u128(0x58);
const DAY: i64 = 1_440;

fn approval(number: u128) -> ApprovalId {
    ApprovalId(given::id(0x500 + number))
}

fn requested(number: u128, action: Action) -> Event {
    ApprovalRequested { approval_id: approval(number), action, requested_by: STAFF }.into()
}

fn nothing() -> Debited {
    Debited { deposit: Money::ZERO, debt: Money::ZERO }
}

fn deposit(amount: u32) -> Credited {
    Credited { debt: Money::ZERO, write_off: Money::ZERO, deposit: Money::tzs(amount) }
}

fn closed(until: i64) -> Event {
    let totals = Account::ALL.map(|account| AccountTotal {
        account: account.code(),
        debit: 1,
        credit: 2,
        total_debit: 3,
        total_credit: 4,
    });
    PeriodClosed {
        from: None,
        until: business_day(given::at(until)),
        closed_by: STAFF,
        position: 1,
        accounts: totals.to_vec(),
        checkpoint: None,
    }
    .into()
}

/// A customer with a deposit and a rental of forty minutes; then these events, each with the minutes at which it happened
/// and was recorded.
fn story(events: Vec<(i64, i64, Event)>) -> Folds {
    let mut all = given::registered();
    all.extend(given::deposited(20_000));
    all.push(given::started(1, 0));
    all.push(given::ended(1, 0, 40, Debited { deposit: Money::tzs(1_000), debt: Money::ZERO }));
    let mut facts = given::facts(all);
    for (occurred, recorded, event) in events {
        let position = facts.len() + 1;
        facts.push(Fact {
            position: Position::new(i64::try_from(position).unwrap()),
            id: given::id(0x2_0000 + u128::try_from(position).unwrap()),
            occurred_at: given::at(occurred),
            recorded_at: given::at(recorded),
            event,
        });
    }
    Folds::of(&facts)
}

fn fee(amount: u32) -> Event {
    ProviderFeeRecorded {
        entry_id: domain::ids::EntryId(given::id(0x900)),
        provider: Provider::Mpesa,
        amount: Money::tzs(amount),
        provider_reference: domain::values::ProviderReference::parse("F-1").unwrap(),
        reason: None,
    }
    .into()
}

#[test]
fn what_happened_on_a_closed_day_is_booked_on_the_day_it_is_recorded() {
    let folds = story(vec![
        (10, 2 * DAY, fee(1)),
        (2 * DAY, 2 * DAY, closed(0)),
        (10, 2 * DAY + 1, fee(2)),
        (DAY + 10, 2 * DAY + 2, fee(3)),
        // A clock that ran ahead closed the day that is still going on.
        (2 * DAY + 3, 2 * DAY + 3, closed(2 * DAY)),
        (2 * DAY + 4, 2 * DAY + 4, fee(4)),
    ]);
    let fees = folds.billing.journal.rows().iter().filter(|line| line.debit == Account::ProviderFees.code());
    let days: Vec<_> = fees.map(|line| (line.amount, line.booking_day)).collect();
    let day = |minutes: i64| business_day(given::at(minutes));
    assert_eq!(days, [(1, day(0)), (2, day(2 * DAY)), (3, day(DAY)), (4, day(3 * DAY))]);
    let periods = folds.billing.period.rows();
    assert_eq!(periods.iter().map(|row| row.until).collect::<Vec<_>>(), [day(0), day(2 * DAY)]);
    assert_eq!(only(&folds.billing.closing).closed_until, day(2 * DAY));
}

#[test]
fn every_action_waits_with_what_a_second_person_has_to_know() {
    let customer_id = given::customer();
    let adjust = Action::AdjustBalance {
        customer_id,
        direction: Direction::Down,
        amount: Money::tzs(700),
        reason: sealed(),
    };
    let spare = Action::WriteOffDebt { customer_id, amount: Money::tzs(300), reason: sealed() };
    let correct = Action::CorrectRental {
        rental_id: given::rental(1),
        customer_id,
        started_at: Some(given::at(5)),
        ended_at: Some(given::at(20)),
        total: None,
        reason: sealed(),
    };
    let skip = Action::SkipProjectionEvent {
        projection: Projection::Billing,
        position: 7,
        reason: domain::values::Reason::parse("broken").unwrap(),
    };
    let actions = [adjust, spare, correct, skip];
    let events = (1..).zip(actions).map(|(number, action)| (60, 60, requested(number, action))).collect();
    let rows = story(events).billing.approval.rows();
    let row = |number: u128| rows[&(approval(number).0,)].clone();
    assert_eq!((row(1).kind, row(1).direction.as_deref()), (ApprovalKind::AdjustBalance, Some("down")));
    assert_eq!((row(1).amount, row(2).amount), (Some(700), Some(300)));
    let correction = row(3);
    assert_eq!((correction.kind, correction.amount), (ApprovalKind::CorrectRental, None));
    assert_eq!(correction.rental_id, Some(given::rental(1).0));
    assert_eq!((correction.started_at, correction.ended_at), (Some(given::at(5)), Some(given::at(20))));
    assert_eq!((row(4).projection.as_deref(), row(4).event_position), (Some("billing"), Some(7)));
    assert!(rows.values().all(|row| row.status == ApprovalStatus::Requested));
}

#[test]
fn a_correction_by_staff_moves_the_bill_the_times_and_the_balance() {
    let action = Action::CorrectRental {
        rental_id: given::rental(1),
        customer_id: given::customer(),
        started_at: None,
        ended_at: None,
        total: Some(Money::tzs(590)),
        reason: sealed(),
    };
    let charge = set_by_staff(Money::tzs(590), 18, (given::at(5), given::at(40)));
    let corrected = RentalCorrected {
        rental_id: given::rental(1),
        customer_id: given::customer(),
        device_id: given::device(),
        stage: CorrectedStage::Ended,
        ended_at: Some(given::at(30)),
        cause: CorrectionCause::Staff,
        reversed: given::rated(0).returned(given::at(40)).to_posted(),
        credited: deposit(1_000),
        charge,
        debited: Debited { deposit: Money::tzs(590), debt: Money::ZERO },
        evidence: None,
        docked: None,
        review: Vec::new(),
        started_at: Some(given::at(5)),
        approval_id: Some(approval(1)),
        approved_by: Some(SECOND),
        reason: Some(sealed()),
    };
    let folds = story(vec![(60, 60, requested(1, action)), (70, 70, corrected.into())]);
    assert_eq!(only(&folds.billing.balance).balance, 19_410);
    let charge = only(&folds.billing.charge);
    assert_eq!((charge.total, charge.usage, charge.vat), (590, 590, 90));
    let rental = only(&folds.rentals.rental);
    assert_eq!((rental.started_at, rental.due_at), (Some(given::at(5)), Some(given::at(DAY + 5))));
    assert_eq!((rental.ended_at, rental.charge_total), (Some(given::at(30)), Some(590)));
    let approval = only(&folds.billing.approval);
    assert_eq!((approval.status, approval.decided_by), (ApprovalStatus::Approved, Some(SECOND)));
    assert_eq!(approval.amount, Some(590));
}

#[test]
fn a_bank_of_a_rental_that_is_sold_no_more_is_lost() {
    let mut all = given::registered();
    all.extend(given::deposited(20_000));
    all.push(given::started(1, 0));
    let debt = given::sale_charge(0).total.less(Money::tzs(20_000));
    all.push(given::sold(1, 0, Debited { deposit: Money::tzs(20_000), debt }));
    let reversed = given::sale_charge(0).to_posted();
    let corrected = RentalCorrected {
        rental_id: given::rental(1),
        customer_id: given::customer(),
        device_id: given::device(),
        stage: CorrectedStage::Ended,
        ended_at: Some(given::at(5_760)),
        cause: CorrectionCause::Staff,
        reversed,
        credited: Credited { debt, write_off: Money::ZERO, deposit: Money::tzs(20_000) },
        charge: set_by_staff(Money::ZERO, 18, (given::at(0), given::at(5_760))),
        debited: nothing(),
        evidence: None,
        docked: None,
        review: Vec::new(),
        started_at: None,
        approval_id: None,
        approved_by: None,
        reason: None,
    };
    all.push((5_800, corrected.into()));
    let folds = Folds::of(&given::facts(all));
    let device = only(&folds.inventory.device);
    assert_eq!((device.status, device.rental_id), (crate::inventory::DeviceStatus::Lost, None));
    assert_eq!(only(&folds.billing.balance).balance, 20_000);
}
