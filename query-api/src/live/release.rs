//! What a cabinet is told: banks to release, and releases that are settled.

use actix_web::web::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use tokio_postgres::Row;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    frame::frame,
    told::{Heard, Told},
};
use crate::read::Failure;

/// How long a cabinet has to answer.
const ANSWER_WITHIN: TimeDelta = TimeDelta::seconds(60);

/// `event: release`: a bank to release. The event's id is the position of its request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Release {
    /// The same each time this release is sent: a cabinet that has acted on it repeats its answer.
    attempt_id: Uuid,
    rental_id: Uuid,
    device_id: Uuid,
    #[schema(example = "PB-00017")]
    serial: String,
    #[schema(example = 3)]
    slot: u16,
    requested_at: DateTime<Utc>,
    /// Sixty seconds after the request.
    answer_by: DateTime<Utc>,
}

/// `event: withdrawn`: a release that is settled, by the bank's leaving or otherwise. It has an id of its own, the
/// position of what settled it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Withdrawn {
    attempt_id: Uuid,
    rental_id: Uuid,
}

/// A frame and the position it comes from.
pub(crate) type Placed = (i64, Bytes);

/// The open release in a row of `statements::OPEN_RELEASES`, if there is one.
pub(crate) fn open(row: &Row) -> Result<Option<Placed>, Failure> {
    let Some(attempt_id) = row.try_get::<_, Option<Uuid>>("attempt_id")? else { return Ok(None) };
    let position: i64 = row.try_get("requested")?;
    let slot: i16 = row.try_get("slot")?;
    let requested_at: DateTime<Utc> = row.try_get("requested_at")?;
    let release = Release {
        attempt_id,
        rental_id: row.try_get("rental_id")?,
        device_id: row.try_get("device_id")?,
        serial: row
            .try_get::<_, Option<String>>("serial")?
            .ok_or(Failure::Damaged("the device of a release"))?,
        slot: u16::try_from(slot).map_err(|_| Failure::Damaged("the slot of a release"))?,
        requested_at,
        answer_by: answer_by(requested_at),
    };
    Ok(Some((position, frame("release", Some(position), &release))))
}

/// The settled release in a row of `statements::SETTLED_RELEASES`.
pub(crate) fn settled(row: &Row) -> Result<Placed, Failure> {
    let position: i64 = row.try_get("position")?;
    let withdrawn =
        Withdrawn { attempt_id: row.try_get("attempt_id")?, rental_id: row.try_get("rental_id")? };
    Ok((position, frame("withdrawn", Some(position), &withdrawn)))
}

/// What is told of an event.
pub(super) fn hear(heard: &Heard) -> Option<Bytes> {
    let withdrawn = |rental_id: Uuid| {
        let attempt_id = heard.settles?;
        Some(frame("withdrawn", Some(heard.position), &Withdrawn { attempt_id, rental_id }))
    };
    match heard.told() {
        Told::Requested(event) => {
            let release = Release {
                attempt_id: heard.id,
                rental_id: event.rental_id.0,
                device_id: event.device_id.0,
                serial: heard.serial.clone().unwrap_or_default(),
                slot: event.slot.get(),
                requested_at: event.requested_at,
                answer_by: answer_by(event.requested_at),
            };
            Some(frame("release", Some(heard.position), &release))
        }
        Told::Started(event) => withdrawn(event.rental_id.0),
        Told::Cancelled(event) => withdrawn(event.rental_id.0),
        Told::Extended(_) | Told::Overdue(_) | Told::Ended(_) | Told::Sold(_) | Told::Nothing => None,
    }
}

fn answer_by(requested_at: DateTime<Utc>) -> DateTime<Utc> {
    requested_at.checked_add_signed(ANSWER_WITHIN).unwrap_or(requested_at)
}
