//! `GET /`: one page for people, whole in itself; it polls the same JSON that tests read.

use actix_web::HttpResponse;
use actix_web::http::header::ContentType;

const PAGE: &str = include_str!("page.html");

pub(crate) async fn get() -> HttpResponse {
    HttpResponse::Ok().content_type(ContentType::html()).body(PAGE)
}

/// `GET /health`.
pub(crate) async fn health() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({"status": "ok"}))
}
