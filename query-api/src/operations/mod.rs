//! One file per operation: its request, its answer, its reading.

pub(crate) mod active_rental;
pub(crate) mod active_rental_stream;
pub(crate) mod balance;
pub(crate) mod cases;
pub(crate) mod command;
pub(crate) mod customer_payments;
pub(crate) mod customer_rentals;
pub(crate) mod device;
pub(crate) mod device_battery;
pub(crate) mod device_maintenance;
pub(crate) mod device_page;
pub(crate) mod event;
pub(crate) mod events;
pub(crate) mod finance_accounts;
pub(crate) mod finance_approvals;
pub(crate) mod finance_breaks;
pub(crate) mod finance_debts;
pub(crate) mod finance_deposits;
pub(crate) mod finance_entries;
pub(crate) mod finance_export;
pub(crate) mod finance_period;
pub(crate) mod finance_periods;
pub(crate) mod finance_receipts;
pub(crate) mod finance_reconciliation;
pub(crate) mod finance_refunds;
pub(crate) mod finance_refunds_export;
pub(crate) mod finance_revenue;
pub(crate) mod finance_vat;
pub(crate) mod gbfs;
pub(crate) mod journal;
pub(crate) mod ledger_checkpoint;
pub(crate) mod ledger_checkpoint_keys;
pub(crate) mod ledger_proof_consistency;
pub(crate) mod ledger_proof_inclusion;
pub(crate) mod payment;
pub(crate) mod refund;
pub(crate) mod rental;
pub(crate) mod rental_charge;
pub(crate) mod rental_receipt;
pub(crate) mod statement;
pub(crate) mod station;
pub(crate) mod station_commands_stream;
pub(crate) mod stations;
pub(crate) mod trial_balance;

pub(crate) use finance_export::EXPORTS;

use actix_web::{
    guard,
    web::{self, ServiceConfig},
};
use edge::http::Operation;

/// Mounts every operation.
///
/// Where a path with an id could also be the path of a command (`/rentals/start`), a POST is left to whoever is
/// mounted beside these.
pub(crate) fn mount(config: &mut ServiceConfig) {
    let get = |path: &str, name: &'static str, route: actix_web::Route| {
        web::resource(path).app_data(Operation(name)).route(route)
    };
    let not_post = || guard::Not(guard::Post());
    config
        .service(get("/api/v1/commands/{id}", "command", web::get().to(command::get)).guard(not_post()))
        .service(get("/api/v1/users/rentals", "customer_rentals", web::get().to(customer_rentals::get)))
        .service(get("/api/v1/users/balance", "balance", web::get().to(balance::get)))
        .service(get("/api/v1/users/statement", "statement", web::get().to(statement::get)))
        .service(get("/api/v1/users/payments", "customer_payments", web::get().to(customer_payments::get)))
        .service(get("/api/v1/rentals/active", "active_rental", web::get().to(active_rental::get)))
        .service(get(
            "/api/v1/rentals/active/stream",
            "active_rental_stream",
            web::get().to(active_rental_stream::get),
        ))
        .service(get("/api/v1/rentals/{id}", "rental", web::get().to(rental::get)).guard(not_post()))
        .service(get("/api/v1/rentals/{id}/charge", "rental_charge", web::get().to(rental_charge::get)))
        .service(get("/api/v1/rentals/{id}/receipt", "rental_receipt", web::get().to(rental_receipt::get)))
        .service(get("/api/v1/payments/{id}", "payment", web::get().to(payment::get)).guard(not_post()))
        .service(get("/api/v1/stations", "stations", web::get().to(stations::get)))
        .service(get("/api/v1/stations/{id}", "station", web::get().to(station::get)))
        .service(get(
            "/api/v1/stations/{id}/commands/stream",
            "station_commands_stream",
            web::get().to(station_commands_stream::get),
        ))
        .service(get("/api/v1/devices/{id}", "device", web::get().to(device::get)))
        .service(get("/d/{serial}", "device_page", web::get().to(device_page::get)))
        .service(get("/gbfs/3/{feed}.json", "gbfs", web::get().to(gbfs::get)))
        .service(
            get(
                "/api/v1/devices/{id}/maintenance",
                "device_maintenance",
                web::get().to(device_maintenance::get),
            )
            .guard(not_post()),
        )
        .service(get("/api/v1/devices/{id}/battery", "device_battery", web::get().to(device_battery::get)))
        .service(get("/api/v1/ledger/events", "events", web::get().to(events::get)))
        .service(get("/api/v1/ledger/events/{position}", "event", web::get().to(event::get)))
        .service(get("/api/v1/finance/trial-balance", "trial_balance", web::get().to(trial_balance::get)))
        .service(get("/api/v1/finance/journal", "journal", web::get().to(journal::get)))
        .configure(mount_proofs)
        .configure(mount_finance)
        .configure(mount_reports);
}

