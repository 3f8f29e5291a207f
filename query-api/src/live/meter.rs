//! A customer's open rental as a stream shows it: its state, what it costs by now, and when that may change.
//!
//! Keeps true: a price is what [`domain::rating`] says with the pinned tariff; it is told when it changes, and looked at
//! only when it may. It reads no clock.

use actix_web::web::Bytes;
use domain::{
    Time,
    rating::{Charge, Rated},
    tariff::Terms,
};
use tokio_postgres::{Row, types::Json};
use uuid::Uuid;

use super::{
    frame::{Ended, Idle, Status, frame},
    told::{Heard, Told},
};
use crate::{charge::Amounts, read::Failure, rental::CURRENCY};

/// An open rental.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Meter {
    rental_id: Uuid,
    status: &'static str,
    /// When it started and is due, once it has started.
    runs: Option<(Time, Time)>,
    free_minutes: i64,
    terms: Terms,
    /// The price that was told last.
    shown: i64,
    position: i64,
}

impl Meter {
    /// The open rental in a row of `statements::OPEN_RENTAL`, read at a position.
    pub(crate) fn read(row: &Row, position: i64) -> Result<Option<Self>, Failure> {
        let Some(rental_id) = row.try_get("rental_id")? else { return Ok(None) };
        let status = match row.try_get::<_, &str>("status")? {
            "releasing" => "releasing",
            "active" => "active",
            "overdue" => "overdue",
            _ => return Err(Failure::Damaged("the status of an open rental")),
        };
        let Some(Json(terms)) = row.try_get::<_, Option<Json<Terms>>>("terms")? else {
            return Err(Failure::Damaged("the tariff of a rental"));
        };
        let started: Option<Time> = row.try_get("started_at")?;
        let due: Option<Time> = row.try_get("due_at")?;
        let free_minutes: Option<i64> = row.try_get("free_minutes")?;
        let free_minutes = free_minutes.unwrap_or(0);
        Ok(Some(Self { rental_id, status, runs: started.zip(due), free_minutes, terms, shown: 0, position }))
    }

    /// Its present state as an event.
    pub(super) fn status(&mut self, now: Time) -> Bytes {
        self.shown = self.price(now);
        let data = Status {
            rental_id: self.rental_id,
            status: self.status,
            started_at: self.runs.map(|(started_at, _)| started_at),
            due_at: self.runs.map(|(_, due_at)| due_at),
            running_price: self.shown,
            currency: CURRENCY,
            as_of: now,
            position: self.position,
        };
        frame("status", Some(self.position), &data)
    }

    /// Its present state, if the price is another one than was told last.
    pub(super) fn step(&mut self, now: Time) -> Option<Bytes> {
        (self.price(now) != self.shown).then(|| self.status(now))
    }

    /// When the price may change next.
    pub(super) fn next_step(&self, now: Time) -> Option<Time> {
        self.rated()?.next_step(now)
    }

    fn price(&self, now: Time) -> i64 {
        self.rated().map_or(0, |rated| rated.returned(now.max(rated.started_at)).total.shillings())
    }

    fn rated(&self) -> Option<Rated<'_>> {
        let (started_at, due_at) = self.runs?;
        Some(Rated { terms: &self.terms, free_minutes: self.free_minutes, started_at, due_at })
    }

    fn over(
        &self,
        heard: &Heard,
        status: &'static str,
        ended_at: Option<Time>,
        charge: Amounts,
        now: Time,
    ) -> Bytes {
        let data = Ended {
            rental_id: self.rental_id,
            status,
            started_at: self.runs.map(|(started_at, _)| started_at),
            ended_at,
            charge,
            currency: CURRENCY,
            as_of: now,
            position: heard.position,
        };
        frame("ended", Some(heard.position), &data)
    }
}

/// The end of a rental in a row of `statements::MISSED_END`, if there is one.
pub(crate) fn missed(row: &Row, now: Time) -> Result<Option<Bytes>, Failure> {
    let Some(rental_id) = row.try_get("rental_id")? else { return Ok(None) };
    let status = match row.try_get::<_, &str>("status")? {
        "ended" => "ended",
        "sold" => "sold",
        "cancelled" => "cancelled",
        "recovered" => "recovered",
        _ => return Err(Failure::Damaged("the status of a rental that is over")),
    };
    let position: i64 = row.try_get("row_position")?;
    let data = Ended {
        rental_id,
        status,
        started_at: row.try_get("started_at")?,
        ended_at: row.try_get("ended_at")?,
        charge: Amounts::of_rental(row)?.unwrap_or(Amounts::ZERO),
        currency: CURRENCY,
        as_of: now,
        position,
    };
    Ok(Some(frame("ended", Some(position), &data)))
}

/// What stands when a stream opens.
pub(super) fn present(meter: &mut Option<Box<Meter>>, position: i64, now: Time) -> Bytes {
    match meter {
        Some(meter) => meter.status(now),
        None => frame("idle", Some(position), &Idle { as_of: now, position }),
    }
}

/// Takes an event in; the event to tell, if it changes what is shown.
pub(super) fn hear(meter: &mut Option<Box<Meter>>, heard: &Heard, now: Time) -> Option<Bytes> {
    match heard.told() {
        Told::Requested(event) => {
            let rental_id = event.rental_id.0;
            let (status, terms, position) = ("releasing", event.tariff.terms, heard.position);
            let new = Meter { rental_id, status, runs: None, free_minutes: 0, terms, shown: 0, position };
            Some(meter.insert(Box::new(new)).status(now))
        }
        Told::Started(event) => {
            let new = Meter {
                rental_id: event.rental_id.0,
                status: "active",
                runs: Some((event.started_at, event.due_at)),
                free_minutes: event.free_minutes,
                terms: event.tariff.terms,
                shown: 0,
                position: heard.position,
            };
            Some(meter.insert(Box::new(new)).status(now))
        }
        Told::Extended(event) => {
            change(meter, event.rental_id.0, "active", Some(event.due_at), heard.position, now)
        }
        Told::Overdue(event) => change(meter, event.rental_id.0, "overdue", None, heard.position, now),
        Told::Ended(event) => {
            let charge = &event.charge;
            end(meter, heard, (event.rental_id.0, "ended"), Some(event.ended_at), Some(charge), now)
        }
        Told::Sold(event) => end(meter, heard, (event.rental_id.0, "sold"), None, Some(&event.charge), now),
        Told::Cancelled(event) => end(meter, heard, (event.rental_id.0, "cancelled"), None, None, now),
        Told::Nothing => None,
    }
}

fn change(
    meter: &mut Option<Box<Meter>>,
    rental: Uuid,
    status: &'static str,
    due: Option<Time>,
    position: i64,
    now: Time,
) -> Option<Bytes> {
    let meter = meter.as_mut().filter(|meter| meter.rental_id == rental)?;
    meter.status = status;
    meter.runs = meter.runs.map(|(started_at, due_at)| (started_at, due.unwrap_or(due_at)));
    meter.position = position;
    Some(meter.status(now))
}

/// An open rental is over; what is told of one that is not shown is nothing.
fn end(
    meter: &mut Option<Box<Meter>>,
    heard: &Heard,
    (rental, status): (Uuid, &'static str),
    ended_at: Option<Time>,
    charge: Option<&Charge>,
    now: Time,
) -> Option<Bytes> {
    let over = meter.take_if(|meter| meter.rental_id == rental)?;
    Some(over.over(heard, status, ended_at, charge.map_or(Amounts::ZERO, Amounts::from), now))
}
