//! What the service does now and then beside answering.

use std::time::Duration;

use chrono::TimeDelta;
use tokio::time::{MissedTickBehavior, interval};

use crate::CommandApi;
use crate::access::tidy;
use crate::api::Owned;

/// How often partitions are looked after. At full load one lasts longer than this by far.
const PARTITIONS_EVERY: Duration = Duration::from_secs(5);
/// How often the keys of refused commands, old codes, sessions and letters are swept.
const SWEEP_EVERY: Duration = Duration::from_secs(600);
/// How long after a receipt was assigned or paid back its payer is known.
const RECEIPTS_KEPT: chrono::TimeDelta = chrono::TimeDelta::days(90);
/// How often the days of telemetry are looked after.
const TELEMETRY_EVERY: Duration = Duration::from_secs(600);

/// How long the body of a letter is kept once it was judged.
const LETTERS_KEPT: TimeDelta = TimeDelta::days(30);

/// What has to be done now and then.
#[derive(Debug, Clone, Copy)]
enum Chore {
    Partitions,
    Sweep,
    Telemetry,
    Silence,
}

/// Does what has to be done now and then, until the service is gone.
pub(crate) async fn keep_house(owned: std::sync::Weak<Owned>, listen_every: Duration) {
    let every = |period| {
        let mut interval = interval(period);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        interval
    };
    let (mut partitions, mut sweep) = (every(PARTITIONS_EVERY), every(SWEEP_EVERY));
    let (mut telemetry, mut listen) = (every(TELEMETRY_EVERY), every(listen_every));
    loop {
        let chore = tokio::select! {
            _ = partitions.tick() => Chore::Partitions,
            _ = sweep.tick() => Chore::Sweep,
            _ = telemetry.tick() => Chore::Telemetry,
            _ = listen.tick() => Chore::Silence,
        };
        let Some(owned) = owned.upgrade() else { break };
        if let Err(error) = CommandApi(owned).do_chore(chore).await {
            tracing::debug!(error, ?chore, "housekeeping was put off");
        }
    }
}

impl CommandApi {
    async fn do_chore(&self, chore: Chore) -> Result<(), String> {
        let owned = &self.0;
        match chore {
            Chore::Partitions => {
                owned.ledger.ensure_partitions().await.map(drop).map_err(|error| error.to_string())
            }
            Chore::Sweep => {
                owned.sealer.sweep().await.map_err(|error| error.to_string())?;
                let now = owned.clock.now();
                owned.sealer.forget_receipts(now - RECEIPTS_KEPT).await.map_err(|error| error.to_string())?;
                owned.inbox.forget(now - LETTERS_KEPT).await.map_err(|error| error.to_string())?;
                tidy(owned.ledger.pool(), now).await.map_err(|error| error.to_string())
            }
            Chore::Telemetry => {
                owned.cabinets.ensure_days().await.map_err(|error| error.to_string())?;
                owned
                    .cabinets
                    .drop_days(owned.telemetry_days.get())
                    .await
                    .map(drop)
                    .map_err(|error| error.to_string())
            }
            Chore::Silence => self.look_for_silence().await.map_err(|problem| problem.detail().to_owned()),
        }
    }
}
