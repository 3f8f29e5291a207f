//! What has to be done now and then: partitions made ahead, keys of refused commands swept, telemetry kept for its
//! days, silent cabinets noticed. Several processes may do it; what one did, the others find done.

use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::CommandApi;

/// How often partitions are looked after. At full load one lasts longer than this by far.
const PARTITIONS_EVERY: Duration = Duration::from_secs(5);
/// How often the keys of refused commands are swept.
const SWEEP_EVERY: Duration = Duration::from_secs(600);
/// How often days of telemetry are made and dropped.
const TELEMETRY_EVERY: Duration = Duration::from_secs(600);

/// What has to be done.
#[derive(Debug, Clone, Copy)]
enum Chore {
    Partitions,
    Sweep,
    Telemetry,
    Silence,
}

/// Does what has to be done, until the service is gone.
pub(crate) async fn keep(api: impl Fn() -> Option<CommandApi>, listen_every: Duration) {
    let (mut partitions, mut sweep) = (every(PARTITIONS_EVERY), every(SWEEP_EVERY));
    let (mut telemetry, mut listen) = (every(TELEMETRY_EVERY), every(listen_every));
    loop {
        let chore = tokio::select! {
            _ = partitions.tick() => Chore::Partitions,
            _ = sweep.tick() => Chore::Sweep,
            _ = telemetry.tick() => Chore::Telemetry,
            _ = listen.tick() => Chore::Silence,
        };
        let Some(api) = api() else { break };
        if let Err(error) = done(&api, chore).await {
            tracing::debug!(error, ?chore, "housekeeping was put off");
        }
    }
}

fn every(period: Duration) -> Interval {
    let mut interval = interval(period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

async fn done(api: &CommandApi, chore: Chore) -> Result<(), String> {
    let ledger_error = |error: ledger::LedgerError| error.to_string();
    match chore {
        Chore::Partitions => api.ledger().ensure_partitions().await.map(drop).map_err(ledger_error),
        Chore::Sweep => api.sealer().sweep().await.map(drop).map_err(|error| error.to_string()),
        Chore::Telemetry => {
            api.cabinets().ensure_days().await.map_err(ledger_error)?;
            let keep = api.telemetry_days().get();
            api.cabinets().drop_days(keep).await.map(drop).map_err(ledger_error)
        }
        Chore::Silence => api.look_for_silence().await.map_err(|problem| problem.detail().to_owned()),
    }
}
