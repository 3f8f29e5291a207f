//! A little fold of the ledger, written from the rules alone: balances, debts, books, open rentals.
//!
//! It reads payloads as plain JSON. Each event becomes an [`Effect`]; adding them up in order is all there is. It knows
//! nothing of refusals, prices or times: those were decided, and stand in the events.

use std::collections::BTreeMap;

use serde_json::Value;
use uuid::Uuid;

use super::evidence::Event;

/// Accounts of the chart that events touch.
const MOBILE_MONEY: i16 = 1_000;
const BANK: i16 = 1_010;
const RECEIVABLES: i16 = 1_100;
const DEPOSITS: i16 = 2_000;
const VAT: i16 = 2_100;
const IN_TRANSIT: i16 = 2_200;
const UNMATCHED: i16 = 2_900;
const REVENUE: [(&str, i16); 3] = [("usage", 4_000), ("late", 4_010), ("replacement", 4_020)];
const BAD_DEBT: i16 = 5_000;
const GOODWILL: i16 = 5_100;
const PROVIDER_FEES: i16 = 5_200;

/// What an event does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effect {
    /// Debits (positive) and credits (negative), netted by account; accounts that do not move are absent.
    pub books: BTreeMap<i16, i64>,
    /// Whose balance and debt move, and by how much.
    pub purse: Option<(Uuid, i64, i64)>,
    /// A rental that is open from here on, with its customer and device.
    pub opened: Option<(Uuid, Uuid, Uuid)>,
    /// A rental that is no longer open.
    pub closed: Option<Uuid>,
}

/// A payload that does not say what an event of its type says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{event_type} does not say {missing}")]
pub struct Illegible {
    event_type: String,
    missing: String,
}

/// Reads one payload.
struct Payload<'a> {
    event_type: &'a str,
    value: Value,
}

impl Payload<'_> {
    fn missing(&self, pointer: &str) -> Illegible {
        Illegible { event_type: self.event_type.to_owned(), missing: pointer.to_owned() }
    }

    fn amount(&self, pointer: &str) -> Result<i64, Illegible> {
        self.value.pointer(pointer).and_then(Value::as_i64).ok_or_else(|| self.missing(pointer))
    }

    fn id(&self, pointer: &str) -> Result<Uuid, Illegible> {
        let text = self.value.pointer(pointer).and_then(Value::as_str);
        text.and_then(|text| text.parse().ok()).ok_or_else(|| self.missing(pointer))
    }
}

/// What one event does.
///
/// # Errors
/// [`Illegible`] where its payload lacks something.
pub fn effect(event: &Event) -> Result<Effect, Illegible> {
    let event_type = event.event_type.as_str();
    let value = serde_json::from_slice(&event.payload).unwrap_or(Value::Null);
    let payload = Payload { event_type, value };
    let mut effect = Effect::default();
    match event_type {
        "RentalRequested" | "RentalStarted" => {
            effect.opened =
                Some((payload.id("/rental_id")?, payload.id("/customer_id")?, payload.id("/device_id")?));
        }
        "RentalCancelled" => effect.closed = Some(payload.id("/rental_id")?),
        "RentalEnded" | "RentalSold" => {
            effect.closed = Some(payload.id("/rental_id")?);
            charge(&payload, &mut effect)?;
        }
        "DeviceRecovered" => charge(&payload, &mut effect)?,
        "ReplacementFeeReversed" => reversal(&payload, &mut effect)?,
        "RentalCorrected" => {
            reversal(&payload, &mut effect)?;
            charge(&payload, &mut effect)?;
        }
        "PaymentSettled" => {
            effect.book(MOBILE_MONEY, payload.amount("/amount")?);
            credit(&payload, &mut effect)?;
        }
        "ReceiptUnmatched" => {
            effect.book(MOBILE_MONEY, payload.amount("/amount")?);
            effect.book(UNMATCHED, -payload.amount("/amount")?);
        }
        _ => money_back(&payload, &mut effect)?,
    }
    effect.books.retain(|_, amount| *amount != 0);
    Ok(effect)
}

