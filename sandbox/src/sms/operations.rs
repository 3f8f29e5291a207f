//! Each provider's path, as it has it, and `GET /sms/messages`, which none has.

use actix_web::http::header::{AUTHORIZATION, ContentType};
use actix_web::web::{self, Bytes, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use edge::{Problem, http::query, pace};
use serde::Deserialize;
use serde_json::json;

use super::africas_talking::{Answer, Asked, Form, Recipient};
use super::inbox::number;
use super::taking::{Carrier, good_sender, take};
use super::{beem, nextsms};
use crate::api::World;
use crate::connection::{self, NEVER};
use crate::settings::{Sms, SmsOutcome};

/// Mounts the paths of messages.
pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(web::resource("/version1/messaging").post(africas_talking))
        .service(web::resource("/v1/send").post(beem))
        .service(web::resource("/api/sms/v1/text/single").post(nextsms))
        .service(web::resource("/sms/messages").get(messages));
}

/// Answers by the outcome: `taken` lets the message arrive, `refused` says no.
async fn by_outcome(
    world: &World,
    request: &HttpRequest,
    outcome: SmsOutcome,
    taken: impl FnOnce() -> HttpResponse,
    refused: impl FnOnce() -> HttpResponse,
) -> HttpResponse {
    match outcome {
        SmsOutcome::Success => taken(),
        SmsOutcome::Refused => refused(),
        SmsOutcome::Never => {
            world.until_stopped(pace::rest(NEVER)).await;
            connection::cut(request)
        }
        SmsOutcome::Error500 => text(HttpResponse::InternalServerError(), "Internal Server Error"),
        SmsOutcome::LostAnswer => {
            taken();
            connection::cut(request)
        }
    }
}

/// Takes a message as Africa's Talking does.
async fn africas_talking(
    world: web::Data<World>,
    request: HttpRequest,
    form: web::Form<Form>,
) -> HttpResponse {
    let settings = world.settings.get().sms;
    let key = request.headers().get("apiKey").and_then(|key| key.to_str().ok()).unwrap_or_default();
    if !good_key(key, &settings) {
        return text(HttpResponse::Unauthorized(), "The supplied authentication is invalid");
    }
    let asked = match form.into_inner().asked() {
        Ok(asked) => asked,
        Err(missing) => return text(HttpResponse::BadRequest(), &missing),
    };
    if !good_sender(asked.from.as_deref(), &settings) {
        return HttpResponse::Created().json(Answer::bad_sender());
    }
    let refused = asked.numbers.clone();
    let taken = || HttpResponse::Created().json(arrive(&world, asked));
    let refused =
        || HttpResponse::Created().json(Answer::of(refused.into_iter().map(Recipient::refused).collect()));
    by_outcome(&world, &request, Carrier::AfricasTalking.outcome(&settings), taken, refused).await
}

/// Lets the message arrive wherever its number is one.
fn arrive(world: &World, asked: Asked) -> Answer {
    let Asked { numbers, message, from } = asked;
    let recipients = numbers.into_iter().map(|written| {
        let id = format!("ATXid_{}", world.clock.id().simple());
        match take(world, Carrier::AfricasTalking, id, (&written, from.clone(), message.clone())) {
            Some(taken) => Recipient::sent(taken.to, taken.id),
            None => Recipient::refused(written),
        }
    });
    Answer::of(recipients.collect())
}

