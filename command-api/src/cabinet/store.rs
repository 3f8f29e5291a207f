//! The tables of the schema `cabinet`, as this service uses them. One statement each; nothing is held across calls.

use chrono::{DateTime, Utc};
use ledger::{Ledger, LedgerError};
use serde_json::Value;
use uuid::Uuid;

use super::reported::{Kept, Reports};
use crate::statements;

/// The stations that are looked at in one round at most: far more than any fleet has.
const STATIONS: i64 = 100_000;

/// Reads and writes what cabinets say.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    ledger: Ledger,
}

/// The last inventory that was accepted of a station.
#[derive(Debug)]
pub(crate) struct Accepted {
    /// When it was taken, never ahead of its arrival.
    pub(crate) taken_at: DateTime<Utc>,
    /// When the cabinet said that it was taken.
    pub(crate) stated_at: DateTime<Utc>,
    /// Every slot as it was last shown, by that inventory or an earlier one.
    pub(crate) slots: Vec<Kept>,
    /// What was answered.
    pub(crate) answer: Value,
}

/// A line of the maintenance log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Maintenance {
    pub(crate) maintenance_id: Uuid,
    pub(crate) device_id: Uuid,
    pub(crate) done_at: DateTime<Utc>,
    pub(crate) recorded_at: DateTime<Utc>,
    pub(crate) action: String,
    pub(crate) what: String,
    pub(crate) cost: Option<i64>,
    pub(crate) battery_percent: Option<i16>,
    pub(crate) actor: String,
}

impl Store {
    pub(crate) fn new(ledger: Ledger) -> Self {
        Self { ledger }
    }

    /// A station was heard.
    ///
    /// # Errors
    /// The database is away; the same for every call here.
    pub(crate) async fn heard(
        &self,
        station: Uuid,
        at: DateTime<Utc>,
        firmware: Option<&str>,
    ) -> Result<(), LedgerError> {
        let client = self.ledger.pool().get().await?;
        let statement = client.prepare_cached(statements::HEARD).await?;
        client.execute(&statement, &[&station, &at, &firmware]).await?;
        Ok(())
    }

    /// The stations that were heard once and then not since that moment, with when they were.
    pub(crate) async fn silent(
        &self,
        since: DateTime<Utc>,
    ) -> Result<Vec<(Uuid, DateTime<Utc>)>, LedgerError> {
        let client = self.ledger.pool().get().await?;
        let statement = client.prepare_cached(statements::SILENT).await?;
        let rows = client.query(&statement, &[&since, &STATIONS]).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }

    /// The last inventory that was accepted of a station, if there is one.
    pub(crate) async fn inventory(&self, station: Uuid) -> Result<Option<Accepted>, LedgerError> {
        let client = self.ledger.pool().get().await?;
        let statement = client.prepare_cached(statements::INVENTORY).await?;
        let Some(row) = client.query_opt(&statement, &[&station]).await? else { return Ok(None) };
        // What this program cannot read of an earlier inventory only loses the interval it would have given.
        let slots = serde_json::from_value(row.try_get(2)?).unwrap_or_default();
        Ok(Some(Accepted {
            taken_at: row.try_get(0)?,
            stated_at: row.try_get(1)?,
            slots,
            answer: row.try_get(3)?,
        }))
    }

    /// Keeps an inventory and its readings; `false` if a later one was kept meanwhile, and then nothing is.
    pub(crate) async fn keep(
        &self,
        station: Uuid,
        accepted: &Accepted,
        reports: &Reports,
        device_of: impl Fn(&str) -> Option<Uuid>,
    ) -> Result<bool, LedgerError> {
        let mut slots: Vec<i16> = Vec::new();
        let (mut devices, mut serials) = (Vec::new(), Vec::new());
        let (mut batteries, mut faults): (Vec<Option<i16>>, Vec<_>) = (Vec::new(), Vec::new());
        for (slot, report) in reports {
            let serial = report.serial.as_ref().map(domain::values::Serial::as_str);
            let fault = report.fault.as_ref().map(domain::values::Reason::as_str);
            let battery = report.battery_percent.map(|percent| i16::from(percent.get()));
            if (serial, fault, battery) == (None, None, None) {
                continue; // an empty slot has nothing to measure
            }
            slots.push(i16::try_from(slot.get()).unwrap_or(i16::MAX));
            devices.push(serial.and_then(&device_of));
            serials.push(serial);
            batteries.push(battery);
            faults.push(fault);
        }
        let kept = serde_json::to_value(&accepted.slots).unwrap_or_default();
        let client = self.ledger.pool().get().await?;
        let statement = client.prepare_cached(statements::KEEP_INVENTORY).await?;
        let row = client
            .query_one(
                &statement,
                &[
                    &station,
                    &accepted.taken_at,
                    &accepted.stated_at,
                    &kept,
                    &accepted.answer,
                    &slots,
                    &devices,
                    &serials,
                    &batteries,
                    &faults,
                ],
            )
            .await?;
        Ok(row.try_get::<_, i64>(0)? == 1)
    }

    /// A line of the maintenance log, if it is there.
    pub(crate) async fn maintenance(&self, id: Uuid) -> Result<Option<Maintenance>, LedgerError> {
        let client = self.ledger.pool().get().await?;
        let statement = client.prepare_cached(statements::MAINTENANCE).await?;
        let Some(row) = client.query_opt(&statement, &[&id]).await? else { return Ok(None) };
        Ok(Some(Maintenance {
            maintenance_id: id,
            device_id: row.try_get(0)?,
            done_at: row.try_get(1)?,
            recorded_at: row.try_get(2)?,
            action: row.try_get(3)?,
            what: row.try_get(4)?,
            cost: row.try_get(5)?,
            battery_percent: row.try_get(6)?,
            actor: row.try_get(7)?,
        }))
    }

    /// Adds a line to the maintenance log; `false` if one of this id is there.
    pub(crate) async fn add_maintenance(&self, line: &Maintenance) -> Result<bool, LedgerError> {
        let client = self.ledger.pool().get().await?;
        let statement = client.prepare_cached(statements::ADD_MAINTENANCE).await?;
        let Maintenance { maintenance_id, device_id, done_at, recorded_at, action, what, .. } = line;
        let added = client
            .execute(
                &statement,
                &[
                    maintenance_id,
                    device_id,
                    done_at,
                    recorded_at,
                    action,
                    what,
                    &line.cost,
                    &line.battery_percent,
                    &line.actor,
                ],
            )
            .await?;
        Ok(added == 1)
    }

    /// Makes the days of telemetry ahead, and says how many.
    pub(crate) async fn ensure_days(&self) -> Result<i32, LedgerError> {
        let client = self.ledger.pool().get().await?;
        let statement = client.prepare_cached(statements::ENSURE_DAYS).await?;
        Ok(client.query_one(&statement, &[]).await?.try_get(0)?)
    }

    /// Drops the days of telemetry that ended more than so many days ago, and says how many.
    pub(crate) async fn drop_days(&self, keep: u16) -> Result<i32, LedgerError> {
        let client = self.ledger.pool().get().await?;
        let statement = client.prepare_cached(statements::DROP_DAYS).await?;
        Ok(client.query_one(&statement, &[&i32::from(keep)]).await?.try_get(0)?)
    }
}
