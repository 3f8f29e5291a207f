//! A scripted AzamPay: it answers as it is told, path by path, and remembers what it was asked.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

pub(crate) const TOKEN: &str = "/AppRegistration/GenerateToken";
pub(crate) const CHECKOUT: &str = "/azampay/mno/checkout";
pub(crate) const DISBURSE: &str = "/api/v1/azampay/disburse";
pub(crate) const INQUIRY: &str = "/api/v1/partner/gettransactionstatus";
pub(crate) const PAY_OUT_INQUIRY: &str = "/api/v1/azampay/transactionstatus";
pub(crate) const KEY: &str = "/azampay/v1/public-key";

/// What it does with a request.
#[derive(Clone)]
pub(crate) enum Deed {
    /// It answers with this status and body.
    Say(u16, String),
    /// It reads the request and hangs up.
    HangUp,
    /// It answers nothing until it is told to; then it accepts.
    Wait(Arc<Notify>),
}

impl Deed {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::Say(status, body.to_string())
    }

    pub(crate) fn said(word: &str) -> Self {
        Self::json(200, &json!({"data": word, "success": true, "statusCode": 200}))
    }
}

/// A request that came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) bearer: Option<String>,
    pub(crate) body: Value,
}

#[derive(Default)]
struct Script {
    next: BTreeMap<&'static str, VecDeque<Deed>>,
    always: BTreeMap<&'static str, Deed>,
    asked: Vec<Asked>,
    tokens: u32,
}

#[derive(Clone)]
pub(crate) struct AzamPayDouble {
    pub(crate) url: String,
    script: Arc<Mutex<Script>>,
}

impl AzamPayDouble {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let double = Self { url, script: Arc::default() };
        let serving = double.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let double = serving.clone();
                tokio::spawn(async move { double.serve(socket).await });
            }
        });
        double
    }

    /// What it does with the next request to this path, once.
    pub(crate) fn then(&self, path: &'static str, deed: Deed) {
        self.script.lock().unwrap().next.entry(path).or_default().push_back(deed);
    }

    /// What it does with every request to this path that nothing else was said for.
    pub(crate) fn always(&self, path: &'static str, deed: Deed) {
        self.script.lock().unwrap().always.insert(path, deed);
    }

    /// The requests to this path.
    pub(crate) fn asked(&self, path: &str) -> Vec<Asked> {
        let script = self.script.lock().unwrap();
        script.asked.iter().filter(|asked| asked.path == path).cloned().collect()
    }

    async fn serve(&self, mut socket: TcpStream) {
        let Some(asked) = read(&mut socket).await else { return };
        let deed = {
            let mut script = self.script.lock().unwrap();
            script.asked.push(asked.clone());
            let next = script.next.iter_mut().find(|(path, _)| **path == asked.path);
            let next = next.and_then(|(_, deeds)| deeds.pop_front());
            let always = script.always.iter().find(|(path, _)| **path == asked.path);
            next.or_else(|| always.map(|(_, deed)| deed.clone()))
        };
        let (status, body) = match deed {
            Some(Deed::Say(status, body)) => (status, body),
            Some(Deed::HangUp) => return,
            Some(Deed::Wait(told)) => {
                told.notified().await;
                self.usual(&asked)
            }
            None => self.usual(&asked),
        };
        let head =
            format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        let _ = socket.write_all(format!("{head}{body}").as_bytes()).await;
    }

    /// What it answers where nothing was said: it takes everything in, and settles nothing.
    fn usual(&self, asked: &Asked) -> (u16, String) {
        let text = |name: &str| asked.body[name].as_str().unwrap_or_default().to_owned();
        let body = match asked.path.as_str() {
            TOKEN => {
                let mut script = self.script.lock().unwrap();
                script.tokens += 1;
                let token = format!("token-{}", script.tokens);
                json!({"data": {"accessToken": token, "expire": "2026-03-02T07:00:00Z"}, "success": true})
            }
            CHECKOUT => json!({"success": true, "transactionId": format!("AZM{}", text("externalId")),
                "message": "Your request has been received and is being processed.", "messageCode": 0}),
            DISBURSE => {
                json!({"pgReferenceId": format!("PG{}", text("externalReferenceId")), "success": true,
                "message": "Your transaction is in process", "statusCode": 200})
            }
            INQUIRY | PAY_OUT_INQUIRY => json!({"data": "pending", "success": true, "statusCode": 200}),
            _ => return (404, String::new()),
        };
        (200, body.to_string())
    }
}

async fn read(socket: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4_096];
    loop {
        let read = socket.read(&mut piece).await.ok()?;
        if read == 0 {
            return None;
        }
        bytes.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let header = |name: &str| {
            let lines = head.lines().filter_map(|line| line.split_once(": "));
            lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned()).next()
        };
        let length = header("content-length").map_or(0, |length| length.parse().unwrap());
        if body.len() < length {
            continue;
        }
        let target = head.split(' ').nth(1)?;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        return Some(Asked {
            path: path.to_owned(),
            query: query.to_owned(),
            bearer: header("authorization").map(|value| value.replace("Bearer ", "")),
            body: serde_json::from_str(body).unwrap_or(Value::Null),
        });
    }
}
