//! `chajipoa projection skip`: asks the ledger to record that a read model passes over an event.
//!
//! The tool only sends the command; the projector that stands there finds it recorded and goes on by itself. Of the books it
//! records a request, and says what a second person has to do.

use edge::{Clock as _, Role, SystemClock, token::default_subject};
use projector::ModelName;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Failure, api, arguments::Skip, say};
use crate::{
    api::{Asking, Reply},
    installation::Installation,
};

const COMMANDS: &str = "/api/v1/commands";

/// Sends the command and says what came of it.
pub(super) async fn run(model: ModelName, asked: &Skip, as_json: bool) -> Result<(), Failure> {
    let api = api(&asked.gateway.url)?;
    let token = match &asked.token {
        Some(token) => token.clone(),
        None => api.token(Role::Admin, operator(asked)?)?,
    };
    let body = json!({
        "type": "SkipProjectionEvent",
        "data": {"projection": model.as_str(), "position": asked.position, "reason": asked.reason},
    });
    let asking = Asking {
        method: Method::POST,
        path: COMMANDS,
        token: Some(&token),
        address: None,
        key: Some(SystemClock.id()),
        body: Some(&body),
    };
    let reply = api.ask(&asking).await?;
    if !reply.done() {
        return Err(Failure::stopped(format!("the skip was not recorded: {} {}", reply.status, reply.text)));
    }
    say(as_json, &reply.body, || words(model, asked, &reply, api.base()))
}

fn operator(asked: &Skip) -> Result<uuid::Uuid, Failure> {
    match asked.subject {
        Some(subject) => Ok(subject),
        None => Ok(default_subject(&Installation::of_environment()?.keys, &SystemClock)?),
    }
}

fn words(model: ModelName, asked: &Skip, reply: &Reply, base: &str) -> String {
    let position = asked.position;
    match reply.result("approval_id") {
        Value::String(approval) => format!(
            "{model} is a read model of money: the skip of position {position} waits for a second person. Somebody else of \
             finance or admin approves it with\n  curl -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: \
             application/json' {base}{COMMANDS} \\\n    -d '{{\"type\": \"ApproveAction\", \"data\": \
             {{\"approval_id\": \"{approval}\"}}}}'\nand {model} goes on by itself"
        ),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            format!("it is recorded that {model} passes over position {position}; it goes on by itself")
        }
    }
}
