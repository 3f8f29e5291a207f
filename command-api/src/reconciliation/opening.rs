//! From differences to breaks, and from fees and payouts to entries.
//!
//! A break is opened as whoever uploaded the statement. What a provider took or moved is recorded as the provider's word:
//! that identity is made inside the process, no token has it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use domain::event::BreakCause;
use domain::{Rejection, State};
use edge::http::Context;
use edge::{Identity, Problem, Role};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::ids::named;
use super::line::{Kind, Line};
use super::matching::{Difference, What};
use crate::CommandApi;
use crate::batcher::Outcome;
use crate::submit::{Asked, Data, Queued, answered, no_room};

/// How many commands wait at once: a small part of the queue.
const AT_ONCE: usize = 200;

/// A break of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = StatementBreak)]
pub(crate) struct Opened {
    /// The break; the same for the same difference.
    break_id: Uuid,
    /// `missing_in_ledger`, `missing_at_provider`, `amount_differs`, `status_differs` or `duplicate`.
    #[schema(example = "amount_differs")]
    cause: &'static str,
    /// `collection`, `disbursement`, `fee` or `payout`.
    #[serde(rename = "type")]
    #[schema(example = "collection")]
    kind: &'static str,
    #[schema(example = "mpesa")]
    provider: &'static str,
    /// The provider's reference, else ours.
    provider_reference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refund_id: Option<Uuid>,
    ledger_amount: Option<i64>,
    statement_amount: Option<i64>,
    /// Whether it was known before this statement.
    known: bool,
}

pub(crate) const fn cause(cause: BreakCause) -> &'static str {
    match cause {
        BreakCause::MissingInLedger => "missing_in_ledger",
        BreakCause::MissingAtProvider => "missing_at_provider",
        BreakCause::AmountDiffers => "amount_differs",
        BreakCause::StatusDiffers => "status_differs",
        BreakCause::Duplicate => "duplicate",
    }
}

/// A statement on its way into the ledger.
pub(crate) struct Desk<'a> {
    pub(crate) api: &'a CommandApi,
    pub(crate) speaker: &'a Identity,
    pub(crate) context: &'a Context,
    pub(crate) statement_id: Uuid,
}

impl Desk<'_> {
    /// The id of the break of a difference.
    pub(crate) fn break_id(&self, difference: &Difference) -> Uuid {
        let Difference { cause: why, kind, provider, reference, held, ledger_amount, statement_amount, at } =
            difference;
        let held = held.map(|(what, id)| format!("{}:{id}", what.as_str()));
        let words = format!(
            "break|{}|{}|{}|{reference:?}|{held:?}|{ledger_amount:?}|{statement_amount:?}",
            cause(*why),
            kind.as_str(),
            provider.as_str(),
        );
        named(&words, *at, &self.api.sealer().keys())
    }

    /// Opens a break for each difference that has none, and says of all of them what they are.
    ///
    /// # Errors
    /// 503 and the like where the end of one is not known: send the same file again.
    pub(crate) async fn open(&self, differences: &[Difference]) -> Result<Vec<Opened>, Problem> {
        let ids: Vec<Uuid> = differences.iter().map(|difference| self.break_id(difference)).collect();
        let mut known: HashSet<Uuid> = HashSet::new();
        for chunk in ids.chunks(AT_ONCE) {
            known.extend(self.api.present().states(chunk.iter().copied()).await?.into_keys());
        }
        let mut opened = Vec::new();
        let mut named = HashSet::new();
        let mut new = Vec::new();
        for (difference, id) in differences.iter().zip(ids).filter(|(_, id)| named.insert(*id)) {
            opened.push(told(difference, id, known.contains(&id)));
            if !known.contains(&id) {
                new.push((difference, id));
            }
        }
        for chunk in new.chunks(AT_ONCE) {
            let mut queued = Vec::with_capacity(chunk.len());
            for (difference, id) in chunk {
                queued.push(self.queue_break(difference, *id).await?);
            }
            for one in queued {
                self.end_of_break(self.api.outcome(one).await)?;
            }
        }
        Ok(opened)
    }

    async fn queue_break(&self, difference: &Difference, break_id: Uuid) -> Result<Queued, Problem> {
        let words = format!("open|{break_id}|{}", self.statement_id);
        let id = named(&words, difference.at, &self.api.sealer().keys());
        let asked = Asked {
            id: Some(id),
            kind: "OpenBreak".into(),
            occurred_at: None,
            data: Data::Made(data_of(difference, break_id, self.statement_id)),
        };
        let (job, queued) = self.api.prepare(self.speaker, self.context, asked).await?;
        self.api.batcher().hand_over(job).await.map_err(no_room)?;
        Ok(queued)
    }

    fn end_of_break(&self, outcome: Outcome) -> Result<(), Problem> {
        match outcome {
            // Another upload with the same difference was quicker.
            Outcome::Refused(rejection) if matches!(*rejection, Rejection::IdTaken { .. }) => Ok(()),
            other @ (Outcome::Answer(_)
            | Outcome::Refused(_)
            | Outcome::KeyReused
            | Outcome::Concurrent
            | Outcome::Unknown
            | Outcome::Unavailable
            | Outcome::Failed) => answered(other, self.speaker, None).map(drop),
        }
    }

    /// Books a fee or a payout; what is booked under the same reference with another amount comes back instead.
    ///
    /// # Errors
    /// 503 and the like where the end of one is not known: send the same file again.
    pub(crate) async fn book(&self, lines: &[&Line]) -> Result<Vec<Booked>, Problem> {
        let provider_side = Identity { role: Role::Payments, ..Identity::system(crate::SYSTEM) };
        let mut booked = Vec::with_capacity(lines.len());
        for chunk in lines.chunks(AT_ONCE) {
            let mut queued = Vec::with_capacity(chunk.len());
            for line in chunk {
                let (job, one) = self.api.prepare(&provider_side, self.context, self.entry(line)).await?;
                self.api.batcher().hand_over(job).await.map_err(no_room)?;
                queued.push(one);
            }
            for one in queued {
                booked.push(booked_as(self.api.outcome(one).await, &provider_side)?);
            }
        }
        self.amounts(&mut booked).await?;
        Ok(booked)
    }

    fn entry(&self, line: &Line) -> Asked<'static> {
        let kind = if line.kind == Kind::Fee { "RecordProviderFee" } else { "RecordProviderPayout" };
        let data = super::super::operations::data([
            ("provider", Some(json!(line.provider))),
            ("amount", Some(json!(line.amount))),
            ("provider_reference", line.transaction_id.as_ref().map(|reference| json!(reference))),
        ]);
        let at = line.completed_at;
        let reference = line.transaction_id.as_ref().map_or("", |reference| reference.as_str());
        let words = format!("entry|{kind}|{}|{reference}|{}|{at}", line.provider.as_str(), line.amount);
        let id = named(&words, at, &self.api.sealer().keys());
        Asked {
            id: Some(id),
            kind: kind.into(),
            occurred_at: Some(at.to_rfc3339().into()),
            data: Data::Made(data),
        }
    }

    /// Looks up what those hold that were booked with another amount.
    async fn amounts(&self, booked: &mut [Booked]) -> Result<(), Problem> {
        let others: Vec<Uuid> = booked
            .iter()
            .filter_map(|booked| match booked {
                Booked::Otherwise { entry_id, .. } => Some(*entry_id),
                Booked::Entry(_) => None,
            })
            .collect();
        let states: HashMap<Uuid, Arc<State>> = self.api.present().states(others).await?;
        for one in booked {
            if let Booked::Otherwise { entry_id, amount } = one
                && let Some(State::Entry(entry)) = states.get(entry_id).map(AsRef::as_ref)
            {
                *amount = Some(entry.amount.shillings());
            }
        }
        Ok(())
    }
}

