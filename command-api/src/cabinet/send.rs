//! Sending what a comparison came to, and what the cabinet is told about it.

use edge::{Identity, Problem, Role};
use ledger::seal::Keys;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::compare::{Difference, Step, Who};
use super::ids::following;
use crate::CommandApi;
use crate::batcher::Outcome;
use crate::submit::{Asked, Data, Queued, answered, no_room};
use domain::Time;

/// What became of a difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = InventoryDifference)]
pub(crate) struct Told {
    #[schema(example = 3)]
    slot: u16,
    /// The command that says so.
    #[serde(rename = "type")]
    #[schema(example = "DeviceReturned")]
    kind: &'static str,
    /// Its id; the same for the same inventory.
    command_id: Uuid,
    /// `recorded`, `already_done` or `refused`.
    #[schema(example = "recorded")]
    outcome: &'static str,
    /// Why it was refused: the code of a rule, or `device_unknown`, `inventory_outdated`, `release_pending`.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
}

/// The report of a station, from which commands follow.
pub(crate) struct Report<'a> {
    pub(crate) station: Uuid,
    pub(crate) taken_at: Time,
    pub(crate) traceparent: Option<&'a str>,
}

impl Report<'_> {
    fn id(&self, difference: &Difference, keys: &Keys) -> Uuid {
        following(difference.kind, self.station, self.taken_at, difference.slot.get(), keys)
    }

    fn speaker(&self, who: Who) -> Identity {
        match who {
            Who::Station => {
                let mut station = Identity::system(self.station);
                station.role = Role::Station;
                station
            }
            Who::System => Identity::system(crate::SYSTEM),
        }
    }
}

impl CommandApi {
    /// Sends the commands in their order and waits for the end of each.
    ///
    /// # Errors
    /// 503 and the like where the end of one is not known: send the same inventory again.
    pub(crate) async fn send_differences(
        &self,
        report: &Report<'_>,
        differences: Vec<Difference>,
    ) -> Result<Vec<Told>, Problem> {
        let mut sent = Vec::with_capacity(differences.len());
        for difference in differences {
            let id = report.id(&difference, &self.sealer().keys());
            let Difference { slot, kind, step } = difference;
            let way = match step {
                Step::Withheld(code) => Err(code),
                Step::Send(who, data) => Ok((who, self.queue(report, who, (id, kind, data)).await?)),
            };
            sent.push((slot.get(), kind, id, way));
        }
        let mut told = Vec::with_capacity(sent.len());
        for (slot, kind, command_id, way) in sent {
            let (outcome, code) = match way {
                Err(code) => ("refused", Some(code.to_owned())),
                Ok((who, queued)) => tell(self.outcome(queued).await, &report.speaker(who))?,
            };
            told.push(Told { slot, kind, command_id, outcome, code });
        }
        told.sort_by_key(|told| told.slot);
        Ok(told)
    }

    async fn queue(
        &self,
        report: &Report<'_>,
        who: Who,
        (id, kind, data): (Uuid, &'static str, serde_json::Map<String, serde_json::Value>),
    ) -> Result<Queued, Problem> {
        let occurred_at = match who {
            Who::Station => Some(report.taken_at.to_rfc3339().into()),
            Who::System => None,
        };
        let asked = Asked { id: Some(id), kind: kind.into(), occurred_at, data: Data::Made(data) };
        let trace = report.traceparent.map(str::to_owned);
        let (job, queued) = self.prepare_traced(&report.speaker(who), trace, asked).await?;
        self.batcher().hand_over(job).await.map_err(no_room)?;
        Ok(queued)
    }
}

/// What the cabinet is told of an end; what is no end of the command is an error.
fn tell(outcome: Outcome, speaker: &Identity) -> Result<(&'static str, Option<String>), Problem> {
    match outcome {
        Outcome::Refused(rejection) => Ok(("refused", Some(rejection.code().to_owned()))),
        Outcome::KeyReused => Ok(("refused", Some("idempotency_key_reused".to_owned()))),
        other @ (Outcome::Answer(_)
        | Outcome::Concurrent
        | Outcome::Unknown
        | Outcome::Unavailable
        | Outcome::Failed) => {
            let answer = answered(other, speaker, None)?;
            Ok((if answer.already_done { "already_done" } else { "recorded" }, None))
        }
    }
}
