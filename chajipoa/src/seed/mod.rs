//! A small demo city: a default tariff, six stations in Dar es Salaam, twenty-four banks.
//!
//! Every id is fixed, so seeding again changes nothing, and the README can name what stands there. It goes through the
//! public interface like everybody else. Everything is dated two days back, so that rentals can be entered that began
//! before the first start.

use chrono::{DateTime, TimeDelta, Utc};
use edge::{Clock as _, Role, SystemClock};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::api::{Api, ApiError, Sending};

/// The ids of the demo city begin so; the last digits tell what they name.
const CITY: u128 = 0x019a_0000_0000_7000_8000_0000_0000_0000;
const TARIFF: u128 = 0x1;
const STAFF: u128 = 0x2;
const STATIONS: u128 = 0x1000;
const BANKS: u128 = 0x2000;
const COMMANDS: u128 = 0x3000;

/// How long the city is said to stand already.
const STOOD_FOR: TimeDelta = TimeDelta::days(2);
/// Slots of each station.
const SLOTS: u32 = 8;
/// Banks that each station begins with.
const BANKS_EACH: u32 = 4;

struct Place {
    code: &'static str,
    name: &'static str,
    latitude: f64,
    longitude: f64,
    release_mode: &'static str,
}

const PLACES: [Place; 6] = [
    Place {
        code: "KRK-01",
        name: "Kariakoo Market",
        latitude: -6.8206,
        longitude: 39.2742,
        release_mode: "instant",
    },
    Place {
        code: "POS-01",
        name: "Posta, Samora Avenue",
        latitude: -6.8161,
        longitude: 39.2894,
        release_mode: "instant",
    },
    Place {
        code: "MLM-01",
        name: "Mlimani City",
        latitude: -6.7714,
        longitude: 39.2405,
        release_mode: "confirmed",
    },
    Place {
        code: "UBG-01",
        name: "Ubungo Bus Terminal",
        latitude: -6.7926,
        longitude: 39.2089,
        release_mode: "confirmed",
    },
    Place {
        code: "MSK-01",
        name: "Msasani Slipway",
        latitude: -6.7497,
        longitude: 39.2707,
        release_mode: "confirmed",
    },
    Place {
        code: "JNI-01",
        name: "Julius Nyerere Airport",
        latitude: -6.8735,
        longitude: 39.2066,
        release_mode: "instant",
    },
];

/// Who looks after the demo city.
#[must_use]
pub fn keeper() -> Uuid {
    id(STAFF, 0)
}

/// The stations whose banks a cabinet releases.
pub fn cabinets() -> impl Iterator<Item = Uuid> {
    let numbered = (1..).zip(&PLACES).filter(|(_, place)| place.release_mode == "confirmed");
    numbered.map(|(number, _)| id(STATIONS, number))
}

/// What seeding came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Seeded {
    /// Commands that were sent.
    pub commands: usize,
    /// Whether the city stood there already.
    pub stood_already: bool,
}

fn id(group: u128, number: u32) -> Uuid {
    Uuid::from_u128(CITY + group + u128::from(number))
}

/// Builds the demo city, unless it stands.
///
/// # Errors
/// Nobody answers, or a command is refused.
pub async fn run(api: &Api) -> Result<Seeded, ApiError> {
    let commands = commands(SystemClock.now() - STOOD_FOR);
    let staff = id(STAFF, 0);
    if let Some(last) = commands.last() {
        let known = api.get(Role::Admin, staff, &format!("/api/v1/commands/{}", last.id)).await?;
        if known.status == 200 {
            return Ok(Seeded { commands: 0, stood_already: true });
        }
    }
    for command in &commands {
        let reply = api.send(command).await?;
        // A seeding that was cut short dated its commands otherwise: what it recorded stands.
        if !reply.done() && reply.outcome() != "idempotency_key_reused" {
            return Err(ApiError::Answered { what: command.name.to_owned(), answer: reply.text });
        }
    }
    Ok(Seeded { commands: commands.len(), stood_already: false })
}

fn commands(since: DateTime<Utc>) -> Vec<Sending> {
    let mut sendings = Vec::new();
    let mut add = |name: &'static str, data: Value| {
        let number = u32::try_from(sendings.len()).unwrap_or(u32::MAX);
        let (role, subject, id) = (Role::Admin, id(STAFF, 0), id(COMMANDS, number));
        sendings.push(Sending { role, subject, id, name, occurred_at: Some(since), data });
    };
    add("PublishTariff", json!({"tariff_id": id(TARIFF, 0), "name": "Standard", "is_default": true}));
    for (number, place) in (1..).zip(&PLACES) {
        add(
            "RegisterStation",
            json!({
                "station_id": id(STATIONS, number), "code": place.code, "name": place.name,
                "latitude": place.latitude, "longitude": place.longitude, "slots": SLOTS,
                "release_mode": place.release_mode,
            }),
        );
    }
    for (number, _) in (1..).zip(&PLACES) {
        for slot in 1..=BANKS_EACH {
            let bank = (number - 1) * BANKS_EACH + slot;
            let device_id = id(BANKS, bank);
            add(
                "RegisterDevice",
                json!({"device_id": device_id, "serial": format!("CP-{bank:04}"), "capacity_mah": 5_000}),
            );
            add(
                "DockDevice",
                json!({
                    "device_id": device_id, "station_id": id(STATIONS, number), "slot": slot,
                    "battery_percent": 60 + 10 * slot,
                }),
            );
        }
    }
    sendings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_of_the_demo_city_is_its_own() {
        let commands = commands(DateTime::UNIX_EPOCH);
        let ids: std::collections::HashSet<Uuid> = commands.iter().map(|command| command.id).collect();
        assert_eq!(ids.len(), commands.len());
        assert_eq!(id(STATIONS, 1).to_string(), "019a0000-0000-7000-8000-000000001001");
    }
}
