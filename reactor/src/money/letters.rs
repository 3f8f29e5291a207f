//! Callbacks: what AzamPay sent is judged, and what follows from it is recorded, before the letter is marked.
//!
//! It keeps true that one letter has one effect: its commands carry ids that follow from the letter, so a repeat after a
//! crash, or by another reactor, sends the same. A letter that nobody can read is marked failed and stops no other; one
//! whose command finds nobody, or whose proof is not to be had yet, waits and is judged again with growing pauses.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Mutex;
use std::time::Duration;

use chrono::TimeDelta;
use domain::Time;
use edge::pace::{Backoff, rest};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use ledger::inbox::{Judgement, Letter, LetterKind};
use serde_json::json;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::callback::{Callback, Collected, PaidOut};
use super::desk::Desk;
use super::ids::receipt_id;
use super::judge::{self, Asked, Mismatch, Received, Returned, Signature, Verdict};
use super::naming::Named;
use super::report::Report;
use crate::azampay::{PayOutName, Standing};
use crate::commands::Answer;
use crate::error::ReactorError;
use crate::statements::money as statements;

/// How often is looked for letters: a customer waits.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How many letters are taken at once, and how many are judged at the same time.
const TAKEN: i64 = 200;
const AT_ONCE: usize = 8;
/// The pauses before a letter is judged again.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(60));
/// An inquiry that nobody could answer is repeated so soon after.
const INQUIRE_AGAIN: TimeDelta = TimeDelta::seconds(15);

/// Why a letter has no judgement yet.
pub(super) enum Unjudged {
    /// It is looked at again later.
    Later(String),
    /// Nothing goes on.
    Failed(ReactorError),
}

impl<E: Into<ReactorError>> From<E> for Unjudged {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// What became of a letter, in a word.
type Word = Result<String, Unjudged>;

/// The letters that are looked at again later: how often they were, and when they are next.
#[derive(Default)]
pub(super) struct Waiting(Mutex<HashMap<i64, (u32, Time)>>);

impl Waiting {
    fn locked(&self) -> std::sync::MutexGuard<'_, HashMap<i64, (u32, Time)>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn is_due(&self, letter: i64, now: Time) -> bool {
        self.locked().get(&letter).is_none_or(|(_, next)| *next <= now)
    }

    fn attempts(&self, letter: i64) -> u32 {
        self.locked().get(&letter).map_or(0, |(attempts, _)| *attempts)
    }
}

impl Desk {
    /// Judges letters until something fails.
    pub(super) async fn read_letters(&self) -> Result<Infallible, ReactorError> {
        let waiting = Waiting::default();
        loop {
            let mut after = i64::MIN;
            let mut judged = 0_usize;
            loop {
                let letters = self.inbox.waiting(after, TAKEN).await?;
                let Some(last) = letters.last() else { break };
                after = last.id;
                let now = self.clock.now();
                let due = letters
                    .into_iter()
                    .filter(|letter| letter.kind == LetterKind::Azampay && waiting.is_due(letter.id, now));
                let done = stream::iter(due).map(|letter| self.read_letter(letter, &waiting));
                let done: Vec<bool> = done.buffer_unordered(AT_ONCE).try_collect().await?;
                judged = judged.saturating_add(done.into_iter().filter(|done| *done).count());
            }
            if judged == 0 {
                rest(LOOK_EVERY).await;
            }
        }
    }

    /// Whether the letter is done with.
    async fn read_letter(&self, letter: Letter, waiting: &Waiting) -> Result<bool, ReactorError> {
        let attempts = waiting.attempts(letter.id);
        let (judgement, word) = match self.judge_letter(&letter, attempts).await {
            Ok(judged) => judged,
            Err(Unjudged::Failed(error)) => return Err(error),
            Err(Unjudged::Later(why)) => {
                tracing::info!(letter = letter.id, why, "a callback is judged later");
                let pause = Backoff::new(PAUSES.0, PAUSES.1).after(attempts).next_pause(self.clock.as_ref());
                let next = self.after(TimeDelta::from_std(pause).unwrap_or_default());
                waiting.locked().insert(letter.id, (attempts.saturating_add(1), next));
                return Ok(false);
            }
        };
        if self.inbox.mark(letter.id, judgement, &word).await? {
            self.figures.judged(&word);
            tracing::info!(letter = letter.id, times = letter.times, verdict = word, "a callback was judged");
        }
        waiting.locked().remove(&letter.id);
        Ok(true)
    }

