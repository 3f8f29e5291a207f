//! The rows of the read model `billing`.

use chrono::NaiveDate;
use domain::Time;
use uuid::Uuid;

use crate::table::{Json, row, words};

words! {
    /// Where a payment stands.
    PaymentStatus {
        Initiated = "initiated",
        Prompted = "prompted",
        Unknown = "unknown",
        Declined = "declined",
        Expired = "expired",
        Settled = "settled",
        PartlyRefunded = "partly_refunded",
        Refunded = "refunded",
        ChargedBack = "charged_back",
    }
}

words! {
    /// Where the money of a receipt is.
    ReceiptStatus {
        Unmatched = "unmatched",
        Assigned = "assigned",
        RefundRequested = "refund_requested",
        PaidBack = "paid_back",
    }
}

words! {
    /// Where a refund stands.
    RefundStatus {
        Requested = "requested",
        Approved = "approved",
        Rejected = "rejected",
        Submitted = "submitted",
        Unknown = "unknown",
        Failed = "failed",
        Paid = "paid",
    }
}

words! {
    /// What waits for a second person.
    ApprovalKind {
        AssignReceipt = "assign_receipt",
        RefundReceipt = "refund_receipt",
        Refund = "refund",
        AdjustBalance = "adjust_balance",
        WriteOffDebt = "write_off_debt",
        CorrectRental = "correct_rental",
        SkipProjectionEvent = "skip_projection_event",
    }
}

words! {
    /// What a second person said.
    ApprovalStatus {
        Requested = "requested",
        Approved = "approved",
        Rejected = "rejected",
    }
}

words! {
    /// How far a break is looked into.
    BreakStatus {
        Open = "open",
        Explained = "explained",
        Closed = "closed",
    }
}

words! {
    /// How money moved at a provider.
    MovementKind {
        Collection = "collection",
        Disbursement = "disbursement",
        Chargeback = "chargeback",
        Fee = "fee",
        Payout = "payout",
    }
}

words! {
    /// What a line of the journal is income from, or the VAT of.
    IncomeKind {
        Usage = "usage",
        Late = "late",
        Replacement = "replacement",
    }
}

row! {
    /// A customer's money with us. Every step of it is in the statement.
    BalanceRow in "balance" (no_past)
    key { customer_id: Uuid, }
    columns {
        balance: i64,
        debt: i64,
        opened_position: i64,
        opened_at: Time,
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
    /// Where a rental started and by which price list it is billed: what the events after its start do not say, and what
    /// does not change.
    BilledRentalRow in "billed_rental" (no_past)
    key { rental_id: Uuid, }
    columns {
        station_id: Uuid,
        tariff_id: Uuid,
        tariff_version: i32,
        vat_percent: i16,
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
        paid_back: i64,
        charged_back: i64,
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
        status: ReceiptStatus,
        customer_id: Option<Uuid>,
        assigned_to: Option<Uuid>,
        refund_id: Option<Uuid>,
        reason: Option<String>,
        position: i64,
    }
}

row! {
    /// Money on its way back. Where to is only in its event, sealed.
    RefundRow in "refund"
    key { refund_id: Uuid, }
    columns {
        customer_id: Option<Uuid>,
        receipt_id: Option<Uuid>,
        payment_id: Option<Uuid>,
        amount: i64,
        provider: String,
        status: RefundStatus,
        requested_by: Uuid,
        requested_at: Time,
        approved_by: Option<Uuid>,
        approved_at: Option<Time>,
        reference: Option<String>,
        submitted_at: Option<Time>,
        provider_reference: Option<String>,
        paid_at: Option<Time>,
        cause: Option<String>,
        reason: Option<String>,
        review: Json,
        position: i64,
    }
}

row! {
    /// What one member of staff asked for and a second one approves.
    ApprovalRow in "approval"
    key { approval_id: Uuid, }
    columns {
        kind: ApprovalKind,
        status: ApprovalStatus,
        receipt_id: Option<Uuid>,
        refund_id: Option<Uuid>,
        customer_id: Option<Uuid>,
        rental_id: Option<Uuid>,
        amount: Option<i64>,
        direction: Option<String>,
        started_at: Option<Time>,
        ended_at: Option<Time>,
        projection: Option<String>,
        event_position: Option<i64>,
        requested_by: Uuid,
        requested_at: Time,
        decided_by: Option<Uuid>,
        decided_at: Option<Time>,
        position: i64,
    }
}

row! {
    /// A difference between the ledger and a provider's statement.
    BreakRow in "statement_break"
    key { break_id: Uuid, }
    columns {
        status: BreakStatus,
        cause: String,
        provider: String,
        provider_reference: Option<String>,
        payment_id: Option<Uuid>,
        refund_id: Option<Uuid>,
        receipt_id: Option<Uuid>,
        ledger_amount: Option<i64>,
        statement_amount: Option<i64>,
        statement_id: Option<Uuid>,
        reason: Option<String>,
        opened_at: Time,
        explanation: Option<String>,
        explained_by: Option<Uuid>,
        explained_at: Option<Time>,
        closed_by: Option<Uuid>,
        closed_at: Option<Time>,
        close_reason: Option<String>,
        position: i64,
    }
}

row! {
    /// Money that moved at a provider, as the ledger has it: what a statement must show too.
    MovementRow in "movement" (insert_only)
    key { position: i64, }
    columns {
        kind: MovementKind,
        provider: String,
        amount: i64,
        provider_reference: Option<String>,
        reference: Option<String>,
        payment_id: Option<Uuid>,
        receipt_id: Option<Uuid>,
        refund_id: Option<Uuid>,
        by_hand: bool,
        moved_at: Time,
        recorded_at: Time,
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
        event_type: String,
        rental_id: Option<Uuid>,
        station_id: Option<Uuid>,
        tariff_id: Option<Uuid>,
        tariff_version: Option<i32>,
        kind: Option<IncomeKind>,
        vat_percent: Option<i16>,
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
    /// All that was ever debited and credited to an account. Every step of it is in the journal.
    AccountRow in "account" (no_past)
    key { account: i16, }
    columns {
        name: String,
        debit: i64,
        credit: i64,
        lines: i64,
        first_position: i64,
        position: i64,
    }
}

row! {
    /// What was debited and credited to an account on one booking day. Every step of it is in the journal.
    AccountDayRow in "account_day" (no_past)
    key { account: i16, booking_day: NaiveDate, }
    columns {
        debit: i64,
        credit: i64,
        lines: i64,
        first_position: i64,
        position: i64,
    }
}

row! {
    /// How far the books are closed: one row. Every step of it is a period.
    ClosingRow in "closing" (no_past)
    key { id: i16, }
    columns {
        closed_until: NaiveDate,
        position: i64,
    }
}

row! {
    /// A closed period, as its close recorded it.
    PeriodRow in "period" (insert_only)
    key { until: NaiveDate, }
    columns {
        from_day: Option<NaiveDate>,
        closed_by: Uuid,
        closed_at: Time,
        recorded_at: Time,
        figures_position: i64,
        accounts: Json,
        checkpoint: Option<Json>,
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
        lines: i64,
        last_position: i64,
    }
}
