//! Paying as customers do: the ledger is asked for a prompt, the phone shows it, somebody answers it, and the provider tells of
//! it, or does not, or tells something else.
//!
//! What each of the sandbox's misbehaviours has to come to is said here. Money counts for a customer only once its payment is
//! settled; where it does not settle, they pay again, and the provider behaves. In the evening every payment of the quarter is
//! looked at once more: it stands where it has to, and no money was taken in twice.

#![expect(
    clippy::indexing_slicing,
    reason = "indexes into the quarter's own lists, which are made once and only grow"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use edge::Role;
use edge::pace::rest;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::SimulateError;
use super::acting::Act;
use super::chance::Chance;
use super::life::Life;
use super::people::expect;
use super::phones::Phones;
use super::quarter::{DEPOSIT, id};
use crate::api::{Api, ApiError};

/// The provider behaves.
pub(super) const WELL: &str = "success";
/// How else it behaves.
static BADLY: [&str; 9] = [
    "twice",
    "storm",
    "late",
    "failure",
    "never",
    "wrong_amount",
    "wrong_payer",
    "unknown_word",
    "lost_callback",
];
/// It behaves badly so many times in a thousand.
const BADLY_PERMILLE: u64 = 200;
/// Where a phone was asked so often, the provider behaves and the customer pays for long: a phone is asked ten times an hour.
const OFTEN: u32 = 4;
const FOR_LONG: i64 = 100_000;
/// How fast the provider is meanwhile.
const TIMING: [(&str, u32); 2] = [("delay_ms", 100), ("late_ms", 1_500)];
/// How long a prompt and the end of a payment are waited for.
const LIMIT: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Where a payment may stand after its prompt was answered so. An inquiry, where one is set up, settles what no callback did.
const fn ends(how: &str) -> &'static [&'static str] {
    match how.as_bytes() {
        b"failure" => &["declined"],
        b"never" | b"wrong_amount" | b"wrong_payer" => &["prompted"],
        b"unknown_word" => &["unknown", "settled"],
        b"lost_callback" => &["prompted", "settled"],
        _ => &["settled"],
    }
}

/// What is wrong with a payment whose prompt was answered so, which stands there and was settled so often.
fn wrong(how: &str, status: &str, settled: usize) -> Option<String> {
    if settled > 1 {
        return Some(format!("its money was taken in {settled} times"));
    }
    let agree = (status == "settled") == (settled == 1);
    (!agree || !ends(how).contains(&status)).then(|| format!("it is {status}, settled {settled} times"))
}

fn draw(purse: &mut Chance) -> &'static str {
    let (badly, which) = (purse.permille(BADLY_PERMILLE), purse.index(BADLY.len()));
    if badly { BADLY[which] } else { WELL }
}

/// The first quarter meets every misbehaviour once, whatever the seed is, before chance decides there.
pub(super) fn to_come(quarter: u64) -> std::slice::Iter<'static, &'static str> {
    if quarter == 0 { BADLY.iter() } else { [].iter() }
}

/// A payment of the quarter.
#[derive(Debug)]
pub(super) struct Payment {
    id: Uuid,
    customer_id: Uuid,
    how: &'static str,
    settled: bool,
}

/// Makes the provider quick; returns how it was.
pub(super) async fn hurry(phones: &Phones) -> Result<Value, SimulateError> {
    let before = phones.ask(Method::GET, "settings", None).await?;
    let mut quick: serde_json::Map<String, Value> =
        TIMING.iter().map(|(name, ms)| ((*name).to_owned(), json!(ms))).collect();
    quick.insert("default_outcome".to_owned(), json!("ask"));
    phones.ask(Method::PUT, "settings", Some(json!({"payments": quick}))).await?;
    Ok(before.get("payments").cloned().unwrap_or_default())
}

/// Lets the provider be as it was.
pub(super) async fn slow_down(phones: &Phones, before: Value) -> Result<(), SimulateError> {
    phones.ask(Method::PUT, "settings", Some(json!({"payments": before}))).await?;
    Ok(())
}

