//! `POST /api/v1/stations/{id}/inventory`: what a cabinet holds. What differs from the ledger becomes commands
//! ([`crate::cabinet`]); battery readings are kept as telemetry.
//!
//! The inventory is kept once the end of each command is known, so a cabinet that got no answer sends the same again
//! and loses nothing. The last one sent again is answered from what was kept.

use std::collections::HashMap;

use actix_web::web::{Bytes, Data as Shared};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use domain::device::{Device, Whereabouts};
use domain::rental::Rental;
use domain::station::Station;
use domain::values::Serial;
use domain::{DeviceId, RentalId, State};
use edge::http::{Context, json_body, ledger_position};
use edge::{Identity, Problem};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::own_station;
use crate::CommandApi;
use crate::cabinet::compare::{self, Scene};
use crate::cabinet::reported::{self, Line, Reports};
use crate::cabinet::send::{Report, Told};
use crate::cabinet::store::Accepted;
use crate::present::away;
use crate::submit::moment_of;

/// What a cabinet holds.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Inventory {
    /// When it looked.
    #[schema(format = DateTime)]
    taken_at: String,
    /// Its slots. Nothing is said of one that is not listed, or that has a fault and no serial.
    slots: Vec<Line>,
}

/// What differed, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InventoryAnswer)]
pub(crate) struct Compared {
    /// When it looked: as it said, or the arrival if its clock is ahead.
    taken_at: DateTime<Utc>,
    /// Whether it counts as the station's last inventory; an older one changes nothing.
    accepted: bool,
    differences: Vec<Told>,
}

/// Takes in an inventory.
#[utoipa::path(
    post, path = "/api/v1/stations/{id}/inventory", tag = "stations",
    request_body(content = Inventory, example = json!({"taken_at": "2026-03-02T06:00:00Z", "slots": [
        {"slot": 1, "serial": "PB-0001", "battery_percent": 87}, {"slot": 2}, {"slot": 3, "fault": "latch stuck"}]})),
    params(("id" = uuid::Uuid, Path, description = "the station; a station speaks for itself")),
    responses(
        (status = 200, description = "compared with the ledger; the last inventory again: the same answer again", body = Compared,
         example = json!({"taken_at": "2026-03-02T06:00:00Z", "accepted": true, "differences": [
            {"slot": 1, "type": "DeviceReturned", "command_id": "019caddb-7800-7a2b-9c3d-4e5f60718293", "outcome": "recorded"},
            {"slot": 3, "type": "ReportSlotFault", "command_id": "019caddb-7800-7b11-8a2c-0d1e2f304152", "outcome": "recorded"}]})),
        (status = 400, description = "malformed; `slot` names the slot that is wrong"),
        (status = 401, description = "no good token"), (status = 403, description = "not for this role"),
        (status = 404, description = "no such station, or not yours"), (status = 413, description = "too large"),
        (status = 409, description = "concurrent_update: send the same again"),
        (status = 503, description = "unavailable, outcome_unknown: send the same again"),
    ),
    security(("bearer" = ["station", "admin"]))
)]
pub(crate) async fn post(
    api: Shared<CommandApi>,
    speaker: Identity,
    context: Context,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let Inventory { taken_at, slots } = json_body(&body)?;
    let stated_at = domain::timing::to_micros(moment_of("taken_at", &taken_at)?);
    let station = own_station(&api, &speaker, &request).await?;
    let reports = reported::check(slots, station.slot_count())?;
    let now = api.clock().now();
    // A clock ahead is taken as the arrival, as for everything that a station says.
    let taken_at = stated_at.min(now);
    let last = api.cabinets().inventory(station.id.0).await.map_err(|error| away(&error))?;
    if let Some(last) = last.as_ref().filter(|last| is_same(last, stated_at, &reports)) {
        return answer(&api, &last.answer, true).await;
    }
    let outdated = last.as_ref().is_some_and(|last| last.taken_at >= taken_at);
    let before = last.map(|last| last.slots).unwrap_or_default();
    let known = Known::load(&api, &station, &reports).await?;
    let differences = compare::differences(&Scene {
        station: &station,
        devices: &known.devices,
        by_serial: &known.by_serial,
        rentals: &known.rentals,
        before: &before,
        reports: &reports,
        taken_at,
        now,
        outdated,
    });
    let traceparent = context.traceparent();
    let report = Report {
        station: station.id.0,
        taken_at,
        traceparent: traceparent.as_ref().map(edge::http::Traceparent::as_str),
    };
    let differences = api.send_differences(&report, differences).await?;
    let mut compared = Compared { taken_at, accepted: !outdated, differences };
    if !outdated {
        let slots = reported::merged(&before, &reports, taken_at);
        let accepted = Accepted { taken_at, stated_at, slots, answer: json!(compared) };
        let device_of = |serial: &str| known.by_serial.get(serial).map(|id| id.0);
        let kept = api.cabinets().keep(station.id.0, &accepted, &reports, device_of).await;
        compared.accepted = kept.map_err(|error| away(&error))?;
    }
    if !outdated && !compared.accepted {
        // Another process took one in meanwhile: the same, or a later one.
        let last = api.cabinets().inventory(station.id.0).await.map_err(|error| away(&error))?;
        if let Some(last) = last.filter(|last| is_same(last, stated_at, &reports)) {
            return answer(&api, &last.answer, true).await;
        }
    }
    answer(&api, &json!(compared), false).await
}

