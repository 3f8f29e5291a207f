//! What a callback said, for reconciliation: noted beside the letter, without whom it names.

use domain::event::Provider;
use ledger::callback::{Callback as Noted, Direction, HeardBy, SaidStatus};
use ledger::inbox::Letter;

use super::callback::{Callback, Word};
use super::desk::Desk;
use crate::error::ReactorError;

const fn status(word: Word) -> SaidStatus {
    match word {
        Word::Success => SaidStatus::Success,
        Word::Failure => SaidStatus::Failure,
        Word::Other => SaidStatus::Other,
    }
}

fn noted<'a>(said: &'a Callback, letter: &Letter, verdict: &'a str) -> Noted<'a> {
    let (heard_by, heard_at, verdict) = (HeardBy::Letter(letter.id), letter.received_at, Some(verdict));
    match said {
        Callback::Collection(said) => Noted {
            heard_by,
            direction: Direction::Collection,
            provider: said
                .operator
                .as_ref()
                .and_then(|operator| operator.as_ref().ok().copied())
                .map(Provider::as_str),
            provider_reference: said.transaction_id.as_deref(),
            external_reference: said.references.first().map(String::as_str),
            amount: said.amount,
            status: status(said.word),
            verdict,
            heard_at,
        },
        Callback::PayOut(said) => Noted {
            heard_by,
            direction: Direction::Disbursement,
            provider: None,
            provider_reference: said.pg_reference.as_deref(),
            external_reference: said.references.first().map(String::as_str),
            amount: said.amount,
            status: status(said.word),
            verdict,
            heard_at,
        },
    }
}

impl Desk {
    /// Notes what a letter said, once.
    pub(super) async fn note(
        &self,
        said: &Callback,
        letter: &Letter,
        verdict: &str,
    ) -> Result<(), ReactorError> {
        noted(said, letter, verdict).note(&self.client).await?;
        Ok(())
    }
}
