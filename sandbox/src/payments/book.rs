//! What happened: who was asked, what was charged, what was paid out. The provider's truth, whatever it told.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::outcome::Charge;
use super::shelf::{Named, Shelf};
use super::wallet::Wallet;
use crate::settings::{DisbursementOutcome, PaymentOutcome};

/// What is known of what was told to the ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Told {
    /// How many callbacks were answered, or not.
    pub(super) callbacks: u32,
    /// How the last was answered: nothing where it was not.
    pub(super) last_answer: Option<u16>,
}

impl Told {
    pub(super) fn heard(&mut self, status: Option<u16>) {
        self.callbacks = self.callbacks.saturating_add(1);
        self.last_answer = status;
    }
}

/// Somebody was asked for money.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Prompt {
    pub(super) transaction_id: String,
    pub(super) external_id: String,
    pub(super) amount: u64,
    pub(super) provider: Wallet,
    pub(super) msisdn: String,
    pub(super) mno_reference: String,
    pub(super) additional: Value,
    pub(super) at: DateTime<Utc>,
    /// What was answered, once it was.
    pub(super) answered: Option<PaymentOutcome>,
    pub(super) answered_at: Option<DateTime<Utc>>,
    pub(super) charge: Option<Charge>,
    pub(super) told: Told,
}

/// What the provider says of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    Pending,
    Success,
    Failure,
}

impl Status {
    pub(super) fn word(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::Success => "success",
            Status::Failure => "failure",
        }
    }
}

impl Prompt {
    /// What it came to.
    pub(super) fn status(&self) -> Status {
        match (&self.charge, self.answered) {
            (Some(_), _) => Status::Success,
            (None, Some(PaymentOutcome::Failure)) => Status::Failure,
            (None, _) => Status::Pending,
        }
    }

    /// Whether it can be answered: nobody has, or nobody ever wanted to.
    pub(super) fn is_open(&self) -> bool {
        self.answered.is_none_or(|outcome| outcome == PaymentOutcome::Never)
    }

    pub(super) fn shown(&self) -> Value {
        json!({"transaction_id": self.transaction_id, "external_id": self.external_id, "amount": self.amount,
            "currency": "TZS", "provider": self.provider, "msisdn": self.msisdn, "at": self.at,
            "state": self.answered.map_or(json!("pending"), |outcome| json!(outcome)),
            "answered_at": self.answered_at, "callbacks": self.told.callbacks, "last_answer": self.told.last_answer})
    }
}

impl Named for Prompt {
    fn id(&self) -> &str {
        &self.transaction_id
    }
}

/// Somebody was paid, or not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Disbursement {
    pub(super) transaction_id: String,
    pub(super) external_id: String,
    pub(super) amount: u64,
    pub(super) provider: Wallet,
    /// The name the wallet was given.
    pub(super) bank: String,
    pub(super) msisdn: String,
    pub(super) name: Option<String>,
    pub(super) remarks: Option<String>,
    pub(super) fsp_reference: String,
    pub(super) additional: Value,
    pub(super) at: DateTime<Utc>,
    pub(super) outcome: DisbursementOutcome,
    pub(super) told: Told,
}

impl Disbursement {
    /// What it came to.
    pub(super) fn status(&self) -> Status {
        match self.outcome {
            DisbursementOutcome::Failure => Status::Failure,
            DisbursementOutcome::Never | DisbursementOutcome::Error500 | DisbursementOutcome::Expired => {
                Status::Pending
            }
            DisbursementOutcome::Success
            | DisbursementOutcome::Late
            | DisbursementOutcome::Twice
            | DisbursementOutcome::Duplicate
            | DisbursementOutcome::LostAnswer
            | DisbursementOutcome::LostCallback => Status::Success,
        }
    }

    pub(super) fn shown(&self) -> Value {
        json!({"transaction_id": self.transaction_id, "external_id": self.external_id, "amount": self.amount,
            "currency": "TZS", "provider": self.provider, "msisdn": self.msisdn, "name": self.name,
            "remarks": self.remarks, "at": self.at, "state": self.status(), "callbacks": self.told.callbacks,
            "last_answer": self.told.last_answer})
    }
}

impl Named for Disbursement {
    /// Its reference at whoever asked for it: one reference, one pay-out.
    fn id(&self) -> &str {
        &self.external_id
    }
}

/// Something that only stands in the provider's books: a bill that was paid, a fee, what it paid to us.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) transaction_id: String,
    pub(super) external_reference: Option<String>,
    pub(super) kind: Kind,
    pub(super) provider: Wallet,
    pub(super) msisdn: Option<String>,
    pub(super) amount: u64,
    pub(super) at: DateTime<Utc>,
}

/// What kind of line it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Collection,
    Disbursement,
    Fee,
    Payout,
}

impl Kind {
    pub(super) fn word(self) -> &'static str {
        match self {
            Kind::Collection => "collection",
            Kind::Disbursement => "disbursement",
            Kind::Fee => "fee",
            Kind::Payout => "payout",
        }
    }
}

impl Named for Entry {
    fn id(&self) -> &str {
        &self.transaction_id
    }
}

/// Everything.
#[derive(Debug, Default)]
pub(super) struct Book {
    pub(super) prompts: Shelf<Prompt>,
    pub(super) disbursements: Shelf<Disbursement>,
    pub(super) entries: Shelf<Entry>,
}

impl Book {
    /// What the transaction of this id, or of this reference of whoever asked for it, came to; of this wallet only.
    pub(super) fn status(&self, asked: &Reference<'_>, wallet: Option<Wallet>) -> Option<Status> {
        let fits = |provider: Wallet| wallet.is_none_or(|wallet| wallet == provider);
        let charged = match asked {
            Reference::Theirs(id) => self.prompts.get(id),
            Reference::Ours(id) => self.prompts.iter().rev().find(|prompt| prompt.external_id == *id),
        };
        let paid = || match asked {
            Reference::Theirs(id) => self.disbursements.iter().rev().find(|paid| paid.transaction_id == *id),
            Reference::Ours(id) => self.disbursements.get(id),
        };
        let charged = charged.filter(|prompt| fits(prompt.provider)).map(Prompt::status);
        charged.or_else(|| paid().filter(|paid| fits(paid.provider)).map(Disbursement::status))
    }
}

/// What a transaction is asked for by.
pub(super) enum Reference<'a> {
    /// The provider's id.
    Theirs(&'a str),
    /// The reference that came with the request.
    Ours(&'a str),
}