/// Whether this inventory is the one that was accepted last.
fn is_same(last: &Accepted, stated_at: DateTime<Utc>, reports: &Reports) -> bool {
    last.stated_at == stated_at && reported::listed_the_same(&last.slots, reports, last.taken_at)
}

async fn answer(api: &CommandApi, body: &Value, replay: bool) -> Result<HttpResponse, Problem> {
    let position = api.present().position().await?;
    let mut response = HttpResponse::Ok();
    response.insert_header(ledger_position(position.get()));
    if replay {
        response.insert_header(("Idempotent-Replay", "true"));
    }
    Ok(response.json(body))
}

/// What the ledger knows of the banks that a comparison is about.
struct Known {
    devices: HashMap<DeviceId, Device>,
    by_serial: HashMap<String, DeviceId>,
    rentals: HashMap<RentalId, Rental>,
}

impl Known {
    async fn load(api: &CommandApi, station: &Station, reports: &Reports) -> Result<Self, Problem> {
        let serials: Vec<&str> =
            reports.values().filter_map(|report| report.serial.as_ref()).map(Serial::as_str).collect();
        let by_serial = api.present().by_serial(&serials).await?;
        let held = compare::held(station, reports);
        let mut wanted: Vec<_> = by_serial.values().copied().chain(held.values().map(|id| id.0)).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut known = Self {
            devices: HashMap::new(),
            by_serial: by_serial.into_iter().map(|(serial, id)| (serial, DeviceId(id))).collect(),
            rentals: HashMap::new(),
        };
        known.take_in(api, wanted).await?;
        let releasing = known.devices.values().filter_map(|device| match device.whereabouts {
            Whereabouts::Releasing { rental_id, .. } => Some(rental_id.0),
            Whereabouts::Provisioned
            | Whereabouts::Docked { .. }
            | Whereabouts::Rented { .. }
            | Whereabouts::Maintenance { .. }
            | Whereabouts::Lost
            | Whereabouts::Sold { .. }
            | Whereabouts::Retired { .. } => None,
        });
        let releasing: Vec<_> = releasing.collect();
        known.take_in(api, releasing).await?;
        Ok(known)
    }

    async fn take_in(&mut self, api: &CommandApi, ids: Vec<uuid::Uuid>) -> Result<(), Problem> {
        for state in api.present().states(ids).await?.into_values() {
            match std::sync::Arc::unwrap_or_clone(state) {
                State::Device(device) => drop(self.devices.insert(device.id, *device)),
                State::Rental(rental) => drop(self.rentals.insert(rental.id, *rental)),
                State::Customer(_)
                | State::Station(_)
                | State::Payment(_)
                | State::Receipt(_)
                | State::Refund(_)
                | State::Approval(_)
                | State::Break(_)
                | State::Entry(_)
                | State::Periods(_)
                | State::Lineage(_)
                | State::Projection(_)
                | State::Catalogue(_) => {}
            }
        }
        Ok(())
    }
}
