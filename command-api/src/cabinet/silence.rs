//! Cabinets that were heard once and then not any more are taken offline, until they are heard again.
//!
//! Only stations of release mode `confirmed`: a staffed kiosk is never offline for want of a heartbeat. Several
//! processes may look at the same time: the command's id follows from the last heartbeat and its time is the deadline
//! itself, so it has one effect; and a station that staff brought online while it was silent stays so.

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
    /// Takes the cabinets offline that have been silent for that long, and says how many were.
    ///
    /// # Errors
    /// The ledger is away; the next round does what was left.
    pub(crate) async fn take_silent_offline(&self, silence: Duration) -> Result<usize, Problem> {
        let silence = TimeDelta::from_std(silence).unwrap_or(TimeDelta::MAX);
        let since = self.clock().now().checked_sub_signed(silence).unwrap_or(DateTime::<Utc>::MIN_UTC);
        let silent = self.cabinets().silent(since).await.map_err(|error| away(&error))?;
        let mut taken = 0;
        for (station_id, heard_at) in silent {
            let Some(station) = self.present().station(station_id).await? else { continue };
            if is_missed(&station) {
                let deadline = heard_at.checked_add_signed(silence).unwrap_or(heard_at);
                self.take_offline(station_id, heard_at, deadline).await?;
                taken += 1;
            }
        }
        Ok(taken)
    }

    async fn take_offline(
        &self,
        station: Uuid,
        heard_at: DateTime<Utc>,
        deadline: DateTime<Utc>,
    ) -> Result<(), Problem> {
        let kind = "TakeStationOffline";
        let id = following(kind, station, heard_at, 0, self.sealer().keys());
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

/// Whether somebody has to be told that this station is silent.
fn is_missed(station: &Station) -> bool {
    station.release_mode == ReleaseMode::Confirmed && station.status() == "online"
}
