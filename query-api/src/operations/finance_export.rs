//! `GET /api/v1/finance/export`: every row of a model, or every event, as a file.
//!
//! A task of its own reads and writes; between it and the client lies one chunk. A client that goes away ends it, and
//! so does one that takes nothing for a while. What fails on the way cuts the connection: a chunked answer without its
//! end is no file.

use std::{io, time::Duration};

use actix_web::{HttpRequest, HttpResponse, http::header, rt, web::Bytes};
use edge::{
    Identity, Problem, Role,
    http::{MinPosition, ledger_position},
};
use futures_util::{Stream, stream::unfold};
use serde::Deserialize;
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc},
    time::timeout,
};
use utoipa::IntoParams;

use crate::{
    access,
    as_of::{Times, query, stands_for},
    export::{Dataset, Export, Format, Order},
    read::{Desk, Failure, Found, position},
};

/// How many files a process writes at a time.
pub(crate) const EXPORTS: usize = 4;
/// A reader that takes nothing for so long is given up.
const PATIENCE: Duration = Duration::from_secs(60);
/// Seconds after which there may be room for another file.
const RETRY_AFTER: u32 = 10;

/// Which rows.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Input {
    /// A view of a read model (`rental`, `journey`, `daily_station`, `tariff`, `balance`, `charge`, `payment`,
    /// `payment_reference`, `receipt`, `refund`, `refund_course`, `approval`, `statement_break`, `movement`, `journal`,
    /// `late_posting`, `period`, `statement`, `account`, `account_day`, `account_total`, `station`, `slot`, `device`, `review`) or `events`.
    #[param(example = "journal")]
    model: String,
    /// csv, ndjson or parquet.
    #[serde(default)]
    #[param(inline, value_type = Option<Format>)]
    format: Format,
}

/// What travels from the task that writes to the answer.
enum Chunk {
    Bytes(Vec<u8>),
    End,
}

/// An export.
#[utoipa::path(
    get, path = "/api/v1/finance/export", tag = "finance", params(Input, Times),
    responses((status = 200, description = "every row at one position, by key. `Ledger-Position` is that position, \
                   `Export-Rows` how many rows follow, `Export-Ledger` the ledger's id and epoch; Parquet says so in its \
                   footer too. Analysts have what their login reads, finance and admin the rest and `events`. \
                   `occurred_until` does not apply. An answer that is cut off is not whole",
               content((String = "text/csv",
               example = "position,line,debit,credit,amount,customer_id,provider,occurred_at,recorded_at,booking_day\r\n1042,1,1000,2000,20000,0190a6f0-0000-7000-8000-000000000004,mpesa,2026-01-15T08:00:30.000000Z,2026-01-15T08:00:30.004000Z,2026-01-15\r\n"),
                   (String = "application/x-ndjson", example = "{\"account\":1000,\"name\":\"mobile_money\",\"debit\":20000,\"credit\":0,\"position\":1042}\n"),
                   (Vec<u8> = "application/vnd.apache.parquet"))),
              (status = 400, description = "malformed"), (status = 401, description = "no good token"),
              (status = 403, description = "not for this role"),
              (status = 503, description = "`not_caught_up`: the read model has not come so far; `unavailable`: as many files \
                   as the process writes at a time are being written")),
    security(("bearer" = ["finance", "analyst", "admin"]))
)]
pub(crate) async fn get(
    request: HttpRequest,
    identity: Identity,
    min: MinPosition,
) -> Result<HttpResponse, Problem> {
    identity.must_be(access::FINANCE)?;
    let (input, moment): (Input, _) = query(&request)?;
    let dataset = Dataset::named(&input.model).map_err(Problem::malformed)?;
    if identity.role == Role::Analyst && !dataset.analysts {
        return Err(Problem::forbidden("analysts may have what their login reads, and this is not among it"));
    }
    let desk = Desk::of(&request)?;
    let permit = desk.stacks().exports.clone().try_acquire_owned().map_err(|_| {
        let detail = "as many exports as this process writes at a time are being written";
        Problem::unavailable("unavailable", detail, RETRY_AFTER)
    })?;
    let (known, min) = moment.recorded_only()?.find(&desk, min).await?;
    let found = desk
        .read(min, async |desk| {
            let rows = desk.query(dataset.source.position(), &[]).await?;
            Ok(Found::of(dataset.source, position(&rows)?, ()))
        })
        .await?;
    let order = Order { dataset, format: input.format, position: stands_for(found.position, known), from: 1 };
    let begun = Export::begin(&desk.stacks().read, order).await;
    let export = begun.map_err(|error| error.into_failure()).map_err(Failure::into_problem)?;
    Ok(answer(export, order, permit))
}

fn answer(export: Export, order: Order, permit: OwnedSemaphorePermit) -> HttpResponse {
    let manifest = export.manifest().clone();
    let file = format!("{}-{}.{}", manifest.model, manifest.position, manifest.format);
    HttpResponse::Ok()
        .insert_header(ledger_position(manifest.position))
        .insert_header(("export-rows", manifest.rows.to_string()))
        .insert_header(("export-ledger", format!("{}/{}", manifest.ledger_id, manifest.epoch)))
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{file}\"")))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("x-accel-buffering", "no"))
        .content_type(order.format.media_type())
        .streaming(chunks(export, permit))
}

/// The chunks as they are made; an error where there is no end.
fn chunks(export: Export, permit: OwnedSemaphorePermit) -> impl Stream<Item = io::Result<Bytes>> + use<> {
    let (sender, receiver) = mpsc::channel(1);
    rt::spawn(write(export, sender, permit));
    unfold(Some(receiver), |receiver| async move {
        let mut receiver = receiver?;
        match receiver.recv().await {
            Some(Chunk::Bytes(bytes)) => Some((Ok(Bytes::from(bytes)), Some(receiver))),
            Some(Chunk::End) => None,
            None => Some((Err(io::Error::other("the export failed")), None)),
        }
    })
}

/// Writes the file until it ends, fails, or nobody takes it. The permit goes with it.
async fn write(mut export: Export, sender: mpsc::Sender<Chunk>, permit: OwnedSemaphorePermit) {
    let model = export.manifest().model;
    loop {
        let chunk = match export.next().await {
            Ok(bytes) => bytes.map_or(Chunk::End, Chunk::Bytes),
            Err(error) => {
                tracing::error!(model, %error, "an export failed");
                break;
            }
        };
        let ended = matches!(chunk, Chunk::End);
        let taken = timeout(PATIENCE, sender.send(chunk)).await;
        if ended || !matches!(taken, Ok(Ok(()))) {
            break;
        }
    }
    drop(permit);
}
