//! Payments: the customer is prompted once, and what became of the prompt is asked for until somebody knows.
//!
//! A prompt is claimed, and the claim committed, before AzamPay is called. Its outcome and the command that says so are
//! written together. So a claim without an outcome means that nobody knows: when the reactor that held it is gone, the
//! payment is marked unknown, and nobody is prompted for it again. What was surely not sent is sent later, for ten minutes;
//! after that the customer has long put the phone away, and the payment is declined.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use domain::Money;
use domain::event::Provider;
use edge::pace::Backoff;
use ledger::seal::SealError;
use tokio::task::JoinSet;
use tokio_postgres::Row;
use uuid::Uuid;

use super::desk::{Desk, Note, wallet_and_amount};
use super::report::Report;
use crate::azampay::{AzamPay, Collection, Reply, Standing};
use crate::error::ReactorError;
use crate::statements::money as statements;

/// No prompt comes later than this after it was asked for.
const AT_MOST: TimeDelta = TimeDelta::minutes(10);
/// The pauses between attempts at a prompt that was not sent.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// The longest pause between inquiries, in seconds.
pub(super) const INQUIRE_AT_LEAST_EVERY: f64 = 3_600.0;

/// A claimed prompt.
struct Prompt {
    payment: Uuid,
    customer: Uuid,
    provider: Provider,
    amount: Money,
    phone: Option<String>,
    external_id: String,
    attempts: u32,
}

impl Prompt {
    fn read(row: &Row) -> Result<Self, ReactorError> {
        let (provider, amount) = wallet_and_amount("reactor.payment", row.try_get(2)?, row.try_get(3)?)?;
        Ok(Self {
            payment: row.try_get(0)?,
            customer: row.try_get(1)?,
            provider,
            amount,
            phone: row.try_get(4)?,
            external_id: row.try_get(5)?,
            attempts: u32::try_from(row.try_get::<_, i32>(6)?).unwrap_or_default(),
        })
    }
}

/// A payment that is asked about.
struct Asked {
    payment: Uuid,
    provider: Provider,
    amount: Money,
    transaction_id: String,
}

