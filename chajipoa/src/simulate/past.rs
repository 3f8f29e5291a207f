//! Rentals that operators enter on behalf: they began hours or days ago, so among them are late, overdue, extended and
//! sold ones. Deadlines that have come since are the system's to act on, before or after the return: the bill is the same.
//!
//! Each is the first that its bank and its customer had, and begins at a kiosk: no rental may begin before the last fact of
//! its bank, and a cabinet would be asked to release it now.

#![expect(
    clippy::indexing_slicing,
    reason = "indexes into the quarter's own lists, which are made once and only grow"
)]

use chrono::{DateTime, TimeDelta, Utc};
use edge::{Clock as _, Role, SystemClock};
use serde_json::json;

use super::SimulateError;
use super::acting::{Act, Who};
use super::chance::Chance;
use super::life::Life;
use super::quarter::BANKS;

/// One of so many rentals, and no more than the banks of the kiosks.
const ONE_IN: u64 = 12;

/// A rental of the past.
struct Tale {
    /// Field staff enter it: at most an hour later.
    by_agent: bool,
    /// It began so long ago.
    ago: TimeDelta,
    /// The bank came back after so long, if it did.
    length: Option<TimeDelta>,
    /// It was extended by so many minutes after 18 hours.
    extended: Option<i64>,
}

/// What there is to tell, in turn.
fn tale(number: u64, chance: &mut Chance) -> Tale {
    let (minutes, hours) = (TimeDelta::minutes, TimeDelta::hours);
    let mut between = |from: TimeDelta, to: TimeDelta| chance.between(from, to);
    let plain = |ago, length| Tale { by_agent: false, ago, length: Some(length), extended: None };
    match number % 6 {
        0 => Tale {
            by_agent: true,
            ago: between(minutes(20), minutes(55)),
            length: Some(between(minutes(6), minutes(19))),
            extended: None,
        },
        1 => plain(between(hours(26), hours(84)), between(hours(1), hours(20))),
        2 => plain(between(hours(50), hours(84)), between(hours(25), hours(48))),
        3 => Tale {
            by_agent: false,
            ago: between(hours(50), hours(84)),
            length: Some(between(hours(26), hours(35))),
            extended: Some(720),
        },
        4 => plain(between(hours(132), hours(156)), between(hours(97), hours(130))),
        // Nobody has seen the bank again.
        _ => Tale { by_agent: false, ago: between(hours(120), hours(156)), length: None, extended: None },
    }
}

impl Life {
    /// Tells the past; returns how many rentals that were.
    pub(super) async fn tell_the_past(&mut self) -> Result<u64, SimulateError> {
        let mut told = 0;
        let tales = self.quarter.rentals / ONE_IN;
        let kiosks = self.quarter.stations.iter().filter(|station| station.instant).count();
        for place in 0..kiosks {
            // Half of a kiosk's banks stay for those who come today.
            for slot in 0..BANKS / 2 {
                if told < tales {
                    self.tell(told, place, slot).await?;
                    told += 1;
                }
            }
        }
        Ok(told)
    }

    async fn tell(&mut self, number: u64, place: usize, slot: usize) -> Result<(), SimulateError> {
        let tale = tale(number, &mut self.quarter.chance);
        // Bills are of whole seconds, so that the same seed tells the same bills.
        let started_at = whole_seconds(SystemClock.now()) - tale.ago;
        let customer = usize::try_from(number).unwrap_or(0);
        self.get_ready(customer).await?;
        let station_id = self.quarter.stations[place].id;
        let role = if tale.by_agent { Role::Agent } else { Role::Admin };
        let who = Who::Staff(role, self.quarter.staff);
        let customer_id = self.quarter.customers[customer].id;
        let data = json!({"customer_id": customer_id, "station_id": station_id, "slot": slot + 1});
        let reply = self.act(Act::command(who, "StartRental", Some(started_at), data)).await?;
        self.bar.inc(1);
        let Some(bank) = self.quarter.stations[place].slots[slot].filter(|_| reply.done()) else {
            return Ok(());
        };
        self.report.started();
        self.quarter.stations[place].slots[slot] = None;
        let rental_id = reply.result("rental_id").as_str().and_then(|id| id.parse().ok()).unwrap_or_default();
        let trip = self.quarter.begin(rental_id, customer, bank);
        if let Some(minutes) = tale.extended {
            let data = json!({"rental_id": rental_id, "minutes": minutes});
            let at = started_at + TimeDelta::hours(18);
            self.act(self.quarter.staff("ExtendRental", Some(at), data)).await?;
        }
        let Some(length) = tale.length else { return Ok(()) };
        let data = json!({
            "serial": self.quarter.serial(trip), "station_id": station_id, "slot": slot + 1,
            "battery_percent": 50, "observed_at": started_at + length,
        });
        self.quarter.stations[place].slots[slot] = Some(bank);
        self.quarter.trips[trip].returned = true;
        let reply = self.station(place, "DeviceReturned", data).await?;
        self.came_out(trip, &reply.body);
        Ok(())
    }
}

fn whole_seconds(moment: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp(moment.timestamp(), 0).unwrap_or(moment)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::STOOD_FOR;

    #[test]
    fn every_tale_may_be_told_and_is_over_now() {
        let mut chance = Chance::new(7);
        for number in 0..600 {
            let Tale { by_agent, ago, length, extended } = tale(number, &mut chance);
            let limit = if by_agent { TimeDelta::minutes(60) } else { STOOD_FOR };
            assert!(ago < limit, "{number}: {ago}");
            assert!(length.is_none_or(|length| length < ago), "{number}");
            // One that was to be extended is not sold yet, however soon the system acts.
            assert!(extended.is_none() || ago < TimeDelta::days(4), "{number}");
        }
    }

    #[test]
    fn some_are_late_some_sold_some_found_again() {
        let mut chance = Chance::new(1);
        let tales: Vec<Tale> = (0..6).map(|number| tale(number, &mut chance)).collect();
        let (day, sale) = (TimeDelta::days(1), TimeDelta::days(4));
        let late = |tale: &&Tale| tale.length.is_some_and(|length| day < length && length < sale);
        assert_eq!(tales.iter().filter(late).count(), 2);
        assert_eq!(tales.iter().filter(|tale| tale.length.is_some_and(|length| length > sale)).count(), 1);
        assert_eq!(tales.iter().filter(|tale| tale.length.is_none() && tale.ago > sale).count(), 1);
    }
}
