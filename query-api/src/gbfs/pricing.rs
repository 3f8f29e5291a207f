//! The price list as the specification writes one: segments of minutes, each with a rate.
//!
//! Keeps true: between the ticks of a minute the segments come to what rating comes to, for as long as a rental can last
//! without being late. What no segment can say (free minutes only so often a day, late fees, the price of a bank, the
//! deposit) stands in the description.

use chrono::{DateTime, Utc};
use domain::tariff::Terms;
use serde_json::{Value, json};
use tokio_postgres::{Row, types::Json};
use uuid::Uuid;

use super::said;
use crate::{
    read::{self, Desk, Failure},
    rental::CURRENCY,
    statements,
};

const DAY: i64 = 1_440;
/// More days of a rental are not written out.
const MOST_DAYS: i64 = 31;

/// From `start` on `rate`, again every `interval` minutes (0: once) before `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Segment {
    start: i64,
    rate: i64,
    interval: i64,
    end: Option<i64>,
}

impl Segment {
    const fn once(start: i64, rate: i64) -> Self {
        Self { start, rate, interval: 0, end: None }
    }

    fn json(self) -> Value {
        match self.end {
            Some(end) => {
                json!({"start": self.start, "rate": self.rate, "interval": self.interval, "end": end})
            }
            None => json!({"start": self.start, "rate": self.rate, "interval": self.interval}),
        }
    }
}

/// A unit of usage, and how much of it a day costs at most.
struct Usage {
    unit: i64,
    price: i64,
    cap: i64,
}

impl Usage {
    /// How many units of a day are charged whole.
    fn whole(&self) -> i64 {
        let in_a_day = ceiling(DAY, self.unit);
        (self.cap / self.price).min(in_a_day)
    }

    /// From its unit `first` on, a day that begins at `start`.
    fn day(&self, start: i64, first: i64) -> Vec<Segment> {
        let whole = self.whole();
        let minute = |units: i64| start.saturating_add(units.saturating_mul(self.unit));
        let mut segments = Vec::new();
        if first < whole {
            let end = minute(whole).min(start.saturating_add(DAY));
            let (start, rate, interval) = (minute(first), self.price, self.unit);
            segments.push(Segment { start, rate, interval, end: Some(end) });
        }
        let rest = self.cap.saturating_sub(whole.saturating_mul(self.price));
        if first <= whole && rest > 0 && whole < ceiling(DAY, self.unit) {
            segments.push(Segment::once(minute(whole), rest));
        }
        segments
    }
}

fn ceiling(value: i64, by: i64) -> i64 {
    let rest = i64::from(value % by != 0);
    (value / by).saturating_add(rest)
}

fn segments(terms: &Terms) -> Vec<Segment> {
    let (price, unit) = (terms.unit_price.shillings(), terms.unit_minutes);
    if price <= 0 || unit <= 0 {
        return Vec::new();
    }
    let usage = Usage { unit, price, cap: terms.daily_cap.shillings() };
    let mut segments = Vec::new();
    // Past the free minutes a rental is charged from its first second.
    let mut first = 0;
    if terms.free_minutes > 0 {
        first = (terms.free_minutes / unit).saturating_add(1);
        let by_then = first.saturating_mul(price).min(usage.cap);
        segments.push(Segment::once(terms.free_minutes, by_then));
    }
    let longest = terms.term_minutes.saturating_add(terms.extension_max_minutes);
    for day in 0..ceiling(longest, DAY).clamp(1, MOST_DAYS) {
        segments.extend(usage.day(day.saturating_mul(DAY), if day == 0 { first } else { 0 }));
    }
    segments
}

fn in_words(terms: &Terms) -> Value {
    let (unit, price, cap) = (terms.unit_minutes, terms.unit_price.shillings(), terms.daily_cap.shillings());
    let (free, often) = (terms.free_minutes, terms.free_rentals_per_day);
    let (late, bank) = (terms.late_fee_per_day.shillings(), terms.replacement_fee.shillings());
    let (deposit, hours) = (terms.deposit.shillings(), terms.term_minutes / 60);
    said(
        &format!(
            "{price} TZS for each started {unit} minutes, at most {cap} TZS in 24 hours. Rentals of up to {free} minutes are \
             free, {often} a day. Due after {hours} hours; then {late} TZS for each started day. A bank that does not come \
             back costs {bank} TZS. A deposit of {deposit} TZS is needed. VAT is included."
        ),
        &format!(
            "TZS {price} kwa kila dakika {unit}, si zaidi ya TZS {cap} kwa saa 24. Dakika {free} za kwanza ni bure, mara \
             {often} kwa siku. Rudisha ndani ya saa {hours}; baada ya hapo TZS {late} kwa kila siku. Chaji isiyorudishwa ni \
             TZS {bank}. Amana ya TZS {deposit} inahitajika. VAT imejumuishwa."
        ),
    )
}

