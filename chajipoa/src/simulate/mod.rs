//! A believable city, driven through the public interface.
//!
//! The same seed does the same things: every id, every choice and every simulated moment comes from the seed; only
//! the day that everything is counted from follows the calendar, because nobody may report what is older than a
//! week. The city is split into quarters that share nothing, so they can be driven at once and each still does its
//! things in order.
//!
//! What happens there: rentals of all lengths, extensions, late returns, banks that are reported lost, sold, found
//! again; cabinets that fail, stay silent, hand out another bank; stations that are offline and upload later, with
//! deadlines passing meanwhile; refused returns; duplicate requests.

mod chance;
mod diary;
mod life;
mod quarter;
mod report;

use chrono::{DateTime, TimeDelta, Timelike as _, Utc};
use edge::{Clock, Role, SystemClock};
use futures_util::{StreamExt as _, stream};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use uuid::Uuid;

pub use report::Report;

use crate::api::{Api, ApiError, Sending};
use chance::Chance;
use quarter::Quarter;

/// So many quarters are driven at once.
const AT_ONCE: u64 = 16;
/// A quarter has at least so many rentals, and never more than its banks can serve in a week.
const RENTALS_OF_A_QUARTER: std::ops::RangeInclusive<u64> = 25..=400;
/// Simulated time begins so long ago, at the start of a business day.
const BEGINS_BEFORE: TimeDelta = TimeDelta::minutes(6 * 24 * 60 + 20 * 60);
/// East Africa Time, whose midnight begins a business day.
const EAST_AFRICA: TimeDelta = TimeDelta::hours(3);
const DAY_SECONDS: i64 = 86_400;

/// What is to be simulated.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// How many rentals are started.
    pub rentals: u64,
    /// Where all chance comes from.
    pub seed: u64,
}

/// Drives a city and says what it did.
///
/// # Errors
/// The gateway does not answer.
pub async fn run(api: &Api, plan: Plan, show_progress: bool) -> Result<Report, ApiError> {
    let begins = begin(SystemClock.now());
    let mut chance = Chance::new(plan.seed, begins.timestamp());
    let tariff = publish_tariff(api, &mut chance, begins).await?;
    let quarters = quarters(plan.rentals);
    let bar = bar(plan.rentals, show_progress);
    let lives = (0..quarters).map(|number| {
        let share = share(plan.rentals, quarters, number);
        let quarter = Quarter::new(number, share, chance.fork(), begins, tariff);
        life::live(api.clone(), quarter, bar.clone())
    });
    let reports: Vec<Result<Report, ApiError>> =
        stream::iter(lives).buffer_unordered(usize::try_from(AT_ONCE).unwrap_or(1)).collect().await;
    bar.finish_and_clear();
    let mut report = Report::new(plan.seed, plan.rentals);
    for part in reports {
        report.add(part?);
    }
    Ok(report)
}

fn quarters(rentals: u64) -> u64 {
    let (fewest, most) = (*RENTALS_OF_A_QUARTER.start(), *RENTALS_OF_A_QUARTER.end());
    AT_ONCE.min(rentals.div_ceil(fewest)).max(rentals.div_ceil(most)).max(1)
}

fn share(rentals: u64, quarters: u64, number: u64) -> u64 {
    let even = rentals.checked_div(quarters).unwrap_or(0);
    let rest = rentals.checked_rem(quarters).unwrap_or(0);
    even.saturating_add(u64::from(number < rest))
}

/// The first midnight in Dar es Salaam that lies less than the allowed time back.
fn begin(now: DateTime<Utc>) -> DateTime<Utc> {
    let earliest = now - BEGINS_BEFORE + EAST_AFRICA;
    let into_day = i64::from(earliest.num_seconds_from_midnight());
    let to_midnight = TimeDelta::seconds(DAY_SECONDS.saturating_sub(into_day));
    let midnight = earliest + to_midnight - EAST_AFRICA;
    midnight.with_nanosecond(0).unwrap_or(midnight)
}

/// The city has a tariff of its own, in force since the beginning; its numbers are the standard ones.
async fn publish_tariff(api: &Api, chance: &mut Chance, begins: DateTime<Utc>) -> Result<Uuid, ApiError> {
    let tariff_id = chance.id();
    let sending = Sending {
        role: Role::Admin,
        subject: chance.id(),
        id: chance.id(),
        name: "PublishTariff",
        occurred_at: Some(begins),
        data: json!({"tariff_id": tariff_id, "name": "Simulated city"}),
    };
    let reply = api.send(&sending).await?;
    if reply.done() {
        return Ok(tariff_id);
    }
    Err(ApiError::Unreachable { url: "PublishTariff".to_owned(), last: reply.text })
}

fn bar(rentals: u64, show: bool) -> ProgressBar {
    if !show {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(rentals);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} rentals · {per_sec} · {eta} left")
    {
        bar.set_style(style);
    }
    bar
}
