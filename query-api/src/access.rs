//! Who may read what: the table of the public interface, and whose things a request is about.
//!
//! What is not theirs looks absent to customers and stations; a role that may not read a kind of thing at all is
//! told so.

use edge::{Identity, Problem, Role};
use uuid::Uuid;

/// Rentals and their charges.
pub(crate) const RENTALS: &[Role] =
    &[Role::Customer, Role::Station, Role::Agent, Role::Support, Role::Finance, Role::Admin];
/// What belongs to one customer.
pub(crate) const CUSTOMERS: &[Role] = &[Role::Customer, Role::Support, Role::Finance, Role::Admin];
/// A customer's open rental.
pub(crate) const OPEN_RENTAL: &[Role] =
    &[Role::Customer, Role::Agent, Role::Support, Role::Finance, Role::Admin];
/// What a station's cabinet has to do.
pub(crate) const CABINETS: &[Role] = &[Role::Station, Role::Admin];
/// One payment.
pub(crate) const PAYMENTS: &[Role] =
    &[Role::Customer, Role::Support, Role::Finance, Role::Admin, Role::Payments];
/// Devices.
pub(crate) const DEVICES: &[Role] =
    &[Role::Station, Role::Agent, Role::Support, Role::Finance, Role::Analyst, Role::Admin];
/// What was done to devices by hand, and what it cost.
pub(crate) const MAINTENANCE: &[Role] = &[Role::Agent, Role::Support, Role::Finance, Role::Admin];
/// How full devices were.
pub(crate) const TELEMETRY: &[Role] =
    &[Role::Agent, Role::Support, Role::Finance, Role::Analyst, Role::Admin];
/// What needs a person's eye.
pub(crate) const CASES: &[Role] = &[Role::Support, Role::Finance, Role::Admin];
/// The audit trail.
pub(crate) const LEDGER: &[Role] = &[Role::Finance, Role::Admin];
/// The books.
pub(crate) const FINANCE: &[Role] = &[Role::Finance, Role::Analyst, Role::Admin];

/// Whose things a request is about: a customer's own, or those of the customer that staff name.
pub(crate) fn customer(identity: &Identity, named: Option<Uuid>) -> Result<Uuid, Problem> {
    match (identity.role, named) {
        (Role::Customer, None) => Ok(identity.subject),
        (Role::Customer, Some(named)) if named == identity.subject => Ok(named),
        (Role::Customer, Some(_)) => Err(Problem::not_found("there is no such thing, or it is not yours")),
        (_, Some(named)) => Ok(named),
        (_, None) => Err(Problem::malformed("customer_id is needed: this token is not a customer's")),
    }
}

/// Whether a thing of this customer, at these stations, may be seen.
pub(crate) fn is_theirs(identity: &Identity, customer: Uuid, stations: &[Option<Uuid>]) -> bool {
    match identity.role {
        Role::Customer => identity.subject == customer,
        Role::Station => stations.contains(&Some(identity.subject)),
        Role::Agent
        | Role::Support
        | Role::Finance
        | Role::Analyst
        | Role::Admin
        | Role::Payments
        | Role::System => true,
    }
}

/// Whether the provider's reference of a payment may be seen.
pub(crate) fn sees_references(identity: &Identity) -> bool {
    [Role::Payments, Role::Finance, Role::Admin].contains(&identity.role)
}