/// Where prompts are answered, and payments looked at.
#[derive(Debug)]
pub(super) struct Till {
    api: Api,
    phones: Arc<Phones>,
    staff: Uuid,
}

impl Till {
    pub(super) fn new(api: Api, phones: Arc<Phones>, staff: Uuid) -> Till {
        Till { api, phones, staff }
    }

    /// Answers the prompt of a payment; where the payment then stands, or in words what did not come.
    pub(super) async fn paid(
        &self,
        phone: &str,
        (payment_id, amount): (Uuid, i64),
        how: &str,
    ) -> Result<Result<String, String>, SimulateError> {
        let Some(prompt) = waited(async || self.prompt(phone, amount).await).await? else {
            let why = "no prompt came: does a reactor ask for payments, and is this sandbox its provider?";
            return Ok(Err(why.to_owned()));
        };
        let path = format!("payments/prompts/{prompt}");
        self.phones.ask(Method::POST, &path, Some(json!({"outcome": how}))).await?;
        let told = async || {
            let prompt = self.phones.ask(Method::GET, &path, None).await?;
            Ok(prompt.get("callbacks").and_then(Value::as_u64).filter(|callbacks| *callbacks > 0))
        };
        if matches!(how, "wrong_amount" | "wrong_payer") && waited(told).await?.is_none() {
            return Ok(Err("the provider did not tell of it".to_owned()));
        }
        let stands = async || {
            let status = self.status(payment_id).await?;
            Ok(ends(how).contains(&status.as_str()).then_some(status))
        };
        match waited(stands).await? {
            Some(status) => Ok(Ok(status)),
            None => Ok(Err(format!("it is {} and not {:?}", self.status(payment_id).await?, ends(how)))),
        }
    }

    /// The newest prompt of this amount that a phone shows.
    async fn prompt(&self, phone: &str, amount: i64) -> Result<Option<String>, SimulateError> {
        let path = format!("payments/prompts?msisdn={}", phone.trim_start_matches('+'));
        let shown = self.phones.ask(Method::GET, &path, None).await?;
        let items = shown.get("items").and_then(Value::as_array);
        let fits = |item: &&Value| item["state"] == "pending" && item["amount"] == amount;
        let newest = items.and_then(|items| items.iter().rev().find(fits));
        Ok(newest.and_then(|item| item.get("transaction_id")?.as_str()).map(ToOwned::to_owned))
    }

    async fn status(&self, payment_id: Uuid) -> Result<String, ApiError> {
        let path = format!("/api/v1/payments/{payment_id}");
        let reply = expect(self.api.get(Role::Admin, self.staff, &path).await?, 200, &path)?;
        Ok(reply.body.get("status").and_then(Value::as_str).unwrap_or_default().to_owned())
    }

    /// How often a payment was settled.
    async fn settlements(&self, payment_id: Uuid) -> Result<usize, ApiError> {
        let path = format!("/api/v1/ledger/events?stream={payment_id}&limit=100");
        let reply = expect(self.api.get(Role::Admin, self.staff, &path).await?, 200, &path)?;
        let events = reply.body.get("items").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        Ok(events.iter().filter(|event| event["type"] == "PaymentSettled").count())
    }
}

/// Looks until there is something to see; nothing when that takes too long.
async fn waited<T>(
    look: impl AsyncFn() -> Result<Option<T>, SimulateError>,
) -> Result<Option<T>, SimulateError> {
    let until = Instant::now() + LIMIT;
    loop {
        let seen = look().await?;
        if seen.is_some() || Instant::now() > until {
            return Ok(seen);
        }
        rest(LOOK_AGAIN).await;
    }
}

