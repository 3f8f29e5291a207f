//! I7: each read model equals the fold of the ledger up to its position. Balances, debts and open rentals are compared
//! with the little fold here; every row of every table with a rebuild by the tool itself.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use uuid::Uuid;

use super::evidence::{Evidence, ReadModels};
use super::fold::effect;
use super::{Findings, Violation};

/// The read models that the tool rebuilds.
const MODELS: [&str; 4] = ["rentals", "billing", "inventory", "cases"];
/// A rental of one of these is open.
const OPEN: [&str; 3] = ["releasing", "active", "overdue"];

/// Checks I7 against the little fold.
#[must_use]
pub fn check(evidence: &Evidence) -> Vec<Violation> {
    let mut found = Findings::default();
    if let Some(models) = &evidence.models {
        let last = evidence.events.last().map_or(0, |event| event.position);
        for (model, position) in [("billing", models.billing_position), ("rentals", models.rentals_position)]
        {
            found.unless(position <= last, "I7", position, || {
                format!("{model} stands beyond the ledger, which ends at {last}")
            });
        }
        balances(evidence, models, &mut found);
        open_rentals(evidence, models, &mut found);
    }
    found.0
}

fn balances(evidence: &Evidence, models: &ReadModels, found: &mut Findings) {
    let mut purses: BTreeMap<Uuid, (i64, i64, i64)> = BTreeMap::new();
    for event in evidence.events.iter().filter(|event| event.position <= models.billing_position) {
        if let Some((customer, balance, debt)) = effect(event).ok().and_then(|effect| effect.purse) {
            let purse = purses.entry(customer).or_default();
            *purse = (purse.0.saturating_add(balance), purse.1.saturating_add(debt), event.position);
        }
    }
    for (customer, (balance, debt, at)) in &purses {
        let row = models.balances.get(customer).copied();
        found.unless(row == Some((*balance, *debt)), "I7", *at, || {
            format!("customer {customer} has {balance} and owes {debt}; the read model says {row:?}")
        });
    }
    let strangers =
        models.balances.iter().filter(|(customer, row)| !purses.contains_key(*customer) && **row != (0, 0));
    for (customer, row) in strangers {
        found.add(
            "I7",
            None,
            format!("nothing happened to customer {customer}; the read model says {row:?}"),
        );
    }
}

fn open_rentals(evidence: &Evidence, models: &ReadModels, found: &mut Findings) {
    let mut open: BTreeMap<Uuid, (Uuid, Uuid, i64)> = BTreeMap::new();
    for event in evidence.events.iter().filter(|event| event.position <= models.rentals_position) {
        let Ok(effect) = effect(event) else { continue };
        if let Some(rental) = effect.closed {
            open.remove(&rental);
        }
        if let Some((rental, customer, device)) = effect.opened {
            open.insert(rental, (customer, device, event.position));
        }
    }
    for (rental, (customer, device, at)) in &open {
        let row = models.rentals.get(rental);
        let same =
            row.is_some_and(|(c, d, status)| (c, d) == (customer, device) && OPEN.contains(&status.as_str()));
        found.unless(same, "I7", *at, || format!("rental {rental} is open; the read model says {row:?}"));
    }
    let closed = |(rental, row): &(&Uuid, &(Uuid, Uuid, String))| {
        OPEN.contains(&row.2.as_str()) && !open.contains_key(*rental)
    };
    for (rental, row) in models.rentals.iter().filter(closed) {
        found.add("I7", None, format!("rental {rental} is not open; the read model says {row:?}"));
    }
}

/// Has the tool make every read model anew from the ledger and compare it with the live one, row by row.
/// `url` is the projector's login.
#[must_use]
pub fn rebuilt(tool: &Path, url: &str, environment: &[(String, String)]) -> Vec<Violation> {
    let mut found = Findings::default();
    let run = |arguments: &[&str]| {
        let output = Command::new(tool)
            .args(arguments)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .env("DATABASE_URL", url)
            .env_remove("KAFKA_BROKERS")
            .output();
        match output {
            Ok(output) if output.status.success() => Ok(()),
            Ok(output) => Err(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()),
            Err(error) => Err(error.to_string()),
        }
    };
    if let Err(said) = run(&["projection", "rebuild"]) {
        found.add("I7", None, format!("the read models cannot be rebuilt: {said}"));
        return found.0;
    }
    for model in MODELS {
        if let Err(said) = run(&["projection", "diff", model]) {
            found.add("I7", None, format!("{model} differs from its rebuild: {said}"));
        }
    }
    found.0
}
