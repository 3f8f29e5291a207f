//! `GET /api/v1/rentals/{id}/receipt`: the bill of a rental that proves itself, as JSON, as a page and as a picture.
//!
//! It is made from the ledger alone: the rental's own stream, the first signed checkpoint that has all of it, and the
//! tree. So the same bill has the same receipt, byte for byte, until something corrects it. A bill that was made a moment
//! ago waits for its checkpoint.

use std::{sync::Arc, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
};
use domain::{Event, rerating::Placed};
use edge::{
    Identity, Problem,
    http::{MinPosition, ledger_position, path_id, query},
};
use ledger::{
    Envelope, LedgerError, Position,
    tree::{ProveError, SignedCheckpoint},
};
use serde::Deserialize;
use tokio::time::Instant;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::{
    access,
    read::{Desk, Failure, Found, Source, Waiters, absent, at, position},
    receipt::{FORMAT, Figures, Lang, ProvenEvent, Receipt, page, picture},
    statements,
};

/// A page may do nothing but show itself.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";
/// How often a checkpoint is looked for while one is waited for.
const LOOK: Duration = Duration::from_millis(100);

/// How it is to be shown.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// `json` (what proves itself), `html` (to read and print) or `svg`. Without it, what `Accept` asks for, else JSON.
    #[param(value_type = Option<String>, example = "json")]
    format: Option<Form>,
    /// `sw` or `en`, for page and picture. Without it, the customer's own.
    #[param(value_type = Option<String>, example = "en")]
    lang: Option<Lang>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Form {
    Json,
    Html,
    Svg,
}

impl Form {
    /// What the client takes: the first of ours that it names.
    fn accepted(request: &HttpRequest) -> Self {
        let accepted =
            request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("");
        let kinds = accepted.split(',').map(|part| part.split(';').next().unwrap_or_default().trim());
        let ours = |kind: &str| match kind {
            "application/json" => Some(Self::Json),
            "text/html" => Some(Self::Html),
            "image/svg+xml" => Some(Self::Svg),
            _ => None,
        };
        kinds.filter_map(ours).next().unwrap_or(Self::Json)
    }
}

/// The bill that proves itself.
#[utoipa::path(
    get, path = "/api/v1/rentals/{id}/receipt", tag = "rentals", params(("id" = uuid::Uuid, Path), Input),
    responses((status = 200, description = "the receipt; as JSON its bytes are canonical (RFC 8785), keep them as they are",
               content((Receipt = "application/json", example = json!({"format": "chajipoa-receipt/1",
                   "bill": {"rental_id": "0190a6f0-0000-7000-8000-000000000003",
                     "customer_id": "0190a6f0-0000-7000-8000-000000000004",
                     "device_id": "0190a6f0-0000-7000-8000-000000000005",
                     "station_id": "0190a6f0-0000-7000-8000-000000000001", "status": "ended",
                     "started_at": "2026-01-15T08:30:00Z", "due_at": "2026-01-16T08:30:00Z",
                     "ended_at": "2026-01-15T09:10:00Z",
                     "tariff": {"tariff_id": "0190a6f0-0000-7000-8000-000000000006", "version": 1, "name": "Standard",
                       "vat_percent": 18},
                     "total": 1000, "usage": 1000, "late": 0, "replacement": 0, "vat": 153, "currency": "TZS",
                     "lines": [{"rule": "usage", "from": "2026-01-15T08:30:00Z", "to": "2026-01-15T09:10:00Z",
                       "units": 2, "unit_price": 500, "amount": 1000}],
                     "from_deposit": 1000, "to_debt": 0, "position": 1043, "corrected": []},
                   "events": [{"position": 1043, "id": "0190a6f0-0000-7000-8000-000000000008", "type": "RentalEnded",
                     "version": 1, "streams": [{"kind": "rental", "id": "0190a6f0-0000-7000-8000-000000000003",
                     "version": 2}], "occurred_at": "2026-01-15T09:10:00Z", "recorded_at": "2026-01-15T09:10:00.020Z",
                     "command_id": "0190a6f0-0000-7000-8000-000000000007",
                     "actor": "station:0190a6f0-0000-7000-8000-000000000001", "payload": "eyJyZW50YWxfaWQiOiI…",
                     "proof": ["8a1b2c…"]}],
                   "checkpoint": "chajipoa/0190a6f0-0000-7000-8000-000000000009/1\n1043\n…\n\n— chajipoa/… …\n"})),
                   (String = "text/html; charset=utf-8"), (String = "image/svg+xml"))),
              (status = 400, description = "malformed"), (status = 401, description = "no good token"),
              (status = 403, description = "not for this role"),
              (status = 404, description = "no such rental, or not yours"),
              (status = 422, description = "`rental_open`: it is not billed yet; `rental_cancelled`: the bank never left, \
                  there is nothing to bill"),
              (status = 503, description = "`not_sealed`: the bill was made a moment ago and has no checkpoint yet")),
    security(("bearer" = ["customer", "support", "finance", "admin"]))
)]
pub(crate) async fn get(
    request: HttpRequest,
    identity: Identity,
    min: MinPosition,
) -> Result<HttpResponse, Problem> {
    identity.must_be(access::CUSTOMERS)?;
    let input: Input = query(&request)?;
    let id = path_id(&request, "id")?;
    let desk = Desk::of(&request)?;
    let found = desk.read(min, async |desk| history(desk, id).await).await?;
    let here = found.position;
    let stream = placed(&found.what).map_err(Failure::into_problem)?;
    let customer = customer_of(&stream).filter(|customer| access::is_theirs(&identity, *customer, &[]));
    let customer = customer.ok_or_else(|| absent(here))?;
    let bill = Figures::of(&stream).ok_or_else(|| at(nothing_billed(&stream), here))?;
    let receipt = prove(&desk, bill, &found.what).await?;
    let form = input.format.unwrap_or_else(|| Form::accepted(&request));
    let body = match form {
        Form::Json => receipt.to_bytes().map_err(|_| Failure::Damaged("a receipt").into_problem())?,
        Form::Html => page(&receipt, spoken(&desk, input.lang, customer).await?)?.into_bytes(),
        Form::Svg => picture(&receipt, spoken(&desk, input.lang, customer).await?)?.into_bytes(),
    };
    Ok(answer(form, here, body))
}

