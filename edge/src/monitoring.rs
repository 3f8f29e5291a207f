//! `/health`, `/metrics`, `/api/v1/monitoring/metrics` and `/api/v1/monitoring/stats`, joined from what
//! each part of the process knows. Public, and free of anything personal.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::http::header;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Responder};
use futures_util::future::join_all;
use serde_json::{Map, Value};

use crate::health::{Health, Status};
use crate::http::Operation;
use crate::metrics::Metrics;

/// A future that a [`Part`] answers with.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A part of the process that has something to say about itself.
pub trait Part: Send + Sync {
    /// The part's key in the statistics.
    fn name(&self) -> &'static str;
    /// Its dependencies and projections; must answer within a second.
    fn health(&self) -> Answer<'_, Health>;
    /// Its figures as a JSON object.
    fn stats(&self) -> Answer<'_, Value>;
}

/// What the monitoring paths answer from.
#[derive(Clone)]
pub struct Monitoring {
    parts: Arc<[Arc<dyn Part>]>,
    metrics: Metrics,
}

impl std::fmt::Debug for Monitoring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Monitoring").field("parts", &self.parts.len()).finish_non_exhaustive()
    }
}

impl Monitoring {
    /// Joins the parts of this process.
    pub fn new(parts: Vec<Arc<dyn Part>>, metrics: Metrics) -> Self {
        Self { parts: parts.into(), metrics }
    }

    /// What all parts say, joined.
    pub async fn health(&self) -> Health {
        let said = join_all(self.parts.iter().map(|part| part.health())).await;
        said.into_iter().fold(Health::default(), Health::join)
    }

    /// The figures of all parts, by part.
    pub async fn stats(&self) -> Value {
        let said = join_all(self.parts.iter().map(|part| async { (part.name(), part.stats().await) })).await;
        Value::Object(said.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
    }

    /// Mounts the paths.
    pub fn configure(&self, config: &mut ServiceConfig) {
        config
            .app_data(web::Data::new(self.clone()))
            .service(resource("/health", "health").route(web::get().to(health)))
            .service(resource("/metrics", "metrics").route(web::get().to(metrics)))
            .service(resource("/api/v1/monitoring/metrics", "metrics").route(web::get().to(metrics)))
            .service(resource("/api/v1/monitoring/stats", "stats").route(web::get().to(stats)));
    }
}

fn resource(path: &str, name: &'static str) -> actix_web::Resource {
    web::resource(path).app_data(Operation(name))
}

/// Whether everything answers.
#[utoipa::path(get, path = "/health", tag = "service", responses(
    (status = 200, description = "every dependency answers", body = Health,
     example = json!({"status": "ok", "dependencies": {"postgres": {"ok": true}},
                      "projections": {"rentals": {"ok": true, "position": 1042, "lag": 0}}})),
    (status = 503, description = "at least one does not", body = Health,
     example = json!({"status": "unavailable", "dependencies": {"postgres": {"ok": false, "detail": "no answer in time"}},
                      "projections": {}}))
))]
pub(crate) async fn health(monitoring: web::Data<Monitoring>) -> impl Responder {
    let health = monitoring.health().await;
    match health.status {
        Status::Ok => HttpResponse::Ok().json(health),
        Status::Unavailable => {
            HttpResponse::ServiceUnavailable().insert_header((header::RETRY_AFTER, "1")).json(health)
        }
    }
}

/// The same figures as `/metrics`, where a gateway lets only the API through.
#[utoipa::path(get, path = "/api/v1/monitoring/metrics", tag = "service", responses(
    (status = 200, description = "in the text format of Prometheus", body = String, content_type = "text/plain")
))]
#[expect(dead_code, reason = "it describes a second path of `metrics`")]
pub(crate) fn metrics_again() {}

/// The figures of this process.
#[utoipa::path(get, path = "/metrics", tag = "service", responses(
    (status = 200, description = "in the text format of Prometheus", body = String, content_type = "text/plain")
))]
pub(crate) async fn metrics(monitoring: web::Data<Monitoring>) -> impl Responder {
    HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(monitoring.metrics.render())
}

/// Figures of each part, for people.
#[utoipa::path(get, path = "/api/v1/monitoring/stats", tag = "service", responses(
    (status = 200, description = "an object for each part", body = Value, content_type = "application/json",
     example = json!({"commands": {"waiting": 0, "batches": 12}}))
))]
pub(crate) async fn stats(monitoring: web::Data<Monitoring>) -> impl Responder {
    HttpResponse::Ok().json(monitoring.stats().await)
}
