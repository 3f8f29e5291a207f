//! The books: the rows of DOMAIN.md's table for the events that exist, line by line.

use domain::{
    Event,
    postings::{Account, entries},
};
use serde_json::json;

use super::given::*;

/// The lines of the nth event from the end: debit, credit, amount.
fn lines(w: &World, back: usize) -> Vec<(i16, i16, i64)> {
    let event = &w.log[w.log.len() - 1 - back].event;
    entries(event).iter().map(|l| (l.debit.code(), l.credit.code(), l.amount.shillings())).collect()
}

#[test]
fn i6_every_entry_balances_and_so_do_the_books() {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    w.now = t(9 * DAY);
    w.sell(1).then_events(&["RentalSold"]);
    w.pays(1, 5_000);
    w.returned(1, 2, 1).then_events(&["ReplacementFeeReversed", "DeviceRecovered"]);
    w.seen(1, 2, 2, t(100)).then_events(&["RentalCorrected"]);
    assert_eq!(w.trial_balance().values().sum::<i64>(), 0);
    // What is left in the books: deposits of four customers, and one rental of 2,000 with its VAT of 305.
    let expected = [(1000, 85_000), (2000, -83_000), (2100, -305), (4000, -1_695)];
    assert_eq!(w.trial_balance().into_iter().collect::<Vec<_>>(), expected);
    for fact in &w.log {
        for line in entries(&fact.event) {
            assert!(line.amount.shillings() > 0 && line.debit != line.credit);
        }
    }
}

#[test]
fn a_payment_pays_debt_first_and_the_rest_becomes_a_deposit() {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    w.report_lost(1).then_events(&["RentalSold"]);
    assert_eq!(w.purse(1), (0, 25_000));
    w.pays(1, 20_000);
    assert_eq!(lines(&w, 0), [(1000, 1100, 20_000)]);
    w.pays(1, 7_000);
    assert_eq!(lines(&w, 0), [(1000, 1100, 5_000), (1000, 2000, 2_000)]);
    assert_eq!(w.purse(1), (2_000, 0));
    let line = entries(&w.log.last().unwrap().event)[0];
    assert_eq!((line.customer.unwrap().0, line.provider.unwrap().as_str()), (customer_id(1), "mpesa"));
}

fn poor() -> World {
    let mut w = World::empty();
    w.tariff(1, json!({ "name": "Small", "is_default": true, "deposit": 3_000 }));
    w.station(1, "instant");
    w.station(2, "instant");
    w.customer(1, 3_000);
    w.bank(1, 1, 1);
    w.start(1, 1, 1, 1).then_events(&["RentalStarted"]);
    w
}

#[test]
fn a_charge_takes_the_deposit_before_debt_and_splits_net_and_vat_by_kind() {
    let mut w = poor();
    w.now = ts(DAY, 1);
    w.returned(1, 1, 1).then_events(&["RentalEnded"]);
    // 5,500 usage with 839 VAT, 1,000 late with 153.
    let expected =
        [(2000, 4000, 3_000), (1100, 4000, 1_661), (1100, 2100, 839), (1100, 4010, 847), (1100, 2100, 153)];
    assert_eq!(lines(&w, 0), expected);
    assert_eq!(w.purse(1), (0, 3_500));
}

#[test]
fn a_sale_books_usage_late_and_replacement() {
    let mut w = poor();
    w.now = t(4 * DAY);
    w.sell(1).then_events(&["RentalSold"]);
    let expected = [
        (2000, 4000, 3_000),
        (1100, 4000, 13_949),
        (1100, 2100, 3_051),
        (1100, 4010, 2_542),
        (1100, 2100, 458),
        (1100, 4020, 38_136),
        (1100, 2100, 6_864),
    ];
    assert_eq!(lines(&w, 0), expected);
    for line in entries(&w.log.last().unwrap().event) {
        assert_eq!((line.customer.unwrap().0, line.provider), (customer_id(1), None));
    }
}

#[test]
fn a_reversal_of_the_replacement_fee_takes_back_exactly_what_was_posted() {
    let mut w = poor();
    w.now = t(4 * DAY);
    w.sell(1).then_events(&["RentalSold"]);
    w.pays(1, 60_000);
    assert_eq!(w.purse(1), (0, 5_000));
    w.returned(1, 1, 1).then_events(&["ReplacementFeeReversed", "DeviceRecovered"]);
    assert_eq!(lines(&w, 1), [(4020, 1100, 5_000), (4020, 2000, 33_136), (2100, 2000, 6_864)]);
    assert_eq!(lines(&w, 0), [], "a bank sold at its deadline costs nothing more");
    assert_eq!(w.purse(1), (40_000, 0));
}

