//! What finance's reports are made of: lines that say what they are about, and totals of days that agree with them.

use std::collections::BTreeMap;

use domain::{
    Money,
    event::{CorrectedStage, CorrectionCause, RentalCorrected},
    purse::{Credited, Debited},
};
use proptest::prelude::*;

use super::{Folds, given, properties::life};
use crate::{
    Fact, Impossible,
    billing::{Billing, IncomeKind, JournalRow},
};

const INCOME: [i16; 4] = [2100, 4000, 4010, 4020];

/// What a line adds to an account, on the side of credits.
fn credited(line: &JournalRow, account: i16) -> i64 {
    let credit = if line.credit == account { line.amount } else { 0 };
    let debit = if line.debit == account { line.amount } else { 0 };
    credit - debit
}

fn is_income(line: &JournalRow) -> bool {
    INCOME.contains(&line.debit) || INCOME.contains(&line.credit)
}

/// Groups income by a key, account by account.
fn by<K: Ord>(rows: &Billing, key: impl Fn(&JournalRow) -> K) -> BTreeMap<(i16, K), i64> {
    let mut sums = BTreeMap::new();
    for line in rows.journal.rows().iter().filter(|line| is_income(line)) {
        for account in INCOME {
            *sums.entry((account, key(line))).or_insert(0) += credited(line, account);
        }
    }
    sums
}

fn assert_sums<K: Ord>(rows: &Billing, groups: &BTreeMap<(i16, K), i64>) {
    for account in INCOME {
        let of_groups: i64 = groups.iter().filter(|((of, _), _)| *of == account).map(|(_, sum)| sum).sum();
        let row = rows.account.rows().remove(&(account,));
        assert_eq!(of_groups, row.map_or(0, |row| row.credit - row.debit), "{account}");
    }
}

/// Every way to group income comes to the accounts, and the days of an account come to the account.
fn assert_reports(rows: &Billing) {
    assert_sums(rows, &by(rows, |line| line.booking_day));
    assert_sums(rows, &by(rows, |line| line.station_id));
    assert_sums(rows, &by(rows, |line| (line.tariff_id, line.tariff_version)));
    assert_sums(rows, &by(rows, |line| line.kind.map(IncomeKind::as_str)));
    for line in rows.journal.rows() {
        assert_eq!(line.kind.is_some(), is_income(line), "{line:?}");
        let about = [line.rental_id.is_some(), line.station_id.is_some(), line.tariff_id.is_some()];
        assert_eq!(about, [is_income(line); 3], "{line:?}");
    }
    for (key, account) in rows.account.rows() {
        let days: Vec<_> = rows.account_day.rows().into_values().filter(|day| day.account == key.0).collect();
        let sum = |of: fn(&crate::billing::AccountDayRow) -> i64| days.iter().map(of).sum::<i64>();
        assert_eq!(
            (sum(|day| day.debit), sum(|day| day.credit), sum(|day| day.lines)),
            (account.debit, account.credit, account.lines)
        );
        assert_eq!(days.iter().map(|day| day.first_position).min(), Some(account.first_position));
        assert_eq!(days.iter().map(|day| day.position).max(), Some(account.position));
    }
}

proptest! {
    #[test]
    fn income_of_all_groups_is_the_trial_balance_at_every_position(
        lengths in prop::collection::vec(1_i64..12_000, 0..8),
        last_is_lost: bool,
    ) {
        let facts = life(&lengths, last_is_lost);
        let mut folds = Folds::new();
        for fact in &facts {
            folds.apply(std::slice::from_ref(fact)).unwrap();
            assert_reports(&folds.billing);
        }
    }
}

/// A rental of 31 minutes, corrected to 30: 1,000 less 1,000, then 500.
fn corrected() -> Vec<Fact> {
    let mut events = given::registered();
    events.extend(given::deposited(20_000));
    events.push(given::started(1, 0));
    let (at, ended) = given::ended(1, 0, 31, Debited { deposit: Money::tzs(1_000), debt: Money::ZERO });
    let reversed = given::rated(0).returned(given::at(31)).to_posted();
    events.push((at, ended));
    let correction = RentalCorrected {
        rental_id: given::rental(1),
        customer_id: given::customer(),
        device_id: given::device(),
        stage: CorrectedStage::Ended,
        ended_at: Some(given::at(30)),
        cause: CorrectionCause::LateReturn,
        reversed,
        credited: Credited { debt: Money::ZERO, write_off: Money::ZERO, deposit: Money::tzs(1_000) },
        charge: given::rated(0).returned(given::at(30)),
        debited: Debited { deposit: Money::tzs(500), debt: Money::ZERO },
        evidence: None,
        docked: None,
        review: Vec::new(),
        started_at: None,
        approval_id: None,
        approved_by: None,
        reason: None,
    };
    events.push((at + 1_440, correction.into()));
    given::facts(events)
}

#[test]
fn a_correction_takes_back_and_charges_in_lines_of_the_same_rental() {
    let folds = Folds::of(&corrected());
    assert_reports(&folds.billing);
    let lines: Vec<_> = folds.billing.journal.rows().iter().filter(|line| is_income(line)).collect();
    let shown: Vec<_> = lines.iter().map(|line| (line.debit, line.credit, line.amount)).collect();
    assert_eq!(
        shown,
        [
            (2000, 4000, 847),
            (2000, 2100, 153),
            (4000, 2000, 847),
            (2100, 2000, 153),
            (2000, 4000, 424),
            (2000, 2100, 76)
        ]
    );
    assert!(lines.iter().all(|line| line.kind == Some(IncomeKind::Usage) && line.vat_percent == Some(18)));
    assert!(lines.iter().all(|line| line.rental_id == Some(given::rental(1).0)));
    assert!(lines.iter().all(|line| line.station_id == Some(given::station().0)));
    // The charge on April 1, the correction a day later.
    let days = folds.billing.account_day.rows();
    let of = |day: &str| days[&(2100, day.parse().unwrap())].clone();
    assert_eq!((of("2026-04-01").credit, of("2026-04-01").debit), (153, 0));
    assert_eq!((of("2026-04-02").credit, of("2026-04-02").debit, of("2026-04-02").lines), (76, 153, 2));
}

#[test]
fn money_of_a_rental_that_never_started_is_impossible() {
    let mut events = given::registered();
    events.extend(given::deposited(20_000));
    let (at, ended) = given::ended(1, 0, 31, Debited { deposit: Money::tzs(1_000), debt: Money::ZERO });
    events.push((at, ended));
    let mut billing = Billing::default();
    let facts = given::facts(events);
    let error = super::alone(&mut billing, &facts).unwrap_err();
    assert!(matches!(error, Impossible::Absent { table: "billed_rental", .. }), "{error}");
}
