//! The one middleware: request id, problem documents, counts, log.
//!
//! Keeps true: every answer carries `X-Request-Id`, every error answer is a problem document with it.
//! Each request is a line of the log, at `warn` when it failed or was slow, else at `info`. The log never holds a path's
//! ids, a query, a body or a token.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::body::{BodySize, BoxBody, EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{Error, HttpMessage, HttpRequest, web};

use super::context::{Context, Operation, REQUEST_ID};
use super::limits::Limits;
use crate::clock::Clock;
use crate::metrics::{Counter, Histogram, HttpMetrics};
use crate::problem::{self, Problem};
use crate::token::Identity;

/// An answer that took longer is logged at `warn`.
const SLOW: Duration = Duration::from_secs(1);
/// Routes that somebody asks every few seconds, only to see that we live.
const WATCHED: [&str; 3] = ["/health", "/metrics", "/api/v1/monitoring/metrics"];
/// The operation of a request that met no route.
const UNROUTED: Operation = Operation("unrouted");

/// The middleware's factory, one for all workers.
#[derive(Clone)]
pub struct Manners {
    clock: Arc<dyn Clock>,
    metrics: HttpMetrics,
}

impl std::fmt::Debug for Manners {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Manners").finish_non_exhaustive()
    }
}

impl Manners {
    /// Mints ids with `clock` and counts in `metrics`.
    pub fn new(clock: Arc<dyn Clock>, metrics: HttpMetrics) -> Self {
        Self { clock, metrics }
    }
}

impl<S, B> Transform<S, ServiceRequest> for Manners
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B, BoxBody>>;
    type Error = Error;
    type Transform = Mannered<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        let counts = Rc::new(Counts { metrics: self.metrics.clone(), known: RefCell::default() });
        ready(Ok(Mannered { service, clock: Arc::clone(&self.clock), counts }))
    }
}

/// The middleware at work in one worker.
pub struct Mannered<S> {
    service: S,
    clock: Arc<dyn Clock>,
    counts: Rc<Counts>,
}

impl<S> std::fmt::Debug for Mannered<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mannered").finish_non_exhaustive()
    }
}

impl<S, B> Service<ServiceRequest> for Mannered<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B, BoxBody>>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>>>>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let started = Instant::now();
        let context = Context::read(request.headers(), self.clock.as_ref());
        request.extensions_mut().insert(context.clone());
        let counts = Rc::clone(&self.counts);
        let answer = match counted(&request) {
            Ok(()) => Ok(self.service.call(request)),
            Err(problem) => Err((request, problem)),
        };
        Box::pin(async move {
            let mut response = match answer {
                Ok(answer) => as_problem(answer.await?, &context),
                Err((request, problem)) => {
                    request.into_response(problem.respond(context.request_id())).map_into_right_body()
                }
            };
            response.headers_mut().insert(REQUEST_ID, context.request_id_header());
            if let Some(standing) = context.standing() {
                standing.tell(response.headers_mut());
            }
            let operation = *response.request().app_data::<Operation>().unwrap_or(&UNROUTED);
            let took = started.elapsed();
            counts.count(operation, response.status(), took);
            log(&context, response.request(), response.status(), took);
            Ok(response)
        })
    }
}

/// Counts a request: for its speaker, or for its address where it shows no token or one that does not hold.
fn counted(request: &ServiceRequest) -> Result<(), Problem> {
    let request = request.request();
    if !Limits::counts(request.path()) {
        return Ok(());
    }
    let Some(limits) = request.app_data::<web::Data<Limits>>() else { return Ok(()) };
    let peer = request.peer_addr().map(|peer| peer.ip());
    let standing = if Limits::for_providers(request.path()) {
        limits.provider(peer, request.headers())
    } else {
        match Identity::of(request) {
            Ok(speaker) => limits.speaker(&speaker),
            Err(_) => limits.address(peer, request.headers()),
        }
    };
    let Some(standing) = standing else { return Ok(()) };
    Context::note_standing(request, standing);
    standing.allow()
}

/// Every error answer becomes a problem document with the request's id; a body that a handler wrote
/// itself (as `/health` does) stays.
fn as_problem<B: MessageBody + 'static>(
    response: ServiceResponse<B>,
    context: &Context,
) -> ServiceResponse<EitherBody<B, BoxBody>> {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response.map_into_left_body();
    }
    let problem = match response.response().error() {
        Some(error) => match error.as_error::<Problem>() {
            Some(problem) => problem.clone(),
            None => foreign(status, error),
        },
        None if is_empty(response.response().body()) => Problem::of_status(status),
        None => return response.map_into_left_body(),
    };
    let allow = response.headers().get(header::ALLOW).cloned();
    let problem = allow.into_iter().fold(problem, |problem, allow| problem.header(header::ALLOW, allow));
    let (request, _) = response.into_parts();
    ServiceResponse::new(request, problem.respond(context.request_id())).map_into_right_body()
}

fn foreign(status: StatusCode, error: &Error) -> Problem {
    if status.is_server_error() {
        tracing::error!(%error, "unexpected error");
    }
    Problem::of_status(status)
}

fn is_empty(body: &impl MessageBody) -> bool {
    matches!(body.size(), BodySize::None | BodySize::Sized(0))
}

/// One line for each request: id, actor, method, route, status, duration. A route is the pattern of a path, never a path.
fn log(context: &Context, request: &HttpRequest, status: StatusCode, took: Duration) {
    /// What the lines of requests are chosen by, in `RUST_LOG`.
    const TARGET: &str = "request";
    let failed = status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE;
    let slow = failed || took > SLOW;
    if !slow && !tracing::enabled!(target: TARGET, tracing::Level::INFO) {
        return;
    }
    let (method, status) = (request.method().as_str(), status.as_u16());
    let duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let pattern = request.match_pattern();
    let (route, request_id) = (pattern.as_deref().unwrap_or("unrouted"), context.request_id());
    let actor = context.speaker().map(|identity| identity.actor());
    if slow {
        tracing::warn!(target: TARGET, request_id, actor, method, route, status, duration_us, "request");
    } else if WATCHED.contains(&route) {
        tracing::debug!(target: TARGET, request_id, actor, method, route, status, duration_us, "request");
    } else {
        tracing::info!(target: TARGET, request_id, actor, method, route, status, duration_us, "request");
    }
}

/// One worker's handles on the metrics, so that counting takes no lock and no label lookup.
struct Counts {
    metrics: HttpMetrics,
    known: RefCell<HashMap<(&'static str, u16), Handles>>,
}

type Handles = (Counter, Histogram);

impl Counts {
    fn count(&self, operation: Operation, status: StatusCode, took: Duration) {
        let mut known = self.known.borrow_mut();
        let (requests, seconds) = known.entry((operation.0, status.as_u16())).or_insert_with(|| {
            let requests = self.metrics.requests.with_label_values(&[operation.0, status.as_str()]);
            (requests, self.metrics.seconds.with_label_values(&[operation.0]))
        });
        requests.inc();
        seconds.observe(took.as_secs_f64());
    }
}

/// The answer where no route fits.
pub(super) async fn nothing_here() -> Result<actix_web::HttpResponse, Problem> {
    Err(Problem::of_status(StatusCode::NOT_FOUND))
}

/// What a worker's own input errors become.
pub(super) fn input_problem(error: &impl std::fmt::Display, status: StatusCode) -> Problem {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::body_too_large(),
        _ => problem::Problem::malformed(error.to_string()),
    }
}
