//! What a person or a test does with cabinets, over HTTP. Whatever changes a cabinet answers with the cabinet.

use std::collections::BTreeMap;

use actix_web::web::{self, Bytes, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use edge::Problem;
use edge::http::{json_body, path_id};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::cabinet::{Bank, Cabinet, Slot};
use super::file::Kept;
use super::mischief::How;
use super::town::unknown_cabinet;
use crate::api::World;

/// A fault is told in a few words.
const FAULT_LENGTH: usize = 200;
/// No cabinet has more slots.
const SLOTS: usize = 256;
/// Nothing misbehaves for longer than a day.
const LONGEST_SECONDS: u32 = 86_400;
/// How long something misbehaves unless said.
const USUAL_SECONDS: u32 = 60;

/// Mounts the paths of cabinets.
pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(web::resource("/cabinets").get(list).post(register))
        .service(web::resource("/cabinets/{station_id}").get(show))
        .service(web::resource("/cabinets/{station_id}/insert").post(insert))
        .service(web::resource("/cabinets/{station_id}/remove").post(remove))
        .service(web::resource("/cabinets/{station_id}/fault").post(fault))
        .service(web::resource("/cabinets/{station_id}/inventory").post(inventory))
        .service(web::resource("/cabinets/{station_id}/misbehave").post(misbehave));
}

async fn list(world: Data<World>) -> HttpResponse {
    HttpResponse::Ok().json(json!({"items": world.town.shown()}))
}

async fn show(world: Data<World>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    shown(&world, path_id(&request, "station_id")?, HttpResponse::Ok())
}

