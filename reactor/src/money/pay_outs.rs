//! Refunds: each is recorded as submitted before the provider is called, and called under one reference for ever.
//!
//! The provider takes a reference in once, so a call without an answer is made again under the same one, after a crash as
//! after a time-out. A refusal of a second attempt proves nothing about the first: such a refund stays unknown, for a
//! callback, an inquiry or a person. To two wallets nothing can be paid out: their refunds, and all where there is no
//! account to pay from, stay approved in the manual queue.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use domain::Money;
use domain::event::Provider;
use edge::pace::Backoff;
use serde_json::json;
use tokio::task::JoinSet;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::desk::{Desk, Note, paid_by_call, wallet_and_amount};
use super::ids::{command_id, pay_out_reference};
use super::prompts::INQUIRE_AT_LEAST_EVERY;
use super::report::{Owned, Report};
use crate::azampay::{AzamPay, Inquiry, PayOut, PayOutName, Reply, Standing};
use crate::commands::{Answer, Command};
use crate::error::ReactorError;
use crate::statements::money as statements;

/// Where nobody can be asked: how long a callback may take before a person has to look.
const SILENCE: TimeDelta = TimeDelta::hours(1);
/// The pauses between attempts at a pay-out.
const PAUSES: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(3_600));

/// A claimed pay-out.
struct Claimed {
    refund: Uuid,
    /// Whose key the destination is sealed with, and under which names.
    person: Option<(Uuid, &'static [&'static str])>,
    provider: Provider,
    amount: Money,
    destination: Option<String>,
    reference: Option<String>,
    lost: bool,
    attempts: u32,
}

impl Claimed {
    fn read(row: &Row) -> Result<Self, ReactorError> {
        let (provider, amount) = wallet_and_amount("reactor.refund", row.try_get(3)?, row.try_get(4)?)?;
        let (customer, receipt): (Option<Uuid>, Option<Uuid>) = (row.try_get(1)?, row.try_get(2)?);
        let customer = customer.map(|customer| (customer, ["phone"].as_slice()));
        let receipt = receipt.map(|receipt| (receipt, ["payer", "destination"].as_slice()));
        Ok(Self {
            refund: row.try_get(0)?,
            person: customer.or(receipt),
            provider,
            amount,
            destination: row.try_get(5)?,
            reference: row.try_get(6)?,
            lost: row.try_get(7)?,
            attempts: u32::try_from(row.try_get::<_, i32>(8)?).unwrap_or_default(),
        })
    }
}

/// A pay-out that was taken in and of which nothing was heard.
struct Silent {
    refund: Uuid,
    provider: Provider,
    theirs: Option<String>,
    ours: Option<String>,
}

impl Desk {
    /// Records approved refunds as submitted, under the reference that the call will carry.
    pub(super) async fn submit_refunds(&self, free: i64) -> Result<usize, ReactorError> {
        let values: [&(dyn ToSql + Sync); 3] = [&self.clock.now(), &paid_by_call(), &free];
        let rows = self.client.query(statements::REFUNDS_APPROVED, &values).await?;
        for row in &rows {
            let (refund, provider): (Uuid, &str) = (row.try_get(0)?, row.try_get(1)?);
            let reference = pay_out_reference(&self.sealer.keys(), refund);
            let command = Command {
                id: command_id("RecordRefundSubmitted", refund, "1"),
                name: "RecordRefundSubmitted",
                // No time: the same bytes on every attempt.
                occurred_at: None,
                data: json!({"refund_id": refund, "provider": provider, "reference": reference}),
            };
            // Whatever comes of it is an event, and moves the row; without one it is tried again.
            match self.send(&command).await {
                Answer::Done { .. } => {}
                Answer::Refused { code } => tracing::warn!(%refund, code, "a refund was not submitted"),
                Answer::Again { why, .. } => tracing::debug!(%refund, why, "a refund is submitted later"),
            }
        }
        Ok(rows.len())
    }

    /// Starts the calls of pay-outs that are due, and says how many. At most `free`.
    pub(super) async fn start_pay_outs(
        self: &Arc<Self>,
        azampay: &Arc<AzamPay>,
        free: i64,
        calls: &mut JoinSet<()>,
    ) -> Result<usize, ReactorError> {
        let values: [&(dyn ToSql + Sync); 4] = [&self.number, &paid_by_call(), &self.clock.now(), &free];
        let rows = self.client.query(statements::PAY_OUTS_CLAIMED, &values).await?;
        for row in &rows {
            let claimed = Claimed::read(row)?;
            let (desk, azampay) = (Arc::clone(self), Arc::clone(azampay));
            calls.spawn(async move { desk.pay_out(&azampay, claimed).await });
        }
        Ok(rows.len())
    }

    async fn pay_out(&self, azampay: &AzamPay, claimed: Claimed) {
        let reference = pay_out_reference(&self.sealer.keys(), claimed.refund);
        if claimed.reference.as_deref() != Some(reference.as_str()) {
            // Somebody pays it by hand, under a reference of their own.
            return self.leave(claimed.refund).await;
        }
        let reply = match self.destination(&claimed).await {
            Ok(to) => {
                let (provider, amount) = (claimed.provider, claimed.amount);
                azampay.pay_out(PayOut { to: &to, provider, amount, reference: &reference }).await
            }
            Err(reply) => reply,
        };
        self.figures.called("pay_out", &reply);
        let settings = azampay.settings();
        let silence = match settings.inquiry {
            Inquiry::Off => SILENCE,
            Inquiry::Partner | Inquiry::Disbursement => {
                TimeDelta::from_std(settings.callback_within).unwrap_or(TimeDelta::MAX)
            }
        };
        self.certainly(self.after_pay_out(&claimed, reply, silence)).await;
    }

