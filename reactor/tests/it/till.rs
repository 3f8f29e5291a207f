//! A city that pays: its reactor, a scripted AzamPay, cashiers, and letters as they come.

use std::time::Duration;

use bytes::Bytes;
use chrono::TimeDelta;
use edge::metrics::Metrics;
use edge::{Clock as _, SystemClock};
use ledger::Ledger;
use ledger::inbox::{Inbox, Incoming, LetterKind};
use ledger::migrate::ServiceRole;
use ledger::seal::{Keys, Sealer};
use reactor::{AzamPay, AzamPaySettings, Cashier, Cashing, MoneyStatus, Running};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{ADMIN, PAYMENTS, Place, Serving, id, until};
use crate::provider::AzamPayDouble;

pub(crate) struct Till {
    pub(crate) place: Place,
    pub(crate) serving: Serving,
    pub(crate) double: AzamPayDouble,
    reactor: Running,
}

impl Till {
    pub(crate) async fn new() -> Self {
        let place = Place::new().await;
        let serving = place.serve().await;
        let double = AzamPayDouble::start().await;
        let reactor = place.react(&serving);
        Self { place, serving, double, reactor }
    }

    /// A cashier with an account at the scripted AzamPay, that prompts at once.
    pub(crate) fn cashier(&self, change: impl FnOnce(&mut AzamPaySettings)) -> Cashier {
        let mut settings = AzamPaySettings::of_sandbox(&self.double.url);
        settings.patience = Duration::from_millis(500);
        settings.prompt_after = Duration::ZERO;
        change(&mut settings);
        self.cashier_with(Some(AzamPay::new(settings, self.place.clock.clone()).unwrap()))
    }

    pub(crate) fn cashier_with(&self, azampay: Option<AzamPay>) -> Cashier {
        let url = self.place.url(ServiceRole::Reactor);
        let ledger = Ledger::connect(&url, 2).unwrap();
        let keys = Keys::open_or_create(self.place.keys()).unwrap();
        let commands = self.place.commands(&self.serving);
        // Each has metrics of its own: two cashiers are two processes.
        let clock = self.place.clock.clone();
        Cashier::new((url, ledger), keys, azampay, commands, clock, MoneyStatus::new(&Metrics::new()))
    }

    pub(crate) fn cash(&self) -> Cashing {
        self.cashier(|_| {}).start()
    }

    /// A verified customer with this number.
    pub(crate) async fn customer(&self, phone: &str) -> Uuid {
        let customer_id = id();
        self.command(ADMIN, "RegisterCustomer", json!({"customer_id": customer_id, "phone": phone})).await;
        self.command(ADMIN, "VerifyCustomer", json!({"customer_id": customer_id})).await;
        customer_id
    }

    /// The same, with a deposit.
    pub(crate) async fn saver(&self, phone: &str, deposit: u32) -> Uuid {
        let customer = self.customer(phone).await;
        let bill = json!({"customer_id": customer, "provider": "mpesa", "amount": deposit,
            "provider_reference": format!("R{customer}")});
        self.command(PAYMENTS, "PaymentConfirmed", bill).await;
        customer
    }

    pub(crate) async fn command(&self, who: crate::harness::Who, kind: &str, data: Value) -> Value {
        self.place.command(&self.serving, who, kind, data).await
    }

    /// Asks a customer for money; their reference of it.
    pub(crate) async fn ask(&self, customer: Uuid, provider: &str, amount: u32) -> Payment {
        let payment_id = id();
        let data = json!({"payment_id": payment_id, "customer_id": customer, "amount": amount, "purpose": "deposit",
            "provider": provider});
        self.command(ADMIN, "InitiatePayment", data).await;
        let sql = "SELECT convert_from(payload, 'UTF8')::jsonb ->> 'external_id' FROM ledger.event \
             WHERE type = 'PaymentInitiated' AND convert_from(payload, 'UTF8')::jsonb ->> 'payment_id' = $1";
        let row = self.place.owner().query_one(sql, &[&payment_id.to_string()]).await.unwrap();
        Payment { id: payment_id, external_id: row.get(0) }
    }

    /// Asks for a part of the deposit back.
    pub(crate) async fn ask_back(&self, customer: Uuid, provider: &str, amount: u32) -> Uuid {
        let refund_id = id();
        let data =
            json!({"refund_id": refund_id, "customer_id": customer, "amount": amount, "provider": provider});
        self.command(ADMIN, "RequestDepositRefund", data).await;
        refund_id
    }

