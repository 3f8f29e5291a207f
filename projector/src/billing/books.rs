//! The journal, the accounts and every customer's statement, from the postings of an event.

use chrono::{FixedOffset, NaiveDate};
use domain::{
    Time,
    postings::{Account, Posting, entries},
};
use uuid::Uuid;

use super::{AccountRow, Billing, JournalRow, StatementRow, TOTALS_EVERY, TotalRow};
use crate::{Fact, Impossible};

/// Africa/Dar_es_Salaam: UTC+3 all year round.
const BUSINESS_OFFSET_SECONDS: i32 = 3 * 60 * 60;

/// The business day on which something happened.
fn business_day(at: Time) -> NaiveDate {
    FixedOffset::east_opt(BUSINESS_OFFSET_SECONDS)
        .map_or_else(|| at.date_naive(), |offset| at.with_timezone(&offset).date_naive())
}

/// Books what the event did to money.
pub(super) fn post(rows: &mut Billing, fact: &Fact) -> Result<(), Impossible> {
    let postings = entries(&fact.event);
    for (line, posting) in (1_i16..).zip(&postings) {
        rows.journal.push(journal_line(fact, line, posting));
        account(rows, posting.debit, fact)?.debit += posting.amount.shillings();
        account(rows, posting.credit, fact)?.credit += posting.amount.shillings();
    }
    statement(rows, fact, &postings)?;
    if fact.position.get().checked_rem(TOTALS_EVERY) == Some(0) {
        keep_totals(rows, fact)?;
    }
    Ok(())
}

fn journal_line(fact: &Fact, line: i16, posting: &Posting) -> JournalRow {
    JournalRow {
        position: fact.position.get(),
        line,
        debit: posting.debit.code(),
        credit: posting.credit.code(),
        amount: posting.amount.shillings(),
        customer_id: posting.customer.map(|customer| customer.0),
        provider: posting.provider.map(|provider| provider.as_str().to_owned()),
        occurred_at: fact.occurred_at,
        recorded_at: fact.recorded_at,
        booking_day: business_day(fact.occurred_at),
    }
}

fn account<'a>(
    rows: &'a mut Billing,
    account: Account,
    fact: &Fact,
) -> Result<&'a mut AccountRow, Impossible> {
    let key = (account.code(),);
    if rows.account.get(key)?.is_none() {
        let name = account.name().to_owned();
        rows.account.insert(AccountRow {
            account: account.code(),
            name,
            debit: 0,
            credit: 0,
            position: 0,
        })?;
    }
    let row = rows.account.change(key)?;
    row.position = fact.position.get();
    Ok(row)
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
        };
        rows.total.push(total);
    }
    Ok(())
}