fn mount_proofs(config: &mut ServiceConfig) {
    let get = |path: &str, name: &'static str, route: actix_web::Route| {
        web::resource(path).app_data(Operation(name)).route(route)
    };
    config
        .service(get("/api/v1/ledger/checkpoint", "ledger_checkpoint", web::get().to(ledger_checkpoint::get)))
        .service(get(
            "/api/v1/ledger/checkpoint/keys",
            "ledger_checkpoint_keys",
            web::get().to(ledger_checkpoint_keys::get),
        ))
        .service(get(
            "/api/v1/ledger/proof/inclusion",
            "ledger_proof_inclusion",
            web::get().to(ledger_proof_inclusion::get),
        ))
        .service(get(
            "/api/v1/ledger/proof/consistency",
            "ledger_proof_consistency",
            web::get().to(ledger_proof_consistency::get),
        ));
}

fn mount_finance(config: &mut ServiceConfig) {
    let get = |path: &str, name: &'static str, route: actix_web::Route| {
        web::resource(path).app_data(Operation(name)).route(route)
    };
    config
        .service(get("/api/v1/cases", "cases", web::get().to(cases::get)))
        .service(get("/api/v1/refunds/{id}", "refund", web::get().to(refund::get)))
        .service(get("/api/v1/finance/receipts", "finance_receipts", web::get().to(finance_receipts::get)))
        .service(get("/api/v1/finance/export", "finance_export", web::get().to(finance_export::get)))
        .service(get("/api/v1/finance/approvals", "finance_approvals", web::get().to(finance_approvals::get)))
        .service(get("/api/v1/finance/breaks", "finance_breaks", web::get().to(finance_breaks::get)))
        .service(get("/api/v1/finance/refunds", "finance_refunds", web::get().to(finance_refunds::get)))
        .service(get(
            "/api/v1/finance/refunds/export",
            "finance_refunds_export",
            web::get().to(finance_refunds_export::get),
        ))
        .service(get(
            "/api/v1/finance/reconciliation",
            "finance_reconciliation",
            web::get().to(finance_reconciliation::get),
        ));
}

fn mount_reports(config: &mut ServiceConfig) {
    let get = |path: &str, name: &'static str, route: actix_web::Route| {
        web::resource(path).app_data(Operation(name)).route(route)
    };
    config
        .service(get("/api/v1/finance/accounts", "finance_accounts", web::get().to(finance_accounts::get)))
        .service(get(
            "/api/v1/finance/accounts/{code}/entries",
            "finance_entries",
            web::get().to(finance_entries::get),
        ))
        .service(get("/api/v1/finance/revenue", "finance_revenue", web::get().to(finance_revenue::get)))
        .service(get("/api/v1/finance/deposits", "finance_deposits", web::get().to(finance_deposits::get)))
        .service(get("/api/v1/finance/debts", "finance_debts", web::get().to(finance_debts::get)))
        .service(get("/api/v1/finance/periods", "finance_periods", web::get().to(finance_periods::get)))
        .service(get("/api/v1/finance/periods/{until}", "finance_period", web::get().to(finance_period::get)))
        .service(get("/api/v1/finance/vat", "finance_vat", web::get().to(finance_vat::get)));
}

/// For paths without a query: any is refused.
pub(crate) fn nothing(request: &actix_web::HttpRequest) -> Result<(), edge::Problem> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}
    edge::http::query::<Nothing>(request).map(|Nothing {}| ())
}
