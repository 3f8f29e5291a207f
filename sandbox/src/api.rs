//! Which path does what.

use std::sync::Arc;

use actix_web::web::{self, Bytes, Data, ServiceConfig};
use actix_web::{HttpResponse, ResponseError as _};
use edge::http::{MAX_BODY, json_body};
use edge::{Clock, Problem};
use serde_json::Value;
use tokio::sync::watch;

use crate::cabinets::{self, Town};
use crate::page;
use crate::settings::SharedSettings;
use crate::sms::{self, Inbox};

/// Everything there is.
pub(crate) struct World {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Arc<SharedSettings>,
    pub(crate) inbox: Inbox,
    pub(crate) town: Arc<Town>,
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
        .service(web::resource("/").get(page::get))
        .service(web::resource("/health").get(page::health))
        .service(web::resource("/settings").get(settings).put(change_settings))
        .service(web::resource("/version1/messaging").post(sms::send))
        .service(web::resource("/sms/messages").get(sms::messages))
        .configure(cabinets::configure);
}

/// Whatever else is asked for.
pub(crate) async fn nothing_here() -> HttpResponse {
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