impl Life {
    /// Lets a customer pay what they owe and what the deposit lacks.
    pub(super) async fn pay_up(&mut self, customer: usize) -> Result<(), SimulateError> {
        let known = &self.quarter.customers[customer];
        let (missing, often) = ((DEPOSIT - known.balance).max(0), known.prompts >= OFTEN);
        let needed = known.debt.saturating_add(missing);
        if needed == 0 {
            return Ok(());
        }
        let purse = &mut self.quarter.purse;
        let more = 500 * i64::try_from(purse.below(20)).unwrap_or(0);
        let provider = ["mpesa", "mixx", "airtel", "halopesa"][purse.index(4)];
        let how = draw(purse);
        let how = self.to_come.next().copied().unwrap_or(how);
        let (more, how) = if often { (FOR_LONG, WELL) } else { (more, how) };
        let amount = needed.saturating_add(more);
        if !self.pay(customer, amount, provider, how).await? && how != WELL {
            self.pay(customer, amount, provider, WELL).await?;
        }
        Ok(())
    }

    /// One payment, from the request to where its prompt's answer leads; whether it is settled.
    async fn pay(
        &mut self,
        customer: usize,
        amount: i64,
        provider: &str,
        how: &'static str,
    ) -> Result<bool, SimulateError> {
        let known = &mut self.quarter.customers[customer];
        known.prompts = known.prompts.saturating_add(1);
        let (payment_id, customer_id, phone) = (id(), known.id, known.phone.clone());
        let purpose = if known.debt > 0 { "debt" } else { "deposit" };
        let asked =
            json!({"payment_id": payment_id, "amount": amount, "purpose": purpose, "provider": provider});
        let asked = Act::app(customer, "InitiatePayment", "/api/v1/payments/initiate", asked);
        if !self.act(asked).await?.done() {
            return Ok(false);
        }
        let came = self.till.paid(&phone, (payment_id, amount), how).await?;
        let settled = came.as_deref() == Ok("settled");
        self.payments.push(Payment { id: payment_id, customer_id, how, settled });
        match came {
            Ok(status) => self.report.payment(how, &status, amount),
            Err(wrong) => self.report.surprise(&format!("payment {payment_id} ({how}): {wrong}")),
        }
        if settled {
            self.quarter.customers[customer].pays_in(amount);
        }
        Ok(settled)
    }

    /// In the evening every payment stands where it has to, and is settled once if it is. Whose money came later than they
    /// waited for it (an inquiry found it) does not know their balance.
    pub(super) async fn look_at_payments(&mut self) -> Result<(), ApiError> {
        for Payment { id, customer_id, how, settled } in std::mem::take(&mut self.payments) {
            let (status, times) = (self.till.status(id).await?, self.till.settlements(id).await?);
            if let Some(wrong) = wrong(how, &status, times) {
                self.report.surprise(&format!("payment {id} ({how}), in the evening: {wrong}"));
            }
            if times > 0 && !settled {
                let whose = self.quarter.customers.iter_mut().find(|customer| customer.id == customer_id);
                whose.into_iter().for_each(|customer| customer.unsure = true);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_taken_in_once_and_only_where_the_provider_proved_it() {
        for how in BADLY.into_iter().chain([WELL]) {
            assert!(wrong(how, "settled", 2).is_some(), "{how}");
            assert!(wrong(how, "settled", 0).is_some(), "{how}");
            assert!(wrong(how, "initiated", 0).is_some(), "{how}");
            for end in ends(how) {
                assert_eq!(wrong(how, end, usize::from(*end == "settled")), None, "{how}");
            }
        }
        for how in ["failure", "never", "wrong_amount", "wrong_payer"] {
            assert!(wrong(how, "settled", 1).is_some(), "{how}");
        }
    }

    #[test]
    fn the_provider_mostly_behaves_and_misbehaves_in_every_way() {
        let mut purse = Chance::new(3);
        let drawn: Vec<&str> = (0..1_000).map(|_| draw(&mut purse)).collect();
        assert!(BADLY.iter().all(|how| drawn.contains(how)));
        assert!(drawn.iter().filter(|how| **how == WELL).count() > 700);
    }
}
