//! The journal, the accounts and every customer's statement, from the postings of an event.

use chrono::{Days, NaiveDate};
use domain::{
    postings::{Account, Posting, entries},
    rating::Kind,
    timing::business_day,
};
use uuid::Uuid;

use super::{
    AccountDayRow, AccountRow, BilledRentalRow, Billing, IncomeKind, JournalRow, StatementRow, TOTALS_EVERY,
    TotalRow, billed, periods,
};
use crate::{Fact, Impossible};

/// Asks for the days of the accounts that an event may be booked on: the one it happened on, the one it was recorded on,
/// and, should the clock of whoever closed that have run ahead, the next.
pub(super) fn want(rows: &mut Billing, fact: &Fact) {
    let recorded = business_day(fact.recorded_at);
    let days = [business_day(fact.occurred_at), recorded, recorded + Days::new(1)];
    for posting in entries(&fact.event) {
        for (account, day) in [posting.debit, posting.credit].into_iter().flat_map(|a| days.map(|d| (a, d))) {
            rows.account_day.want((account.code(), day));
        }
    }
}

/// Books what the event did to money.
pub(super) fn post(rows: &mut Billing, fact: &Fact) -> Result<(), Impossible> {
    let postings = entries(&fact.event);
    let booked_on = periods::booking_day(rows, fact)?;
    let rental = if postings.is_empty() { None } else { billed::of(rows, &fact.event)? };
    for (line, posting) in (1_i16..).zip(&postings) {
        let entry = journal_line(fact, (line, booked_on), posting, rental.as_ref())?;
        account(rows, posting.debit, &entry)?;
        account(rows, posting.credit, &entry)?;
        rows.journal.push(entry);
    }
    statement(rows, fact, &postings)?;
    if fact.position.get().checked_rem(TOTALS_EVERY) == Some(0) {
        keep_totals(rows, fact)?;
    }
    Ok(())
}

const fn word(kind: Kind) -> IncomeKind {
    match kind {
        Kind::Usage => IncomeKind::Usage,
        Kind::Late => IncomeKind::Late,
        Kind::Replacement => IncomeKind::Replacement,
    }
}

fn journal_line(
    fact: &Fact,
    (line, booking_day): (i16, NaiveDate),
    posting: &Posting,
    rental: Option<&BilledRentalRow>,
) -> Result<JournalRow, Impossible> {
    if posting.kind.is_some() && rental.is_none() {
        return Err(Impossible::OutOfRange("income that is of no rental"));
    }
    Ok(JournalRow {
        position: fact.position.get(),
        line,
        debit: posting.debit.code(),
        credit: posting.credit.code(),
        amount: posting.amount.shillings(),
        customer_id: posting.customer.map(|customer| customer.0),
        provider: posting.provider.map(|provider| provider.as_str().to_owned()),
        occurred_at: fact.occurred_at,
        recorded_at: fact.recorded_at,
        booking_day,
        event_type: fact.event.event_type().to_owned(),
        rental_id: rental.map(|rental| rental.rental_id),
        station_id: rental.map(|rental| rental.station_id),
        tariff_id: rental.map(|rental| rental.tariff_id),
        tariff_version: rental.map(|rental| rental.tariff_version),
        kind: posting.kind.map(word),
        vat_percent: rental.map(|rental| rental.vat_percent),
    })
}

/// What a line adds to the account: to its debits or to its credits.
const fn sides(account: Account, entry: &JournalRow) -> (i64, i64) {
    if account.code() == entry.debit { (entry.amount, 0) } else { (0, entry.amount) }
}

