//! The way of a request through this service: read, check the role, seal, hash, queue, wait, answer.
//! Every operation takes it; they differ in how they read and how they answer.

use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use chrono::{DateTime, Utc};
use domain::Rejection;
use domain::command::PersonOf;
use domain::{Command, Order, Seeds};
use edge::http::{Context, ledger_position};
use edge::{Identity, Problem};
use ledger::seal::{PersonKey, SealError};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::sync::Arc;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::CommandApi;
use crate::access::Counted;
use crate::actor::actor;
use crate::answer::Answer;
use crate::batcher::{self, Job, NotTaken, Outcome};
use crate::books::{self, BooksError};
use crate::canonical::canonical;
use crate::personal::{Personal, derived_id};
use crate::prompting::leads_to_no_prompt;
use crate::refusal;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const IDEMPOTENT_REPLAY: HeaderName = HeaderName::from_static("idempotent-replay");
/// The seconds after which asking again makes sense.
const SOON: u32 = 1;

/// A command as somebody asks for it.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    /// The id its sender gave it.
    pub(crate) id: Option<Uuid>,
    pub(crate) kind: Cow<'a, str>,
    pub(crate) occurred_at: Option<Cow<'a, str>>,
    pub(crate) data: Data<'a>,
}

/// The data, as sent or as put together by a REST path.
#[derive(Debug)]
pub(crate) enum Data<'a> {
    Sent(&'a RawValue),
    Made(Map<String, Value>),
}

/// A command in the queue.
#[derive(Debug)]
pub(crate) struct Queued {
    reply: oneshot::Receiver<Outcome>,
    /// Whose sessions end with it, and why.
    ends: Option<(Uuid, &'static str)>,
    /// The prompt that it leads to.
    pub(crate) prompt: Option<Counted>,
}

/// The id in the header `Idempotency-Key`, which must not differ from the one in the body.
///
/// # Errors
/// 400 where it is no UUID, or another one than in the body.
pub(crate) fn command_id(headers: &HeaderMap, in_body: Option<Uuid>) -> Result<Option<Uuid>, Problem> {
    let Some(header) = headers.get(IDEMPOTENCY_KEY) else { return Ok(in_body) };
    let id = header.to_str().ok().and_then(|text| text.parse::<Uuid>().ok());
    let id = id.ok_or_else(|| Problem::malformed("Idempotency-Key is no UUID"))?;
    match in_body {
        Some(other) if other != id => {
            Err(Problem::malformed("Idempotency-Key and command_id differ; give one of them"))
        }
        Some(_) | None => Ok(Some(id)),
    }
}

impl CommandApi {
    /// Takes a command all the way and waits for its end.
    ///
    /// # Errors
    /// The problem to answer with, where it did not get as far as the batcher.
    pub(crate) async fn submit(
        &self,
        speaker: &Identity,
        context: &Context,
        asked: Asked<'_>,
    ) -> Result<Outcome, Problem> {
        let (job, queued) = self.prepare(speaker, context, asked).await?;
        if let Err(not_taken) = self.batcher().offer(job) {
            self.withdraw(queued).await;
            return Err(no_room(not_taken));
        }
        Ok(self.outcome(queued).await)
    }

    /// Waits for the end of a command, and ends the sessions that end with it.
    pub(crate) async fn outcome(&self, Queued { reply, ends, prompt }: Queued) -> Outcome {
        let outcome = batcher::outcome(reply).await;
        if let Some(prompt) = prompt.filter(|_| leads_to_no_prompt(&outcome)) {
            self.prompts().give_back(prompt).await;
        }
        if let (Outcome::Answer(_), Some((subject, because))) = (&outcome, ends) {
            self.sealer().forget(subject);
            // What cannot be told now is told by whoever follows the ledger.
            if let Err(error) = self.sessions().end_all_of(subject, because).await {
                tracing::warn!(%error, "sessions could not be ended yet");
            }
        }
        outcome
    }

    /// Reads, checks, seals and hashes a command.
    ///
    /// # Errors
    /// 400 where it cannot be read, 403 where this role may not send it, 503 where it cannot be sealed.
    pub(crate) async fn prepare(
        &self,
        speaker: &Identity,
        context: &Context,
        asked: Asked<'_>,
    ) -> Result<(Job, Queued), Problem> {
        let traceparent = context.traceparent().map(|trace| trace.as_str().to_owned());
        self.prepare_traced(speaker, traceparent, asked).await
    }

