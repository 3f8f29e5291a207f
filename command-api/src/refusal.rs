//! From a rule's refusal to its answer: the one place that knows which status a refusal has.

use actix_web::http::StatusCode;
use domain::Rejection;
use edge::{Identity, Problem, Role};
use serde_json::Value;
use uuid::Uuid;

/// The problem that tells `rejection` to this speaker. `in_path` is the thing that the path names.
pub(crate) fn problem(rejection: &Rejection, speaker: &Identity, in_path: Option<Uuid>) -> Problem {
    let status = status(rejection, speaker.role, in_path);
    if status == StatusCode::NOT_FOUND {
        // One code for what is absent and what is not theirs.
        return Problem::not_found("there is no such thing here, or it is not yours");
    }
    let problem = Problem::new(status, rejection.code(), rejection.title());
    match serde_json::to_value(rejection) {
        Ok(Value::Object(mut facts)) => {
            if matches!(rejection, Rejection::DeviceRented { .. }) && looks_absent(speaker.role) {
                // That the bank is out is all that a cabinet may know of somebody's rental.
                facts.remove("rental_id");
            }
            problem.facts(facts)
        }
        Ok(_) | Err(_) => problem,
    }
}

/// The status of a refusal: 404 where the thing in the path is not there, and for customers and stations
/// where a customer, rental or payment in the data is not; 409 for a bank that is not back; else 422.
fn status(rejection: &Rejection, role: Role, in_path: Option<Uuid>) -> StatusCode {
    let absent = |id: &Uuid| {
        if looks_absent(role) || in_path == Some(*id) {
            StatusCode::NOT_FOUND
        } else {
            StatusCode::UNPROCESSABLE_ENTITY
        }
    };
    match rejection {
        Rejection::CustomerUnknown { customer_id: id }
        | Rejection::RentalUnknown { rental_id: id }
        | Rejection::PaymentUnknown { payment_id: id }
        | Rejection::RefundUnknown { refund_id: id } => absent(id),
        Rejection::DeviceNotDocked { .. } => StatusCode::CONFLICT,
        Rejection::OccurredAtNotAllowed
        | Rejection::ReasonRequired
        | Rejection::OccurredAtInFuture { .. }
        | Rejection::OccurredAtTooEarly { .. }
        | Rejection::NotDue { .. }
        | Rejection::IdTaken { .. }
        | Rejection::CustomerNotActive { .. }
        | Rejection::CustomerClosed { .. }
        | Rejection::CustomerHasDebt { .. }
        | Rejection::DebtSmaller { .. }
        | Rejection::PhoneTaken
        | Rejection::RentalStillOpen { .. }
        | Rejection::DepositRemaining { .. }
        | Rejection::PaymentPending { .. }
        | Rejection::CustomerSuspended { .. }
        | Rejection::TariffUnknown { .. }
        | Rejection::TariffRetired { .. }
        | Rejection::TariffNotEffective { .. }
        | Rejection::TariffNotAllowed
        | Rejection::TariffTermsInvalid { .. }
        | Rejection::EffectiveFromTooEarly { .. }
        | Rejection::StationUnknown { .. }
        | Rejection::StationCodeTaken { .. }
        | Rejection::StationOffline { .. }
        | Rejection::StationNotRenting { .. }
        | Rejection::StationNotReturning { .. }
        | Rejection::StationDecommissioned { .. }
        | Rejection::SlotsCannotShrink { .. }
        | Rejection::SlotUnknown { .. }
        | Rejection::SlotEmpty { .. }
        | Rejection::SlotReserved { .. }
        | Rejection::SlotOccupied { .. }
        | Rejection::SlotFaulty { .. }
        | Rejection::SlotIsDisabled { .. }
        | Rejection::DeviceUnknown { .. }
        | Rejection::SerialTaken { .. }
        | Rejection::BatteryLow { .. }
        | Rejection::DeviceInMaintenance { .. }
        | Rejection::DeviceNotInMaintenance { .. }
        | Rejection::DeviceRented { .. }
        | Rejection::DeviceSold { .. }
        | Rejection::DeviceRetired { .. }
        | Rejection::DeviceNotPlaced { .. }
        | Rejection::DeviceElsewhere { .. }
        | Rejection::RentalAlreadyOpen { .. }
        | Rejection::DepositInsufficient { .. }
        | Rejection::RentalNotStarted { .. }
        | Rejection::RentalStarted { .. }
        | Rejection::RentalEnded { .. }
        | Rejection::RentalCancelled { .. }
        | Rejection::RentalOverdue { .. }
        | Rejection::ExtensionLimit { .. }
        | Rejection::RentalNotClosed { .. }
        | Rejection::CorrectionInFuture { .. }
        | Rejection::CorrectionEndBeforeStart { .. }
        | Rejection::CorrectionChangesNothing { .. }
        | Rejection::PeriodNotPast { .. }
        | Rejection::PeriodIsClosed { .. }
        | Rejection::NoRunningRental { .. }
        | Rejection::LastSeenAbsentNotAllowed
        | Rejection::PaymentSettled { .. }
        | Rejection::PaymentTooLarge { .. }
        | Rejection::PaymentNotOpen { .. }
        | Rejection::PaymentNotSettled { .. }
        | Rejection::ChargebackTooLarge { .. }
        | Rejection::ReceiptUnknown { .. }
        | Rejection::ReceiptAssigned { .. }
        | Rejection::ReceiptRefundOpen { .. }
        | Rejection::ReceiptNamesCustomer { .. }
        | Rejection::DestinationRequired { .. }
        | Rejection::ApprovalUnknown { .. }
        | Rejection::ApprovalDecided { .. }
        | Rejection::SecondPersonRequired
        | Rejection::RefundOpen { .. }
        | Rejection::RefundExceedsBalance { .. }
        | Rejection::RefundExceedsPayment { .. }
        | Rejection::RefundNotApproved { .. }
        | Rejection::RefundNotSubmitted { .. }
        | Rejection::RefundDecided { .. }
        | Rejection::RefundSubmittedOtherwise { .. }
        | Rejection::RefundNotManual { .. }
        | Rejection::BreakUnknown { .. }
        | Rejection::BreakIsClosed { .. }
        | Rejection::ReceiptExists { .. }
        | Rejection::ProviderReferenceTaken { .. } => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

const fn looks_absent(role: Role) -> bool {
    match role {
        Role::Customer | Role::Station => true,
        Role::Agent
        | Role::Support
        | Role::Finance
        | Role::Analyst
        | Role::Admin
        | Role::Payments
        | Role::System => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speaker(role: Role) -> Identity {
        let mut speaker = Identity::system(Uuid::nil());
        speaker.role = role;
        speaker
    }

    #[test]
    fn what_is_foreign_looks_absent_to_customers_and_stations() {
        let id = Uuid::from_u128(1);
        let unknown = Rejection::RentalUnknown { rental_id: id };
        for role in [Role::Customer, Role::Station] {
            let problem = problem(&unknown, &speaker(role), None);
            assert_eq!((problem.status().as_u16(), problem.code()), (404, "not_found"));
            assert!(problem.known_facts().is_empty());
        }
        assert_eq!(problem(&unknown, &speaker(Role::Support), None).status().as_u16(), 422);
        assert_eq!(problem(&unknown, &speaker(Role::Support), Some(id)).status().as_u16(), 404);
        assert_eq!(problem(&unknown, &speaker(Role::Support), Some(Uuid::nil())).code(), "rental_unknown");
    }

    #[test]
    fn the_facts_stand_beside_the_code() {
        let station_id = Uuid::from_u128(1);
        let problem = problem(&Rejection::SlotEmpty { station_id, slot: 3 }, &speaker(Role::Customer), None);
        assert_eq!((problem.status().as_u16(), problem.code()), (422, "slot_empty"));
        assert_eq!(problem.known_facts()["slot"], 3);
    }

    #[test]
    fn whose_rental_a_bank_is_on_is_not_for_stations() {
        let rejection = Rejection::DeviceRented { device_id: Uuid::nil(), rental_id: Uuid::from_u128(1) };
        let facts = |role| problem(&rejection, &speaker(role), None).known_facts().clone();
        assert!(!facts(Role::Station).contains_key("rental_id"));
        assert!(facts(Role::Agent).contains_key("rental_id"));
    }

    #[test]
    fn a_bank_that_is_not_back_is_a_conflict() {
        let rejection = Rejection::DeviceNotDocked { rental_id: Uuid::nil(), rental_status: "active" };
        assert_eq!(problem(&rejection, &speaker(Role::Customer), None).status().as_u16(), 409);
    }
}
