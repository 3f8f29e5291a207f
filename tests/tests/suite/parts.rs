//! Services as processes of their own beside the sandbox, and customers who log in with the code that comes by SMS.

use std::time::Duration;

use ledger::migrate::ServiceRole;
use reqwest::Method;
use serde_json::{Value, json};
use tests::harness::{Answer, Client, Place, Process, wait_for};

/// Two busy cores, a debug build.
const LIMIT: Duration = Duration::from_secs(60);
/// More than any test asks for.
const PLENTY: &str = "10000000/10000000";

/// A command-api.
pub(crate) const COMMANDS: (&str, ServiceRole) = ("command-api", ServiceRole::Command);
/// A projector.
pub(crate) const PROJECTOR: (&str, ServiceRole) = ("projector", ServiceRole::Projector);
/// A query-api.
pub(crate) const QUERIES: (&str, ServiceRole) = ("query-api", ServiceRole::Query);
/// A relay, for a place with Kafka.
pub(crate) const RELAY: (&str, ServiceRole) = ("relay", ServiceRole::Relay);

/// Running services. The sandbox and the reactor, which sends the messages, are always among them.
pub(crate) struct Parts {
    pub(crate) place: Place,
    /// Each with its name; the sandbox is not among them.
    pub(crate) processes: Vec<(&'static str, Process)>,
    sandbox: Process,
    http: reqwest::Client,
}

impl Parts {
    /// Starts them; the first is a command-api.
    pub(crate) async fn start(place: Place, log: &str, services: &[(&'static str, ServiceRole)]) -> Self {
        let mut processes = Vec::new();
        for (name, role) in services {
            let spec =
                place.service(name, *role).env("RUST_LOG", log).env("CHAJIPOA_CODES_PREFIX", "1000000");
            let spec = spec.env("CHAJIPOA_RATE_ADDRESS", PLENTY).env("CHAJIPOA_RATE_CUSTOMER", PLENTY);
            processes.push((*name, spec.start().await));
        }
        let gateway = processes[0].1.url();
        let sandbox = place.spec(&["sandbox"], "").env("CHAJIPOA_URL", &gateway).start().await;
        let reactor = place
            .service("reactor", ServiceRole::Reactor)
            .env("RUST_LOG", log)
            .env("CHAJIPOA_COMMAND_URL", &gateway)
            .env("SMS_PROVIDER_URL", sandbox.url())
            .env("SMS_USERNAME", "sandbox")
            .env("SMS_API_KEY", "sandbox");
        processes.push(("reactor", reactor.start().await));
        Self { place, processes, sandbox, http: reqwest::Client::new() }
    }

    /// A client of each service of this name.
    pub(crate) fn of(&self, name: &str) -> Vec<Client> {
        let named = self.processes.iter().filter(|(known, _)| *known == name);
        named.map(|(_, process)| self.place.client(process)).collect()
    }

    /// The messages that came to a phone, oldest first.
    async fn messages(&self, phone: &str) -> Vec<Value> {
        let url = format!("{}/sms/messages?to={}", self.sandbox.url(), phone.replace('+', "%2B"));
        let answer = self.http.get(url).send().await.expect("the sandbox answers");
        let page: Value = answer.json().await.expect("JSON");
        page["items"].as_array().cloned().expect("items")
    }

    /// Asks for a code and returns the one that comes.
    pub(crate) async fn code(&self, client: &Client, phone: &str, name: Option<&str>) -> String {
        let before = self.messages(phone).await.len();
        let mut asked = json!({"phone": phone});
        if let Some(name) = name {
            asked["name"] = json!(name);
        }
        let _ = open(client, "/api/v1/auth/register", asked).await.expect(202);
        let text = wait_for("a message with a code comes", LIMIT, async || {
            let messages = self.messages(phone).await;
            messages.get(before).and_then(|message| message["text"].as_str().map(str::to_owned))
        })
        .await;
        let digits: String = text.chars().filter(char::is_ascii_digit).take(6).collect();
        assert_eq!(digits.len(), 6, "{text}");
        digits
    }

    /// Registers somebody, or logs them in.
    pub(crate) async fn log_in(&self, client: &Client, phone: &str, name: Option<&str>) -> LoggedIn {
        let code = self.code(client, phone, name).await;
        let answer = open(client, "/api/v1/auth/verify-phone", json!({"phone": phone, "code": code})).await;
        LoggedIn::of(&answer.expect(200))
    }
}

/// What somebody who logged in has.
#[derive(Debug, Clone)]
pub(crate) struct LoggedIn {
    pub(crate) customer: String,
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl LoggedIn {
    /// What an answer gives.
    pub(crate) fn of(answer: &Answer) -> Self {
        let text = |pointer: &str| answer.at(pointer).as_str().unwrap_or_default().to_owned();
        Self {
            customer: text("/customer_id"),
            access: text("/access_token"),
            refresh: text("/refresh_token"),
        }
    }
}

/// Posts without a token.
pub(crate) async fn open(client: &Client, path: &str, body: Value) -> Answer {
    client.ask(Method::POST, path, None, &[], Some(body.to_string())).await
}

/// Asks with this access token.
pub(crate) async fn with(
    client: &Client,
    token: &str,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> Answer {
    let bearer = format!("Bearer {token}");
    client.ask(method, path, None, &[("authorization", &bearer)], body.map(|body| body.to_string())).await
}