fn shown(
    world: &World,
    id: Uuid,
    mut response: actix_web::HttpResponseBuilder,
) -> Result<HttpResponse, Problem> {
    let cabinet =
        world.town.with(id, |resident, moment| resident.shown(moment)).ok_or_else(unknown_cabinet)?;
    Ok(response.json(cabinet))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Registration {
    station_id: Uuid,
    secret: String,
    gateway: Option<String>,
    #[serde(default)]
    slots: Vec<SlotGiven>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SlotGiven {
    slot: u16,
    serial: Option<String>,
    battery_percent: Option<u8>,
    fault: Option<String>,
}

/// Takes a cabinet in, or gives a known one another secret: 201 or 200.
async fn register(world: Data<World>, body: Bytes) -> Result<HttpResponse, Problem> {
    let Registration { station_id, secret, gateway, slots } = json_body(&body)?;
    if secret.is_empty() || gateway.as_deref().is_some_and(|url| !url.starts_with("http://")) {
        return Err(Problem::malformed("a secret is not empty, and a gateway begins with http://"));
    }
    let cabinet = Cabinet::new(station_id, slots_given(slots)?);
    let new = world.town.register(Kept { secret, gateway, cabinet })?;
    shown(&world, station_id, if new { HttpResponse::Created() } else { HttpResponse::Ok() })
}

fn slots_given(given: Vec<SlotGiven>) -> Result<BTreeMap<u16, Slot>, Problem> {
    let (mut slots, mut serials) = (BTreeMap::new(), std::collections::BTreeSet::new());
    if given.len() > SLOTS {
        return Err(Problem::malformed("a cabinet has at most 256 slots"));
    }
    for SlotGiven { slot, serial, battery_percent, fault } in given {
        serial.as_deref().map_or(Ok(()), good_serial)?;
        good_percent(battery_percent)?;
        fault.as_deref().map_or(Ok(()), good_fault)?;
        let again = serial.clone().is_some_and(|serial| !serials.insert(serial));
        let battery_percent = battery_percent.filter(|_| serial.is_some());
        let known = slots.insert(slot, Slot { serial, battery_percent, fault, emptied_at: None });
        if slot == 0 || again || known.is_some() {
            return Err(Problem::malformed(
                "slots are counted from 1, and each slot and serial is named once",
            ));
        }
    }
    Ok(slots)
}

fn good_serial(serial: &str) -> Result<(), Problem> {
    let good = |letter: u8| letter.is_ascii_alphanumeric() || b"._-".contains(&letter);
    if (3..=40).contains(&serial.len()) && serial.bytes().all(good) {
        return Ok(());
    }
    Err(Problem::malformed("a serial is 3-40 characters of A-Z a-z 0-9 . _ -"))
}

fn good_percent(percent: Option<u8>) -> Result<(), Problem> {
    match percent {
        Some(percent) if percent > 100 => Err(Problem::malformed("battery_percent is 0-100")),
        Some(_) | None => Ok(()),
    }
}

fn good_fault(fault: &str) -> Result<(), Problem> {
    if (1..=FAULT_LENGTH).contains(&fault.chars().count()) && !fault.chars().any(char::is_control) {
        return Ok(());
    }
    Err(Problem::malformed("a fault is told in 1-200 printable characters"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Insertion {
    serial: String,
    slot: u16,
    battery_percent: Option<u8>,
}

/// Puts a bank into a slot, as a customer does. One that finds no place is 409, and the ledger hears of that too.
async fn insert(world: Data<World>, request: HttpRequest, body: Bytes) -> Result<HttpResponse, Problem> {
    let id = path_id(&request, "station_id")?;
    let Insertion { serial, slot, battery_percent } = json_body(&body)?;
    good_serial(&serial)?;
    good_percent(battery_percent)?;
    world.town.insert(id, Bank { serial, battery_percent }, slot)?;
    shown(&world, id, HttpResponse::Ok())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Removal {
    slot: u16,
}

/// Takes a bank out by hand: the cabinet says nothing of it until its next inventory.
async fn remove(world: Data<World>, request: HttpRequest, body: Bytes) -> Result<HttpResponse, Problem> {
    let id = path_id(&request, "station_id")?;
    let Removal { slot } = json_body(&body)?;
    let removed = world.town.change(id, |resident, moment| {
        let serial = resident.cabinet.eject(slot, moment)?;
        resident.did(moment.now, format!("lost {serial} from slot {slot} to somebody's hand"));
        Some(())
    });
    removed
        .ok_or_else(unknown_cabinet)?
        .ok_or_else(|| Problem::conflict("slot_empty", "no bank stands in this slot").fact("slot", slot))?;
    shown(&world, id, HttpResponse::Ok())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Breaking {
    slot: u16,
    fault: Option<String>,
}

/// Breaks a slot, or mends it where no fault is given; the next inventory tells.
async fn fault(world: Data<World>, request: HttpRequest, body: Bytes) -> Result<HttpResponse, Problem> {
    let id = path_id(&request, "station_id")?;
    let Breaking { slot, fault } = json_body(&body)?;
    fault.as_deref().map_or(Ok(()), good_fault)?;
    let broken = world.town.change(id, |resident, _| {
        let slot = resident.cabinet.slots.get_mut(&slot)?;
        slot.fault = fault;
        Some(())
    });
    broken
        .ok_or_else(unknown_cabinet)?
        .ok_or_else(|| Problem::not_found("this cabinet has no such slot").fact("slot", slot))?;
    shown(&world, id, HttpResponse::Ok())
}

/// Wants a full inventory now.
async fn inventory(world: Data<World>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let id = path_id(&request, "station_id")?;
    let wanted = world.town.with(id, |resident, _| {
        resident.inventory_wanted = true;
        resident.voice.notify_one();
    });
    wanted.ok_or_else(unknown_cabinet)?;
    shown(&world, id, HttpResponse::Accepted())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mischief {
    how: How,
    #[serde(default = "usual_seconds")]
    for_seconds: u32,
}

fn usual_seconds() -> u32 {
    USUAL_SECONDS
}

/// Lets a cabinet misbehave for a while; 0 seconds end it.
async fn misbehave(world: Data<World>, request: HttpRequest, body: Bytes) -> Result<HttpResponse, Problem> {
    let id = path_id(&request, "station_id")?;
    let Mischief { how, for_seconds } = json_body(&body)?;
    if for_seconds > LONGEST_SECONDS {
        return Err(Problem::malformed("for_seconds is at most 86400"));
    }
    world.town.misbehave(id, how, for_seconds).ok_or_else(unknown_cabinet)?;
    shown(&world, id, HttpResponse::Ok())
}