    /// The types of the events of a payment or refund, in their order.
    pub(crate) async fn story(&self, entity: Uuid) -> Vec<String> {
        let sql = "SELECT type FROM ledger.event WHERE convert_from(payload, 'UTF8') LIKE '%' || $1 || '%' \
             ORDER BY position";
        let rows = self.place.owner().query(sql, &[&entity.to_string()]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    pub(crate) async fn until_story(&self, entity: Uuid, story: &[&str]) {
        let mut told = Vec::new();
        until_or(
            async || {
                told = self.story(entity).await;
                told.len() >= story.len()
            },
            &format!("{story:?}"),
        )
        .await;
        assert_eq!(told, story);
    }

    /// Puts letters into the inbox, as command-api does, and waits until each is judged; the verdicts.
    pub(crate) async fn letters(&self, bodies: &[Value]) -> Vec<String> {
        self.put(bodies).await;
        self.verdicts().await
    }

    pub(crate) async fn put(&self, bodies: &[Value]) {
        // A text is a body that is no JSON.
        let raw = |body: &Value| body.as_str().map_or_else(|| body.to_string(), str::to_owned);
        let raw: Vec<String> = bodies.iter().map(raw).collect();
        let ledger = Ledger::connect(&self.place.url(ServiceRole::Command), 1).unwrap();
        let identity = ledger.identity().await.unwrap();
        let keys = Keys::open_or_create(self.place.keys()).unwrap();
        let inbox = Inbox::new(ledger.clone(), Sealer::new(keys, ledger, identity));
        for body in raw {
            let letter =
                Incoming { id: SystemClock.id(), kind: LetterKind::Azampay, body: Bytes::from(body) };
            inbox.store(&[letter]).await.unwrap();
        }
    }

    /// The verdicts of all letters, in the order of their coming, once all are judged.
    pub(crate) async fn verdicts(&self) -> Vec<String> {
        let sql = "SELECT state, coalesce(verdict, '') FROM inbox.letter ORDER BY id";
        let mut verdicts = Vec::new();
        until_or(
            async || {
                let rows = self.place.owner().query(sql, &[]).await.unwrap();
                verdicts =
                    rows.iter().map(|row| (row.get::<_, String>(0), row.get::<_, String>(1))).collect();
                verdicts.iter().all(|(state, _)| state != "new")
            },
            "every letter is judged",
        )
        .await;
        verdicts
            .into_iter()
            .map(|(state, verdict)| if state == "failed" { format!("failed: {verdict}") } else { verdict })
            .collect()
    }

    /// How many events of a type there are.
    pub(crate) async fn count(&self, kind: &str) -> usize {
        self.place.happened(kind).await.len()
    }

    /// What the row of a payment or refund says in a column.
    pub(crate) async fn row(&self, table: &str, column: &str, entity: Uuid) -> Option<String> {
        let sql = format!("SELECT {column}::text FROM reactor.{table} WHERE {table}_id = $1");
        self.place.owner().query_opt(&sql, &[&entity]).await.unwrap().and_then(|row| row.get(0))
    }

    /// Waits until the reactor has folded and nothing waits to be reported.
    pub(crate) async fn until_reported(&self) {
        self.place.until_idle().await;
        let sql = "SELECT count(*) FROM reactor.report";
        until("nothing waits to be reported", async || {
            self.place.owner().query_one(sql, &[]).await.unwrap().get::<_, i64>(0) == 0
        })
        .await;
        self.place.until_idle().await;
    }

    pub(crate) fn advance(&self, by: TimeDelta) {
        self.place.clock.advance(by);
    }

    pub(crate) async fn close(self) {
        self.reactor.stop().await.unwrap();
        self.serving.stop().await;
    }
}

async fn until_or(condition: impl AsyncFnMut() -> bool, what: &str) {
    until(what, condition).await;
}

pub(crate) struct Payment {
    pub(crate) id: Uuid,
    pub(crate) external_id: String,
}

impl Payment {
    /// The callback that AzamPay sends of it, but for these fields.
    pub(crate) fn callback(&self, changes: &Value) -> Value {
        let transaction = format!("AZM{}", self.external_id);
        let mut body = json!({"message": "success", "user": null, "password": null, "clientId": null,
            "transactionstatus": "success", "operator": "Mpesa", "reference": transaction,
            "externalreference": transaction, "utilityref": self.external_id, "amount": "5000",
            "transid": transaction, "msisdn": "255712345678", "mnoreference": id(), "submerchantAcc": null,
            "additionalProperties": {}});
        body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        body
    }
}
