//! I9: a device is in at most one open rental, and so is a customer.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::evidence::Evidence;
use super::fold::effect;
use super::{Findings, Violation};

/// Checks I9.
#[must_use]
pub fn check(evidence: &Evidence) -> Vec<Violation> {
    let mut found = Findings::default();
    // By rental: customer and device; and back.
    let mut open: BTreeMap<Uuid, (Uuid, Uuid)> = BTreeMap::new();
    let mut devices: BTreeMap<Uuid, Uuid> = BTreeMap::new();
    let mut customers: BTreeMap<Uuid, Uuid> = BTreeMap::new();
    for event in &evidence.events {
        let Ok(effect) = effect(event) else { continue };
        let over = effect.closed.or(effect.opened.map(|(rental, ..)| rental));
        // A rental that starts after it was requested may do so with another device.
        if let Some((customer, device)) = over.and_then(|rental| open.remove(&rental)) {
            customers.remove(&customer);
            devices.remove(&device);
        }
        let Some((rental, customer, device)) = effect.opened else { continue };
        open.insert(rental, (customer, device));
        if let Some(other) = devices.insert(device, rental) {
            let what = format!("device {device} is in the open rentals {other} and {rental}");
            found.add("I9", Some(event.position), what);
        }
        if let Some(other) = customers.insert(customer, rental) {
            let what = format!("customer {customer} has the open rentals {other} and {rental}");
            found.add("I9", Some(event.position), what);
        }
    }
    found.0
}
