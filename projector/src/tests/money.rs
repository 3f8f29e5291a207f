//! What becomes of payments, receipts, refunds and breaks.

use domain::{
    Event, Money,
    event::*,
    ids::{ApprovalId, BreakId, EntryId, ReceiptId, RefundId},
    personal::Sealed,
    purse::{Credited, Debited},
    values::{ProviderReference, Reason},
};
use uuid::Uuid;

use super::{Folds, given, only};
use crate::billing::{
    ApprovalKind, ApprovalStatus, BreakStatus, MovementKind, PaymentStatus, ReceiptStatus, RefundStatus,
};

pub(super) fn sealed() -> Sealed {
    Sealed { sealed: "s".to_owned(), digest: "d".to_owned() }
}

fn reference(text: &str) -> ProviderReference {
    ProviderReference::parse(text).unwrap()
}

fn reason(text: &str) -> Reason {
    Reason::parse(text).unwrap()
}

fn refund_id() -> RefundId {
    RefundId(given::id(0x300))
}

fn receipt_id() -> ReceiptId {
    ReceiptId(given::id(0x400))
}

const STAFF: Uuid = Uuid::from_u128(0x57);

fn to_deposit(amount: u32) -> Credited {
    Credited { debt: Money::ZERO, write_off: Money::ZERO, deposit: Money::tzs(amount) }
}

fn from_deposit(amount: u32) -> Debited {
    Debited { deposit: Money::tzs(amount), debt: Money::ZERO }
}

fn requested(amount: u32, payment: bool) -> Event {
    RefundRequested {
        refund_id: refund_id(),
        customer_id: given::customer(),
        payment_id: payment.then(|| given::payment(1)),
        amount: Money::tzs(amount),
        provider: Provider::Airtel,
        destination: sealed(),
        requested_by: STAFF,
        requested_at: given::at(0),
        reason: None,
    }
    .into()
}

fn approved(amount: u32, by: Option<Uuid>) -> Event {
    RefundApproved {
        refund_id: refund_id(),
        customer_id: Some(given::customer()),
        receipt_id: None,
        payment_id: None,
        amount: Money::tzs(amount),
        approved_by: by,
    }
    .into()
}

fn submitted(amount: u32) -> Event {
    RefundSubmitted {
        refund_id: refund_id(),
        customer_id: Some(given::customer()),
        receipt_id: None,
        payment_id: None,
        amount: Money::tzs(amount),
        provider: Provider::Airtel,
        reference: reference("our-reference"),
    }
    .into()
}

fn paid_out(amount: u32, payment: bool, paid_from: PaidFrom) -> Event {
    RefundPaid {
        refund_id: refund_id(),
        customer_id: Some(given::customer()),
        receipt_id: None,
        payment_id: payment.then(|| given::payment(1)),
        amount: Money::tzs(amount),
        provider: Provider::Airtel,
        provider_reference: Some(reference("their-reference")),
        paid_from,
        named: None,
        review: Vec::new(),
    }
    .into()
}

fn failed(amount: u32) -> Event {
    RefundFailed {
        refund_id: refund_id(),
        customer_id: Some(given::customer()),
        receipt_id: None,
        payment_id: None,
        amount: Money::tzs(amount),
        credited: Some(to_deposit(amount)),
        reason: Some(reason("no such wallet")),
    }
    .into()
}

fn charged_back(amount: u32) -> Event {
    PaymentChargedBack {
        payment_id: given::payment(1),
        customer_id: given::customer(),
        amount: Money::tzs(amount),
        provider: Provider::Mpesa,
        provider_reference: reference("CB-1"),
        debited: Some(from_deposit(amount)),
    }
    .into()
}

/// A customer with 20,000 on deposit, and then these events, a minute apart.
pub(super) fn after_deposit(events: Vec<Event>) -> Vec<crate::Fact> {
    let mut all = given::registered();
    all.extend(given::deposited(20_000));
    all.extend((1..).zip(events));
    given::facts(all)
}

fn folded(events: Vec<Event>) -> Folds {
    Folds::of(&after_deposit(events))
}

#[test]
fn a_payment_says_how_far_it_came_before_the_money() {
    let (payment_id, customer_id) = (given::payment(1), given::customer());
    let stages: [(Event, PaymentStatus); 4] = [
        (
            PaymentPrompted { payment_id, customer_id, provider_reference: None }.into(),
            PaymentStatus::Prompted,
        ),
        (PaymentOutcomeUnknown { payment_id, customer_id, reason: None }.into(), PaymentStatus::Unknown),
        (
            PaymentWasDeclined { payment_id, customer_id, provider_reference: None, reason: None }.into(),
            PaymentStatus::Declined,
        ),
        (PaymentExpired { payment_id, customer_id, reason: None }.into(), PaymentStatus::Expired),
    ];
    let mut events = given::registered();
    let mut payment = given::deposited(600);
    let settled = payment.pop().unwrap();
    events.extend(payment);
    for (event, status) in stages {
        events.push((-59, event));
        assert_eq!(only(&Folds::of(&given::facts(events.clone())).billing.payment).status, status);
    }
    events.push(settled);
    assert_eq!(only(&Folds::of(&given::facts(events)).billing.payment).status, PaymentStatus::Settled);
}

