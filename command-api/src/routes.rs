//! Where each operation is mounted.

use actix_web::web::{self, Data as Shared, ServiceConfig};
use edge::http::Operation;

use crate::CommandApi;
use crate::operations::{
    auth, batch, commands, end_rental, extend_rental, finance, heartbeat, initiate_payment, inventory,
    maintenance, merchant, payment_callback, profile, refunds, report_lost, slot_qr, sms_delivery,
    start_rental, station_secret, ussd,
};

pub(crate) fn mount(config: &mut ServiceConfig, api: &Shared<CommandApi>) {
    let resource = |path: &str, name: &'static str| web::resource(path).app_data(Operation(name));
    config
        .app_data(api.clone())
        .service(resource("/api/v1/commands", "commands").route(web::post().to(commands::post)))
        .service(
            resource("/api/v1/commands/batch", "commands_batch")
                .app_data(web::PayloadConfig::new(batch::MAX_BODY))
                .route(web::post().to(batch::post)),
        )
        .service(resource("/api/v1/rentals/start", "rentals_start").route(web::post().to(start_rental::post)))
        .service(resource("/api/v1/rentals/{id}/end", "rentals_end").route(web::post().to(end_rental::post)))
        .service(
            resource("/api/v1/rentals/{id}/extend", "rentals_extend")
                .route(web::post().to(extend_rental::post)),
        )
        .service(
            resource("/api/v1/rentals/{id}/report-lost", "rentals_report_lost")
                .route(web::post().to(report_lost::post)),
        )
        .configure(mount_access)
        .configure(mount_finance)
        .configure(mount_providers)
        .service(
            resource("/api/v1/stations/{id}/heartbeat", "stations_heartbeat")
                .route(web::post().to(heartbeat::post)),
        )
        .service(
            resource("/api/v1/stations/{id}/inventory", "stations_inventory")
                .route(web::post().to(inventory::post)),
        )
        .service(
            resource("/api/v1/devices/{id}/maintenance", "devices_maintenance")
                .guard(actix_web::guard::Post())
                .route(web::post().to(maintenance::post)),
        )
        .service(resource("/api/v1/stations/{id}/qr", "stations_qr").route(web::post().to(slot_qr::post)))
        .service(
            resource("/api/v1/payments/initiate", "payments_initiate")
                .route(web::post().to(initiate_payment::post)),
        );
}

fn mount_finance(config: &mut ServiceConfig) {
    let resource = |path: &str, name: &'static str| web::resource(path).app_data(Operation(name));
    config
        .service(resource("/api/v1/refunds", "refunds_request").route(web::post().to(refunds::request::post)))
        .service(
            resource("/api/v1/refunds/{id}/approve", "refunds_approve")
                .route(web::post().to(refunds::approve::post)),
        )
        .service(
            resource("/api/v1/refunds/{id}/reject", "refunds_reject")
                .route(web::post().to(refunds::reject::post)),
        )
        .service(
            resource("/api/v1/finance/statements", "finance_statements")
                .app_data(web::PayloadConfig::new(finance::statements::MAX_BODY))
                .route(web::post().to(finance::statements::post)),
        );
}

fn mount_access(config: &mut ServiceConfig) {
    let resource = |path: &str, name: &'static str| web::resource(path).app_data(Operation(name));
    config
        .service(
            resource("/api/v1/auth/register", "auth_register").route(web::post().to(auth::register::post)),
        )
        .service(
            resource("/api/v1/auth/verify-phone", "auth_verify_phone")
                .route(web::post().to(auth::verify_phone::post)),
        )
        .service(
            resource("/api/v1/auth/resend-otp", "auth_resend_otp")
                .route(web::post().to(auth::resend_otp::post)),
        )
        .service(resource("/api/v1/auth/refresh", "auth_refresh").route(web::post().to(auth::refresh::post)))
        .service(resource("/api/v1/auth/logout", "auth_logout").route(web::post().to(auth::logout::post)))
        .service(
            resource("/api/v1/auth/staff/login", "auth_staff_login")
                .route(web::post().to(auth::staff_login::post)),
        )
        .service(
            resource("/api/v1/auth/station/token", "auth_station_token")
                .route(web::post().to(auth::station_token::post)),
        )
        .service(
            resource("/api/v1/users/profile", "users_profile")
                .route(web::get().to(profile::get))
                .route(web::put().to(profile::put))
                .route(web::delete().to(profile::delete)),
        )
        .service(
            resource("/api/v1/stations/{id}/secret", "stations_secret")
                .route(web::post().to(station_secret::post)),
        );
}

/// What providers call.
fn mount_providers(config: &mut ServiceConfig) {
    let resource = |path: &str, name: &'static str| web::resource(path).app_data(Operation(name));
    config
        .service(
            resource("/api/merchant/name-lookup", "merchant_name_lookup")
                .route(web::post().to(merchant::name_lookup::post)),
        )
        .service(
            resource("/api/merchant/payment", "merchant_payment")
                .route(web::post().to(merchant::payment::post)),
        )
        .service(
            resource("/api/merchant/status-check", "merchant_status_check")
                .route(web::post().to(merchant::status_check::post)),
        )
        .service(resource("/api/v1/ussd", "ussd").route(web::post().to(ussd::post)))
        .service(
            resource("/api/v1/payments/callback/{secret}", "payments_callback")
                .route(web::post().to(payment_callback::post)),
        )
        .service(
            resource("/api/v1/sms/delivery/{secret}", "sms_delivery")
                .route(web::post().to(sms_delivery::post)),
        );
}