/// Adds a line to an account, and to its day.
fn account(rows: &mut Billing, account: Account, entry: &JournalRow) -> Result<(), Impossible> {
    let (debit, credit) = sides(account, entry);
    let position = entry.position;
    let key = (account.code(),);
    if rows.account.get(key)?.is_none() {
        let (account, name) = (account.code(), account.name().to_owned());
        let first_position = position;
        rows.account.insert(AccountRow {
            account,
            name,
            debit: 0,
            credit: 0,
            lines: 0,
            first_position,
            position,
        })?;
    }
    let row = rows.account.change(key)?;
    row.debit = row.debit.saturating_add(debit);
    row.credit = row.credit.saturating_add(credit);
    row.lines = row.lines.saturating_add(1);
    row.position = position;
    on_day(rows, account, entry)
}

fn on_day(rows: &mut Billing, account: Account, entry: &JournalRow) -> Result<(), Impossible> {
    let (debit, credit) = sides(account, entry);
    let (account, booking_day, position) = (account.code(), entry.booking_day, entry.position);
    let key = (account, booking_day);
    if rows.account_day.get(key)?.is_none() {
        let first_position = position;
        let empty =
            AccountDayRow { account, booking_day, debit: 0, credit: 0, lines: 0, first_position, position };
        rows.account_day.insert(empty)?;
    }
    let row = rows.account_day.change(key)?;
    row.debit = row.debit.saturating_add(debit);
    row.credit = row.credit.saturating_add(credit);
    row.lines = row.lines.saturating_add(1);
    row.position = position;
    Ok(())
}

/// What one event did to one customer.
#[derive(Clone, Copy)]
struct Effect {
    customer: Uuid,
    deposit: i64,
    debt: i64,
}

fn effects(postings: &[Posting]) -> Vec<Effect> {
    let mut effects: Vec<Effect> = Vec::new();
    for posting in postings {
        let Some(customer) = posting.customer.map(|customer| customer.0) else { continue };
        if !effects.iter().any(|effect| effect.customer == customer) {
            effects.push(Effect { customer, deposit: 0, debt: 0 });
        }
        let Some(effect) = effects.iter_mut().find(|effect| effect.customer == customer) else { continue };
        let amount = posting.amount.shillings();
        // A liability grows by credit, an asset by debit.
        effect.deposit += signed(posting, Account::CustomerDeposits, amount).saturating_neg();
        effect.debt += signed(posting, Account::CustomerReceivables, amount);
    }
    effects
}

/// Debit less credit of one account in one line.
fn signed(posting: &Posting, account: Account, amount: i64) -> i64 {
    let debit = if posting.debit == account { amount } else { 0 };
    let credit = if posting.credit == account { amount } else { 0 };
    debit.saturating_sub(credit)
}

fn statement(rows: &mut Billing, fact: &Fact, postings: &[Posting]) -> Result<(), Impossible> {
    for effect in effects(postings) {
        let row = rows.balance.change((effect.customer,))?;
        row.balance = row.balance.saturating_add(effect.deposit);
        row.debt = row.debt.saturating_add(effect.debt);
        row.position = fact.position.get();
        if row.balance < 0 || row.debt < 0 {
            return Err(Impossible::OutOfRange("a customer's balance"));
        }
        let (balance, debt) = (row.balance, row.debt);
        let Some(subject) = fact.event.streams().first().copied() else { continue };
        rows.statement.push(StatementRow {
            customer_id: effect.customer,
            position: fact.position.get(),
            kind: fact.event.event_type().to_owned(),
            amount: effect.deposit.saturating_sub(effect.debt),
            balance,
            debt,
            subject_kind: subject.kind.as_str().to_owned(),
            subject_id: subject.id,
            occurred_at: fact.occurred_at,
            recorded_at: fact.recorded_at,
        });
    }
    Ok(())
}

fn keep_totals(rows: &mut Billing, fact: &Fact) -> Result<(), Impossible> {
    for account in Account::ALL {
        let Some(row) = rows.account.get((account.code(),))? else { continue };
        let total = TotalRow {
            position: fact.position.get(),
            account: row.account,
            debit: row.debit,
            credit: row.credit,
            lines: row.lines,
            last_position: row.position,
        };
        rows.total.push(total);
    }
    Ok(())
}