    /// The same for a command that no request asked for as it is: `speaker` is then one of ours and came with no token.
    ///
    /// # Errors
    /// As [`CommandApi::prepare`].
    pub(crate) async fn prepare_traced(
        &self,
        speaker: &Identity,
        traceparent: Option<String>,
        asked: Asked<'_>,
    ) -> Result<(Job, Queued), Problem> {
        let Asked { id: given, kind, occurred_at, data } = asked;
        let actor = actor(speaker);
        let id = given.unwrap_or_else(|| self.clock().id());
        let stated = occurred_at.as_deref().map(moment).transpose()?;
        let read = self.read(speaker, id, &kind, data).await?;
        let stated_at =
            read.command.stated_time(stated).map_err(|error| Problem::malformed(error.to_string()))?;
        let bytes = canonical(actor, &kind, occurred_at.as_deref(), &read.hashed)
            .map_err(|_| Problem::malformed("data holds a number that cannot be kept"))?;
        let books = books::needed(self.ledger(), &read.command).await.map_err(|error| no_books(&error))?;
        let prompt = self.count_prompt(speaker, given, &read.command).await?;
        let (reply, receiver) = oneshot::channel();
        let ends = sessions_end(&read.command);
        let job = Job {
            id,
            actor: actor.to_string(),
            hash: self.sealer().keys().keyed_hash(&bytes),
            order: Box::new(Order {
                command: read.command,
                actor,
                now: DateTime::<Utc>::UNIX_EPOCH,
                stated_at,
                seeds: self.seeds(id),
            }),
            books,
            traceparent,
            lost: 0,
            alone: false,
            reply,
        };
        Ok((job, Queued { reply: receiver, ends, prompt }))
    }

    /// The command with its personal fields sealed, and its data as it is hashed.
    async fn read(&self, speaker: &Identity, id: Uuid, kind: &str, data: Data<'_>) -> Result<Read, Problem> {
        let object = match &data {
            Data::Made(object) => object.clone(),
            Data::Sent(raw) => {
                serde_json::from_str(raw.get()).map_err(|_| Problem::malformed("data is no object"))?
            }
        };
        let Some(personal) = Personal::of(kind, &object)? else {
            let command = match &data {
                Data::Sent(raw) => parse(kind, raw.get(), speaker)?,
                Data::Made(object) => parse(kind, &json_text(object), speaker)?,
            };
            return Ok(Read { command, hashed: Value::Object(object) });
        };
        parse(kind, &personal.blanked(&object).to_string(), speaker)?;
        let key = self.person_key(personal.of, &object, id, speaker).await?;
        let sealed =
            personal.sealed(&object, &key, &self.sealer().keys()).map_err(|error| sealing(&error))?;
        let command = parse(kind, &sealed.to_string(), speaker)?;
        Ok(Read { command, hashed: personal.hashed(&object, &key) })
    }

    /// The key of the person that the command is about, made if there is none.
    async fn person_key(
        &self,
        of: PersonOf,
        data: &Map<String, Value>,
        id: Uuid,
        speaker: &Identity,
    ) -> Result<Arc<PersonKey>, Problem> {
        let person = match of {
            PersonOf::CustomerId => {
                named(data, "customer_id").unwrap_or_else(|| derived_id(id, &self.sealer().keys()))
            }
            PersonOf::ReceiptId => {
                named(data, "receipt_id").unwrap_or_else(|| derived_id(id, &self.sealer().keys()))
            }
            PersonOf::RentalId | PersonOf::PaymentId | PersonOf::RefundId | PersonOf::ApprovalId => {
                self.person_behind(of, data, speaker).await?
            }
        };
        self.sealer().person_key(person).await.map_err(|error| sealing(&error))
    }

    /// The person whom the thing that the command names is about.
    async fn person_behind(
        &self,
        of: PersonOf,
        data: &Map<String, Value>,
        speaker: &Identity,
    ) -> Result<Uuid, Problem> {
        let (field, unknown): (_, fn(Uuid) -> Rejection) = match of {
            PersonOf::PaymentId => ("payment_id", |payment_id| Rejection::PaymentUnknown { payment_id }),
            PersonOf::RefundId => ("refund_id", |refund_id| Rejection::RefundUnknown { refund_id }),
            PersonOf::ApprovalId => ("approval_id", |approval_id| Rejection::ApprovalUnknown { approval_id }),
            PersonOf::RentalId | PersonOf::CustomerId | PersonOf::ReceiptId => {
                ("rental_id", |rental_id| Rejection::RentalUnknown { rental_id })
            }
        };
        let id = named(data, field).unwrap_or_default();
        let state = self.present().states([id]).await?.remove(&id);
        let person = state.and_then(|state| state.person());
        person.ok_or_else(|| refusal::problem(&unknown(id), speaker, None))
    }

