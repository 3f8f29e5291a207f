//! The OpenAPI document, and the page to read it. Both work without any network.

use actix_web::{
    HttpResponse,
    http::header,
    web::{self, ServiceConfig},
};
use edge::http::Operation;
use utoipa::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::live;
use crate::operations::{
    active_rental, active_rental_stream, balance, cases, command, customer_payments, customer_rentals,
    device, device_battery, device_maintenance, device_page, event, events, finance_accounts,
    finance_approvals, finance_breaks, finance_debts, finance_deposits, finance_entries, finance_export,
    finance_period, finance_periods, finance_receipts, finance_reconciliation, finance_refunds,
    finance_refunds_export, finance_revenue, finance_vat, gbfs, journal, ledger_checkpoint,
    ledger_checkpoint_keys, ledger_proof_consistency, ledger_proof_inclusion, payment, refund, rental,
    rental_charge, rental_receipt, statement, station, station_commands_stream, stations, trial_balance,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "ChajiPoa",
        description = "Power bank rental: commands in, read models out. Amounts are whole Tanzanian shillings.\n\n\
            Every answer carries `Ledger-Position`, the position of the ledger it stands for; `Ledger-Min-Position` on a \
            read waits up to two seconds for one. Errors are `application/problem+json` with a stable `code`."
    ),
    paths(
        command::get,
        customer_rentals::get,
        balance::get,
        statement::get,
        customer_payments::get,
        active_rental::get,
        active_rental_stream::get,
        rental::get,
        rental_charge::get,
        rental_receipt::get,
        payment::get,
        stations::get,
        station::get,
        station_commands_stream::get,
        device::get,
        device_page::get,
        gbfs::get,
        device_battery::get,
        device_maintenance::get,
        events::get,
        event::get,
        ledger_checkpoint::get,
        ledger_checkpoint_keys::get,
        ledger_proof_inclusion::get,
        ledger_proof_consistency::get,
        trial_balance::get,
        journal::get,
        cases::get,
        refund::get,
        finance_receipts::get,
        finance_approvals::get,
        finance_breaks::get,
        finance_refunds::get,
        finance_refunds_export::get,
        finance_export::get,
        finance_reconciliation::get,
        finance_accounts::get,
        finance_entries::get,
        finance_revenue::get,
        finance_deposits::get,
        finance_debts::get,
        finance_vat::get,
        finance_periods::get,
        finance_period::get,
    ),
    components(schemas(
        edge::problem::ProblemBody<'static>, edge::health::Health, live::Status, live::Ended, live::Idle, live::Bye,
        live::Release, live::Withdrawn
    ))
)]
struct Paths;

/// The OpenAPI document of the queries.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Paths::openapi()
}

/// The whole document: the queries and what else is served beside them, as JSON.
#[must_use]
pub fn joined(others: Vec<utoipa::openapi::OpenApi>) -> String {
    let mut document = openapi();
    others.into_iter().chain([edge::openapi::shared()]).for_each(|other| document.merge(other));
    edge::openapi::describe_itself(&mut document);
    edge::openapi::complete(&mut document);
    document.to_json().unwrap_or_else(|error| {
        tracing::error!(%error, "the OpenAPI document could not be written");
        "{}".to_owned()
    })
}

/// The AsyncAPI document of what goes through Kafka.
const ASYNCAPI: &str = include_str!("../../schema/asyncapi.json");

/// Mounts `/openapi.json`, `/asyncapi.json` and `/docs`.
pub(crate) fn mount(config: &mut ServiceConfig, document: &web::Bytes) {
    let document = document.clone();
    let json = move || {
        let document = document.clone();
        async move { HttpResponse::Ok().content_type("application/json").body(document) }
    };
    let topics = || async { HttpResponse::Ok().content_type("application/json").body(ASYNCAPI) };
    let to_page = || async { HttpResponse::Found().insert_header((header::LOCATION, "/docs/")).finish() };
    config
        .service(web::resource("/openapi.json").app_data(Operation("openapi")).route(web::get().to(json)))
        .service(web::resource("/asyncapi.json").app_data(Operation("asyncapi")).route(web::get().to(topics)))
        .service(web::resource("/docs").app_data(Operation("docs")).route(web::get().to(to_page)))
        .service(SwaggerUi::new("/docs/{_:.*}").config(Config::from("/openapi.json")));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_of_the_service_is_documented() {
        let paths: Vec<String> = openapi().paths.paths.into_keys().collect();
        assert_eq!(
            paths,
            [
                "/api/v1/cases",
                "/api/v1/commands/{id}",
                "/api/v1/devices/{id}",
                "/api/v1/devices/{id}/battery",
                "/api/v1/devices/{id}/maintenance",
                "/api/v1/finance/accounts",
                "/api/v1/finance/accounts/{code}/entries",
                "/api/v1/finance/approvals",
                "/api/v1/finance/breaks",
                "/api/v1/finance/debts",
                "/api/v1/finance/deposits",
                "/api/v1/finance/export",
                "/api/v1/finance/journal",
                "/api/v1/finance/periods",
                "/api/v1/finance/periods/{until}",
                "/api/v1/finance/receipts",
                "/api/v1/finance/reconciliation",
                "/api/v1/finance/refunds",
                "/api/v1/finance/refunds/export",
                "/api/v1/finance/revenue",
                "/api/v1/finance/trial-balance",
                "/api/v1/finance/vat",
                "/api/v1/ledger/checkpoint",
                "/api/v1/ledger/checkpoint/keys",
                "/api/v1/ledger/events",
                "/api/v1/ledger/events/{position}",
                "/api/v1/ledger/proof/consistency",
                "/api/v1/ledger/proof/inclusion",
                "/api/v1/payments/{id}",
                "/api/v1/refunds/{id}",
                "/api/v1/rentals/active",
                "/api/v1/rentals/active/stream",
                "/api/v1/rentals/{id}",
                "/api/v1/rentals/{id}/charge",
                "/api/v1/rentals/{id}/receipt",
                "/api/v1/stations",
                "/api/v1/stations/{id}",
                "/api/v1/stations/{id}/commands/stream",
                "/api/v1/users/balance",
                "/api/v1/users/payments",
                "/api/v1/users/rentals",
                "/api/v1/users/statement",
                "/d/{serial}",
                "/gbfs/3/{feed}.json",
            ]
        );
    }
}