/// Takes a message as Beem does.
async fn beem(world: web::Data<World>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let settings = world.settings.get().sms;
    if !good_key(&user(&request), &settings) {
        return HttpResponse::Unauthorized().json(beem::Answer::with(beem::BAD_KEY));
    }
    let Ok(body) = serde_json::from_slice::<beem::Body>(&body) else {
        return HttpResponse::BadRequest().json(beem::Answer::with(beem::BAD_BODY));
    };
    if !good_sender(Some(&body.source_addr), &settings) {
        return HttpResponse::BadRequest().json(beem::Answer::with(beem::BAD_SENDER));
    }
    let all = body.recipients.len();
    let taken = || {
        // Microseconds since the epoch, as the request's id, differ from one to the next.
        let request_id = world.clock.now().timestamp_micros();
        let numbers = body.recipients.iter().filter(|one| beem::good_number(&one.dest_addr));
        let taken = numbers.filter_map(|one| {
            let message = (one.dest_addr.as_str(), Some(body.source_addr.clone()), body.message.clone());
            take(&world, Carrier::Beem, request_id.to_string(), message)
        });
        let valid = taken.count();
        let request_id = request_id.try_into().unwrap_or_default();
        HttpResponse::Ok().json(beem::Answer::of(request_id, valid, all.saturating_sub(valid)))
    };
    let refused = || HttpResponse::Ok().json(beem::Answer::of(0, 0, all));
    by_outcome(&world, &request, Carrier::Beem.outcome(&settings), taken, refused).await
}

/// Takes a message as NextSMS does.
async fn nextsms(world: web::Data<World>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let settings = world.settings.get().sms;
    if !good_key(&user(&request), &settings) {
        return HttpResponse::Unauthorized().json(json!({"requestError": {"serviceException":
            {"messageId": "UNAUTHORIZED", "text": "Invalid login details"}}}));
    }
    let body = serde_json::from_slice::<nextsms::Body>(&body).ok();
    let Some(body) = body.filter(|body| good_sender(Some(&body.from), &settings)) else {
        return HttpResponse::BadRequest().json(json!({"requestError": {"serviceException":
            {"messageId": "BAD_REQUEST", "text": "Bad request"}}}));
    };
    let id = world.clock.id().simple().to_string();
    let refused = {
        let (to, id) = (body.to.clone(), id.clone());
        || HttpResponse::Ok().json(nextsms::Answer::refused(to, id))
    };
    let again = refused.clone();
    let taken = || {
        let message = (body.to.as_str(), Some(body.from.clone()), body.text.clone());
        let good = beem::good_number(&body.to);
        match good.then(|| take(&world, Carrier::NextSms, id, message)).flatten() {
            Some(taken) => {
                HttpResponse::Ok().json(nextsms::Answer::sent(body.to.clone(), taken.id, &body.text))
            }
            None => again(),
        }
    };
    by_outcome(&world, &request, Carrier::NextSms.outcome(&settings), taken, refused).await
}

fn good_key(key: &str, settings: &Sms) -> bool {
    !key.is_empty() && settings.api_key.as_deref().is_none_or(|good| good == key)
}

/// The user of Basic authentication; empty where there is none, or it has no password.
fn user(request: &HttpRequest) -> String {
    let header = request.headers().get(AUTHORIZATION).and_then(|header| header.to_str().ok());
    let pair =
        header.and_then(|header| header.strip_prefix("Basic ")).and_then(|pair| STANDARD.decode(pair).ok());
    let pair = pair.and_then(|pair| String::from_utf8(pair).ok()).unwrap_or_default();
    let user = pair.split_once(':').filter(|(_, password)| !password.is_empty());
    user.map(|(user, _)| user.to_owned()).unwrap_or_default()
}

fn text(mut response: actix_web::HttpResponseBuilder, words: &str) -> HttpResponse {
    response.content_type(ContentType::plaintext()).body(words.to_owned())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    to: Option<String>,
    #[serde(default)]
    after: i64,
}

/// What arrived, oldest first.
async fn messages(world: web::Data<World>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let Wanted { to, after } = query(&request)?;
    let to = match to {
        Some(to) => Some(number(&to).ok_or_else(|| Problem::malformed("`to` is no phone number"))?),
        None => None,
    };
    let items = world.inbox.messages(to.as_deref(), after);
    Ok(HttpResponse::Ok().json(json!({"items": items})))
}
