//! A sandbox beside a ledger that a test plays, and waiting for conditions with a limit.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use edge::{SystemClock, pace};
use reqwest::{Client, Method};
use sandbox::{Options, Running, Sandbox, Settings};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::ledger::{Call, Ledger, SECRET};

/// Anything here on two busy cores.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);
pub(crate) const STATION: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001);

pub(crate) struct Place {
    pub(crate) ledger: Ledger,
    pub(crate) sandbox: Running,
    client: Client,
}

/// An answer: its status and its body, null where it is no JSON.
pub(crate) type Answer = (u16, Value);

impl Place {
    /// Both, with nothing in the sandbox.
    pub(crate) async fn new() -> Place {
        Place::with(Ledger::start(), None, Settings::default()).await
    }

    pub(crate) async fn with(ledger: Ledger, directory: Option<&Path>, settings: Settings) -> Place {
        let sandbox = start(&ledger, directory, settings).await;
        Place { ledger, sandbox, client: Client::new() }
    }

    /// Both, with a cabinet of four slots that is connected: banks CP-1 and CP-2, slots 3 and 4 empty.
    pub(crate) async fn with_cabinet() -> Place {
        Place::new().await.connected().await
    }

    pub(crate) async fn connected(self) -> Place {
        let (status, body) = self.post("/cabinets", &registration(SECRET)).await;
        assert_eq!(status, 201, "{body}");
        wait_until("the cabinet is connected and has told what stands where", async || {
            !self.ledger.state().inventories.is_empty() && !self.ledger.state().heartbeats.is_empty()
        })
        .await;
        self
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: &Value) -> Answer {
        let request = self.client.request(method, format!("{}{path}", self.sandbox.url())).json(body);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or_default())
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let response = self.client.get(format!("{}{path}", self.sandbox.url())).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or_default())
    }

    pub(crate) async fn set(&self, settings: Value) {
        let (status, body) = self.send(Method::PUT, "/settings", &settings).await;
        assert_eq!(status, 200, "{body}");
    }

    /// The cabinet as it is shown.
    pub(crate) async fn cabinet(&self) -> Value {
        self.get(&format!("/cabinets/{STATION}")).await.1
    }

    /// Which banks stand in the cabinet's slots.
    pub(crate) async fn serials(&self) -> Vec<Value> {
        let cabinet = self.cabinet().await;
        cabinet["slots"].as_array().unwrap().iter().map(|slot| slot["serial"].clone()).collect()
    }

    pub(crate) async fn act(&self, what: &str, body: Value) -> Answer {
        self.post(&format!("/cabinets/{STATION}/{what}"), &body).await
    }

    pub(crate) async fn misbehave(&self, how: &str, seconds: u32) {
        let (status, body) = self.act("misbehave", json!({"how": how, "for_seconds": seconds})).await;
        assert_eq!(status, 200, "{body}");
    }

    /// Waits until so many commands have come one by one, and returns them.
    pub(crate) async fn commands(&self, count: usize) -> Vec<Value> {
        wait_until("the commands have come", async || self.ledger.state().commands.len() >= count).await;
        self.ledger.state().commands.clone()
    }

    /// Waits until so much has come from providers, and returns it.
    pub(crate) async fn calls(&self, count: usize) -> Vec<Call> {
        wait_until("the ledger was called", async || self.ledger.state().calls.len() >= count).await;
        self.ledger.state().calls.clone()
    }

    /// A request to the sandbox as a provider's client makes it.
    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}{path}", self.sandbox.url()))
    }

    /// A full inventory, as it is told on demand.
    pub(crate) async fn inventory(&self) -> Value {
        let before = self.ledger.state().inventories.len();
        assert_eq!(self.act("inventory", json!({})).await.0, 202);
        wait_until("an inventory has come", async || self.ledger.state().inventories.len() > before).await;
        self.ledger.state().inventories.last().unwrap().clone()
    }

    pub(crate) async fn stop(self) {
        self.sandbox.stop().await.unwrap();
        self.ledger.stop().await;
    }
}

/// A sandbox beside this ledger.
pub(crate) async fn start(ledger: &Ledger, directory: Option<&Path>, settings: Settings) -> Running {
    let options = Options {
        bind: "127.0.0.1:0".to_owned(),
        directory: directory.map(Path::to_owned),
        gateway: ledger.url.clone(),
        callback: Some(format!("{}/callback", ledger.url)),
        delivery: Some(format!("{}/delivery", ledger.url)),
        bill_secret: Some("bill secret".to_owned()),
        clock: Arc::new(SystemClock),
        settings,
    };
    Sandbox::start(options).await.unwrap()
}

pub(crate) fn registration(secret: &str) -> Value {
    json!({"station_id": STATION, "secret": secret, "slots": [
        {"slot": 1, "serial": "CP-1", "battery_percent": 90}, {"slot": 2, "serial": "CP-2", "battery_percent": 80},
        {"slot": 3}, {"slot": 4}]})
}

pub(crate) async fn wait_until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + LIMIT;
    while !condition().await {
        assert!(Instant::now() < end, "not within {LIMIT:?}: {what}");
        pace::rest(Duration::from_millis(5)).await;
    }
}
