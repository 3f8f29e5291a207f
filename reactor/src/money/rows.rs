//! From events to the rows of payments and refunds. The fold is pure; the rows are written in the transaction that moves the
//! reactor's position.
//!
//! It keeps true that what a row says of its payment or refund follows from the events alone. What a reactor noted beside
//! it (a claim, the next attempt) is not touched, but that an event ends what it ends: nobody is prompted for what is
//! settled, nothing is paid out that was paid.

use std::collections::BTreeMap;

use domain::{Event, Time, event};
use tokio_postgres::GenericClient;
use uuid::Uuid;

use crate::statements::money as statements;

/// A payment that was asked for.
struct Opened {
    fact: event::PaymentInitiated,
    occurred_at: Time,
    recorded_at: Time,
}

/// A refund that was asked for: of a customer or of a receipt.
struct Wanted {
    refund: Uuid,
    customer: Option<Uuid>,
    receipt: Option<Uuid>,
    provider: event::Provider,
    amount: domain::Money,
    destination: String,
}

/// Where a payment or refund stands after a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stand {
    stage: &'static str,
    provider: Option<&'static str>,
    reference: Option<String>,
}

impl Stand {
    const fn at(stage: &'static str) -> Self {
        Self { stage, provider: None, reference: None }
    }
}

/// What a batch of events does to the rows.
#[derive(Default)]
pub(crate) struct Rows {
    opened: Vec<Opened>,
    wanted: Vec<Wanted>,
    payments: BTreeMap<Uuid, Stand>,
    refunds: BTreeMap<Uuid, Stand>,
    erased: Vec<Uuid>,
}