    async fn destination(&self, claimed: &Claimed) -> Result<domain::phone::Phone, Reply> {
        let none = || Reply::Refused {
            code: "destination".to_owned(),
            message: "there is no phone to pay to".to_owned(),
        };
        let (Some((person, fields)), Some(sealed)) = (claimed.person, &claimed.destination) else {
            return Err(none());
        };
        match self.phone(person, fields, sealed).await {
            Ok(phone) => phone.ok_or_else(none),
            Err(error) => Err(Reply::NotSent { why: error.to_string() }),
        }
    }

    fn after_pay_out(&self, claimed: &Claimed, reply: Reply, silence: TimeDelta) -> Note {
        let refund = claimed.refund;
        match reply {
            Reply::Accepted { transaction_id } => {
                let next = self.after(silence);
                self.answered(refund, "accepted", transaction_id, next)
            }
            Reply::Refused { code, message } if !claimed.lost => {
                tracing::warn!(%refund, code, message, "a pay-out was refused");
                let report = Report::refund_declined(refund, &format!("{code}: {message}"), "pay-out");
                self.reported(&report, "done", false, claimed)
            }
            Reply::Refused { code, message } => {
                tracing::warn!(%refund, code, message, "a pay-out was refused after an attempt without an answer");
                let report = Report::refund_unknown(refund, &format!("{code}: {message}"), "pay-out");
                self.reported(&report, "due", true, claimed)
            }
            Reply::Unknown { why } => {
                tracing::warn!(%refund, why, "nobody knows whether a refund was paid out");
                let report = Report::refund_unknown(refund, &why, "pay-out");
                self.reported(&report, "due", true, claimed)
            }
            Reply::NotSent { why } => {
                tracing::warn!(%refund, why, "a refund was not paid out yet");
                self.answered(refund, "due", None, self.next_attempt(claimed))
            }
        }
    }

    fn next_attempt(&self, claimed: &Claimed) -> domain::Time {
        let mut backoff = Backoff::new(PAUSES.0, PAUSES.1).after(claimed.attempts);
        self.after(TimeDelta::from_std(backoff.next_pause(self.clock.as_ref())).unwrap_or_default())
    }

    fn answered(&self, refund: Uuid, call: &'static str, id: Option<String>, next: domain::Time) -> Note {
        let values: Vec<Owned> = vec![
            Box::new(refund),
            Box::new(call),
            Box::new(false),
            Box::new(id),
            Box::new(next),
            Box::new(self.number),
        ];
        Note { sql: statements::PAY_OUT_ANSWERED, values }
    }

    fn reported(&self, report: &Report, call: &'static str, lost: bool, claimed: &Claimed) -> Note {
        let mut values = report.columns(self.clock.now());
        values.push(Box::new(call));
        values.push(Box::new(lost));
        values.push(Box::new(self.next_attempt(claimed)));
        values.push(Box::new(self.number));
        Note { sql: statements::PAY_OUT_REPORTED, values }
    }

    /// Asks what became of pay-outs of which nothing was heard, or leaves them to a person. Says of how many.
    pub(super) async fn start_refund_inquiries(
        self: &Arc<Self>,
        azampay: &Arc<AzamPay>,
        free: i64,
        calls: &mut JoinSet<()>,
    ) -> Result<usize, ReactorError> {
        let values: [&(dyn ToSql + Sync); 3] = [&self.clock.now(), &INQUIRE_AT_LEAST_EVERY, &free];
        let rows = self.client.query(statements::PAY_OUTS_SILENT, &values).await?;
        for row in &rows {
            let (provider, _) = wallet_and_amount("reactor.refund", row.try_get(1)?, 0)?;
            let (ours, theirs): (Option<String>, Option<String>) = (row.try_get(2)?, row.try_get(3)?);
            let silent = Silent { refund: row.try_get(0)?, provider, theirs, ours };
            let (desk, azampay) = (Arc::clone(self), Arc::clone(azampay));
            calls.spawn(async move { desk.ask_about(&azampay, silent).await });
        }
        Ok(rows.len())
    }

    async fn ask_about(&self, azampay: &AzamPay, silent: Silent) {
        let Silent { refund, provider, theirs, ours } = silent;
        let name = PayOutName::of(theirs.as_deref(), ours.as_deref());
        let standing = azampay.standing_of_pay_out(name, provider).await;
        let reference = theirs.or(ours);
        standing.iter().for_each(|standing| self.figures.inquired(standing));
        let report = match standing {
            Some(Standing::Success) => Report::refund_paid(refund, reference.as_deref(), "inquiry"),
            Some(Standing::Failure) => Report::refund_declined(refund, "the provider says so", "inquiry"),
            Some(Standing::Pending) => return,
            Some(Standing::NotFound | Standing::Unknown { .. }) => {
                Report::refund_unknown(refund, "the inquiry tells nothing", "silence")
            }
            None => Report::refund_unknown(refund, "no callback came", "silence"),
        };
        let values = report.columns(self.clock.now());
        self.certainly(Note { sql: statements::REPORT, values }).await;
        if azampay.settings().inquiry == Inquiry::Off {
            self.leave(refund).await;
        }
    }

    /// Nobody is asked about it any more.
    async fn leave(&self, refund: Uuid) {
        let values: Vec<Owned> = vec![Box::new(refund)];
        self.certainly(Note { sql: statements::PAY_OUT_LEFT, values }).await;
    }
}