impl Desk {
    /// Starts the calls of prompts whose time has come, and says how many. At most `free`.
    pub(super) async fn start_prompts(
        self: &Arc<Self>,
        azampay: &Arc<AzamPay>,
        free: i64,
        calls: &mut JoinSet<()>,
    ) -> Result<usize, ReactorError> {
        let now = self.clock.now();
        let wait = i64::try_from(azampay.settings().prompt_after.as_millis()).unwrap_or(i64::MAX);
        // Who tells the past prompts nobody.
        let from = now - AT_MOST;
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 5] =
            [&self.number, &precise(wait), &from, &now, &free];
        let rows = self.client.query(statements::PROMPTS_CLAIMED, &values).await?;
        for row in &rows {
            let prompt = Prompt::read(row)?;
            let (desk, azampay) = (Arc::clone(self), Arc::clone(azampay));
            calls.spawn(async move { desk.prompt(&azampay, prompt).await });
        }
        Ok(rows.len())
    }

    async fn prompt(&self, azampay: &AzamPay, prompt: Prompt) {
        let reply = match self.payer(&prompt).await {
            Ok(Some(payer)) => {
                let Prompt { provider, amount, external_id, .. } = &prompt;
                let asked = Collection { payer: &payer, provider: *provider, amount: *amount, external_id };
                azampay.collect(asked).await
            }
            Ok(None) => {
                let message = "there is no phone to prompt".to_owned();
                Reply::Refused { code: "phone".to_owned(), message }
            }
            Err(error) => Reply::NotSent { why: error.to_string() },
        };
        self.figures.called("checkout", &reply);
        self.certainly(self.after_prompt(&prompt, reply, azampay.settings().callback_within)).await;
    }

    async fn payer(&self, prompt: &Prompt) -> Result<Option<domain::phone::Phone>, SealError> {
        match &prompt.phone {
            Some(sealed) => self.phone(prompt.customer, &["phone"], sealed).await,
            None => Ok(None),
        }
    }

    fn after_prompt(&self, prompt: &Prompt, reply: Reply, callback_within: Duration) -> Note {
        let payment = prompt.payment;
        match reply {
            Reply::Accepted { transaction_id } => {
                let report = Report::prompted(payment, transaction_id.as_deref());
                let ask = TimeDelta::from_std(callback_within).unwrap_or(TimeDelta::MAX);
                self.prompt_done(&report, transaction_id, Some(ask))
            }
            Reply::Refused { code, message } => {
                tracing::info!(%payment, code, message, "a prompt was refused");
                let reason = format!("{code}: {message}");
                self.prompt_done(&Report::declined(payment, None, &reason, "prompt"), None, None)
            }
            Reply::Unknown { why } => {
                tracing::warn!(%payment, why, "nobody knows whether a customer was prompted");
                self.prompt_done(&Report::unknown(payment, &why, "prompt"), None, None)
            }
            Reply::NotSent { why } => {
                tracing::warn!(%payment, why, "a prompt was not sent yet");
                let pause = Backoff::new(PAUSES.0, PAUSES.1).after(prompt.attempts);
                let pause = pause.clone().next_pause(self.clock.as_ref());
                let next = self.after(TimeDelta::from_std(pause).unwrap_or_default());
                Note {
                    sql: statements::PROMPT_AGAIN,
                    values: vec![Box::new(payment), Box::new(self.number), Box::new(next)],
                }
            }
        }
    }

    fn prompt_done(&self, report: &Report, transaction_id: Option<String>, ask: Option<TimeDelta>) -> Note {
        let mut values = report.columns(self.clock.now());
        values.push(Box::new(transaction_id));
        values.push(Box::new(ask.map(|pause| self.after(pause))));
        Note { sql: statements::PROMPT_DONE, values }
    }

    /// Declines the prompts that could not be sent in their time.
    pub(super) async fn decline_late_prompts(&self, limit: i64) -> Result<(), ReactorError> {
        for row in self.client.query(statements::PROMPTS_LATE, &[&limit]).await? {
            let report = Report::declined(row.try_get(0)?, None, "expired", "late");
            self.certainly(self.prompt_done(&report, None, None)).await;
        }
        Ok(())
    }

    /// What was on its way when its reactor ended is unknown. Pay-outs are asked for again, under the same reference.
    pub(super) async fn take_over_from_the_dead(&self) -> Result<(), ReactorError> {
        for row in self.client.query(statements::CALLERS, &[&self.number]).await? {
            let caller: i32 = row.try_get(0)?;
            if !self.client.query_one(statements::TAKE_NUMBER, &[&caller]).await?.try_get::<_, bool>(0)? {
                continue;
            }
            let lost = self.client.query(statements::PROMPTS_LOST, &[&caller]).await?;
            for row in &lost {
                let report = Report::unknown(row.try_get(0)?, "the call was cut", "prompt");
                self.certainly(self.prompt_done(&report, None, None)).await;
            }
            let pay_outs =
                self.client.execute(statements::PAY_OUTS_LOST, &[&caller, &self.clock.now()]).await?;
            self.client.query_one(statements::GIVE_NUMBER, &[&caller]).await?;
            tracing::warn!(
                prompts = lost.len(),
                pay_outs,
                "calls were on their way when their reactor ended"
            );
        }
        Ok(())
    }

    /// Asks what became of payments that nobody has heard of, and says of how many.
    pub(super) async fn start_inquiries(
        self: &Arc<Self>,
        azampay: &Arc<AzamPay>,
        free: i64,
        calls: &mut JoinSet<()>,
    ) -> Result<usize, ReactorError> {
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
            [&self.clock.now(), &INQUIRE_AT_LEAST_EVERY, &free];
        let rows = self.client.query(statements::INQUIRIES_CLAIMED, &values).await?;
        for row in &rows {
            let (provider, amount) = wallet_and_amount("reactor.payment", row.try_get(1)?, row.try_get(2)?)?;
            let asked = Asked { payment: row.try_get(0)?, provider, amount, transaction_id: row.try_get(3)? };
            let (desk, azampay) = (Arc::clone(self), Arc::clone(azampay));
            calls.spawn(async move { desk.inquire(&azampay, asked).await });
        }
        Ok(rows.len())
    }

    async fn inquire(&self, azampay: &AzamPay, asked: Asked) {
        let Asked { payment, provider, amount, transaction_id } = asked;
        let Some(standing) = azampay.standing_of_collection(&transaction_id, provider).await else { return };
        self.figures.inquired(&standing);
        let report = match standing {
            Standing::Success => {
                Report::confirmed(payment, amount.shillings(), &transaction_id, &transaction_id)
            }
            Standing::Failure => {
                Report::declined(payment, Some(&transaction_id), "the provider says so", "inquiry")
            }
            Standing::Pending | Standing::NotFound => return,
            Standing::Unknown { why } => {
                tracing::info!(%payment, why, "an inquiry told nothing");
                return;
            }
        };
        let values = report.columns(self.clock.now());
        self.certainly(Note { sql: statements::REPORT, values }).await;
    }
}

/// A count as Postgres multiplies intervals with it.
#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "milliseconds of a setting are far below 2^53"
)]
const fn precise(count: i64) -> f64 {
    count as f64
}