impl Rows {
    /// Takes an event in.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "no other event moves a payment or a refund; the test holds the list"
    )]
    pub(crate) fn take(&mut self, event: &Event, occurred_at: Time, recorded_at: Time) {
        match event {
            Event::PaymentInitiated(fact) => {
                self.opened.push(Opened { fact: (**fact).clone(), occurred_at, recorded_at });
            }
            Event::RefundRequested(fact) => self.wanted.push(Wanted {
                refund: fact.refund_id.0,
                customer: Some(fact.customer_id.0),
                receipt: None,
                provider: fact.provider,
                amount: fact.amount,
                destination: fact.destination.sealed.clone(),
            }),
            Event::ReceiptRefundRequested(fact) => self.wanted.push(Wanted {
                refund: fact.refund_id.0,
                customer: None,
                receipt: Some(fact.receipt_id.0),
                provider: fact.provider,
                amount: fact.amount,
                destination: fact.destination.sealed.clone(),
            }),
            Event::CustomerErased(fact) => self.erased.push(fact.customer_id.0),
            other => self.take_stand(other),
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "no other event moves a payment or a refund; the test holds the list"
    )]
    fn take_stand(&mut self, event: &Event) {
        let stand = |stage| Stand::at(stage);
        match event {
            Event::PaymentPrompted(fact) => {
                let reference = fact.provider_reference.as_ref().map(|id| id.as_str().to_owned());
                let before = self.payments.remove(&fact.payment_id.0).and_then(|stand| stand.reference);
                let stand = Stand { reference: reference.or(before), ..stand("prompted") };
                self.payments.insert(fact.payment_id.0, stand);
            }
            Event::PaymentOutcomeUnknown(fact) => self.payment(fact.payment_id.0, "unknown"),
            Event::PaymentWasDeclined(fact) => self.payment(fact.payment_id.0, "declined"),
            Event::PaymentExpired(fact) => self.payment(fact.payment_id.0, "expired"),
            Event::PaymentSettled(fact) => self.payment(fact.payment_id.0, "settled"),
            Event::RefundApproved(fact) => self.refund(fact.refund_id.0, "approved"),
            Event::RefundRejected(fact) => self.refund(fact.refund_id.0, "rejected"),
            Event::RefundSubmitted(fact) => {
                let stand = Stand {
                    stage: "submitted",
                    provider: Some(fact.provider.as_str()),
                    reference: Some(fact.reference.as_str().to_owned()),
                };
                self.refunds.insert(fact.refund_id.0, stand);
            }
            Event::RefundOutcomeUnknown(fact) => self.refund(fact.refund_id.0, "unknown"),
            Event::RefundFailed(fact) => self.refund(fact.refund_id.0, "failed"),
            Event::RefundPaid(fact) => self.refund(fact.refund_id.0, "paid"),
            _ => {}
        }
    }

    /// A later stage keeps what an earlier one of the batch said beside it.
    fn payment(&mut self, payment: Uuid, stage: &'static str) {
        self.payments.entry(payment).or_insert(Stand::at(stage)).stage = stage;
    }

    fn refund(&mut self, refund: Uuid, stage: &'static str) {
        self.refunds.entry(refund).or_insert(Stand::at(stage)).stage = stage;
    }

    /// Writes them.
    pub(crate) async fn write_in_tx<C: GenericClient>(
        &self,
        client: &C,
    ) -> Result<(), tokio_postgres::Error> {
        self.open_in_tx(client).await?;
        self.want_in_tx(client).await?;
        if !self.payments.is_empty() {
            let ids: Vec<Uuid> = self.payments.keys().copied().collect();
            let stages: Vec<&str> = self.payments.values().map(|stand| stand.stage).collect();
            let references: Vec<_> = self.payments.values().map(|stand| stand.reference.as_deref()).collect();
            client.execute(statements::PAYMENTS_MOVED, &[&ids, &stages, &references]).await?;
        }
        if !self.refunds.is_empty() {
            let ids: Vec<Uuid> = self.refunds.keys().copied().collect();
            let stages: Vec<&str> = self.refunds.values().map(|stand| stand.stage).collect();
            let providers: Vec<_> = self.refunds.values().map(|stand| stand.provider).collect();
            let references: Vec<_> = self.refunds.values().map(|stand| stand.reference.as_deref()).collect();
            client.execute(statements::REFUNDS_MOVED, &[&ids, &stages, &providers, &references]).await?;
        }
        if !self.erased.is_empty() {
            client.execute(statements::PHONES_FORGOTTEN, &[&self.erased]).await?;
        }
        Ok(())
    }

    async fn open_in_tx<C: GenericClient>(&self, client: &C) -> Result<(), tokio_postgres::Error> {
        if self.opened.is_empty() {
            return Ok(());
        }
        let facts = || self.opened.iter().map(|opened| &opened.fact);
        let payments: Vec<Uuid> = facts().map(|fact| fact.payment_id.0).collect();
        let customers: Vec<Uuid> = facts().map(|fact| fact.customer_id.0).collect();
        let providers: Vec<&str> = facts().map(|fact| fact.provider.as_str()).collect();
        let amounts: Vec<i64> = facts().map(|fact| fact.amount.shillings()).collect();
        let phones: Vec<_> =
            facts().map(|fact| fact.phone.as_ref().map(|phone| phone.sealed.as_str())).collect();
        let external_ids: Vec<&str> = facts().map(|fact| fact.external_id.as_str()).collect();
        let occurred: Vec<Time> = self.opened.iter().map(|opened| opened.occurred_at).collect();
        let recorded: Vec<Time> = self.opened.iter().map(|opened| opened.recorded_at).collect();
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 8] =
            [&payments, &customers, &providers, &amounts, &phones, &external_ids, &occurred, &recorded];
        client.execute(statements::PAYMENTS_OPENED, &values).await?;
        Ok(())
    }

    async fn want_in_tx<C: GenericClient>(&self, client: &C) -> Result<(), tokio_postgres::Error> {
        if self.wanted.is_empty() {
            return Ok(());
        }
        let all = || self.wanted.iter();
        let refunds: Vec<Uuid> = all().map(|wanted| wanted.refund).collect();
        let customers: Vec<Option<Uuid>> = all().map(|wanted| wanted.customer).collect();
        let receipts: Vec<Option<Uuid>> = all().map(|wanted| wanted.receipt).collect();
        let providers: Vec<&str> = all().map(|wanted| wanted.provider.as_str()).collect();
        let amounts: Vec<i64> = all().map(|wanted| wanted.amount.shillings()).collect();
        let destinations: Vec<&str> = all().map(|wanted| wanted.destination.as_str()).collect();
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 6] =
            [&refunds, &customers, &receipts, &providers, &amounts, &destinations];
        client.execute(statements::REFUNDS_OPENED, &values).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The events that move a payment or refund, or open one.
    const TAKEN: [&str; 15] = [
        "PaymentInitiated",
        "PaymentPrompted",
        "PaymentOutcomeUnknown",
        "PaymentWasDeclined",
        "PaymentExpired",
        "PaymentSettled",
        "RefundRequested",
        "ReceiptRefundRequested",
        "RefundApproved",
        "RefundRejected",
        "RefundSubmitted",
        "RefundOutcomeUnknown",
        "RefundFailed",
        "RefundPaid",
        "CustomerErased",
    ];

    fn example(name: &str) -> Event {
        let path = format!("{}/../schema/events/examples/{name}.v1.json", env!("CARGO_MANIFEST_DIR"));
        Event::decode(name, 1, &std::fs::read(path).unwrap()).unwrap()
    }

    fn rows(names: &[&str]) -> Rows {
        let mut rows = Rows::default();
        for name in names {
            rows.take(&example(name), Time::UNIX_EPOCH, Time::UNIX_EPOCH);
        }
        rows
    }

    #[test]
    fn exactly_these_events_touch_a_row() {
        for name in Event::TYPES {
            let rows = rows(&[name]);
            let touched = !(rows.opened.is_empty()
                && rows.wanted.is_empty()
                && rows.payments.is_empty()
                && rows.refunds.is_empty()
                && rows.erased.is_empty());
            assert_eq!(touched, TAKEN.contains(name), "{name}");
        }
    }

    #[test]
    fn the_last_stage_of_a_batch_counts_and_keeps_what_was_told_beside_it() {
        let mut rows = rows(&["PaymentPrompted", "RefundSubmitted"]);
        let (payment, prompted) = rows.payments.pop_first().unwrap();
        let (refund, submitted) = rows.refunds.pop_first().unwrap();
        rows.payments.insert(payment, prompted.clone());
        rows.refunds.insert(refund, submitted.clone());
        rows.payment(payment, "settled");
        rows.refund(refund, "paid");
        assert_eq!(rows.payments[&payment], Stand { stage: "settled", ..prompted });
        assert_eq!(rows.refunds[&refund], Stand { stage: "paid", ..submitted });
    }
}
