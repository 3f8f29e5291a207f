//! Breaks between ledger and statement, and what providers book by themselves.

use serde_json::{Value, json};

use super::given::*;

fn difference(amount: i64) -> Value {
    json!({
        "break_id": break_id(1), "cause": "missing_in_ledger", "provider": "mpesa", "provider_reference": "X1",
        "statement_amount": amount,
    })
}

#[test]
fn a_break_is_opened_once_explained_and_closed_and_moves_no_money() {
    let mut w = World::town();
    let before = w.trial_balance();
    let answer = w.when(finance(), "OpenBreak", difference(500)).then_events(&["BreakOpened"]);
    assert_eq!(answer, json!({ "break_id": break_id(1), "status": "open" }));
    w.when(finance(), "OpenBreak", difference(501)).then_rejected("id_taken");
    let why = |reason: &str| json!({ "break_id": break_id(1), "reason": reason });
    w.when(finance(), "ExplainBreak", why("unclear")).then_events(&["BreakExplained"]);
    w.when(finance(), "ExplainBreak", why("a test of theirs")).then_events(&["BreakExplained"]);
    w.when(finance(), "CloseBreak", json!({ "break_id": break_id(1) })).then_events(&["BreakClosed"]);
    w.when(finance(), "ExplainBreak", why("late")).then_rejected("break_closed");
    w.when(finance(), "CloseBreak", json!({ "break_id": break_id(2) })).then_rejected("break_unknown");
    assert_eq!(w.trial_balance(), before);
}

#[test]
fn fees_and_payouts_are_booked_once_each() {
    let mut w = World::town();
    let data = |amount: i64| json!({ "provider": "mpesa", "amount": amount, "provider_reference": "P1" });
    w.when(payments(), "RecordProviderFee", data(300)).then_events(&["ProviderFeeRecorded"]);
    w.when(payments(), "RecordProviderFee", data(301)).then_rejected("provider_reference_taken");
    // A payout may have the number of a fee.
    w.when(payments(), "RecordProviderPayout", data(10_000)).then_events(&["ProviderPayoutRecorded"]);
    let books = w.trial_balance();
    assert_eq!((books[&1000], books[&1010], books[&5200]), (80_000 - 10_300, 10_000, 300));
}
