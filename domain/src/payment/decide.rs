//! Asking for money, and taking the provider's word that it came.

use serde::Serialize;

use super::{Payment, PaymentStatus};
use crate::{
    Money, Rejection, Role, Time, View,
    command::{ExpirePayment, InitiatePayment, PaidFor, PaymentConfirmed},
    customer::{self, Customer, Status},
    decide::{Decision, Fact, Order, Stop, fact},
    event::{self, Provider, Purpose, Review},
    ids::{CustomerId, PaymentId, ReceiptId},
    timing,
    view::{Claim, Found},
};

/// The most that a provider collects at once.
const LIMIT: Money = Money::tzs(5_000_000);
/// A payment expires so many minutes after it was initiated.
const EXPIRES_AFTER_MINUTES: i64 = 24 * 60;
/// Crockford's base 32, in lower case.
const BASE32: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

#[derive(Serialize)]
struct Initiated<'a> {
    payment_id: PaymentId,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<&'a str>,
}

#[derive(Serialize)]
struct Expired {
    payment_id: PaymentId,
    status: &'static str,
}

#[derive(Serialize)]
struct Confirmed {
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_id: Option<PaymentId>,
    matched: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt_id: Option<ReceiptId>,
    balance: Money,
    debt: Money,
    currency: &'static str,
}

impl Confirmed {
    fn of(payment_id: PaymentId, customer: &Customer) -> Confirmed {
        Confirmed {
            payment_id: Some(payment_id),
            matched: true,
            receipt_id: None,
            balance: customer.purse.balance,
            debt: customer.purse.debt,
            currency: "TZS",
        }
    }
}

impl Confirmed {
    /// The money is held as a receipt.
    fn held(payment_id: Option<PaymentId>, receipt_id: ReceiptId, customer: &Customer) -> Confirmed {
        let (balance, debt) = (customer.purse.balance, customer.purse.debt);
        Confirmed { payment_id, matched: false, receipt_id: Some(receipt_id), balance, debt, currency: "TZS" }
    }
}

/// The external id is for the provider side and those who audit it.
const fn sees_external_id(role: Role) -> bool {
    matches!(role, Role::Payments | Role::Finance | Role::Admin)
}

/// 26 characters of base 32: 130 unguessable bits.
fn external_id(random: [u8; 17]) -> String {
    let mut bits = random.iter().flat_map(|byte| (0..8).rev().map(move |bit| (byte >> bit) & 1));
    (0..26)
        .map(|_| {
            let digit = bits.by_ref().take(5).fold(0_u8, |digit, bit| (digit << 1) | bit);
            BASE32.get(usize::from(digit)).copied().map_or('0', char::from)
        })
        .collect()
}

/// InitiatePayment, in order: the same payment again: already done · customer unknown · the sender's time ·
/// account closed · more than a provider takes · id taken.
///
/// # Errors
/// The first of these refusals.
pub fn initiate(command: &InitiatePayment, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let payment_id = command.payment_id.unwrap_or(PaymentId(order.seeds.minted));
    let found = view.payment(payment_id)?;
    let customer = customer::known(command.customer_id, order.actor, view)?;
    let sees = sees_external_id(order.actor.role);
    if let Found::Here(payment) = &found
        && same(payment, command)
    {
        let external_id = sees.then_some(payment.external_id.as_str());
        return Ok(Decision::already_done(&Initiated { payment_id, status: "initiated", external_id }));
    }
    let occurred_at = timing::occurred(order)?;
    let customer_id = customer.id;
    if customer.status == Status::Closed {
        return Err(Rejection::CustomerClosed { customer_id: customer_id.0 }.into());
    }
    let amount = command.amount.money();
    if amount > LIMIT {
        return Err(Rejection::PaymentTooLarge { amount, limit: LIMIT }.into());
    }
    match found {
        Found::Absent => {}
        Found::Here(_) | Found::OtherKind => return Err(Rejection::IdTaken { id: payment_id.0 }.into()),
    }
    let initiated = event::PaymentInitiated {
        payment_id,
        customer_id,
        amount,
        purpose: command.purpose,
        provider: command.provider,
        phone: command.phone.clone(),
        external_id: external_id(order.seeds.random),
        expires_at: timing::plus_minutes(occurred_at, EXPIRES_AFTER_MINUTES),
    };
    let external_id = sees.then_some(initiated.external_id.clone());
    let answer = Initiated { payment_id, status: "initiated", external_id: external_id.as_deref() };
    let claim = external_claim(&initiated.external_id);
    let facts = vec![fact(initiated.clone(), occurred_at)];
    Ok(Decision::recorded_with(facts, vec![(claim, payment_id.0)], &answer))
}

/// The provider names a payment by this reference; the claim finds it again.
fn external_claim(external_id: &str) -> Claim {
    Claim { kind: Claim::EXTERNAL_ID, value: external_id.to_owned() }
}

