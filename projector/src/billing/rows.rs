//! The rows of the read model `billing`.

use chrono::NaiveDate;
use domain::Time;
use uuid::Uuid;

use crate::table::{Json, row, words};

words! {
    /// Where a payment stands.
    PaymentStatus {
        Initiated = "initiated",
        Expired = "expired",
        Settled = "settled",
    }
}

row! {
    /// A customer's money with us.
    BalanceRow in "balance"
    key { customer_id: Uuid, }
    columns {
        balance: i64,
        debt: i64,
        position: i64,
    }
}

row! {
    /// What a rental costs in all, and why.
    ChargeRow in "charge"
    key { rental_id: Uuid, }
    columns {
        customer_id: Uuid,
        total: i64,
        usage: i64,
        late: i64,
        replacement: i64,
        vat: i64,
        lines: Json,
        charged_at: Time,
        position: i64,
    }
}

row! {
    /// Money that a customer was asked for.
    PaymentRow in "payment"
    key { payment_id: Uuid, }
    columns {
        customer_id: Uuid,
        status: PaymentStatus,
        purpose: String,
        amount: i64,
        provider: String,
        external_id: String,
        provider_reference: Option<String>,
        initiated_at: Time,
        expires_at: Time,
        settled_at: Option<Time>,
        position: i64,
    }
}

row! {
    /// Money that arrived and settled nothing.
    ReceiptRow in "receipt"
    key { receipt_id: Uuid, }
    columns {
        provider: String,
        provider_reference: String,
        amount: i64,
        paid_at: Time,
        payment_id: Option<Uuid>,
        review: Json,
        recorded_at: Time,
        position: i64,
    }
}

row! {
    /// A line of the journal: an amount from the credited to the debited account.
    JournalRow in "journal" (insert_only)
    key { position: i64, line: i16, }
    columns {
        debit: i16,
        credit: i16,
        amount: i64,
        customer_id: Option<Uuid>,
        provider: Option<String>,
        occurred_at: Time,
        recorded_at: Time,
        booking_day: NaiveDate,
    }
}

row! {
    /// What an event did to a customer's money.
    StatementRow in "statement" (insert_only)
    key { customer_id: Uuid, position: i64, }
    columns {
        kind: String,
        amount: i64,
        balance: i64,
        debt: i64,
        subject_kind: String,
        subject_id: Uuid,
        occurred_at: Time,
        recorded_at: Time,
    }
}

row! {
    /// All that was ever debited and credited to an account.
    AccountRow in "account"
    key { account: i16, }
    columns {
        name: String,
        debit: i64,
        credit: i64,
        position: i64,
    }
}

row! {
    /// The totals of an account as they stood right after a position.
    TotalRow in "account_total" (insert_only)
    key { position: i64, account: i16, }
    columns {
        debit: i64,
        credit: i64,
    }
}