fn plan(row: &Row) -> Result<Option<Value>, Failure> {
    let Some(id) = id(row)? else { return Ok(None) };
    let Json(terms): Json<Terms> = row.try_get("terms")?;
    let name: String = row.try_get("name")?;
    let segments: Vec<Value> = segments(&terms).into_iter().map(Segment::json).collect();
    Ok(Some(json!({
        "plan_id": id,
        "name": super::name(&name),
        "currency": CURRENCY,
        "price": 0,
        // Every price has its VAT in it: nothing is added.
        "is_taxable": false,
        "description": in_words(&terms),
        "per_min_pricing": segments,
    })))
}

fn id(row: &Row) -> Result<Option<String>, Failure> {
    let id: Option<Uuid> = row.try_get("tariff_id")?;
    Ok(id.map(|id| id.to_string()))
}

async fn tariff(desk: &Desk, now: DateTime<Utc>) -> Result<Vec<Row>, Failure> {
    desk.query(statements::DEFAULT_TARIFF, &[&now]).await
}

/// The id of the plan, if there is one.
pub(super) async fn plan_id(desk: &Desk, now: DateTime<Utc>) -> Result<(i64, Option<String>), Failure> {
    let rows = tariff(desk, now).await?;
    Ok((read::position(&rows)?, rows.first().map(id).transpose()?.flatten()))
}

/// The default tariff in force now; no plan where there is none.
pub(super) async fn plans(desk: &Desk, now: DateTime<Utc>) -> Result<(i64, Value), Failure> {
    let rows = tariff(desk, now).await?;
    let plan = rows.first().map(plan).transpose()?.flatten();
    Ok((read::position(&rows)?, json!({"plans": plan.into_iter().collect::<Vec<_>>()})))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use domain::{Money, rating::Rated};
    use proptest::prelude::*;

    use super::*;

    /// What a consumer of the feed computes for a rental of this many minutes and a bit.
    fn consumer(segments: &[Segment], minutes: i64) -> i64 {
        let reached = |segment: &&Segment| segment.start <= minutes;
        let times = |segment: &Segment| match (segment.interval, segment.end) {
            (0, _) => 1,
            (interval, end) => {
                let last = end.map_or(minutes, |end| minutes.min(end - 1));
                (last - segment.start) / interval + 1
            }
        };
        segments.iter().filter(reached).map(|segment| segment.rate * times(segment)).sum()
    }

    fn rated(terms: &Terms, minutes: i64) -> i64 {
        let started_at = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let due_at = started_at + TimeDelta::minutes(terms.term_minutes + terms.extension_max_minutes);
        let rated = Rated { terms, free_minutes: terms.free_minutes, started_at, due_at };
        let end = started_at + TimeDelta::minutes(minutes) + TimeDelta::seconds(30);
        rated.returned(end).usage.shillings()
    }

    #[test]
    fn the_standard_tariff_is_a_handful_of_segments() {
        let found = segments(&Terms::STANDARD);
        assert_eq!(found[0], Segment::once(5, 500));
        assert_eq!(found[1], Segment { start: 30, rate: 500, interval: 30, end: Some(300) });
        assert_eq!(found[2], Segment { start: 1_440, rate: 500, interval: 30, end: Some(1_740) });
        assert_eq!(found.len(), 5);
        assert_eq!(
            [3, 5, 29, 31, 299, 1_439, 1_441].map(|minutes| consumer(&found, minutes)),
            [0, 500, 500, 1_000, 5_000, 5_000, 5_500]
        );
    }

    #[test]
    fn what_costs_nothing_has_no_segments() {
        assert_eq!(segments(&Terms { unit_price: Money::tzs(0), ..Terms::STANDARD }), []);
    }

    proptest! {
        #[test]
        fn the_segments_come_to_what_rating_comes_to(
            free in 0..200_i64, unit in 1..2_000_i64, price in 1..3_000_u32, cap in 0..20_000_u32,
            share in 0.0..1.0_f64,
        ) {
            let terms = Terms {
                free_minutes: free, unit_minutes: unit, unit_price: Money::tzs(price), daily_cap: Money::tzs(cap),
                replacement_fee: Money::tzs(1_000_000), ..Terms::STANDARD
            };
            #[expect(clippy::as_conversions, clippy::float_arithmetic, reason = "some minute of the longest rental")]
            let minutes = (share * 5_759.0) as i64;
            prop_assert_eq!(consumer(&segments(&terms), minutes), rated(&terms, minutes), "{} minutes", minutes);
        }
    }
}
