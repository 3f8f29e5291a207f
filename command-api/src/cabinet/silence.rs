//! Cabinets that were heard once and then not any more are taken offline, until they are heard again.
//!
//! Only stations of release mode `confirmed`: a staffed kiosk is never offline for want of a heartbeat. Several
//! processes may look at the same time: the command's id follows from the last heartbeat and its time is the deadline
//! itself, so it has one effect; and a station that staff brought online while it was silent stays so.
//!
//! A process speaks of silence only once it has listened for as long itself, without losing the database meanwhile: after
//! an outage of ours the cabinets first get the time to be heard again.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::event::ReleaseMode;
use domain::station::{NO_HEARTBEAT, Station};
use edge::{Identity, Problem};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::ids::following;
use crate::CommandApi;
use crate::present::away;
use crate::submit::{Asked, Data, answered};

impl CommandApi {
    /// Takes the cabinets offline that have been silent for too long.
    ///
    /// # Errors
    /// The ledger is away: the listening begins anew.
    pub(crate) async fn look_for_silence(&self) -> Result<(), Problem> {
        let listening = self.listening();
        let Some(heard_since) = listening.heard_since(self.clock().now()) else { return Ok(()) };
        let done = self.take_silent_offline(heard_since, listening.silence).await;
        if done.is_err() {
            listening.again(self.clock().now());
        }
        done
    }

    async fn take_silent_offline(&self, since: DateTime<Utc>, silence: TimeDelta) -> Result<(), Problem> {
        let silent = self.cabinets().silent(since).await.map_err(|error| away(&error))?;
        for (station_id, heard_at) in silent {
            let Some(station) = self.present().station(station_id).await? else { continue };
            if is_missed(&station) {
                let deadline = heard_at.checked_add_signed(silence).unwrap_or(heard_at);
                self.take_offline(station_id, heard_at, deadline).await?;
            }
        }
        Ok(())
    }

    async fn take_offline(
        &self,
        station: Uuid,
        heard_at: DateTime<Utc>,
        deadline: DateTime<Utc>,
    ) -> Result<(), Problem> {
        let kind = "TakeStationOffline";
        let id = following(kind, station, heard_at, 0, &self.sealer().keys());
        let data = Map::from_iter([
            ("station_id".to_owned(), json!(station)),
            ("reason".to_owned(), json!(NO_HEARTBEAT)),
        ]);
        self.submit_as_system(id, kind, Some(deadline), data).await
    }

    /// A station that was taken offline because it was not heard was heard.
    ///
    /// # Errors
    /// What the command was answered, if it was neither recorded nor already done.
    pub(crate) async fn bring_online(&self, station: Uuid) -> Result<(), Problem> {
        let data = Map::from_iter([("station_id".to_owned(), json!(station))]);
        self.submit_as_system(self.clock().id(), "BringStationOnline", None, data).await
    }

    async fn submit_as_system(
        &self,
        id: Uuid,
        kind: &'static str,
        occurred_at: Option<DateTime<Utc>>,
        data: Map<String, Value>,
    ) -> Result<(), Problem> {
        let system = Identity::system(crate::SYSTEM);
        let occurred_at = occurred_at.map(|at| at.to_rfc3339().into());
        let asked = Asked { id: Some(id), kind: kind.into(), occurred_at, data: Data::Made(data) };
        let (job, queued) = self.prepare_traced(&system, None, asked).await?;
        self.batcher().offer(job).map_err(crate::submit::no_room)?;
        answered(self.outcome(queued).await, &system, None).map(drop)
    }
}

/// Since when this process has been listening without a break.
#[derive(Debug)]
pub(crate) struct Listening {
    silence: TimeDelta,
    since_micros: AtomicI64,
}

impl Listening {
    /// From now on, for cabinets that are silent for that long.
    pub(crate) fn new(silence: Duration, now: DateTime<Utc>) -> Self {
        let silence = TimeDelta::from_std(silence).unwrap_or(TimeDelta::MAX);
        Self { silence, since_micros: AtomicI64::new(now.timestamp_micros()) }
    }

    /// The moment since which a cabinet must have been heard, if this process can know by now whether it was.
    fn heard_since(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let heard_since = now.checked_sub_signed(self.silence)?;
        (self.since_micros.load(Ordering::Relaxed) <= heard_since.timestamp_micros()).then_some(heard_since)
    }

    fn again(&self, now: DateTime<Utc>) {
        self.since_micros.store(now.timestamp_micros(), Ordering::Relaxed);
    }
}

/// Whether somebody has to be told that this station is silent.
fn is_missed(station: &Station) -> bool {
    station.release_mode == ReleaseMode::Confirmed && station.status() == "online"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(minutes * 60, 0).unwrap()
    }

    #[test]
    fn a_process_speaks_of_silence_only_once_it_has_listened_for_as_long() {
        let listening = Listening::new(Duration::from_secs(15 * 60), at(100));
        assert_eq!(listening.heard_since(at(100)), None);
        assert_eq!(listening.heard_since(at(114)), None);
        assert_eq!(listening.heard_since(at(115)), Some(at(100)));
        listening.again(at(120));
        assert_eq!(listening.heard_since(at(134)), None);
        assert_eq!(listening.heard_since(at(135)), Some(at(120)));
    }
}