fn same(payment: &Payment, command: &InitiatePayment) -> bool {
    let same_phone = match (&payment.phone, &command.phone) {
        (None, None) => true,
        (Some(one), Some(other)) => one.same_text(other),
        (Some(_), None) | (None, Some(_)) => false,
    };
    payment.customer_id == command.customer_id
        && payment.amount == command.amount.money()
        && payment.purpose == command.purpose
        && payment.provider == command.provider
        && same_phone
}

/// PaymentConfirmed.
///
/// # Errors
/// `payment_unknown`, `receipt_exists`, `provider_reference_taken`, `customer_unknown` and the sender's time.
pub fn confirm(command: &PaymentConfirmed, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    match (command.paid_for(), command.payment_id) {
        (Ok(PaidFor::Payment(payment_id)), _) => confirm_payment(payment_id, command, order, view),
        (Ok(PaidFor::Bill(customer_id, provider)), _) => {
            confirm_bill(customer_id, provider, command, order, view)
        }
        (Err(_), named) => {
            let payment_id = named.map_or(order.seeds.minted, |id| id.0);
            Err(Rejection::PaymentUnknown { payment_id }.into())
        }
    }
}

fn reference_claim(provider: Provider, command: &PaymentConfirmed) -> Claim {
    let value = format!("{}/{}", provider.as_str(), command.provider_reference.as_str());
    Claim { kind: Claim::PROVIDER_REFERENCE, value }
}

/// In order: payment unknown · settled or received by this very transaction: already done · the sender's time ·
/// held as a receipt · settled another payment · then settled, or unmatched with its reason.
fn confirm_payment(
    payment_id: PaymentId,
    command: &PaymentConfirmed,
    order: &Order,
    view: &View<'_>,
) -> Result<Decision, Stop> {
    let unknown = Rejection::PaymentUnknown { payment_id: payment_id.0 };
    let payment = view.payment(payment_id)?.here().ok_or(unknown)?;
    let customer = customer::of(payment.customer_id, view)?;
    let amount = command.amount.money();
    let claim = reference_claim(payment.provider, command);
    let holder = view.holder(claim.clone())?;
    let settled_by_this = match &payment.status {
        PaymentStatus::Settled { provider_reference } => *provider_reference == command.provider_reference,
        PaymentStatus::Initiated
        | PaymentStatus::Prompted
        | PaymentStatus::Unknown
        | PaymentStatus::Declined
        | PaymentStatus::Expired => false,
    };
    if settled_by_this {
        return Ok(Decision::already_done(&Confirmed::of(payment_id, customer)));
    }
    let paid_at = timing::occurred(order)?;
    if let Some(holder) = holder {
        return held_elsewhere(holder, payment, customer, amount, view);
    }
    let reason = match &payment.status {
        PaymentStatus::Settled { .. } => Some(Review::SecondReference),
        PaymentStatus::Initiated
        | PaymentStatus::Prompted
        | PaymentStatus::Unknown
        | PaymentStatus::Declined
        | PaymentStatus::Expired => open_reason(payment, customer, amount),
    };
    Ok(match reason {
        Some(reason) => {
            let payer = (Some(payment.id), payment.provider, customer);
            unmatched(payer, command, (claim, paid_at, reason), order)
        }
        None => {
            let (settled, answer) = settle(payment_id, payment.provider, customer, command, paid_at);
            Decision::recorded_with(vec![settled], vec![(claim, payment_id.0)], &answer)
        }
    })
}

/// Why money for a payment that is not settled yet does not settle it.
fn open_reason(payment: &Payment, customer: &Customer, amount: Money) -> Option<Review> {
    if customer.status == Status::Closed {
        return Some(Review::CustomerClosed);
    }
    (amount != payment.amount).then_some(Review::WrongAmount)
}

/// The reference belongs to something already: the same receipt again is already done.
fn held_elsewhere(
    holder: uuid::Uuid,
    payment: &Payment,
    customer: &Customer,
    amount: Money,
    view: &View<'_>,
) -> Result<Decision, Stop> {
    match view.receipt(ReceiptId(holder))? {
        Found::Here(receipt) if receipt.payment_id == Some(payment.id) && receipt.amount == amount => {
            Ok(Decision::already_done(&Confirmed::held(Some(payment.id), receipt.id, customer)))
        }
        Found::Here(receipt) => Err(Rejection::ReceiptExists { receipt_id: receipt.id.0 }.into()),
        Found::Absent | Found::OtherKind => Err(Rejection::ProviderReferenceTaken { held_by: holder }.into()),
    }
}

fn settle(
    payment_id: PaymentId,
    provider: Provider,
    customer: &Customer,
    command: &PaymentConfirmed,
    paid_at: Time,
) -> (Fact, Confirmed) {
    let mut purse = customer.purse;
    let amount = command.amount.money();
    let credited = purse.pay(amount);
    let settled = event::PaymentSettled {
        payment_id,
        customer_id: customer.id,
        amount,
        provider,
        provider_reference: command.provider_reference.clone(),
        paid_at,
        credited,
    };
    let mut answer = Confirmed::of(payment_id, customer);
    (answer.balance, answer.debt) = (purse.balance, purse.debt);
    (fact(settled, paid_at), answer)
}