    fn seeds(&self, command: Uuid) -> Seeds {
        let clock = self.clock();
        let mut random = [0; 17];
        clock.random(&mut random);
        let derived = derived_id(command, &self.sealer().keys());
        Seeds { minted: clock.id(), second: clock.id(), derived, random }
    }
}

/// Whose sessions end with a command, once it is recorded.
#[expect(clippy::wildcard_enum_match_arm, reason = "all others end no session")]
const fn sessions_end(command: &Command) -> Option<(Uuid, &'static str)> {
    match command {
        Command::SuspendCustomer(suspend) => Some((suspend.customer_id.0, "suspended")),
        Command::EraseCustomer(erase) => Some((erase.customer_id.0, "erased")),
        _ => None,
    }
}

struct Read {
    command: Command,
    hashed: Value,
}

/// The id in a field of a command's data, if it is there.
fn named(data: &Map<String, Value>, field: &str) -> Option<Uuid> {
    data.get(field)?.as_str()?.parse().ok()
}

fn parse(kind: &str, data: &str, speaker: &Identity) -> Result<Command, Problem> {
    let command = Command::parse(kind, data).map_err(|error| Problem::malformed(error.to_string()))?;
    if command.allowed(actor(speaker).role) {
        Ok(command)
    } else {
        Err(Problem::forbidden(format!("{kind} is not for the role {}", speaker.role)))
    }
}

fn json_text(object: &Map<String, Value>) -> String {
    serde_json::to_string(object).unwrap_or_default()
}

fn moment(text: &str) -> Result<DateTime<Utc>, Problem> {
    moment_of("occurred_at", text)
}

/// The time in a field.
///
/// # Errors
/// 400 where it is none.
pub(crate) fn moment_of(field: &str, text: &str) -> Result<DateTime<Utc>, Problem> {
    DateTime::parse_from_rfc3339(text)
        .map(|moment| moment.to_utc())
        .map_err(|_| Problem::malformed(format!("{field} is no RFC 3339 time")))
}

pub(crate) fn sealing(error: &SealError) -> Problem {
    match error {
        error if error.is_renewed() => {
            Problem::unavailable("unavailable", "the keys are being renewed; nothing was done", SOON)
        }
        SealError::Ledger(error) if error.is_transient() => {
            Problem::unavailable("unavailable", "the ledger is away", SOON)
        }
        SealError::Ledger(_)
        | SealError::Malformed
        | SealError::DoesNotOpen
        | SealError::NoGeneration(_)
        | SealError::Random => {
            tracing::error!(%error, "a personal field could not be sealed");
            Problem::internal()
        }
    }
}

fn no_books(error: &BooksError) -> Problem {
    match error {
        BooksError::Ledger(error) if error.is_transient() => {
            Problem::unavailable("unavailable", "the ledger is away", SOON)
        }
        BooksError::Ledger(_) | BooksError::Unknown { .. } | BooksError::OutOfOrder(_) => {
            tracing::error!(%error, "the books of a period could not be folded");
            Problem::internal()
        }
    }
}

pub(crate) fn no_room(not_taken: NotTaken) -> Problem {
    match not_taken {
        NotTaken::Full => Problem::unavailable("overloaded", "too many commands are waiting", SOON),
        NotTaken::Stopped => Problem::unavailable("unavailable", "the service is stopping", SOON),
    }
}

/// The answer, or the problem that stands for it.
///
/// # Errors
/// Every end but a recorded or already done one.
pub(crate) fn answered(
    outcome: Outcome,
    speaker: &Identity,
    in_path: Option<Uuid>,
) -> Result<Answer, Problem> {
    match outcome {
        Outcome::Answer(answer) => Ok(answer),
        Outcome::Refused(rejection) => Err(refusal::problem(&rejection, speaker, in_path)),
        Outcome::KeyReused => {
            Err(Problem::conflict("idempotency_key_reused", "this id was used for another request"))
        }
        Outcome::Concurrent => Err(Problem::conflict(
            "concurrent_update",
            "others changed the same things again and again; try again",
        )),
        Outcome::Unknown => Err(Problem::unavailable(
            "outcome_unknown",
            "send the same command_id again to learn what became of it",
            SOON,
        )),
        Outcome::Unavailable => {
            Err(Problem::unavailable("unavailable", "the ledger is away; nothing was done", SOON))
        }
        Outcome::Failed => Err(Problem::internal()),
    }
}

/// The status of a command's answer.
pub(crate) fn usual_status(answer: &Answer) -> StatusCode {
    if answer.already_done { StatusCode::OK } else { StatusCode::CREATED }
}

/// A body with the headers every answer to a command has.
pub(crate) fn respond(answer: &Answer, status: StatusCode, body: Vec<u8>) -> HttpResponse {
    let mut response = HttpResponse::build(status);
    response.content_type("application/json");
    response.insert_header(ledger_position(answer.position().get()));
    if answer.replay {
        response.insert_header((IDEMPOTENT_REPLAY, HeaderValue::from_static("true")));
    }
    response.body(body)
}

/// The body, or 500 where the stored row cannot be rendered.
pub(crate) fn rendered(body: Result<Vec<u8>, crate::answer::AnswerError>) -> Result<Vec<u8>, Problem> {
    body.map_err(|error| {
        tracing::error!(%error, "an answer cannot be rendered");
        Problem::internal()
    })
}
