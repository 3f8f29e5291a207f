//! A ledger that a test plays: it knows one secret, grants tokens, holds streams, and writes down what it hears.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use actix_web::dev::ServerHandle;
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, Error, HttpRequest, HttpResponse, HttpServer};
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use tokio::sync::Barrier;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use uuid::Uuid;

pub(crate) const SECRET: &str = "a good secret";

/// What the ledger has heard, and how it answers.
pub(crate) struct State {
    /// How long a token is good for.
    pub(crate) expires_in: u64,
    /// Every request but those for tokens is answered 503.
    pub(crate) away: bool,
    /// Every command is refused with this code.
    pub(crate) refuses: Option<&'static str>,
    tokens: HashSet<String>,
    /// How many tokens were granted.
    pub(crate) granted: usize,
    /// How often a token was not good.
    pub(crate) strangers: usize,
    /// `Last-Event-ID` of each stream that was opened.
    pub(crate) opened: Vec<Option<String>>,
    streams: Vec<UnboundedSender<Bytes>>,
    /// The commands that came one by one.
    pub(crate) commands: Vec<Value>,
    /// Those that came together.
    pub(crate) uploads: Vec<Vec<Value>>,
    /// The inventories.
    pub(crate) inventories: Vec<Value>,
    /// The heartbeats.
    pub(crate) heartbeats: Vec<Value>,
    /// What came from providers, in order.
    pub(crate) calls: Vec<Call>,
    /// What the next of them are answered, in order; 200 and nothing when it is empty.
    pub(crate) answers: VecDeque<(u16, String)>,
    /// None of them is answered before so many have come as this waits for.
    pub(crate) together: Option<Arc<Barrier>>,
}

/// Something a provider sent.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) path: String,
    pub(crate) content_type: String,
    pub(crate) authorization: Option<String>,
    pub(crate) hash: Option<String>,
    pub(crate) body: String,
}

impl Call {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

pub(crate) struct Ledger {
    state: Arc<Mutex<State>>,
    pub(crate) url: String,
    handle: ServerHandle,
}

impl Ledger {
    pub(crate) fn start() -> Ledger {
        let state = Arc::new(Mutex::new(State {
            expires_in: 600,
            away: false,
            refuses: None,
            tokens: HashSet::new(),
            granted: 0,
            strangers: 0,
            opened: Vec::new(),
            streams: Vec::new(),
            commands: Vec::new(),
            uploads: Vec::new(),
            inventories: Vec::new(),
            heartbeats: Vec::new(),
            calls: Vec::new(),
            answers: VecDeque::new(),
            together: None,
        }));
        let data = Data::from(Arc::clone(&state));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .route("/api/v1/auth/station/token", web::post().to(token))
                .route("/api/v1/stations/{id}/commands/stream", web::get().to(stream_of))
                .route("/api/v1/stations/{id}/{report}", web::post().to(report))
                .route("/callback", web::post().to(call))
                .route("/delivery", web::post().to(call))
                .route("/api/v1/ussd", web::post().to(call))
                .route("/api/merchant/{what}", web::post().to(call))
                .route("/api/v1/commands", web::post().to(command))
                .route("/api/v1/commands/batch", web::post().to(upload))
        })
        .workers(1)
        .shutdown_timeout(0)
        .disable_signals()
        .bind("127.0.0.1:0")
        .unwrap();
        let url = format!("http://{}", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Ledger { state, url, handle }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Sends an event on every open stream.
    pub(crate) fn tell(&self, id: u64, name: &str, data: &Value) {
        let text = format!("id: {id}\nevent: {name}\ndata: {data}\n\n");
        self.state().streams.retain(|stream| stream.send(Bytes::from(text.clone())).is_ok());
    }

    /// Asks for the bank in a slot.
    pub(crate) fn release(&self, id: u64, attempt: Uuid, slot: u16) {
        let now = edge::Clock::now(&edge::SystemClock);
        let by = now + chrono::TimeDelta::seconds(60);
        let data = json!({"attempt_id": attempt, "rental_id": rental(attempt), "device_id": Uuid::nil(),
            "serial": format!("CP-{slot}"), "slot": slot, "requested_at": now, "answer_by": by});
        self.tell(id, "release", &data);
    }

    /// Cuts every stream.
    pub(crate) fn cut(&self) {
        self.state().streams.clear();
    }

    /// Every token that was granted is good no longer.
    pub(crate) fn revoke(&self) {
        self.state().tokens.clear();
    }

    pub(crate) async fn stop(self) {
        self.cut();
        self.handle.stop(false).await;
    }
}

/// The rental of an attempt.
pub(crate) fn rental(attempt: Uuid) -> Uuid {
    Uuid::from_u128(attempt.as_u128() ^ 1)
}

type Shared = Data<Mutex<State>>;

async fn token(state: Shared, body: web::Json<Value>) -> HttpResponse {
    if body["secret"] != SECRET {
        return HttpResponse::Unauthorized().json(json!({"code": "unauthorized", "status": 401}));
    }
    let mut state = state.lock().unwrap();
    state.granted += 1;
    let token = format!("token-{}", state.granted);
    state.tokens.insert(token.clone());
    let expires_in = state.expires_in;
    HttpResponse::Ok().json(json!({"access_token": token, "token_type": "Bearer", "expires_in": expires_in}))
}

/// The state, for who has a good token.
fn known<'a>(state: &'a Shared, request: &HttpRequest) -> Result<MutexGuard<'a, State>, Box<HttpResponse>> {
    let header = request.headers().get("Authorization").map(|value| value.to_str().unwrap());
    let mut state = state.lock().unwrap();
    if !header.is_some_and(|value| state.tokens.contains(value.trim_start_matches("Bearer "))) {
        state.strangers += 1;
        return Err(Box::new(
            HttpResponse::Unauthorized().json(json!({"code": "unauthorized", "status": 401})),
        ));
    }
    if state.away {
        let problem = json!({"code": "unavailable", "status": 503});
        return Err(Box::new(HttpResponse::ServiceUnavailable().json(problem)));
    }
    Ok(state)
}

