//! Publishing and retiring tariffs.
//!
//! PublishTariff, in order: equal to the newest version: already done · the sender's time · a number out of bounds
//! · `effective_from` before the publication.

use chrono::TimeDelta;
use serde::Serialize;

use super::{Tariff, Terms};
use crate::{
    Money, Rejection, View,
    command::{PublishTariff, RetireTariff},
    decide::{Decision, Order, Stop, fact},
    event::{TariffPublished, TariffRetired},
    ids::TariffId,
    money::MAX_AMOUNT,
    timing,
};

/// Ten years: longer than any term, deadline or recovery window that means something.
const MAX_MINUTES: i64 = 10 * 366 * 24 * 60;

#[derive(Serialize)]
struct Answer {
    tariff_id: TariffId,
    version: u32,
}

/// PublishTariff.
///
/// # Errors
/// See the module.
pub fn publish(command: &PublishTariff, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let terms = terms(command);
    let tariff_id = command.tariff_id.unwrap_or(TariffId(order.seeds.minted));
    let newest = view.catalogue()?.newest(tariff_id);
    let is_default = command.is_default.unwrap_or(newest.is_some_and(|(_, default)| default));
    let effective_from = command.effective_from.map(timing::to_micros);
    if let Some((tariff, default)) = newest {
        let same_from = effective_from.is_none_or(|from| from == tariff.effective_from);
        if tariff.terms == terms && tariff.name == command.name && default == is_default && same_from {
            return Ok(Decision::already_done(&Answer { tariff_id, version: tariff.version }));
        }
    }
    let occurred_at = timing::occurred(order)?;
    check(&terms)?;
    let effective_from = effective_from.unwrap_or(occurred_at);
    if effective_from < occurred_at {
        return Err(Rejection::EffectiveFromTooEarly { effective_from, earliest: occurred_at }.into());
    }
    let version = newest.map_or(0, |(tariff, _)| tariff.version).saturating_add(1);
    let tariff = Tariff { tariff_id, version, name: command.name.clone(), effective_from, terms };
    let published = TariffPublished { tariff, is_default };
    Ok(Decision::recorded(vec![fact(published, occurred_at)], &Answer { tariff_id, version }))
}

/// RetireTariff: unknown · retired before: already done.
///
/// # Errors
/// `tariff_unknown`, and the sender's time.
pub fn retire(command: &RetireTariff, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let catalogue = view.catalogue()?;
    let tariff_id = command.tariff_id;
    let version = catalogue.newest(tariff_id).map(|(tariff, _)| tariff.version);
    let unknown = Rejection::TariffUnknown { tariff_id: Some(tariff_id.0) };
    let Some(version) = version else { return Err(unknown.into()) };
    if catalogue.is_retired(tariff_id) {
        return Ok(Decision::already_done(&Answer { tariff_id, version }));
    }
    let occurred_at = timing::occurred(order)?;
    let retired = TariffRetired { tariff_id, reason: command.reason.clone() };
    Ok(Decision::recorded(vec![fact(retired, occurred_at)], &Answer { tariff_id, version }))
}

fn terms(command: &PublishTariff) -> Terms {
    let standard = Terms::STANDARD;
    Terms {
        free_minutes: command.free_minutes.unwrap_or(standard.free_minutes),
        free_rentals_per_day: command.free_rentals_per_day.unwrap_or(standard.free_rentals_per_day),
        unit_minutes: command.unit_minutes.unwrap_or(standard.unit_minutes),
        unit_price: command.unit_price.unwrap_or(standard.unit_price),
        daily_cap: command.daily_cap.unwrap_or(standard.daily_cap),
        term_minutes: command.term_minutes.unwrap_or(standard.term_minutes),
        late_fee_per_day: command.late_fee_per_day.unwrap_or(standard.late_fee_per_day),
        sale_after_minutes: command.sale_after_minutes.unwrap_or(standard.sale_after_minutes),
        replacement_fee: command.replacement_fee.unwrap_or(standard.replacement_fee),
        recovery_days: command.recovery_days.unwrap_or(standard.recovery_days),
        deposit: command.deposit.unwrap_or(standard.deposit),
        extension_max_minutes: command.extension_max_minutes.unwrap_or(standard.extension_max_minutes),
        vat_percent: command.vat_percent.unwrap_or(standard.vat_percent),
    }
}

/// Whether every number of a price list is one that may be published.
///
/// # Errors
/// `tariff_terms_invalid` with the first field that is out of bounds.
pub fn check(terms: &Terms) -> Result<(), Rejection> {
    let max_days = TimeDelta::minutes(MAX_MINUTES).num_days();
    let money = |amount: Money| amount.shillings() <= MAX_AMOUNT;
    let fields = [
        ("free_minutes", (0..=MAX_MINUTES).contains(&terms.free_minutes)),
        ("unit_minutes", (1..=MAX_MINUTES).contains(&terms.unit_minutes)),
        ("unit_price", money(terms.unit_price)),
        ("daily_cap", money(terms.daily_cap)),
        ("term_minutes", (1..=MAX_MINUTES).contains(&terms.term_minutes)),
        ("late_fee_per_day", money(terms.late_fee_per_day)),
        ("sale_after_minutes", (1..=MAX_MINUTES).contains(&terms.sale_after_minutes)),
        ("replacement_fee", money(terms.replacement_fee)),
        ("recovery_days", (0..=max_days).contains(&terms.recovery_days)),
        ("deposit", money(terms.deposit)),
        ("extension_max_minutes", (0..=MAX_MINUTES).contains(&terms.extension_max_minutes)),
        ("vat_percent", terms.vat_percent <= 100),
    ];
    match fields.into_iter().find(|(_, fine)| !fine) {
        Some((field, _)) => Err(Rejection::TariffTermsInvalid { field }),
        None => Ok(()),
    }
}