fn answer(form: Form, here: i64, body: Vec<u8>) -> HttpResponse {
    let kind = match form {
        Form::Json => "application/json",
        Form::Html => "text/html; charset=utf-8",
        Form::Svg => "image/svg+xml",
    };
    HttpResponse::build(StatusCode::OK)
        .insert_header(ledger_position(here))
        .insert_header((header::VARY, "Accept"))
        .insert_header((header::CACHE_CONTROL, "private, no-cache"))
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .content_type(kind)
        .body(body)
}

/// The rental's own stream, and a position that it stands for.
async fn history(desk: &Desk, id: Uuid) -> Result<Found<Vec<Arc<Envelope>>>, Failure> {
    let here = position(&desk.query(statements::LEDGER_POSITION, &[]).await?)?;
    let streams = desk.stacks().read.read_streams(&[(id, 0)]).await?;
    let mut events: Vec<Arc<Envelope>> = streams.into_iter().flatten().collect();
    events.retain(|event| event.position.get() <= here);
    Ok(Found::of(Source::Ledger, here, events))
}

fn placed(events: &[Arc<Envelope>]) -> Result<Vec<Placed>, Failure> {
    let read = |envelope: &Arc<Envelope>| {
        let event = Event::decode(&envelope.event_type, envelope.schema_version, &envelope.payload);
        let event = event.map_err(|_| Failure::Damaged("the payload of an event"))?;
        Ok(Placed { position: envelope.position.get(), event })
    };
    events.iter().map(read).collect()
}

/// Whose rental it is; nothing if the stream is not a rental's.
fn customer_of(stream: &[Placed]) -> Option<Uuid> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else begins a rental")]
    match &stream.first()?.event {
        Event::RentalRequested(fact) => Some(fact.customer_id.0),
        Event::RentalStarted(fact) => Some(fact.customer_id.0),
        _ => None,
    }
}

fn nothing_billed(stream: &[Placed]) -> Problem {
    let cancelled = stream
        .last()
        .is_some_and(|last| matches!(last.event, Event::RentalCancelled(_) | Event::LateReleaseRecorded(_)));
    let (code, detail) = if cancelled {
        ("rental_cancelled", "the bank never left, so there is nothing to bill")
    } else {
        ("rental_open", "the rental is not over; its receipt comes with its bill")
    };
    Problem::refused(code, detail)
}

async fn prove(desk: &Desk, bill: Figures, events: &[Arc<Envelope>]) -> Result<Receipt, Problem> {
    let last = events.last().map_or(Position::ZERO, |event| event.position);
    let checkpoint = sealed(desk, last).await?;
    let ledger = &desk.stacks().read;
    let mut proven = Vec::with_capacity(events.len());
    for event in events {
        let proof = ledger.prove_inclusion(checkpoint.epoch, event.position, checkpoint.size).await;
        proven.push(ProvenEvent::new(event, &proof.map_err(unprovable)?));
    }
    Ok(Receipt { format: FORMAT.to_owned(), bill, events: proven, checkpoint: checkpoint.note })
}

fn unprovable(error: ProveError) -> Problem {
    match error {
        ProveError::Ledger(error) => Failure::from(error).into_problem(),
        ProveError::Proof(_) | ProveError::Tile(_) => {
            tracing::error!(%error, "the tree cannot be believed");
            Problem::internal()
        }
    }
}

/// The first checkpoint that has everything up to a position; waits as long as a read waits for a position.
async fn sealed(desk: &Desk, last: Position) -> Result<SignedCheckpoint, Problem> {
    let failed = |error: LedgerError| Failure::from(error).into_problem();
    let ledger = &desk.stacks().read;
    let epoch = ledger.identity().await.map_err(failed)?.epoch;
    let size = last.get().unsigned_abs();
    let until = Waiters::deadline();
    loop {
        if let Some(checkpoint) = ledger.first_signed_from(epoch, size).await.map_err(failed)? {
            return Ok(checkpoint);
        }
        if Instant::now() >= until {
            return Err(at(not_sealed(), last.get()));
        }
        edge::pace::rest(LOOK).await;
    }
}

fn not_sealed() -> Problem {
    Problem::unavailable("not_sealed", "the bill was made a moment ago and has no signed checkpoint yet", 1)
}

/// The language that is asked for, else that of the customer.
async fn spoken(desk: &Desk, asked: Option<Lang>, customer: Uuid) -> Result<Lang, Problem> {
    if let Some(lang) = asked {
        return Ok(lang);
    }
    let rows = desk.query(statements::LANGUAGE, &[&customer]).await.map_err(Failure::into_problem)?;
    let known: Option<String> = match rows.first() {
        Some(row) => row.try_get("language").map_err(|error| Failure::from(error).into_problem())?,
        None => None,
    };
    Ok(match known.as_deref() {
        Some("en") => Lang::En,
        Some(_) | None => Lang::Sw,
    })
}
