//! Between two steps the running price stands still, and each step is really taken into account.

use chrono::{DateTime, Utc};
use domain::{rating::Rated, tariff::Terms};
use proptest::prelude::*;

use super::{given::cases, rating_model::any_terms};

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600 + second, 0).unwrap()
}

/// The steps of a standard rental within so many seconds of its start.
fn steps(due: i64, until: i64) -> Vec<i64> {
    let rated = Rated { terms: &Terms::STANDARD, free_minutes: 5, started_at: at(0), due_at: at(due) };
    let next = |now: &DateTime<Utc>| rated.next_step(*now);
    std::iter::successors(next(&at(0)), next)
        .map(|step| (step - at(0)).num_seconds())
        .take_while(|second| *second <= until)
        .collect()
}

#[test]
fn the_price_steps_past_the_free_minutes_and_past_each_unit() {
    assert_eq!(steps(86_400, 5_401), [301, 1_801, 3_601, 5_401]);
}

#[test]
fn a_due_time_between_two_units_is_a_step_of_its_own() {
    assert_eq!(steps(2_000, 3_601), [301, 1_801, 2_001, 3_601]);
}

#[test]
fn a_price_at_the_cap_never_steps_again() {
    let rated = Rated { terms: &Terms::STANDARD, free_minutes: 5, started_at: at(0), due_at: at(86_400) };
    assert_eq!(rated.next_step(at(60 * 86_400)), None);
    assert_eq!(rated.returned(at(60 * 86_400)).total, rated.returned(at(600 * 86_400)).total);
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn between_two_steps_the_price_stands_still(
        terms in prop_oneof![Just(Terms::STANDARD), any_terms()],
        due in 1_i64..400_000,
        now in -1_000_i64..500_000,
        share in 0_i64..1_000,
    ) {
        let rated =
            Rated { terms: &terms, free_minutes: terms.free_minutes, started_at: at(0), due_at: at(due) };
        let price = |second: i64| rated.returned(at(second).max(at(0))).total;
        match rated.next_step(at(now)) {
            None => prop_assert_eq!(price(now), price(now + 1_000_000)),
            Some(step) => {
                prop_assert!(step > at(now));
                let until = (step - at(now)).num_seconds() - 1;
                prop_assert_eq!(price(now), price(now + until * share / 1_000));
                prop_assert_eq!(price(now), price(now + until));
            }
        }
    }
}