#[test]
fn a_payment_that_is_given_back_says_how_far_and_a_chargeback_says_more() {
    let mut events = vec![requested(5_000, true), approved(5_000, None), submitted(5_000)];
    events.push(paid_out(5_000, true, PaidFrom::Transit));
    let payment = only(&folded(events.clone()).billing.payment);
    assert_eq!((payment.status, payment.paid_back), (PaymentStatus::PartlyRefunded, 5_000));
    events.push(charged_back(1_000));
    let payment = only(&folded(events).billing.payment);
    assert_eq!((payment.status, payment.charged_back), (PaymentStatus::ChargedBack, 1_000));
    let whole = vec![requested(20_000, true), paid_out(20_000, true, PaidFrom::Transit)];
    assert_eq!(only(&folded(whole).billing.payment).status, PaymentStatus::Refunded);
}

#[test]
fn a_refund_goes_its_way_and_the_statement_shows_where_the_money_is() {
    let events = vec![
        requested(5_000, false),
        approved(5_000, Some(Uuid::from_u128(0x58))),
        submitted(5_000),
        paid_out(5_000, false, PaidFrom::Transit),
    ];
    let folds = folded(events);
    let refund = only(&folds.billing.refund);
    assert_eq!((refund.status, refund.amount), (RefundStatus::Paid, 5_000));
    assert_eq!(refund.approved_by, Some(Uuid::from_u128(0x58)));
    assert_eq!(refund.reference.as_deref(), Some("our-reference"));
    assert_eq!(refund.provider_reference.as_deref(), Some("their-reference"));
    let approval = only(&folds.billing.approval);
    assert_eq!((approval.kind, approval.status), (ApprovalKind::Refund, ApprovalStatus::Approved));
    assert_eq!(only(&folds.billing.balance).balance, 15_000);
    let last = folds.billing.statement.rows().last().unwrap();
    // Only what is set aside moves the customer's money: that it arrives is between us and the provider.
    assert_eq!((last.kind.as_str(), last.amount, last.balance), ("RefundRequested", -5_000, 15_000));
    let moved = folds.billing.movement.rows().last().unwrap();
    assert_eq!((moved.kind, moved.amount, moved.by_hand), (MovementKind::Disbursement, 5_000, false));
    assert_eq!(moved.reference.as_deref(), Some("our-reference"));
}

#[test]
fn a_failed_refund_gives_the_money_back_and_late_proof_takes_it_again() {
    let mut events = vec![requested(5_000, false), approved(5_000, None), submitted(5_000), failed(5_000)];
    let folds = folded(events.clone());
    let refund = only(&folds.billing.refund);
    assert_eq!((refund.status, refund.reason.as_deref()), (RefundStatus::Failed, Some("no such wallet")));
    assert_eq!(only(&folds.billing.balance).balance, 20_000);
    events.push(paid_out(5_000, false, PaidFrom::Customer { debited: from_deposit(5_000) }));
    let folds = folded(events);
    assert_eq!(only(&folds.billing.refund).status, RefundStatus::Paid);
    assert_eq!(only(&folds.billing.balance).balance, 15_000);
}

fn held() -> Event {
    ReceiptUnmatched {
        receipt_id: receipt_id(),
        provider: Provider::Mixx,
        provider_reference: reference("U-1"),
        amount: Money::tzs(3_000),
        paid_at: given::at(1),
        payment_id: Some(given::payment(1)),
        payer: Some(sealed()),
        customer_id: None,
        reason: Some(reason("amount_differs")),
        review: vec![Review::Unmatched],
    }
    .into()
}

#[test]
fn a_receipt_is_assigned_by_a_second_person() {
    let approval_id = ApprovalId(given::id(0x500));
    let action =
        Action::AssignReceipt { receipt_id: receipt_id(), customer_id: given::customer(), reason: sealed() };
    let mut events = vec![held(), ApprovalRequested { approval_id, action, requested_by: STAFF }.into()];
    let folds = folded(events.clone());
    let waiting = only(&folds.billing.approval);
    assert_eq!((waiting.status, waiting.amount), (ApprovalStatus::Requested, Some(3_000)));
    let mut refused = events.clone();
    refused.push(ActionRejected { approval_id, rejected_by: STAFF, reason: None }.into());
    let folds = folded(refused);
    assert_eq!(only(&folds.billing.approval).status, ApprovalStatus::Rejected);
    assert_eq!(only(&folds.billing.receipt).status, ReceiptStatus::Unmatched);
    events.push(
        ReceiptAssigned {
            receipt_id: receipt_id(),
            customer_id: given::customer(),
            amount: Money::tzs(3_000),
            provider: Provider::Mixx,
            credited: to_deposit(3_000),
            approval_id,
            approved_by: Uuid::from_u128(0x58),
            named: None,
        }
        .into(),
    );
    let folds = folded(events);
    let receipt = only(&folds.billing.receipt);
    assert_eq!((receipt.status, receipt.assigned_to), (ReceiptStatus::Assigned, Some(given::id(1))));
    assert_eq!(only(&folds.billing.balance).balance, 23_000);
    assert_eq!(only(&folds.billing.approval).decided_by, Some(Uuid::from_u128(0x58)));
}

