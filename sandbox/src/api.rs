//! Which path does what.

use std::sync::Arc;

use actix_web::web::{self, Bytes, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, ResponseError as _};
use edge::http::{MAX_BODY, json_body};
use edge::{Clock, Problem};
use serde_json::Value;
use tokio::sync::watch;

use crate::cabinets::{self, Town};
use crate::courier::Courier;
use crate::payments::{self, AzamPay};
use crate::settings::SharedSettings;
use crate::sms::{self, Inbox};
use crate::{page, ussd};

/// Everything there is.
pub(crate) struct World {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Arc<SharedSettings>,
    pub(crate) inbox: Inbox,
    pub(crate) azampay: Arc<AzamPay>,
    pub(crate) courier: Arc<Courier>,
    pub(crate) town: Arc<Town>,
    /// The ledger: `http://host:port`.
    pub(crate) gateway: String,
    /// Where delivery reports go.
    pub(crate) delivery: Option<String>,
    pub(crate) stopping: watch::Receiver<bool>,
}

impl World {
    /// Waits for `something`, or until the sandbox stops.
    pub(crate) async fn until_stopped(&self, something: impl Future<Output = ()>) {
        let mut stopping = self.stopping.clone();
        tokio::select! {
            () = something => {}
            // The sender is gone or says so: both mean stop.
            _ = stopping.wait_for(|stop| *stop) => {}
        }
    }
}

/// Mounts every path.
pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .app_data(web::PayloadConfig::new(MAX_BODY))
        .configure(page::configure)
        .service(web::resource("/settings").get(settings).put(change_settings))
        .service(web::resource("/ussd").post(ussd::dial))
        .configure(sms::configure)
        .configure(payments::configure)
        .configure(cabinets::configure);
}

/// Whatever else is asked for.
pub(crate) async fn nothing_here(request: HttpRequest) -> HttpResponse {
    if payments::is_the_providers(request.path()) {
        return HttpResponse::NotFound().finish();
    }
    Problem::not_found("there is nothing at this path").error_response()
}

async fn settings(world: Data<World>) -> HttpResponse {
    HttpResponse::Ok().json(world.settings.get())
}

async fn change_settings(world: Data<World>, body: Bytes) -> Result<HttpResponse, Problem> {
    let change: Value = json_body(&body)?;
    let whole = world.settings.change(&change)?;
    Ok(HttpResponse::Ok().json(whole))
}
