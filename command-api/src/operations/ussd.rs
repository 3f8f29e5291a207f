//! `POST /api/v1/ussd`: a screen of the menu for any phone, as Africa's Talking asks for it.

use actix_web::web::{Data as Shared, Payload};
use actix_web::{HttpRequest, HttpResponse};
use domain::phone::Phone;
use edge::Problem;
use edge::http::{Context, client_address};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::CommandApi;
use crate::inbox::body;
use crate::ussd::{MOST_INPUTS, Session};

/// Characters of a session's id.
const LONGEST_ID: usize = 128;
/// Characters of all inputs; a gateway sends no more.
const LONGEST_TEXT: usize = 400;

/// What the gateway says of a session.
#[derive(Deserialize, ToSchema)]
pub(crate) struct UssdRequest {
    #[serde(rename = "sessionId")]
    #[schema(example = "ATUid_0f1e2d3c4b5a69788796a5b4c3d2e1f0")]
    session_id: String,
    /// Who calls; the network vouches for it.
    #[serde(rename = "phoneNumber")]
    #[schema(example = "+255712345678")]
    phone_number: String,
    #[serde(rename = "networkCode")]
    #[schema(example = "64004")]
    #[expect(dead_code, reason = "numbers are portable: the network says nothing about the wallet")]
    network_code: Option<String>,
    #[serde(rename = "serviceCode")]
    #[schema(example = "*149*46#")]
    #[expect(dead_code, reason = "there is one menu, whatever was dialled")]
    service_code: Option<String>,
    /// Every input so far, with `*` between them; empty at first.
    #[serde(default)]
    #[schema(example = "2*1")]
    text: String,
}

/// The next screen of a session: `CON ` before one that waits for an input, `END ` before the last. Only the gateway's
/// addresses may ask. The same request again has the same effect.
#[utoipa::path(
    post, path = "/api/v1/ussd", tag = "providers",
    request_body(content = UssdRequest, content_type = "application/x-www-form-urlencoded",
        example = json!({"sessionId": "ATUid_0f1e2d3c4b5a69788796a5b4c3d2e1f0", "phoneNumber": "+255712345678",
            "networkCode": "64004", "serviceCode": "*149*46#", "text": ""})),
    responses(
        (status = 200, description = "a screen", body = String, content_type = "text/plain",
         example = json!("CON ChajiPoa\n1 Salio\n2 Weka pesa\n3 Tafuta kituo\n4 Kodi powerbank\n5 Kodi yangu\n6 Nimeipoteza\n7 Language")),
        (status = 400, description = "malformed"),
        (status = 403, description = "not from an address of the gateway"),
        (status = 413, description = "larger than 8 KiB"),
        (status = 429, description = "too many requests"),
    )
)]
pub(crate) async fn post(
    api: Shared<CommandApi>,
    context: Context,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let address = client_address(&request);
    if !address.is_some_and(|address| api.may_ask_for_screens(address)) {
        return Err(Problem::forbidden("this address is not one of the gateway's"));
    }
    let asked: UssdRequest = serde_urlencoded::from_bytes(&body(payload).await?)
        .map_err(|error| Problem::malformed(error.to_string()))?;
    let screen = api.ussd(&context, &asked.session()?).await;
    Ok(HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .insert_header(("Cache-Control", "no-store"))
        .body(screen.render()))
}

impl UssdRequest {
    fn session(self) -> Result<Session, Problem> {
        let phone = Phone::parse(self.phone_number.trim())
            .ok_or_else(|| Problem::malformed("phoneNumber is no Tanzanian mobile number"))?;
        let id = self.session_id;
        if !(1..=LONGEST_ID).contains(&id.len()) || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Problem::malformed("sessionId is 1 to 128 visible characters"));
        }
        let text = self.text;
        let inputs = text.split('*').count();
        if text.chars().count() > LONGEST_TEXT || inputs > MOST_INPUTS || text.chars().any(char::is_control) {
            return Err(Problem::malformed("text is at most 40 inputs and 400 characters"));
        }
        Ok(Session { id, phone, text })
    }
}