fn unmatched(
    (payment_id, provider, customer): (Option<PaymentId>, Provider, &Customer),
    command: &PaymentConfirmed,
    (claim, paid_at, reason): (Claim, Time, Review),
    order: &Order,
) -> Decision {
    let receipt_id = ReceiptId(order.seeds.derived);
    let received = event::ReceiptUnmatched {
        receipt_id,
        provider,
        provider_reference: command.provider_reference.clone(),
        amount: command.amount.money(),
        paid_at,
        payment_id,
        payer: None,
        customer_id: None,
        reason: None,
        review: vec![reason],
    };
    let answer = Confirmed::held(payment_id, receipt_id, customer);
    Decision::recorded_with(vec![fact(received, paid_at)], vec![(claim, receipt_id.0)], &answer)
}

/// A customer paid to their bill number: the payment and its settlement in one decision. In order: customer
/// unknown · this very transaction again: already done · held by something else · the sender's time. What comes for
/// somebody erased is held as a receipt.
fn confirm_bill(
    customer_id: CustomerId,
    provider: Provider,
    command: &PaymentConfirmed,
    order: &Order,
    view: &View<'_>,
) -> Result<Decision, Stop> {
    let customer = customer::of(customer_id, view)?;
    let claim = reference_claim(provider, command);
    let amount = command.amount.money();
    if let Some(holder) = view.holder(claim.clone())? {
        return bill_again(holder, customer, amount, view);
    }
    let paid_at = timing::occurred(order)?;
    if customer.status == Status::Closed {
        let why = (claim, paid_at, Review::CustomerClosed);
        return Ok(unmatched((None, provider, customer), command, why, order));
    }
    let payment_id = PaymentId(order.seeds.minted);
    let initiated = event::PaymentInitiated {
        payment_id,
        customer_id,
        amount,
        purpose: if customer.purse.debt.is_zero() { Purpose::Deposit } else { Purpose::Debt },
        provider,
        phone: None,
        external_id: external_id(order.seeds.random),
        expires_at: timing::plus_minutes(paid_at, EXPIRES_AFTER_MINUTES),
    };
    let (settled, answer) = settle(payment_id, provider, customer, command, paid_at);
    let named = external_claim(&initiated.external_id);
    let facts = vec![fact(initiated, paid_at), settled];
    Ok(Decision::recorded_with(facts, vec![(claim, payment_id.0), (named, payment_id.0)], &answer))
}

/// The reference of a bill payment belongs to something already.
fn bill_again(
    holder: uuid::Uuid,
    customer: &Customer,
    amount: Money,
    view: &View<'_>,
) -> Result<Decision, Stop> {
    match (view.payment(PaymentId(holder))?, view.receipt(ReceiptId(holder))?) {
        (Found::Here(payment), _) if payment.customer_id == customer.id && payment.amount == amount => {
            Ok(Decision::already_done(&Confirmed::of(payment.id, customer)))
        }
        (Found::Here(_), _) => Err(Rejection::ProviderReferenceTaken { held_by: holder }.into()),
        (_, Found::Here(receipt))
            if receipt.payment_id.is_none()
                && receipt.amount == amount
                && customer.status == Status::Closed =>
        {
            Ok(Decision::already_done(&Confirmed::held(None, receipt.id, customer)))
        }
        (Found::Absent | Found::OtherKind, _) => Err(Rejection::ReceiptExists { receipt_id: holder }.into()),
    }
}

/// ExpirePayment, in order: payment unknown · expired already: already done · settled · declined · not due. It happened when it
/// was due, whenever it is processed.
///
/// # Errors
/// The first of these refusals.
pub fn expire(command: &ExpirePayment, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let payment_id = command.payment_id;
    let unknown = Rejection::PaymentUnknown { payment_id: payment_id.0 };
    let payment = view.payment(payment_id)?.here().ok_or(unknown)?;
    let answer = Expired { payment_id, status: "expired" };
    match payment.status {
        PaymentStatus::Expired => return Ok(Decision::already_done(&answer)),
        PaymentStatus::Settled { .. } => {
            return Err(Rejection::PaymentSettled { payment_id: payment_id.0 }.into());
        }
        PaymentStatus::Declined => {
            let payment_status = payment.status_name();
            return Err(Rejection::PaymentNotOpen { payment_id: payment_id.0, payment_status }.into());
        }
        PaymentStatus::Initiated | PaymentStatus::Prompted | PaymentStatus::Unknown => {}
    }
    timing::due(order, payment.expires_at)?;
    let customer_id = payment.customer_id;
    let expired = event::PaymentExpired { payment_id, customer_id, reason: command.reason.clone() };
    Ok(Decision::recorded(vec![fact(expired, payment.expires_at)], &answer))
}