async fn call(state: Shared, request: HttpRequest, body: String) -> HttpResponse {
    let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let together = state.lock().unwrap().together.clone();
    if let Some(together) = together {
        together.wait().await;
    }
    let mut state = state.lock().unwrap();
    state.calls.push(Call {
        path: request.path().to_owned(),
        content_type: header("Content-Type").unwrap_or_default(),
        authorization: header("Authorization"),
        hash: header("Hash"),
        body,
    });
    let (status, answer) = state.answers.pop_front().unwrap_or((200, String::new()));
    HttpResponse::build(status.try_into().unwrap()).body(answer)
}

async fn stream_of(state: Shared, request: HttpRequest) -> HttpResponse {
    let mut state = match known(&state, &request) {
        Ok(state) => state,
        Err(refused) => return *refused,
    };
    let after = request.headers().get("Last-Event-ID").map(|id| id.to_str().unwrap().to_owned());
    let (sender, mut receiver) = unbounded_channel();
    sender.send(Bytes::from_static(b": hello\n\n")).unwrap();
    state.opened.push(after);
    state.streams.push(sender);
    let body = stream::poll_fn(move |context| receiver.poll_recv(context)).map(Ok::<Bytes, Error>);
    HttpResponse::Ok().content_type("text/event-stream").streaming(body)
}

async fn report(state: Shared, request: HttpRequest, body: web::Json<Value>) -> HttpResponse {
    let mut state = match known(&state, &request) {
        Ok(state) => state,
        Err(refused) => return *refused,
    };
    let body = body.into_inner();
    match request.match_info().get("report") {
        Some("heartbeat") => {
            state.heartbeats.push(body.clone());
            HttpResponse::Ok().json(json!({"server_time": body["at"], "status": "renting"}))
        }
        Some("inventory") => {
            state.inventories.push(body.clone());
            HttpResponse::Ok().json(json!({"taken_at": body["taken_at"], "differences": []}))
        }
        other => panic!("a cabinet reported {other:?}"),
    }
}

fn answer(state: &State, command: &Value) -> Value {
    let id = command["command_id"].clone();
    match state.refuses {
        Some(code) => json!({"command_id": id, "outcome": "refused", "status": 422, "code": code}),
        None => json!({"command_id": id, "outcome": "recorded", "position": 1, "events": [], "result": {}}),
    }
}

async fn command(state: Shared, request: HttpRequest, body: web::Json<Value>) -> HttpResponse {
    let mut state = match known(&state, &request) {
        Ok(state) => state,
        Err(refused) => return *refused,
    };
    let answer = answer(&state, &body);
    state.commands.push(body.into_inner());
    let mut response =
        if state.refuses.is_some() { HttpResponse::UnprocessableEntity() } else { HttpResponse::Created() };
    response.json(answer)
}

async fn upload(state: Shared, request: HttpRequest, body: Bytes) -> HttpResponse {
    let mut state = match known(&state, &request) {
        Ok(state) => state,
        Err(refused) => return *refused,
    };
    let text = std::str::from_utf8(&body).unwrap();
    let commands: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let answers: String = commands.iter().map(|command| format!("{}\n", answer(&state, command))).collect();
    state.uploads.push(commands);
    HttpResponse::Ok().content_type("application/x-ndjson").body(answers)
}