#[test]
fn a_correction_reverses_the_old_charge_whole_and_posts_the_new_one() {
    let mut w = poor();
    w.now = t(100);
    w.returned(1, 1, 1).then_events(&["RentalEnded"]);
    assert_eq!(lines(&w, 0), [(2000, 4000, 1_695), (2000, 2100, 305)]);
    w.now = t(200);
    w.seen(1, 2, 1, t(30)).then_events(&["RentalCorrected"]);
    let expected = [(4000, 2000, 1_695), (2100, 2000, 305), (2000, 4000, 424), (2000, 2100, 76)];
    assert_eq!(lines(&w, 0), expected);
}

#[test]
fn a_reversal_restores_what_was_written_off_after_debt_and_before_the_deposit() {
    let mut purse = domain::purse::Purse::EMPTY;
    let tzs = domain::Money::tzs;
    purse.debt = tzs(4_000);
    purse.written_off = tzs(6_000);
    let credited = purse.refund(tzs(12_000));
    assert_eq!((credited.debt, credited.write_off, credited.deposit), (tzs(4_000), tzs(6_000), tzs(2_000)));
    assert_eq!((purse.balance, purse.debt, purse.written_off), (tzs(2_000), tzs(0), tzs(0)));
}

#[test]
fn a_recovery_after_a_report_books_its_further_charge() {
    let mut w = poor();
    w.now = t(10);
    w.report_lost(1).then_events(&["RentalSold"]);
    w.now = t(70);
    w.returned(1, 1, 1).then_events(&["ReplacementFeeReversed", "DeviceRecovered"]);
    // 1,500 in all with 229 VAT, of which 500 with 76 were charged at the report.
    assert_eq!(lines(&w, 0), [(2000, 4000, 847), (2000, 2100, 153)]);
    assert_eq!(w.purse(1), (1_500, 0));
}

#[test]
fn unmatched_money_belongs_to_nobody_yet() {
    let mut w = World::town();
    let data = json!({
        "payment_id": payment_id(1), "customer_id": customer_id(1), "amount": 5_000, "purpose": "deposit",
        "provider": "airtel",
    });
    w.when(customer(1), "InitiatePayment", data).then_events(&["PaymentInitiated"]);
    assert_eq!(lines(&w, 0), []);
    let data = json!({ "payment_id": payment_id(1), "amount": 4_000, "provider_reference": "A1" });
    w.when(payments(), "PaymentConfirmed", data).then_events(&["ReceiptUnmatched"]);
    assert_eq!(lines(&w, 0), [(1000, 2900, 4_000)]);
    let line = entries(&w.log.last().unwrap().event)[0];
    assert_eq!((line.customer, line.provider.unwrap().as_str()), (None, "airtel"));
}

#[test]
fn the_chart_of_accounts_has_its_codes_and_names() {
    let chart: Vec<(i16, &str)> =
        Account::ALL.iter().map(|account| (account.code(), account.name())).collect();
    let expected = [
        (1000, "mobile_money"),
        (1010, "bank"),
        (1100, "customer_receivables"),
        (2000, "customer_deposits"),
        (2100, "vat_payable"),
        (2200, "refunds_in_transit"),
        (2900, "unmatched_receipts"),
        (4000, "rental_revenue"),
        (4010, "late_fee_revenue"),
        (4020, "replacement_revenue"),
        (5000, "bad_debt"),
        (5100, "goodwill"),
        (5200, "provider_fees"),
    ];
    assert_eq!(chart, expected);
    for account in Account::ALL {
        assert_eq!(Account::of_code(account.code()), Some(account));
    }
    assert_eq!(Account::of_code(9999), None);
}

#[test]
fn a_free_rental_books_nothing() {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    w.now = t(5);
    w.returned(1, 1, 1).then_events(&["RentalEnded"]);
    assert_eq!(lines(&w, 0), []);
    assert!(matches!(w.log.last().unwrap().event, Event::RentalEnded(_)));
}
