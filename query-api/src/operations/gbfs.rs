//! `GET /gbfs/3/{feed}.json`: the public feed for maps and trip planners. Public.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
};
use edge::{
    Problem,
    http::{MinPosition, ledger_position},
};
use serde_json::Value;
use utoipa::ToSchema;

use super::nothing;
use crate::{
    gbfs::Feed,
    read::{Desk, Found, Source},
};

/// A file of the General Bikeshare Feed Specification 3.0, as its own schemas describe it.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "it describes what is written")]
pub(crate) struct GbfsFile {
    /// When it was made.
    #[schema(format = DateTime)]
    last_updated: String,
    /// For how many seconds it holds.
    ttl: u32,
    #[schema(example = "3.0")]
    version: String,
    /// What the file of this name holds.
    #[schema(value_type = Object)]
    data: Value,
}

/// A file of the public feed.
///
/// The files are `gbfs`, `system_information`, `vehicle_types`, `station_information`, `station_status` and
/// `system_pricing_plans`; start at `gbfs`, which lists the others.
#[utoipa::path(
    get, path = "/gbfs/3/{feed}.json", tag = "gbfs",
    params(("feed" = String, Path, description = "the file's name", example = "gbfs")),
    responses((status = 200, description = "the file; `Cache-Control` says how long it holds", body = GbfsFile,
               example = json!({"last_updated": "2026-01-15T08:30:00Z", "ttl": 3600, "version": "3.0", "data": {"feeds": [
                   {"name": "gbfs", "url": "https://api.chajipoa.co.tz/gbfs/3/gbfs.json"},
                   {"name": "system_information", "url": "https://api.chajipoa.co.tz/gbfs/3/system_information.json"}]}})),
              (status = 304, description = "as `If-None-Match` has it"),
              (status = 404, description = "no such file"))
)]
pub(crate) async fn get(request: HttpRequest, min: MinPosition) -> Result<HttpResponse, Problem> {
    nothing(&request)?;
    let named = request.match_info().get("feed").unwrap_or_default();
    let feed = Feed::named(named).ok_or_else(|| Problem::not_found("there is no such file in the feed"))?;
    let source = match feed {
        Feed::VehicleTypes | Feed::PricingPlans => Source::Rentals,
        Feed::Discovery | Feed::SystemInformation | Feed::StationInformation | Feed::StationStatus => {
            Source::Inventory
        }
    };
    let desk = Desk::of(&request)?;
    let base = base(&request);
    let wanted = min.0.unwrap_or(0);
    let found = desk
        .read(min, async |desk| {
            let made = desk.stacks().shelf.take(feed, desk, &base, wanted).await?;
            Ok(Found::of(source, made.position, made))
        })
        .await?;
    let made = found.what;
    let known = request.headers().get(header::IF_NONE_MATCH);
    let unchanged = known.is_some_and(|tag| tag.as_bytes() == made.etag.as_bytes());
    let age = format!("public, max-age={}", made.holds_for(desk.stacks().clock.now()));
    let status = if unchanged { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
    let mut response = HttpResponse::build(status);
    response
        .insert_header(ledger_position(made.position))
        .insert_header((header::ETAG, made.etag))
        .insert_header((header::CACHE_CONTROL, age))
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"));
    if unchanged {
        return Ok(response.finish());
    }
    Ok(response.content_type("application/json").body(made.body))
}

/// Where the reader found the feed, as far as the request says. Only `Host` names the host: what a client may forward
/// besides would stand in a shared cache for others.
fn base(request: &HttpRequest) -> String {
    let scheme = if request.connection_info().scheme() == "https" { "https" } else { "http" };
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let host: String = host.chars().filter(|c| c.is_ascii_alphanumeric() || ".-:[]".contains(*c)).collect();
    format!("{scheme}://{host}")
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_feed_names_the_host_that_was_asked_and_no_other() {
        let base_of = |headers: &[(&'static str, &'static str)]| {
            let request =
                headers.iter().fold(TestRequest::get(), |request, header| request.insert_header(*header));
            base(&request.to_http_request())
        };
        assert_eq!(base_of(&[("host", "127.0.0.1:8080")]), "http://127.0.0.1:8080");
        let behind =
            [("host", "api.chajipoa.co.tz"), ("x-forwarded-proto", "https"), ("x-forwarded-host", "evil")];
        assert_eq!(base_of(&behind), "https://api.chajipoa.co.tz");
        assert_eq!(base_of(&[("host", "a\"<b>")]), "http://ab");
    }
}
