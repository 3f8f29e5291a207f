//! The OpenAPI document of this service's paths.

use serde_json::Value;
use utoipa::{OpenApi, ToSchema};
use uuid::Uuid;

use crate::operations::{
    auth, batch, commands, end_rental, extend_rental, finance, heartbeat, initiate_payment, inventory,
    maintenance, merchant, payment_callback, profile, refunds, report_lost, slot_qr, sms_delivery,
    start_rental, station_secret, ussd,
};

/// The answer to a command. REST paths repeat the members of `result` at the top.
#[derive(Debug, serde::Serialize, ToSchema)]
pub(crate) struct CommandAnswer {
    /// The command's id; sending it again gives this answer again.
    command_id: Uuid,
    /// `recorded` or `already_done`.
    #[schema(example = "recorded")]
    outcome: String,
    /// The position of its last event; for `already_done` where the ledger stood.
    position: i64,
    /// Its events, in order.
    events: Vec<RecordedEvent>,
    /// What the command's type answers.
    #[schema(value_type = Object)]
    result: Value,
}

/// An event of a command.
#[derive(Debug, serde::Serialize, ToSchema)]
pub(crate) struct RecordedEvent {
    #[serde(rename = "type")]
    #[schema(example = "RentalStarted")]
    kind: String,
    position: i64,
}

/// A rental that is over. Where an agent or a station reports a return that was known already, the members of a command's
/// answer stand beside these.
#[derive(Debug, serde::Serialize, ToSchema)]
pub(crate) struct EndedRental {
    /// Null where the bank stood in the slot already and no rental was found for this return.
    rental_id: Option<Uuid>,
    /// `ended`, `sold`, `recovered` or `cancelled`; `docked` where no rental was found.
    status: String,
    #[schema(format = DateTime)]
    started_at: Option<String>,
    #[schema(format = DateTime)]
    due_at: Option<String>,
    #[schema(format = DateTime)]
    ended_at: Option<String>,
    #[schema(value_type = Option<Object>)]
    charge: Value,
}

#[derive(OpenApi)]
#[openapi(paths(
    commands::post,
    batch::post,
    start_rental::post,
    end_rental::post,
    extend_rental::post,
    report_lost::post,
    initiate_payment::post,
    refunds::request::post,
    refunds::approve::post,
    refunds::reject::post,
    finance::statements::post,
    slot_qr::post,
    auth::register::post,
    auth::verify_phone::post,
    auth::resend_otp::post,
    auth::refresh::post,
    auth::logout::post,
    auth::staff_login::post,
    auth::station_token::post,
    station_secret::post,
    profile::get,
    profile::put,
    profile::delete,
    heartbeat::post,
    inventory::post,
    maintenance::post,
    payment_callback::post,
    sms_delivery::post,
    ussd::post,
    merchant::name_lookup::post,
    merchant::payment::post,
    merchant::status_check::post,
))]
struct Paths;

/// The OpenAPI document of this service's paths, to be joined with that of the queries.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Paths::openapi()
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_path_of_the_service_is_documented() {
        let document = super::openapi();
        let paths: Vec<_> = document.paths.paths.keys().map(String::as_str).collect();
        assert_eq!(
            paths,
            [
                "/api/merchant/name-lookup",
                "/api/merchant/payment",
                "/api/merchant/status-check",
                "/api/v1/auth/logout",
                "/api/v1/auth/refresh",
                "/api/v1/auth/register",
                "/api/v1/auth/resend-otp",
                "/api/v1/auth/staff/login",
                "/api/v1/auth/station/token",
                "/api/v1/auth/verify-phone",
                "/api/v1/commands",
                "/api/v1/commands/batch",
                "/api/v1/devices/{id}/maintenance",
                "/api/v1/finance/statements",
                "/api/v1/payments/callback/{secret}",
                "/api/v1/payments/initiate",
                "/api/v1/refunds",
                "/api/v1/refunds/{id}/approve",
                "/api/v1/refunds/{id}/reject",
                "/api/v1/rentals/start",
                "/api/v1/rentals/{id}/end",
                "/api/v1/rentals/{id}/extend",
                "/api/v1/rentals/{id}/report-lost",
                "/api/v1/sms/delivery/{secret}",
                "/api/v1/stations/{id}/heartbeat",
                "/api/v1/stations/{id}/inventory",
                "/api/v1/stations/{id}/qr",
                "/api/v1/stations/{id}/secret",
                "/api/v1/users/profile",
                "/api/v1/ussd",
            ]
        );
    }
}