    async fn judge_letter(&self, letter: &Letter, attempts: u32) -> Result<(Judgement, String), Unjudged> {
        let body = match self.inbox.open(letter) {
            Ok(body) => body,
            Err(error) if error.is_renewed() => return Err(Unjudged::Later(error.to_string())),
            Err(_) => return Ok((Judgement::Failed, "sealed".to_owned())),
        };
        let Some(said) = Callback::read(&body) else {
            return Ok((Judgement::Failed, "garbage".to_owned()));
        };
        let word = match &said {
            Callback::Collection(said) => self.collection(said, letter, attempts).await?,
            Callback::PayOut(said) => self.returned(said, letter).await?,
        };
        self.note(&said, letter, &word).await?;
        Ok((Judgement::Judged, word))
    }

    async fn collection(&self, said: &Collected, letter: &Letter, attempts: u32) -> Word {
        let named = self.payment_named(&said.references).await?;
        let asked = named.as_ref().map(|named| &named.asked);
        let signature = match asked {
            Some(_) => self.signature(said, attempts).await?,
            None => Signature::None,
        };
        let verdict = judge::collection(said, asked, signature, self.inquires());
        match (verdict, &named) {
            (Verdict::Settle { reference, .. }, Some(named)) => {
                self.settle(said, named, &reference, letter).await
            }
            (Verdict::Decline { payment_id, reference }, _) => {
                let attempt = format!("letter {}", letter.id);
                let report =
                    Report::declined(payment_id, reference.as_deref(), "the provider says so", &attempt);
                self.record("decline", &report, letter).await
            }
            (Verdict::Unmatched(received), _) => self.receive(received, letter).await,
            (Verdict::Unknown { payment_id, transaction_id }, _) => {
                self.wait_for(payment_id, transaction_id.as_deref(), "an unknown word", letter).await
            }
            (Verdict::Nothing { why }, _) => {
                tracing::info!(letter = letter.id, why, "a callback proves nothing");
                Ok("nothing".to_owned())
            }
            (Verdict::Settle { .. }, None) => Ok("nothing".to_owned()),
        }
    }

    /// What a callback proves is asked for first, where that is possible; only then it settles.
    async fn settle(&self, said: &Collected, named: &Named, reference: &str, letter: &Letter) -> Word {
        let Asked { payment_id, amount, provider, .. } = named.asked;
        let standing = match &self.azampay {
            Some(azampay) => {
                let asked_for = named.transaction_id.as_deref().unwrap_or(reference);
                azampay.standing_of_collection(asked_for, provider).await
            }
            None => None,
        };
        standing.iter().for_each(|standing| self.figures.inquired(standing));
        match standing {
            None | Some(Standing::Success) => {
                let attempt = format!("letter {}", letter.id);
                let report = Report::confirmed(payment_id, amount.shillings(), reference, &attempt);
                self.record("settle", &report, letter).await
            }
            Some(Standing::Failure) => {
                match judge::received(said, Some(&named.asked), Mismatch::NotConfirmed) {
                    Some(received) => self.receive(received, letter).await,
                    None => Ok("nothing".to_owned()),
                }
            }
            Some(Standing::Pending | Standing::NotFound | Standing::Unknown { .. }) => {
                self.wait_for(payment_id, Some(reference), "not confirmed yet", letter).await
            }
        }
    }

