//! How customers and stations come by their tokens: a code on the phone, a refresh token, a secret.

use chrono::{DateTime, TimeDelta, Utc};
use edge::{Clock as _, Role, SystemClock};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::SimulateError;
use super::phones::{Phone, Phones};
use crate::api::{Api, ApiError, Asking, Reply};

/// A token is renewed so long before it ends.
const RENEW_BEFORE: TimeDelta = TimeDelta::seconds(60);
/// An app opens anew, and refreshes its token, after so many requests.
const USES: u32 = 6;
/// Numbers that are tried for one customer: one may be somebody's who has a bank now.
const NUMBERS_TRIED: u32 = 5;

/// A customer.
#[derive(Debug, Default)]
pub(super) struct Customer {
    pub(super) id: Uuid,
    pub(super) phone: String,
    pub(super) session: Option<Session>,
    pub(super) renting: bool,
    pub(super) balance: i64,
    pub(super) debt: i64,
    /// How often their phone was asked to pay.
    pub(super) prompts: u32,
    /// Money came that they did not wait for.
    pub(super) unsure: bool,
}

impl Customer {
    /// Their money has come: what they owe is paid first.
    pub(super) fn pays_in(&mut self, amount: i64) {
        let debt = amount.min(self.debt);
        self.debt -= debt;
        self.balance = self.balance.saturating_add(amount - debt);
    }
}

/// What somebody is given who logs in.
#[derive(Debug, Clone)]
pub(super) struct Session {
    access: String,
    refresh: String,
    address: String,
    renew_at: DateTime<Utc>,
    uses: u32,
}

fn post(path: &str) -> Asking<'_> {
    Asking { method: Method::POST, path, token: None, address: None, key: None, body: None }
}

/// What an app reads.
pub(super) fn get<'a>(path: &'a str, token: &'a str) -> Asking<'a> {
    Asking { method: Method::GET, token: Some(token), ..post(path) }
}

/// The answer, if it has this status.
pub(super) fn expect(reply: Reply, status: u16, what: &str) -> Result<Reply, ApiError> {
    if reply.status == status {
        return Ok(reply);
    }
    Err(ApiError::Answered { what: what.to_owned(), answer: format!("{} {}", reply.status, reply.text) })
}

fn text(body: &Value, field: &str) -> String {
    body.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn renew_at(body: &Value) -> DateTime<Utc> {
    let seconds = body.get("expires_in").and_then(Value::as_i64).unwrap_or(0);
    SystemClock.now() + TimeDelta::seconds(seconds) - RENEW_BEFORE
}

impl Session {
    fn of(body: &Value, address: &str) -> Session {
        Session {
            access: text(body, "access_token"),
            refresh: text(body, "refresh_token"),
            address: address.to_owned(),
            renew_at: renew_at(body),
            uses: 0,
        }
    }

    /// A token that holds for the next request.
    pub(super) async fn token(&mut self, api: &Api) -> Result<String, ApiError> {
        self.uses = self.uses.saturating_add(1);
        if self.uses > USES || self.renew_at <= SystemClock.now() {
            let path = "/api/v1/auth/refresh";
            let body = json!({"refresh_token": self.refresh});
            let asking = Asking { address: Some(&self.address), body: Some(&body), ..post(path) };
            let reply = expect(api.ask(&asking).await?, 200, path)?;
            *self = Session::of(&reply.body, &self.address);
        }
        Ok(self.access.clone())
    }
}

/// Somebody takes their phone and becomes a customer, or turns out to be one already.
pub(super) async fn log_in(api: &Api, phones: &Phones, name: &str) -> Result<Customer, SimulateError> {
    for _ in 0..NUMBERS_TRIED {
        let phone = phones.next();
        let mut session = enter(api, phones, &phone, name).await?;
        let mut customer = Customer { id: session.1, phone: phone.number, ..Customer::default() };
        let token = session.0.token(api).await?;
        if api.ask(&get("/api/v1/rentals/active", &token)).await?.status == 200 {
            continue;
        }
        let path = "/api/v1/users/balance";
        let purse = expect(api.ask(&get(path, &token)).await?, 200, path)?;
        let number = |field: &str| purse.body.get(field).and_then(Value::as_i64).unwrap_or(0);
        (customer.balance, customer.debt) = (number("balance"), number("debt"));
        customer.session = Some(session.0);
        return Ok(customer);
    }
    let what = "a new customer's log-in".to_owned();
    Err(ApiError::Answered {
        what,
        answer: "again and again that somebody has the number and a rental".to_owned(),
    }
    .into())
}

async fn enter(
    api: &Api,
    phones: &Phones,
    phone: &Phone,
    name: &str,
) -> Result<(Session, Uuid), SimulateError> {
    let path = "/api/v1/auth/register";
    let asked_at = SystemClock.now();
    let body = json!({"phone": phone.number, "name": name});
    let asking = Asking { address: Some(&phone.address), body: Some(&body), ..post(path) };
    expect(api.ask(&asking).await?, 202, path)?;
    let code = phones.code(phone, asked_at).await?;
    let none = || ApiError::Answered {
        what: "the request for a code".to_owned(),
        answer: "but no code arrived in the sandbox: does this gateway's sender of messages send there?"
            .to_owned(),
    };
    let path = "/api/v1/auth/verify-phone";
    let body = json!({"phone": phone.number, "code": code.ok_or_else(none)?});
    let asking = Asking { address: Some(&phone.address), body: Some(&body), ..post(path) };
    let reply = expect(api.ask(&asking).await?, 200, path)?;
    let customer = text(&reply.body, "customer_id").parse().unwrap_or_default();
    Ok((Session::of(&reply.body, &phone.address), customer))
}

/// A new secret for a station: what an operator types into it.
pub(super) async fn secret(api: &Api, staff: Uuid, station: Uuid) -> Result<String, ApiError> {
    let path = format!("/api/v1/stations/{station}/secret");
    let reply = expect(api.post((Role::Admin, staff), &path, &Value::Null).await?, 201, &path)?;
    Ok(text(&reply.body, "secret"))
}

/// A station's token for its secret, and until when it is used.
pub(super) async fn station_token(
    api: &Api,
    station_id: Uuid,
    secret: &str,
) -> Result<(String, DateTime<Utc>), ApiError> {
    let path = "/api/v1/auth/station/token";
    let body = json!({"station_id": station_id, "secret": secret});
    // Each station has a line of its own.
    let [.., a, b, c] = station_id.into_bytes();
    let address = format!("10.{a}.{b}.{c}");
    let asking = Asking { address: Some(&address), body: Some(&body), ..post(path) };
    let reply = expect(api.ask(&asking).await?, 200, path)?;
    Ok((text(&reply.body, "access_token"), renew_at(&reply.body)))
}
