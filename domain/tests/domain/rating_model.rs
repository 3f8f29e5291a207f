//! Rating against the slow model, and the bounds of VAT and cap.

use chrono::TimeDelta;
use domain::{
    Money,
    rating::{ByKind, Charge, Rated, vat_in},
    tariff::Terms,
};
use proptest::prelude::*;

use super::{given::*, model::*};

/// Tariffs of every shape: small and large units, caps that cut and that do not.
pub(crate) fn any_terms() -> impl Strategy<Value = Terms> {
    let times = (1_i64..=3_000, 1_i64..=4 * 24 * 60, 1_i64..=5 * 24 * 60, 0_i64..=6);
    let prices = (0_u32..=2_000, 0_u32..=20_000, 0_u32..=5_000, 0_u32..=60_000);
    let rest = (0_i64..=90, 0_u32..=3, 0_u32..=100);
    (times, prices, rest).prop_map(|(times, prices, (free_minutes, free_rentals_per_day, vat_percent))| {
        let (unit_minutes, term_minutes, sale_after_minutes, recovery_days) = times;
        let (unit_price, daily_cap, late_fee, replacement_fee) = prices;
        Terms {
            free_minutes,
            free_rentals_per_day,
            unit_minutes,
            unit_price: Money::tzs(unit_price),
            daily_cap: Money::tzs(daily_cap),
            term_minutes,
            late_fee_per_day: Money::tzs(late_fee),
            sale_after_minutes,
            replacement_fee: Money::tzs(replacement_fee),
            recovery_days,
            deposit: Money::tzs(0),
            extension_max_minutes: 4_320,
            vat_percent,
        }
    })
}

fn check_charge(charge: &Charge, terms: &Terms) {
    let (usage, late, replacement) = amounts(charge);
    assert_eq!(usage + late + replacement, charge.total.shillings());
    let lines: i64 = charge.lines.iter().map(|line| line.amount).sum();
    assert_eq!(lines, charge.total.shillings(), "the lines add up");
    assert!(usage + late <= terms.replacement_fee.shillings(), "the cap holds");
    let percent = i64::from(terms.vat_percent);
    let of = charge.vat_by_kind;
    for (amount, kept) in [(usage, of.usage), (late, of.late), (replacement, of.replacement)] {
        assert_eq!(kept.shillings(), vat(amount, percent));
        assert!(kept.shillings() <= amount);
    }
    assert_eq!(charge.vat, of.total());
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn rating_equals_the_count_of_seconds(
        terms in prop_oneof![Just(Terms::STANDARD), any_terms()],
        free in any::<bool>(),
        extended in 0_i64..=3 * 24 * 60,
        length in prop_oneof![0_i64..=7_200, 0_i64..=12 * DAY_SECONDS],
        start_micros in 0_i64..1_000_000,
        end_micros in 0_i64..1_000_000,
    ) {
        let free_minutes = if free { terms.free_minutes } else { 0 };
        let due = (terms.term_minutes + extended) * 60;
        let start = t(0) + TimeDelta::microseconds(start_micros);
        let end = t(0) + TimeDelta::seconds(length) + TimeDelta::microseconds(end_micros);
        let rated = Rated { terms: &terms, free_minutes, started_at: start, due_at: start + TimeDelta::seconds(due) };
        let slow = Slow { terms, free_minutes, due };
        let returned = rated.returned(end);
        prop_assert_eq!(amounts(&returned), slow.returned(length));
        check_charge(&returned, &terms);
        let sold = rated.sold(end);
        prop_assert_eq!(amounts(&sold), slow.sold(length));
        prop_assert_eq!(returned.clone(), rated.returned(end), "the same inputs give the same charge");
        let lines: i64 = sold.lines.iter().map(|line| line.amount).sum();
        prop_assert_eq!(lines, sold.total.shillings());
    }

    #[test]
    fn a_report_and_a_recovery_come_to_the_whole(
        terms in any_terms(),
        report in 0_i64..=6 * DAY_SECONDS,
        later in 0_i64..=6 * DAY_SECONDS,
    ) {
        let due_at = t(terms.term_minutes);
        let rated = Rated { terms: &terms, free_minutes: terms.free_minutes, started_at: t(0), due_at };
        let sold = rated.sold(ts(0, report)).to_posted();
        let standing = sold.less(sold.replacement_only());
        let (further, whole) = rated.recovered_after_report(ts(0, report + later), standing);
        prop_assert_eq!(standing.amounts.total().plus(further.total), whole.total);
        prop_assert_eq!(amounts(&whole), amounts(&rated.returned(ts(0, report + later))));
        let lines: i64 = further.lines.iter().map(|line| line.amount).sum();
        prop_assert_eq!(lines, further.total.shillings());
        prop_assert!(further.vat_by_kind.usage <= further.usage && further.vat_by_kind.late <= further.late);
        // Each part was rounded by itself; never more than a shilling a kind apart.
        let apart = standing.vat.total().shillings() + further.vat.shillings() - whole.vat.shillings();
        prop_assert!(apart.abs() <= 1, "{apart}");
    }

    #[test]
    fn vat_is_within_half_a_shilling_of_the_exact_share(
        amount in 0_u32..=1_000_000_000, percent in 0_u32..=100,
    ) {
        let kept = vat_in(ByKind { usage: Money::tzs(amount), ..ByKind::ZERO }, percent).usage.shillings();
        let base = 100 + i64::from(percent);
        let off = 2 * (kept * base - i64::from(amount) * i64::from(percent));
        prop_assert!(-base < off && off <= base);
        prop_assert!(kept <= i64::from(amount));
        prop_assert_eq!(kept, vat(i64::from(amount), i64::from(percent)));
    }

    #[test]
    fn longer_never_costs_less(terms in any_terms(), one in 0_i64..=8 * DAY_SECONDS, more in 0_i64..=DAY_SECONDS) {
        let due_at = t(terms.term_minutes);
        let rated = Rated { terms: &terms, free_minutes: terms.free_minutes, started_at: t(0), due_at };
        prop_assert!(rated.returned(ts(0, one)).total <= rated.returned(ts(0, one + more)).total);
    }
}
