//! A client of the payment provider that speaks its wire format, and answers prompts.

use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::harness::{Answer, Place, wait_until};

pub(crate) const CHECKOUT: &str = "/azampay/mno/checkout";
pub(crate) const DISBURSE: &str = "/api/v1/azampay/disburse";
pub(crate) const PHONE: &str = "255754000001";

/// What an application signs in with.
pub(crate) fn credentials() -> Value {
    json!({"appName": "ChajiPoa", "clientId": "id", "clientSecret": "secret"})
}

pub(crate) fn checkout(external_id: &str) -> Value {
    json!({"accountNumber": PHONE, "amount": 60_000, "currency": "TZS", "externalId": external_id,
        "provider": "Mpesa", "additionalProperties": {}})
}

pub(crate) fn disbursement(reference: &str) -> Value {
    let party = |name: &str, bank: &str, account: &str| json!({"countryCode": "TZ", "fullName": name, "bankName": bank, "accountNumber": account, "currency": "TZS"});
    let now = edge::Clock::now(&edge::SystemClock).timestamp();
    json!({"source": party("ChajiPoa", "azampesa", "255700000000"),
        "destination": party("Asha", "airtel", "255688000001"),
        "transferDetails": {"type": "USSD", "amount": 5000.0, "dateInEpoch": now},
        "externalReferenceId": reference, "additionalProperties": {}, "checksum": "AAAA", "remarks": "refund"})
}

impl Place {
    /// A token, and the whole answer.
    pub(crate) async fn token(&self) -> String {
        let (status, answer) = self.post("/AppRegistration/GenerateToken", &credentials()).await;
        assert_eq!(status, 200, "{answer}");
        answer["data"]["accessToken"].as_str().unwrap().to_owned()
    }

    /// A request with a token, its answer unread.
    pub(crate) async fn sent(&self, path: &str, body: &Value) -> reqwest::Result<Response> {
        let token = self.token().await;
        self.request(Method::POST, path).bearer_auth(token).json(body).send().await
    }

    pub(crate) async fn with_token(&self, path: &str, body: &Value) -> Answer {
        let response = self.sent(path, body).await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or_default())
    }

    /// Charges, and returns the transaction's id.
    pub(crate) async fn charged(&self, external_id: &str) -> String {
        let (status, answer) = self.with_token(CHECKOUT, &checkout(external_id)).await;
        assert_eq!((status, &answer["success"]), (200, &json!(true)), "{answer}");
        answer["transactionId"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn answered(&self, transaction: &str, outcome: &str) -> Answer {
        self.post(&format!("/payments/prompts/{transaction}"), &json!({"outcome": outcome})).await
    }

    pub(crate) async fn prompt(&self, transaction: &str) -> Value {
        self.get(&format!("/payments/prompts/{transaction}")).await.1
    }

    /// Waits until so many callbacks of a prompt were answered.
    pub(crate) async fn told(&self, transaction: &str, callbacks: u32) {
        wait_until("the callbacks were answered", async || {
            self.prompt(transaction).await["callbacks"] == json!(callbacks)
        })
        .await;
    }

    pub(crate) async fn inquiry(&self, query: &str) -> Value {
        let token = self.token().await;
        let response = self.request(Method::GET, query).bearer_auth(token).send().await.unwrap();
        assert_eq!(response.status(), 200);
        response.json().await.unwrap()
    }
}
