//! The provider itself: it charges, pays, and tells.
//!
//! Keeps true: what happened is in the book, and in its file, before anything of it is told or answered. The lock is held
//! for memory and that file, never over the network.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use edge::Clock;
use serde::Serialize;
use serde_json::Value;

use super::book::{Book, Disbursement, Entry, Prompt, Status, Told};
use super::file::{File, Line};
use super::outcome::{self, Charge, Telling};
use super::shelf::{Named, Shelf};
use super::signature;
use super::tokens::Tokens;
use super::wallet::Wallet;
use super::wire::{CollectionCallback, DisbursementCallback};
use crate::courier::{Copies, Courier, Parcel};
use crate::settings::{DisbursementOutcome, PaymentOutcome, Payments, SharedSettings};

/// The provider.
pub(crate) struct AzamPay {
    pub(super) clock: Arc<dyn Clock>,
    settings: Arc<SharedSettings>,
    courier: Arc<Courier>,
    callback: Option<String>,
    pub(super) bill_secret: Option<String>,
    pub(super) tokens: Tokens,
    book: Mutex<Book>,
    file: Option<File>,
}

/// Who and what it is told to charge.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Asked {
    pub(super) msisdn: String,
    pub(super) amount: u64,
    pub(super) external_id: String,
    pub(super) provider: Wallet,
    pub(super) additional: Value,
}

/// Why a prompt is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotAnswered {
    Unknown,
    Already,
}

impl AzamPay {
    /// The provider as it was kept in this folder; callbacks go to `callback`.
    ///
    /// # Errors
    /// The file cannot be used.
    pub(crate) fn open(
        directory: Option<&Path>,
        (clock, settings): (Arc<dyn Clock>, Arc<SharedSettings>),
        courier: Arc<Courier>,
        callback: Option<String>,
        bill_secret: Option<String>,
    ) -> io::Result<Arc<AzamPay>> {
        let mut book = Book::default();
        let file = directory.map(|folder| File::open(folder, &mut book)).transpose()?;
        let tokens = Tokens::default();
        let book = Mutex::new(book);
        Ok(Arc::new(AzamPay { clock, settings, courier, callback, bill_secret, tokens, book, file }))
    }

    pub(super) fn settings(&self) -> Payments {
        self.settings.get().payments
    }

    pub(super) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An id as the provider makes them: 32 hexadecimal digits.
    pub(super) fn new_id(&self) -> String {
        self.clock.id().simple().to_string()
    }

    fn keep(&self, line: Line<'_>) {
        if let Some(file) = &self.file {
            file.append(&line);
        }
    }

    /// Shows a prompt, and answers it where nobody is to be waited for. Returns its transaction's id.
    pub(super) fn take(self: &Arc<Self>, asked: Asked) -> String {
        let Asked { msisdn, amount, external_id, provider, additional } = asked;
        let prompt = Prompt {
            transaction_id: self.new_id(),
            external_id,
            amount,
            provider,
            msisdn,
            mno_reference: self.clock.id().to_string(),
            additional,
            at: self.clock.now(),
            answered: None,
            answered_at: None,
            charge: None,
            told: Told::default(),
        };
        let id = prompt.transaction_id.clone();
        self.keep(Line::Prompt(&prompt));
        self.book().prompts.put(prompt);
        let outcome = self.settings().default_outcome;
        if outcome != PaymentOutcome::Ask {
            // It was put there a moment ago, and nobody else knows its id.
            let _ = self.answer(&id, outcome);
        }
        id
    }

    /// Answers a prompt: charges, and sends word of it on its way.
    ///
    /// # Errors
    /// There is no such prompt, or it is answered.
    pub(super) fn answer(self: &Arc<Self>, id: &str, outcome: PaymentOutcome) -> Result<Prompt, NotAnswered> {
        let mut book = self.book();
        let prompt = book.prompts.get_mut(id).ok_or(NotAnswered::Unknown)?;
        if !prompt.is_open() {
            return Err(NotAnswered::Already);
        }
        let (charge, telling) = outcome::of(outcome, prompt.amount, &prompt.msisdn);
        (prompt.answered, prompt.answered_at) = (Some(outcome), Some(self.clock.now()));
        prompt.charge = charge;
        let prompt = prompt.clone();
        self.keep(Line::Prompt(&prompt));
        drop(book);
        if let Some(telling) = telling {
            self.tell(&prompt, telling);
        }
        Ok(prompt)
    }

