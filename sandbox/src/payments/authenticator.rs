//! `POST /AppRegistration/GenerateToken`, and who is let in.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use chrono::SecondsFormat;
use serde::Deserialize;

use super::azampay::AzamPay;
use super::fault;
use super::wire::{BadFields, Errors, Granted, NOT_AUTHORIZED, TokenAnswer};
use crate::api::World;
use crate::settings::{Fault, Payments, span};

/// How many random bytes a token has.
const TOKEN: usize = 48;

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Credentials {
    app_name: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
}

/// Grants a token.
pub(super) async fn token(world: Data<World>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let azampay = &world.azampay;
    let settings = azampay.settings();
    let Credentials { app_name, client_id, client_secret } =
        serde_json::from_slice(&body).unwrap_or_default();
    let mut errors = Errors::new();
    let given = [("AppName", app_name), ("ClientId", client_id), ("ClientSecret", client_secret.clone())];
    for (name, value) in given {
        if value.is_none_or(|value| value.trim().is_empty()) {
            errors.insert(name, vec![format!("The {name} field is required.")]);
        }
    }
    if !errors.is_empty() {
        return HttpResponse::BadRequest().json(BadFields::new(errors, azampay.clock.id()));
    }
    if let Some(answer) = fault::instead(settings.token, &world, &request).await {
        return answer;
    }
    let bad_secret = settings.client_secret.as_ref().is_some_and(|good| Some(good) != client_secret.as_ref());
    if bad_secret || settings.token == Fault::Refused || !good_key(&request, &settings) {
        return HttpResponse::Locked().json(TokenAnswer::refused());
    }
    HttpResponse::Ok().json(TokenAnswer::granted(grant(azampay, &settings)))
}

fn grant(azampay: &AzamPay, settings: &Payments) -> Granted {
    let mut bytes = [0; TOKEN];
    azampay.clock.random(&mut bytes);
    let access_token = hex::encode(bytes);
    let until = azampay.now().checked_add_signed(span(settings.token_ms)).unwrap_or_else(|| azampay.now());
    azampay.tokens.add(access_token.clone(), until);
    Granted { access_token, expire: until.to_rfc3339_opts(SecondsFormat::Secs, true) }
}

/// Whether the application's key is good: it has to be sent where the setting names one.
fn good_key(request: &HttpRequest, settings: &Payments) -> bool {
    let sent = request.headers().get("X-API-KEY").and_then(|key| key.to_str().ok());
    settings.api_key.as_deref().is_none_or(|good| sent == Some(good))
}

/// Whether the request bears a good token.
pub(super) fn authorized(azampay: &AzamPay, request: &HttpRequest) -> bool {
    azampay.tokens.hold(request, azampay.now())
}

/// What anybody else is told.
pub(super) fn not_authorized() -> HttpResponse {
    HttpResponse::Unauthorized().json(NOT_AUTHORIZED)
}