/// What became of a fee or a payout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Booked {
    /// It is this entry.
    Entry(Option<Uuid>),
    /// Its reference is an entry of another amount.
    Otherwise {
        /// Which.
        entry_id: Uuid,
        /// Its amount.
        amount: Option<i64>,
    },
}

fn booked_as(outcome: Outcome, speaker: &Identity) -> Result<Booked, Problem> {
    match outcome {
        Outcome::Refused(rejection) => {
            if let Rejection::ProviderReferenceTaken { held_by } = *rejection {
                return Ok(Booked::Otherwise { entry_id: held_by, amount: None });
            }
            answered(Outcome::Refused(rejection), speaker, None).map(|_| Booked::Entry(None))
        }
        other @ (Outcome::Answer(_)
        | Outcome::KeyReused
        | Outcome::Concurrent
        | Outcome::Unknown
        | Outcome::Unavailable
        | Outcome::Failed) => {
            let answer = answered(other, speaker, None)?;
            Ok(Booked::Entry(answer.result_text("entry_id").and_then(|id| id.parse().ok())))
        }
    }
}

fn of(what: What, held: Option<(What, Uuid)>) -> Option<Uuid> {
    held.filter(|(is, _)| *is == what).map(|(_, id)| id)
}

fn told(difference: &Difference, break_id: Uuid, known: bool) -> Opened {
    Opened {
        break_id,
        cause: cause(difference.cause),
        kind: difference.kind.as_str(),
        provider: difference.provider.as_str(),
        provider_reference: difference.reference.clone(),
        payment_id: of(What::Payment, difference.held),
        receipt_id: of(What::Receipt, difference.held),
        refund_id: of(What::Refund, difference.held),
        ledger_amount: difference.ledger_amount,
        statement_amount: difference.statement_amount,
        known,
    }
}

fn data_of(difference: &Difference, break_id: Uuid, statement_id: Uuid) -> Map<String, Value> {
    super::super::operations::data([
        ("break_id", Some(json!(break_id))),
        ("cause", Some(json!(difference.cause))),
        ("provider", Some(json!(difference.provider))),
        ("provider_reference", difference.reference.as_ref().map(|reference| json!(reference))),
        ("payment_id", of(What::Payment, difference.held).map(|id| json!(id))),
        ("receipt_id", of(What::Receipt, difference.held).map(|id| json!(id))),
        ("refund_id", of(What::Refund, difference.held).map(|id| json!(id))),
        ("ledger_amount", difference.ledger_amount.map(|amount| json!(amount))),
        ("statement_amount", difference.statement_amount.map(|amount| json!(amount))),
        ("statement_id", Some(json!(statement_id))),
        ("reason", Some(json!(difference.kind.as_str()))),
    ])
}
