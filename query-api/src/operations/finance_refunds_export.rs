//! `GET /api/v1/finance/refunds/export`: the queue of refunds that staff pay out by hand, as a file; now, or as it was.
//!
//! The one place where a destination is shown: it is read from its event and unsealed on the way out, and stands in no
//! read model.

use std::collections::HashMap;

use actix_web::{HttpRequest, HttpResponse, http::header};
use chrono::{DateTime, SecondsFormat, Utc};
use domain::Event;
use edge::{
    Identity, Problem,
    http::{MinPosition, ledger_position},
};
use ledger::{LedgerError, seal::SealError};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{
    access,
    as_of::{Times, moment, stands_for},
    read::{Desk, Failure, Found, Source, items, position},
    rental::CURRENCY,
    statements,
};

/// The most refunds of one file, the oldest first; the next file has the rest once these are paid.
const MOST: i64 = 10_000;
/// The names under which a destination may be sealed: a customer's phone, what was said with the refund, who paid.
const FIELDS: [&str; 3] = ["phone", "destination", "payer"];
const HEADER: [&str; 9] = [
    "refund_id",
    "provider",
    "destination",
    "amount",
    "currency",
    "requested_at",
    "approved_at",
    "payment_id",
    "receipt_id",
];

/// A refund that is to be paid out.
struct Line {
    refund_id: Uuid,
    /// Under whose key the destination is sealed.
    person: Uuid,
    provider: String,
    amount: i64,
    requested_at: DateTime<Utc>,
    approved_at: Option<DateTime<Utc>>,
    payment_id: Option<Uuid>,
    receipt_id: Option<Uuid>,
}

impl Line {
    fn read(row: &Row) -> Result<Option<Self>, Failure> {
        let Some(refund_id) = row.try_get("refund_id")? else { return Ok(None) };
        let (customer, receipt_id): (Option<Uuid>, Option<Uuid>) =
            (row.try_get("customer_id")?, row.try_get("receipt_id")?);
        let person: Option<Uuid> = receipt_id.or(customer);
        Ok(Some(Self {
            refund_id,
            person: person.ok_or(Failure::Damaged("a refund of nobody"))?,
            provider: row.try_get("provider")?,
            amount: row.try_get("amount")?,
            requested_at: row.try_get("requested_at")?,
            approved_at: row.try_get("approved_at")?,
            payment_id: row.try_get("payment_id")?,
            receipt_id,
        }))
    }

    fn fields(&self, destination: Option<&String>) -> [String; 9] {
        let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let id = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
        [
            self.refund_id.to_string(),
            self.provider.clone(),
            destination.cloned().unwrap_or_default(),
            self.amount.to_string(),
            CURRENCY.to_owned(),
            time(self.requested_at),
            self.approved_at.map(time).unwrap_or_default(),
            id(self.payment_id),
            id(self.receipt_id),
        ]
    }
}

/// The refunds that staff pay out by hand.
#[utoipa::path(
    get, path = "/api/v1/finance/refunds/export", tag = "finance", params(Times),
    responses((status = 200, description = "approved refunds to wallets that take nothing from the provider, oldest first",
               body = String, content_type = "text/csv",
               example = "refund_id,provider,destination,amount,currency,requested_at,approved_at,payment_id,receipt_id\n0190a6f0-0000-7000-8000-000000000008,mpesa,+255754000001,10000,TZS,2026-01-15T08:00:00Z,2026-01-15T08:00:00Z,,\n"),
              (status = 400, description = "malformed"), (status = 401, description = "no good token"),
              (status = 403, description = "not for this role"),
              (status = 503, description = "the keys are being renewed")),
    security(("bearer" = ["finance", "admin"]))
)]
pub(crate) async fn get(
    request: HttpRequest,
    identity: Identity,
    min: MinPosition,
) -> Result<HttpResponse, Problem> {
    identity.must_be(access::LEDGER)?;
    let moment = moment(&request)?;
    let desk = Desk::of(&request)?;
    let (known, min) = moment.find(&desk, min).await?;
    let found = desk
        .read(min, async |desk| {
            let rows = match known {
                None => desk.query_slowly(statements::REFUNDS_TO_EXPORT, &[&MOST]).await?,
                Some(known) => {
                    let (until, time) = (known.position(), known.occurred_until);
                    desk.query_slowly(statements::known::REFUNDS_TO_EXPORT, &[&MOST, &until, &time]).await?
                }
            };
            Ok(Found::of(Source::Billing, position(&rows)?, items(&rows, Line::read)?))
        })
        .await?;
    let destinations = destinations(&desk, &found.what).await.map_err(Failure::into_problem)?;
    let file = written(&found.what, &destinations).map_err(|error| {
        tracing::error!(%error, "the queue of refunds could not be written");
        Problem::internal()
    })?;
    Ok(HttpResponse::Ok()
        .insert_header(ledger_position(stands_for(found.position, known)))
        .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"refunds.csv\""))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .content_type("text/csv; charset=utf-8")
        .body(file))
}

/// Where each refund goes; a person that is forgotten meanwhile has no destination.
async fn destinations(desk: &Desk, lines: &[Line]) -> Result<HashMap<Uuid, String>, Failure> {
    let ids: Vec<Uuid> = lines.iter().map(|line| line.refund_id).collect();
    let persons: HashMap<Uuid, Uuid> = lines.iter().map(|line| (line.refund_id, line.person)).collect();
    let client = desk.stacks().primary.pool().get().await.map_err(LedgerError::from)?;
    let statement = client.prepare_cached(statements::FIRST_EVENTS).await?;
    let mut found = HashMap::with_capacity(lines.len());
    for row in client.query(&statement, &[&ids]).await? {
        let refund: Uuid = row.try_get("stream")?;
        let event =
            Event::decode(row.try_get("type")?, row.try_get("schema_version")?, row.try_get("payload")?);
        let sealed = match event {
            Ok(Event::RefundRequested(event)) => event.destination,
            Ok(Event::ReceiptRefundRequested(event)) => event.destination,
            _ => return Err(Failure::Damaged("a refund that begins with something else")),
        };
        let Some(person) = persons.get(&refund) else { continue };
        if let Some(phone) = unsealed(desk, *person, &sealed.sealed).await? {
            found.insert(refund, phone);
        }
    }
    Ok(found)
}

async fn unsealed(desk: &Desk, person: Uuid, sealed: &str) -> Result<Option<String>, Failure> {
    let sealer = &desk.stacks().sealer;
    for field in FIELDS {
        match sealer.unseal(person, field, sealed).await {
            Ok(phone) => return Ok(phone),
            Err(SealError::DoesNotOpen) => {}
            Err(error) if error.is_renewed() => {
                let problem = Problem::unavailable("unavailable", "the keys are being renewed", 1);
                return Err(Failure::Problem(problem));
            }
            Err(SealError::Ledger(error)) => return Err(error.into()),
            Err(error) => {
                tracing::error!(%error, "a destination could not be unsealed");
                return Err(Failure::Problem(Problem::internal()));
            }
        }
    }
    Ok(None)
}

fn written(lines: &[Line], destinations: &HashMap<Uuid, String>) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEADER)?;
    for line in lines {
        writer.write_record(line.fields(destinations.get(&line.refund_id)))?;
    }
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}