    fn tell(self: &Arc<Self>, prompt: &Prompt, telling: Telling) {
        let asked = Charge { amount: prompt.amount, msisdn: prompt.msisdn.clone() };
        let mut callback = collected(prompt, prompt.charge.as_ref().unwrap_or(&asked), telling.word);
        if self.settings().signed {
            callback.signature = signature::of(&callback.signed());
        }
        let id = prompt.transaction_id.clone();
        self.carry(&callback, telling.copies, telling.late, move |azampay, status| {
            heard(&mut azampay.book().prompts, &id, |prompt| prompt.told.heard(status));
        });
    }

    /// Pays out, or keeps it open, and sends word of it on its way. Nothing where the reference was used.
    pub(super) fn pay(self: &Arc<Self>, paid: Disbursement) -> Option<String> {
        let mut book = self.book();
        if book.disbursements.get(&paid.external_id).is_some() {
            return None;
        }
        self.keep(Line::Disbursement(&paid));
        book.disbursements.put(paid.clone());
        drop(book);
        let status = match paid.status() {
            Status::Pending => return Some(paid.transaction_id),
            Status::Success => "success",
            Status::Failure => "failure",
        };
        if paid.outcome != DisbursementOutcome::LostCallback {
            self.tell_paid(&paid, status);
        }
        Some(paid.transaction_id)
    }

    fn tell_paid(self: &Arc<Self>, paid: &Disbursement, status: &'static str) {
        let callback = DisbursementCallback {
            initiator_reference_id: &paid.external_id,
            fsp_reference_id: &paid.fsp_reference,
            pg_reference_id: &paid.transaction_id,
            amount: paid.amount.to_string(),
            status,
            message: if status == "success" { "Transaction successful" } else { "Transaction failed" },
            operator: &paid.bank,
            additional_properties: &paid.additional,
        };
        let twice = paid.outcome == DisbursementOutcome::Twice;
        let late = paid.outcome == DisbursementOutcome::Late;
        let id = paid.external_id.clone();
        let copies = if twice { Copies::Two } else { Copies::One };
        self.carry(&callback, copies, late, move |azampay, status| {
            heard(&mut azampay.book().disbursements, &id, |paid| paid.told.heard(status));
        });
    }

    fn carry(
        self: &Arc<Self>,
        callback: &impl Serialize,
        copies: Copies,
        late: bool,
        heard: impl Fn(&AzamPay, Option<u16>) + Send + Sync + 'static,
    ) {
        let Some(url) = self.callback.clone() else { return };
        let Ok(body) = serde_json::to_string(callback) else { return };
        let settings = self.settings();
        let after = if late { settings.late_ms } else { settings.delay_ms };
        let (after, tries) = (Duration::from_millis(u64::from(after)), settings.callback_tries);
        let parcel = Parcel { url, content_type: "application/json", body, after, copies, tries };
        let azampay = Arc::clone(self);
        self.courier.carry(parcel, Box::new(move |status| heard(&azampay, status)));
    }

    /// Writes a line that nobody is told of.
    pub(super) fn enter(&self, entry: Entry) {
        self.keep(Line::Entry(&entry));
        self.book().entries.put(entry);
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }
}

/// What is told of a charge, or of one that did not come to be.
fn collected<'a>(prompt: &'a Prompt, charge: &'a Charge, word: &'a str) -> CollectionCallback<'a> {
    CollectionCallback {
        message: word,
        user: None,
        password: None,
        client_id: None,
        transactionstatus: word,
        operator: prompt.provider.operator(),
        reference: &prompt.transaction_id,
        externalreference: &prompt.transaction_id,
        utilityref: &prompt.external_id,
        amount: charge.amount.to_string(),
        transid: &prompt.transaction_id,
        msisdn: &charge.msisdn,
        mnoreference: &prompt.mno_reference,
        submerchant_account: None,
        additional_properties: &prompt.additional,
        signature: None,
    }
}

fn heard<T: Named>(shelf: &mut Shelf<T>, id: &str, note: impl FnOnce(&mut T)) {
    // It may be so old by now that it is kept no longer.
    if let Some(item) = shelf.get_mut(id) {
        note(item);
    }
}
