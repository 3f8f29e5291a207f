//! `GET /`: one page for people, with nothing from elsewhere; it polls the same JSON that tests read.

use actix_web::http::header::ContentType;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use edge::Problem;

const PAGE: &str = include_str!("index.html");
/// What belongs to it: `GET /page/{file}`.
const FILES: [(&str, &str, &str); 4] = [
    ("style.css", "text/css; charset=utf-8", include_str!("style.css")),
    ("common.js", "text/javascript; charset=utf-8", include_str!("common.js")),
    ("phones.js", "text/javascript; charset=utf-8", include_str!("phones.js")),
    ("cabinets.js", "text/javascript; charset=utf-8", include_str!("cabinets.js")),
];

/// Mounts the page.
pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(web::resource("/").get(get))
        .service(web::resource("/page/{file}").get(file))
        .service(web::resource("/health").get(health));
}

async fn get() -> HttpResponse {
    HttpResponse::Ok().content_type(ContentType::html()).body(PAGE)
}

async fn file(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let wanted = request.match_info().get("file").unwrap_or_default();
    let found = FILES.iter().find(|(name, ..)| *name == wanted);
    let (_, kind, text) = found.ok_or_else(|| Problem::not_found("the page has no such file"))?;
    Ok(HttpResponse::Ok().content_type(*kind).body(*text))
}

/// `GET /health`.
async fn health() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({"status": "ok"}))
}