/// Refunds, chargebacks, what becomes of receipts, and what the provider takes and moves.
fn money_back(payload: &Payload<'_>, effect: &mut Effect) -> Result<(), Illegible> {
    match payload.event_type {
        "RefundRequested" => {
            let amount = payload.amount("/amount")?;
            effect.book(DEPOSITS, amount);
            effect.book(IN_TRANSIT, -amount);
            effect.move_purse(payload.id("/customer_id")?, -amount, 0);
        }
        "ReceiptRefundRequested" => {
            effect.book(UNMATCHED, payload.amount("/amount")?);
            effect.book(IN_TRANSIT, -payload.amount("/amount")?);
        }
        "RefundRejected" | "RefundFailed" => {
            effect.book(IN_TRANSIT, payload.amount("/amount")?);
            if payload.value.get("credited").is_some() {
                credit(payload, effect)?;
            } else {
                effect.book(UNMATCHED, -payload.amount("/amount")?);
            }
        }
        "RefundPaid" => {
            let amount = payload.amount("/amount")?;
            effect.book(MOBILE_MONEY, -amount);
            match payload.value.pointer("/paid_from/from").and_then(Value::as_str) {
                Some("transit") => effect.book(IN_TRANSIT, amount),
                Some("receipt") => effect.book(UNMATCHED, amount),
                Some("bad_debt") => effect.book(BAD_DEBT, amount),
                Some("customer") => debit(payload, "/paid_from/debited", effect)?,
                Some(_) | None => return Err(payload.missing("/paid_from/from")),
            }
        }
        "PaymentChargedBack" => {
            effect.book(MOBILE_MONEY, -payload.amount("/amount")?);
            if payload.value.get("debited").is_some() {
                debit(payload, "/debited", effect)?;
            } else {
                effect.book(BAD_DEBT, payload.amount("/amount")?);
            }
        }
        "ReceiptAssigned" => {
            effect.book(UNMATCHED, payload.amount("/amount")?);
            credit(payload, effect)?;
        }
        "BalanceAdjusted" => {
            let up = payload.value.get("credited").is_some();
            let amount = payload.amount("/amount")?;
            effect.book(GOODWILL, if up { amount } else { -amount });
            if up {
                credit(payload, effect)?;
            } else {
                debit(payload, "/debited", effect)?;
            }
        }
        "DebtWrittenOff" => {
            let amount = payload.amount("/amount")?;
            effect.book(BAD_DEBT, amount);
            effect.book(RECEIVABLES, -amount);
            effect.move_purse(payload.id("/customer_id")?, 0, -amount);
        }
        "ProviderFeeRecorded" => {
            effect.book(PROVIDER_FEES, payload.amount("/amount")?);
            effect.book(MOBILE_MONEY, -payload.amount("/amount")?);
        }
        "ProviderPayoutRecorded" => {
            effect.book(BANK, payload.amount("/amount")?);
            effect.book(MOBILE_MONEY, -payload.amount("/amount")?);
        }
        // Everything else moves no money and opens or closes no rental.
        _ => {}
    }
    Ok(())
}

/// Taken from a customer: from the deposit, the rest becomes debt.
fn debit(payload: &Payload<'_>, at: &str, effect: &mut Effect) -> Result<(), Illegible> {
    let part = |part: &str| payload.amount(&format!("{at}/{part}"));
    let (deposit, debt) = (part("deposit")?, part("debt")?);
    effect.book(DEPOSITS, deposit);
    effect.book(RECEIVABLES, debt);
    effect.move_purse(payload.id("/customer_id")?, -deposit, debt);
    Ok(())
}

impl Effect {
    fn book(&mut self, account: i16, amount: i64) {
        let net = self.books.entry(account).or_default();
        *net = net.saturating_add(amount);
    }

    fn move_purse(&mut self, customer: Uuid, balance: i64, debt: i64) {
        let (_, balances, debts) = self.purse.get_or_insert((customer, 0, 0));
        *balances = balances.saturating_add(balance);
        *debts = debts.saturating_add(debt);
    }
}

/// A charge: taken from the deposit, the rest becomes debt; income by kind, less its VAT.
fn charge(payload: &Payload<'_>, effect: &mut Effect) -> Result<(), Illegible> {
    let (deposit, debt) = (payload.amount("/debited/deposit")?, payload.amount("/debited/debt")?);
    effect.book(DEPOSITS, deposit);
    effect.book(RECEIVABLES, debt);
    effect.move_purse(payload.id("/customer_id")?, -deposit, debt);
    for (kind, account) in REVENUE {
        let amount = payload.amount(&format!("/charge/{kind}"))?;
        let vat = payload.amount(&format!("/charge/vat_by_kind/{kind}"))?;
        effect.book(account, vat.saturating_sub(amount));
        effect.book(VAT, -vat);
    }
    Ok(())
}

/// A charge taken back: exactly what was posted.
fn reversal(payload: &Payload<'_>, effect: &mut Effect) -> Result<(), Illegible> {
    for (kind, account) in REVENUE {
        let amount = payload.amount(&format!("/reversed/amounts/{kind}"))?;
        let vat = payload.amount(&format!("/reversed/vat/{kind}"))?;
        effect.book(account, amount.saturating_sub(vat));
        effect.book(VAT, vat);
    }
    credit(payload, effect)
}

/// Money for a customer: debt first, then what was written off, the rest to the deposit.
fn credit(payload: &Payload<'_>, effect: &mut Effect) -> Result<(), Illegible> {
    let [debt, write_off, deposit] =
        ["debt", "write_off", "deposit"].map(|part| payload.amount(&format!("/credited/{part}")));
    let (debt, write_off, deposit) = (debt?, write_off?, deposit?);
    effect.book(RECEIVABLES, -debt);
    effect.book(BAD_DEBT, -write_off);
    effect.book(DEPOSITS, -deposit);
    effect.move_purse(payload.id("/customer_id")?, deposit, -debt);
    Ok(())
}
