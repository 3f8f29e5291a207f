//! `POST /ussd`: a dialler. It asks the ledger as Africa's Talking does, with every input so far.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use edge::Problem;
use edge::http::json_body;
use reqwest::header::CONTENT_TYPE;
use serde::Deserialize;
use serde_json::json;

use crate::api::World;
use crate::sms::number;

const USUAL_CODE: &str = "*149*46#";
const USUAL_NETWORK: &str = "64004";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Dialling {
    phone: String,
    /// Every input so far, joined by `*`; empty at first.
    #[serde(default)]
    text: String,
    /// Of the session that goes on; absent where one begins.
    session_id: Option<String>,
    service_code: Option<String>,
    network_code: Option<String>,
}

/// Dials, or goes on, and shows the screen that comes: `{session_id, type: CON | END, text}`. 502 where none comes.
pub(crate) async fn dial(world: Data<World>, body: Bytes) -> Result<HttpResponse, Problem> {
    let dialling: Dialling = json_body(&body)?;
    let phone = number(&dialling.phone).ok_or_else(|| Problem::malformed("`phone` is no phone number"))?;
    let session_id = dialling.session_id.unwrap_or_else(|| format!("ATUid_{}", world.clock.id().simple()));
    let form = [
        ("sessionId", session_id.as_str()),
        ("phoneNumber", &phone),
        ("networkCode", dialling.network_code.as_deref().unwrap_or(USUAL_NETWORK)),
        ("serviceCode", dialling.service_code.as_deref().unwrap_or(USUAL_CODE)),
        ("text", &dialling.text),
    ];
    let form = serde_urlencoded::to_string(form).map_err(|_| Problem::internal())?;
    let request = world.courier.client().post(format!("{}/api/v1/ussd", world.gateway));
    let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
    let answer = request.send().await.map_err(|_| no_screen("the ledger does not answer"))?;
    let status = answer.status();
    let screen = answer.text().await.unwrap_or_default();
    let (kind, text) = screen.split_once(' ').unwrap_or((&screen, ""));
    if !status.is_success() || !["CON", "END"].contains(&kind) {
        return Err(no_screen("the ledger answers with no screen")
            .fact("answered", status.as_u16())
            .fact("screen", screen));
    }
    Ok(HttpResponse::Ok().json(json!({"session_id": session_id, "type": kind, "text": text})))
}

fn no_screen(why: &'static str) -> Problem {
    Problem::new(actix_web::http::StatusCode::BAD_GATEWAY, "no_screen", why)
}