    /// The payment is unknown, and asked about soon.
    async fn wait_for(
        &self,
        payment: Uuid,
        transaction_id: Option<&str>,
        why: &str,
        letter: &Letter,
    ) -> Word {
        let next = self.after(INQUIRE_AGAIN);
        let values: [&(dyn ToSql + Sync); 3] = [&payment, &transaction_id, &next];
        self.client.execute(statements::INQUIRE_SOON, &values).await?;
        let report = Report::unknown(payment, why, &format!("letter {}", letter.id));
        self.record("unknown", &report, letter).await
    }

    async fn receive(&self, received: Received, letter: &Letter) -> Word {
        let Received { why, provider, reference, amount, payer, payment_id } = received;
        let receipt = receipt_id(provider, &reference);
        let mut data = json!({
            "receipt_id": receipt, "provider": provider, "provider_reference": reference, "amount": amount,
            "reason": why.as_str(),
        });
        if let Some(object) = data.as_object_mut() {
            object.extend(payment_id.map(|id| ("payment_id".to_owned(), json!(id))));
            object.extend(payer.map(|payer| ("payer".to_owned(), json!(payer.as_str()))));
        }
        let id = super::ids::command_id("RecordUnmatchedReceipt", receipt, &format!("letter {}", letter.id));
        let report = Report { id, entity: receipt, name: "RecordUnmatchedReceipt", data };
        self.record(why.as_str(), &report, letter).await
    }

    /// Sends what follows from a letter, as of when it came. A refusal is final, and stands in the verdict.
    async fn record(&self, verdict: &str, report: &Report, letter: &Letter) -> Word {
        match self.send(&report.command(self.moment_of(letter))).await {
            Answer::Done { .. } => Ok(verdict.to_owned()),
            Answer::Refused { code } => {
                tracing::info!(letter = letter.id, verdict, code, "a callback changes nothing");
                Ok(format!("{verdict} {code}"))
            }
            Answer::Again { why, .. } => Err(Unjudged::Later(why)),
        }
    }

    /// When a letter came: the database's clock, and not ahead of ours.
    fn moment_of(&self, letter: &Letter) -> Time {
        letter.received_at.min(self.clock.now())
    }

    async fn returned(&self, said: &PaidOut, letter: &Letter) -> Word {
        let found = self.refund_named(said).await?;
        let returned = judge::pay_out(said, found.as_ref().map(|found| &found.sent));
        let (returned, standing) = match (&found, &self.azampay) {
            (Some(found), Some(azampay)) if !matches!(returned, Returned::Nothing { .. }) => {
                let name = PayOutName::of(found.provider_reference.as_deref(), found.reference.as_deref());
                (returned, azampay.standing_of_pay_out(name, found.provider).await)
            }
            (_, _) => (returned, None),
        };
        standing.iter().for_each(|standing| self.figures.inquired(standing));
        let attempt = format!("letter {}", letter.id);
        match (returned, standing) {
            (Returned::Paid { refund_id, reference }, None | Some(Standing::Success)) => {
                let report = Report::refund_paid(refund_id, reference.as_deref(), &attempt);
                self.record("paid", &report, letter).await
            }
            (Returned::Failed { refund_id }, None | Some(Standing::Failure)) => {
                let report = Report::refund_declined(refund_id, "the provider says so", &attempt);
                self.record("failed", &report, letter).await
            }
            (
                Returned::Paid { refund_id, .. }
                | Returned::Failed { refund_id }
                | Returned::Unknown { refund_id },
                _,
            ) => {
                let next = self.after(INQUIRE_AGAIN);
                let values: [&(dyn ToSql + Sync); 3] = [&refund_id, &said.pg_reference, &next];
                self.client.execute(statements::PAY_OUT_SOON, &values).await?;
                let report = Report::refund_unknown(refund_id, "a callback proves nothing", &attempt);
                self.record("refund_unknown", &report, letter).await
            }
            (Returned::Nothing { why }, _) => {
                tracing::info!(letter = letter.id, why, "a callback proves nothing");
                Ok("nothing".to_owned())
            }
        }
    }
}
