//! What became of a call, as the command that says so: kept in the transaction that ends the call, sent until it has its
//! final answer.
//!
//! It names nobody: ids, references, and words without numbers of people.

use std::time::Duration;

use chrono::TimeDelta;
use domain::Time;
use edge::pace::Backoff;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::desk::Desk;
use super::ids::command_id;
use crate::azampay::plain;
use crate::commands::{Answer, Command};
use crate::error::ReactorError;
use crate::statements::money as statements;

/// How many reports are taken at once, and how many are on their way at the same time.
const TAKEN: i64 = 100;
const AT_ONCE: usize = 8;
/// The first pause between attempts, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(60));

/// A value of a statement, as it is carried to another task.
pub(super) type Owned = Box<dyn ToSql + Sync + Send>;

/// A command about a payment or refund.
pub(super) struct Report {
    pub(super) id: Uuid,
    pub(super) entity: Uuid,
    pub(super) name: &'static str,
    pub(super) data: Value,
}

impl Report {
    fn of(name: &'static str, entity: Uuid, attempt: &str, data: Value) -> Self {
        Self { id: command_id(name, entity, attempt), entity, name, data }
    }

    pub(super) fn prompted(payment: Uuid, transaction_id: Option<&str>) -> Self {
        let data = with(json!({"payment_id": payment}), "provider_reference", transaction_id);
        Self::of("RecordPrompt", payment, "1", data)
    }

    pub(super) fn confirmed(payment: Uuid, amount: i64, reference: &str, attempt: &str) -> Self {
        let data = json!({"payment_id": payment, "amount": amount, "provider_reference": reference});
        Self::of("PaymentConfirmed", payment, attempt, data)
    }

    pub(super) fn declined(payment: Uuid, reference: Option<&str>, reason: &str, attempt: &str) -> Self {
        let data = json!({"payment_id": payment, "reason": plain(reason)});
        Self::of("PaymentDeclined", payment, attempt, with(data, "provider_reference", reference))
    }

    pub(super) fn unknown(payment: Uuid, reason: &str, attempt: &str) -> Self {
        let data = json!({"payment_id": payment, "reason": plain(reason)});
        Self::of("MarkPaymentUnknown", payment, attempt, data)
    }

    pub(super) fn refund_paid(refund: Uuid, reference: Option<&str>, attempt: &str) -> Self {
        let data = with(json!({"refund_id": refund}), "provider_reference", reference);
        Self::of("RefundConfirmed", refund, attempt, data)
    }

    pub(super) fn refund_declined(refund: Uuid, reason: &str, attempt: &str) -> Self {
        let data = json!({"refund_id": refund, "reason": plain(reason)});
        Self::of("RefundDeclined", refund, attempt, data)
    }

    pub(super) fn refund_unknown(refund: Uuid, reason: &str, attempt: &str) -> Self {
        let data = json!({"refund_id": refund, "reason": plain(reason)});
        Self::of("MarkRefundUnknown", refund, attempt, data)
    }

    /// The columns of the report's row, in the order of every statement that keeps one.
    pub(super) fn columns(&self, at: Time) -> Vec<Owned> {
        let data = self.data.to_string();
        vec![Box::new(self.id), Box::new(self.entity), Box::new(self.name), Box::new(at), Box::new(data)]
    }

    /// The command that says so, at that time.
    pub(super) fn command(&self, at: Time) -> Command {
        Command { id: self.id, name: self.name, occurred_at: Some(at), data: self.data.clone() }
    }
}

fn with(mut data: Value, name: &str, text: Option<&str>) -> Value {
    if let (Some(text), Some(object)) = (text, data.as_object_mut()) {
        object.insert(name.to_owned(), Value::String(text.to_owned()));
    }
    data
}

/// The names that are sent.
const NAMES: [&str; 7] = [
    "RecordPrompt",
    "PaymentConfirmed",
    "PaymentDeclined",
    "MarkPaymentUnknown",
    "RefundConfirmed",
    "RefundDeclined",
    "MarkRefundUnknown",
];

/// A report that waits.
struct Waiting {
    command: Command,
    entity: Uuid,
    attempts: u32,
}

impl Waiting {
    fn read(row: &Row) -> Result<Self, ReactorError> {
        let damaged = |what| ReactorError::Damaged { table: "reactor.report", what };
        let (name, data): (&str, &str) = (row.try_get(2)?, row.try_get(4)?);
        let name = NAMES.into_iter().find(|known| *known == name);
        let command = Command {
            id: row.try_get(0)?,
            name: name.ok_or_else(|| damaged("an unknown command"))?,
            occurred_at: Some(row.try_get(3)?),
            data: serde_json::from_str(data).map_err(|_| damaged("data that is no JSON"))?,
        };
        let attempts = u32::try_from(row.try_get::<_, i32>(5)?).map_err(|_| damaged("negative attempts"))?;
        Ok(Self { command, entity: row.try_get(1)?, attempts })
    }
}

impl Desk {
    /// Sends the reports that are due, and says how many there were.
    pub(super) async fn send_reports(&self) -> Result<usize, ReactorError> {
        let rows = self.client.query(statements::REPORTS_DUE, &[&self.clock.now(), &TAKEN]).await?;
        let waiting = rows.iter().map(Waiting::read).collect::<Result<Vec<_>, _>>()?;
        let sent = stream::iter(waiting).map(|report| self.send_report(report));
        sent.buffer_unordered(AT_ONCE).try_collect::<()>().await?;
        Ok(rows.len())
    }

    async fn send_report(&self, report: Waiting) -> Result<(), ReactorError> {
        let Waiting { command, entity, attempts } = report;
        match self.send(&command).await {
            Answer::Done { .. } => {}
            Answer::Refused { code } => {
                tracing::info!(command = command.name, %entity, code, "what became of a call was known otherwise");
            }
            Answer::Again { why, .. } => {
                tracing::debug!(command = command.name, %entity, why, "a report is sent again");
                let pause = Backoff::new(PAUSES.0, PAUSES.1).after(attempts).next_pause(self.clock.as_ref());
                let next = self.after(TimeDelta::from_std(pause).unwrap_or_default());
                self.client.execute(statements::REPORT_AGAIN, &[&command.id, &next]).await?;
                return Ok(());
            }
        }
        // None if another reactor had the answer first.
        self.client.execute(statements::REPORTED, &[&command.id]).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_report_is_a_command_of_the_providers_side() {
        let id = Uuid::from_u128(7);
        let reports = [
            Report::prompted(id, Some("tx")),
            Report::prompted(id, None),
            Report::confirmed(id, 5_000, "tx", "1"),
            Report::declined(id, None, "1000: Invalid\nVendor", "1"),
            Report::unknown(id, "no answer in time", "1"),
            Report::refund_paid(id, Some("pg"), "1"),
            Report::refund_declined(id, "400", "1"),
            Report::refund_unknown(id, "", "1"),
        ];
        for report in reports {
            let parsed = domain::Command::parse(report.name, &report.data.to_string()).unwrap();
            assert!(parsed.allowed(domain::Role::Payments), "{}", report.name);
            assert_eq!(parsed.obvious_streams(), [id], "{}", report.name);
            assert!(NAMES.contains(&report.name));
        }
    }
}
