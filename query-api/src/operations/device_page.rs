//! `GET /d/{serial}`: the page that the code printed on a bank leads to. Public; it starts nothing, asks nothing, and loads
//! nothing from anywhere.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
};
use edge::{
    Problem,
    http::{MinPosition, ledger_position},
};
use tokio_postgres::Row;

use super::nothing;
use crate::{
    device::PublicDevice,
    read::{Desk, Failure, Found, Source, position},
    statements,
};

/// A page may do nothing but show itself.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

fn read(row: &Row) -> Result<Option<PublicDevice>, Failure> {
    let Some(device_id) = row.try_get("device_id")? else { return Ok(None) };
    let status: String = row.try_get("status")?;
    Ok(Some(PublicDevice::of(device_id, row.try_get("serial")?, &status)))
}

/// The page of a printed code.
#[utoipa::path(
    get, path = "/d/{serial}", tag = "stations",
    params(("serial" = String, Path, description = "what is printed on the bank", example = "PB-0001")),
    responses((status = 200, description = "a page for people", content_type = "text/html; charset=utf-8", body = String),
              (status = 404, description = "a page that says that we have no such bank",
               content_type = "text/html; charset=utf-8", body = String))
)]
pub(crate) async fn get(request: HttpRequest, min: MinPosition) -> Result<HttpResponse, Problem> {
    nothing(&request)?;
    let serial = request.match_info().get("serial").unwrap_or_default().to_owned();
    // What is no serial is not asked for: the database takes no zero byte.
    let serial = domain::values::Serial::parse(&serial).map(|serial| serial.as_str().to_owned());
    let found = Desk::of(&request)?
        .read(min, async |desk| {
            let rows = desk.query(statements::DEVICE_OF_SERIAL, &[&serial]).await?;
            let device = rows.first().map(read).transpose()?.flatten();
            Ok(Found::of(Source::Inventory, position(&rows)?, device))
        })
        .await?;
    let (status, body) = match &found.what {
        Some(device) => (StatusCode::OK, page_of(device)),
        None => (StatusCode::NOT_FOUND, unknown()),
    };
    Ok(HttpResponse::build(status)
        .insert_header(ledger_position(found.position))
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .content_type("text/html; charset=utf-8")
        .body(body))
}

fn page_of(device: &PublicDevice) -> String {
    let lines = [device.in_words(), device.how_to_rent, device.how_to_return];
    page(&format!("Power bank {}", device.serial), &lines)
}

fn unknown() -> String {
    page("No such power bank", &["We have no bank with this code. Please check what is printed on it."])
}

fn page(title: &str, lines: &[&str]) -> String {
    let title = escaped(title);
    let lines: String = lines.iter().map(|line| format!("<p>{}</p>", escaped(line))).collect();
    format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"robots\" content=\"noindex\"><title>{title} – ChajiPoa</title>\
         <style>body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:2rem auto;padding:0 1rem}}</style>\
         </head><body><h1>{title}</h1>{lines}</body></html>\n"
    )
}

/// Text as it may stand in a page.
fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut page, letter| {
        match letter {
            '&' => page.push_str("&amp;"),
            '<' => page.push_str("&lt;"),
            '>' => page.push_str("&gt;"),
            '"' => page.push_str("&quot;"),
            '\'' => page.push_str("&#39;"),
            other => page.push(other),
        }
        page
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn nothing_of_a_serial_becomes_markup() {
        let serial = "<script>'\"&".to_owned();
        let page = page_of(&PublicDevice::of(Uuid::nil(), serial, "rented"));
        assert!(page.contains("&lt;script&gt;&#39;&quot;&amp;"), "{page}");
        assert!(!page.contains("<script"), "{page}");
    }

    #[test]
    fn a_page_loads_and_sends_nothing() {
        let page = unknown();
        for word in ["http", "src=", "href=", "<form", "<script"] {
            assert!(!page.contains(word), "{word}");
        }
    }
}
