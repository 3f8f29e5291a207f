//! Customers with phones in the sandbox: what they pay, what they are asked, what they are sent.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tests::harness::{ADMIN, Client, FINANCE, Place, Process, wait_for};
use uuid::Uuid;

use crate::town::{customer, id, phone};

/// Two busy cores, a debug build.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// A running sandbox.
pub(crate) struct Sandbox {
    http: reqwest::Client,
    base: String,
}

impl Sandbox {
    pub(crate) fn at(base: &str) -> Self {
        Self { http: reqwest::Client::new(), base: base.trim_end_matches('/').to_owned() }
    }

    /// A sandbox as a process of its own: it stays when the ledger is killed.
    pub(crate) async fn beside(place: &Place, gateway: &str) -> (Self, Process) {
        let process = place.spec(&["sandbox", "--url", gateway], &place.database.owner_url).start().await;
        (Self::at(&process.url()), process)
    }

    /// What makes a reactor take it for the providers.
    pub(crate) fn provider_settings(&self) -> Vec<(String, String)> {
        let base = &self.base;
        [
            ("AZAMPAY_AUTH_URL", base.as_str()),
            ("AZAMPAY_CHECKOUT_URL", base),
            ("AZAMPAY_DISBURSE_URL", base),
            ("AZAMPAY_APP_NAME", "chajipoa"),
            ("AZAMPAY_CLIENT_ID", "tests"),
            ("AZAMPAY_CLIENT_SECRET", "a secret of tests"),
            ("AZAMPAY_SOURCE_ACCOUNT", "255700000001"),
            ("AZAMPAY_SOURCE_NAME", "ChajiPoa"),
            ("SMS_PROVIDER_URL", base),
            ("SMS_USERNAME", "tests"),
            ("SMS_API_KEY", "a key of tests"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.http.get(format!("{}{path}", self.base)).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.text().await.unwrap());
        answer.json().await.unwrap()
    }

    pub(crate) async fn text(&self, path: &str) -> String {
        self.http.get(format!("{}{path}", self.base)).send().await.unwrap().text().await.unwrap()
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Value) -> Value {
        let request = self.http.request(method, format!("{}{path}", self.base)).body(body.to_string());
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path} {body}: {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    pub(crate) async fn set(&self, settings: Value) {
        self.send(Method::PUT, "/settings", settings).await;
    }

    /// What this phone is asked to pay, oldest first.
    pub(crate) async fn prompts(&self, number: &str) -> Vec<Value> {
        let items = self.get(&format!("/payments/prompts?msisdn={}", &number[1..])).await;
        items["items"].as_array().unwrap().clone()
    }

    /// Waits for the one prompt that is not answered yet, and answers it.
    pub(crate) async fn answer(&self, number: &str, outcome: &str) -> Value {
        let pending = wait_for("the phone shows a prompt", LIMIT, async || {
            self.prompts(number).await.into_iter().find(|prompt| prompt["state"] == "pending")
        })
        .await;
        let path = format!("/payments/prompts/{}", pending["transaction_id"].as_str().unwrap());
        self.send(Method::POST, &path, json!({"outcome": outcome})).await;
        pending
    }

    /// The texts that a phone was sent, oldest first.
    pub(crate) async fn texts(&self, number: &str) -> Vec<String> {
        let items = self.get(&format!("/sms/messages?to={}", &number[1..])).await;
        let text = |item: &Value| item["text"].as_str().unwrap().to_owned();
        items["items"].as_array().unwrap().iter().map(text).collect()
    }

    /// What was paid out to a phone.
    pub(crate) async fn received(&self, number: &str) -> Vec<Value> {
        let items = self.get(&format!("/payments/disbursements?msisdn={}", &number[1..])).await;
        items["items"].as_array().unwrap().clone()
    }
}

/// A verified customer and their phone.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) id: Uuid,
    pub(crate) phone: String,
}

impl Person {
    pub(crate) async fn new(client: &Client) -> Self {
        let person = Self { id: id(), phone: phone() };
        let data = json!({"customer_id": person.id, "phone": person.phone, "name": "Asha"});
        let _ = client.command(ADMIN, "RegisterCustomer", data).await.expect(201);
        let named = json!({"customer_id": person.id});
        let _ = client.command(ADMIN, "VerifyCustomer", named).await.expect(201);
        person
    }

    /// Asks to pay this much; the payment's id.
    pub(crate) async fn asks_to_pay(&self, client: &Client, amount: i64, provider: &str) -> Uuid {
        let payment = id();
        let data = json!({
            "payment_id": payment, "customer_id": self.id, "amount": amount, "purpose": "deposit",
            "provider": provider,
        });
        let _ = client.command(customer(self.id), "InitiatePayment", data).await.expect(201);
        payment
    }

    /// Waits until a payment stands so.
    pub(crate) async fn sees(&self, client: &Client, payment: Uuid, status: &str) {
        let path = format!("/api/v1/payments/{payment}");
        let mut last = Value::Null;
        let found = tokio::time::timeout(LIMIT, async {
            wait_for("the payment stands so", LIMIT * 2, async || {
                let answer = client.get(customer(self.id), &path).await;
                last = answer.at("/status");
                (last == status).then_some(())
            })
            .await;
        })
        .await;
        assert!(found.is_ok(), "{payment} is {last}, not {status}");
    }

    /// Waits until a refund stands so.
    pub(crate) async fn sees_refund(&self, client: &Client, refund: Uuid, status: &str) {
        let path = format!("/api/v1/refunds/{refund}");
        let mut last = Value::Null;
        let found = tokio::time::timeout(LIMIT, async {
            wait_for("the refund stands so", LIMIT * 2, async || {
                let answer = client.get(FINANCE, &path).await;
                last = answer.at("/status");
                (last == status).then_some(())
            })
            .await;
        })
        .await;
        assert!(found.is_ok(), "{refund} is {last}, not {status}");
    }

    /// Deposit balance and debt, of now.
    pub(crate) async fn purse(&self, client: &Client, place: &Place) -> (i64, i64) {
        let answer =
            client.get_at(customer(self.id), "/api/v1/users/balance", place.last().await).await.expect(200);
        (answer.at("/balance").as_i64().unwrap(), answer.at("/debt").as_i64().unwrap())
    }
}
