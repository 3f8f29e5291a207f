//! `POST /version1/messaging`, as the provider has it, and `GET /sms/messages`, which it has not.

use std::time::Duration;

use actix_web::http::header::ContentType;
use actix_web::{HttpRequest, HttpResponse, web};
use edge::{Problem, http::query, pace};
use serde::Deserialize;
use serde_json::json;

use super::africas_talking::{Answer, Asked, Form, Recipient};
use super::inbox::{Arriving, number};
use crate::api::World;
use crate::connection;
use crate::settings::{SENDER_LENGTH, Sms, SmsOutcome};

/// How long a connection is held that is never answered: longer than any client waits.
const NEVER: Duration = Duration::from_secs(600);
const PROVIDER: &str = "africastalking";

/// Takes a message.
pub(crate) async fn send(
    world: web::Data<World>,
    request: HttpRequest,
    form: web::Form<Form>,
) -> HttpResponse {
    let settings = world.settings.get().sms;
    if !good_key(&request, &settings) {
        return text(HttpResponse::Unauthorized(), "The supplied authentication is invalid");
    }
    let asked = match form.into_inner().asked() {
        Ok(asked) => asked,
        Err(missing) => return text(HttpResponse::BadRequest(), &missing),
    };
    if !good_sender(asked.from.as_deref(), &settings) {
        return HttpResponse::Created().json(Answer::bad_sender());
    }
    match settings.default_outcome {
        SmsOutcome::Success => HttpResponse::Created().json(take(&world, asked)),
        SmsOutcome::Refused => HttpResponse::Created()
            .json(Answer::of(asked.numbers.into_iter().map(Recipient::refused).collect())),
        SmsOutcome::Never => {
            world.until_stopped(pace::rest(NEVER)).await;
            connection::cut(&request)
        }
        SmsOutcome::Error500 => text(HttpResponse::InternalServerError(), "Internal Server Error"),
        SmsOutcome::LostAnswer => {
            take(&world, asked);
            connection::cut(&request)
        }
    }
}

fn good_key(request: &HttpRequest, settings: &Sms) -> bool {
    let key = request.headers().get("apiKey").and_then(|key| key.to_str().ok()).unwrap_or_default();
    !key.is_empty() && settings.api_key.as_deref().is_none_or(|good| good == key)
}

fn good_sender(from: Option<&str>, settings: &Sms) -> bool {
    let Some(from) = from else { return true };
    from.chars().count() <= SENDER_LENGTH
        && settings.senders.as_ref().is_none_or(|good| good.iter().any(|good| good == from))
}

/// Lets the message arrive wherever its number is one.
fn take(world: &World, asked: Asked) -> Answer {
    let Asked { numbers, message, from } = asked;
    let recipients = numbers.into_iter().map(|written| {
        let Some(to) = number(&written) else { return Recipient::refused(written) };
        let arriving =
            Arriving { to: to.clone(), from: from.clone(), text: message.clone(), provider: PROVIDER };
        world.inbox.arrive(arriving, world.clock.now());
        Recipient::sent(to, &world.clock.id().simple().to_string())
    });
    Answer::of(recipients.collect())
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
pub(crate) async fn messages(world: web::Data<World>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let Wanted { to, after } = query(&request)?;
    let to = match to {
        Some(to) => Some(number(&to).ok_or_else(|| Problem::malformed("`to` is no phone number"))?),
        None => None,
    };
    let items = world.inbox.messages(to.as_deref(), after);
    Ok(HttpResponse::Ok().json(json!({"items": items})))
}