#[test]
fn a_receipt_that_is_paid_back_comes_back_where_that_fails() {
    let begun: Event = ReceiptRefundRequested {
        refund_id: refund_id(),
        receipt_id: receipt_id(),
        amount: Money::tzs(3_000),
        provider: Provider::Mixx,
        destination: sealed(),
        requested_by: STAFF,
        reason: sealed(),
    }
    .into();
    let of_receipt = |credited| RefundFailed {
        refund_id: refund_id(),
        customer_id: None,
        receipt_id: Some(receipt_id()),
        payment_id: None,
        amount: Money::tzs(3_000),
        credited,
        reason: None,
    };
    let mut events = vec![held(), begun];
    let folds = folded(events.clone());
    assert_eq!(only(&folds.billing.receipt).status, ReceiptStatus::RefundRequested);
    assert_eq!(only(&folds.billing.approval).kind, ApprovalKind::RefundReceipt);
    events.push(of_receipt(None).into());
    let folds = folded(events.clone());
    let receipt = only(&folds.billing.receipt);
    assert_eq!((receipt.status, receipt.refund_id), (ReceiptStatus::Unmatched, None));
    events.push(
        RefundPaid {
            refund_id: refund_id(),
            customer_id: None,
            receipt_id: Some(receipt_id()),
            payment_id: None,
            amount: Money::tzs(3_000),
            provider: Provider::Mixx,
            provider_reference: None,
            paid_from: PaidFrom::Receipt,
            named: None,
            review: Vec::new(),
        }
        .into(),
    );
    assert_eq!(only(&folded(events).billing.receipt).status, ReceiptStatus::PaidBack);
}

#[test]
fn what_needs_an_eye_is_a_case() {
    let folds = folded(vec![held()]);
    let case = folds.cases.review.rows().last().unwrap();
    assert_eq!((case.code.as_str(), case.kind.as_str()), ("unmatched", "ReceiptUnmatched"));
    assert_eq!((case.subject_kind.as_str(), case.subject_id), ("receipt", receipt_id().0));
    assert_eq!(folds.cases.review.rows().len(), 1);
}

#[test]
fn a_break_is_opened_explained_and_closed() {
    let break_id = BreakId(given::id(0x600));
    let mut events: Vec<Event> = vec![
        BreakOpened {
            break_id,
            cause: BreakCause::AmountDiffers,
            provider: Provider::Mpesa,
            provider_reference: Some(reference("ref-1")),
            payment_id: Some(given::payment(1)),
            refund_id: None,
            receipt_id: None,
            ledger_amount: Some(Money::tzs(20_000)),
            statement_amount: Some(Money::tzs(2_000)),
            statement_id: Some(given::id(0x700)),
            reason: None,
        }
        .into(),
    ];
    let standing = |events: &Vec<Event>| only(&folded(events.clone()).billing.statement_break);
    assert_eq!(standing(&events).status, BreakStatus::Open);
    events.push(BreakExplained { break_id, explained_by: STAFF, reason: reason("typed wrong") }.into());
    assert_eq!(standing(&events).explanation.as_deref(), Some("typed wrong"));
    events.push(BreakClosed { break_id, closed_by: STAFF, reason: None }.into());
    let closed = standing(&events);
    assert_eq!((closed.status, closed.ledger_amount), (BreakStatus::Closed, Some(20_000)));
}

/// Everything that can happen to money here, once.
pub(super) fn everything() -> Vec<Event> {
    let entry = |number: u128| EntryId(given::id(0x800 + number));
    let fee = ProviderFeeRecorded {
        entry_id: entry(1),
        provider: Provider::Mpesa,
        amount: Money::tzs(90),
        provider_reference: reference("F-1"),
        reason: None,
    };
    let payout = ProviderPayoutRecorded {
        entry_id: entry(2),
        provider: Provider::Mpesa,
        amount: Money::tzs(9_000),
        provider_reference: reference("P-1"),
        reason: None,
    };
    vec![
        requested(5_000, true),
        approved(5_000, None),
        submitted(5_000),
        failed(5_000),
        paid_out(5_000, true, PaidFrom::Customer { debited: from_deposit(5_000) }),
        held(),
        charged_back(1_000),
        fee.into(),
        payout.into(),
    ]
}

/// Every line of the journal that touches mobile money has its movement, of the same amount.
#[test]
fn whatever_moves_at_a_provider_is_a_movement() {
    let folds = folded(everything());
    let journal =
        folds.billing.journal.rows().iter().filter(|line| line.debit == 1_000 || line.credit == 1_000);
    let mut booked: std::collections::BTreeMap<i64, i64> = std::collections::BTreeMap::new();
    for line in journal {
        *booked.entry(line.position).or_default() += line.amount;
    }
    let moved = folds.billing.movement.rows().iter().map(|row| (row.position, row.amount)).collect();
    assert_eq!(booked, moved);
    assert_eq!(booked.len(), 6);
}
