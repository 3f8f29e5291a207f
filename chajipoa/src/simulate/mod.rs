//! A believable city, driven through the public interface alone.
//!
//! Its customers register with a code that they read on their phone (the sandbox), and hold tokens of their own; its
//! stations show a secret; only its operators have tokens that the tool makes. They pay when their phone asks them to, and the
//! provider (the sandbox) misbehaves now and then ([`paying`]). It lives now: rentals start now and end moments later, in an order that the seed
//! decides, and the reactor may fire every deadline meanwhile. What takes days is entered by operators, with its times.
//!
//! The same seed makes the same choices. Not the same ids, numbers and bills: ids and phone numbers are new with each run,
//! so that it can be run again on the same ledger, and a bill depends on how long the real city took.
//!
//! What happens there: rentals of all lengths, slots scanned or chosen, extensions, banks that are reported lost, sold,
//! found again; cabinets that fail, stay silent, hand out another bank; stations that are offline and upload later; refused
//! returns; requests that are sent twice, and two who want the same bank ([`life`], [`places`], [`past`]). Beside it the
//! sandbox's cabinets misbehave in every way they know, and what each leads to is waited for ([`cabinets`]).

mod acting;
mod cabinets;
mod chance;
mod diary;
mod life;
mod past;
mod paying;
mod people;
mod phones;
mod places;
mod quarter;
mod report;
mod rivals;
mod speaking;
mod verdict;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use edge::{Clock, Role, SystemClock};
use futures_util::{StreamExt as _, future::join, stream};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use uuid::Uuid;

pub use report::{Episode, Report};

use crate::api::{Api, ApiError, Sending};
use cabinets::Street;
use chance::Chance;
use phones::Phones;
use quarter::{Quarter, id};

/// So many quarters are driven at once.
const AT_ONCE: u64 = 16;
/// A quarter has at least and at most so many rentals.
const RENTALS_OF_A_QUARTER: std::ops::RangeInclusive<u64> = 25..=400;
/// The city is said to stand so long already: a little less than operators may say.
const STOOD_FOR: TimeDelta = TimeDelta::hours(6 * 24 + 20);

/// What is to be simulated.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// How many rentals are started.
    pub rentals: u64,
    /// Where all chance comes from.
    pub seed: u64,
}

/// Why a city could not be driven to its end.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// Its phones and cabinets are nowhere.
    #[error(
        "no sandbox answers at {url}, where the city's phones and cabinets would be: `make up` starts one (unless \
         CHAJIPOA_SANDBOX_BIND says otherwise), `chajipoa sandbox` starts one alone, release images have none; \
         --sandbox or CHAJIPOA_SANDBOX_URL says where it is"
    )]
    NoSandbox {
        /// Where it was looked for.
        url: String,
        /// What came instead.
        #[source]
        source: reqwest::Error,
    },
    /// The sandbox stopped answering, or answers something else.
    #[error("the sandbox cannot be used")]
    Sandbox(#[from] reqwest::Error),
    /// The gateway.
    #[error(transparent)]
    Api(#[from] ApiError),
}

/// Drives a city and says what it did.
///
/// # Errors
/// There is no sandbox, or the gateway does not answer.
pub async fn run(api: &Api, sandbox: &str, plan: Plan, show_progress: bool) -> Result<Report, SimulateError> {
    let none = |source| SimulateError::NoSandbox { url: sandbox.to_owned(), source };
    let phones = Arc::new(Phones::at(sandbox).await.map_err(none)?);
    let before = paying::hurry(&phones).await?;
    let driven = drive(api, &phones, plan, show_progress).await;
    paying::slow_down(&phones, before).await?;
    driven
}

async fn drive(
    api: &Api,
    phones: &Arc<Phones>,
    plan: Plan,
    show_progress: bool,
) -> Result<Report, SimulateError> {
    let begins = SystemClock.now() - STOOD_FOR;
    let mut chance = Chance::new(plan.seed);
    let tariff = publish_tariff(api, begins).await?;
    let quarters = quarters(plan.rentals);
    let bar = bar(plan.rentals, show_progress);
    let lives = (0..quarters).map(|number| {
        let share = share(plan.rentals, quarters, number);
        let quarter = Quarter::new(number, share, chance.fork(), begins, tariff);
        life::live(api.clone(), Arc::clone(phones), quarter, bar.clone())
    });
    let lives = stream::iter(lives).buffer_unordered(usize::try_from(AT_ONCE).unwrap_or(1));
    let street = Street::new(api.clone(), Arc::clone(phones), begins, tariff);
    let (parts, misbehaved) = join(lives.collect::<Vec<_>>(), street.live(&bar)).await;
    bar.finish_and_clear();
    let mut report = Report::new(plan.seed, plan.rentals);
    for part in parts.into_iter().chain([misbehaved]) {
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

/// The city has a tariff of its own, in force since the beginning; its numbers are the standard ones.
async fn publish_tariff(api: &Api, begins: DateTime<Utc>) -> Result<Uuid, ApiError> {
    let tariff_id = id();
    let sending = Sending {
        role: Role::Admin,
        subject: id(),
        id: id(),
        name: "PublishTariff",
        occurred_at: Some(begins),
        data: json!({"tariff_id": tariff_id, "name": "Simulated city"}),
    };
    people::expect(api.send(&sending).await?, 201, sending.name)?;
    Ok(tariff_id)
}

fn bar(rentals: u64, show: bool) -> ProgressBar {
    if !show {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(rentals);
    if let Ok(style) =
        ProgressStyle::with_template("{bar:40} {pos}/{len} rentals · {per_sec} · {eta} left {msg}")
    {
        bar.set_style(style);
    }
    bar
}
