//! What every operation's documentation has, written once: problem documents with examples, the statuses that any path can
//! answer, headers, names, the bearer scheme; and the paths that every service has.
//!
//! An operation says what is its own; `complete` adds the rest and never overwrites what it said.

use serde_json::json;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, HttpMethod, Ref, RefOr, Required, Response, ResponseBuilder};

use crate::problem::Problem;

/// Where the document is.
const DOCUMENT: &str = "/openapi.json";
const TOPICS: &str = "/asyncapi.json";

#[derive(utoipa::OpenApi)]
#[openapi(
    paths(
        crate::monitoring::health,
        crate::monitoring::metrics,
        crate::monitoring::metrics_again,
        crate::monitoring::stats,
        crate::http::jwks,
    ),
    components(schemas(crate::problem::ProblemBody<'static>, crate::health::Health))
)]
struct Shared;

/// The paths that every service has.
#[must_use]
pub fn shared() -> utoipa::openapi::OpenApi {
    <Shared as utoipa::OpenApi>::openapi()
}

/// Adds what every operation has.
pub fn complete(document: &mut utoipa::openapi::OpenApi) {
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            describe(path, method, operation);
        }
    }
}

/// The operations of a path.
fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    [
        ("get", item.get.as_mut()),
        ("put", item.put.as_mut()),
        ("post", item.post.as_mut()),
        ("delete", item.delete.as_mut()),
        ("patch", item.patch.as_mut()),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation?)))
}

fn describe(path: &str, method: &str, operation: &mut Operation) {
    operation.operation_id = Some(name(path, method));
    let own = is_own(path);
    if own && method == "get" {
        operation.parameters.get_or_insert_default().push(min_position().into());
    }
    for (status, description) in usual(path, operation) {
        let responses = &mut operation.responses.responses;
        responses.entry(status.to_owned()).or_insert_with(|| Response::new(description).into());
    }
    let writes = has_key(operation);
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response {
            answer(status, response);
            headers(status, response, own, is_limited(path), writes);
        }
    }
}

/// Whether it is a path of the product, rather than one by which a service is watched.
fn is_own(path: &str) -> bool {
    is_limited(path) && !path.starts_with("/api/v1/auth/")
}

/// Whether requests of it are counted.
fn is_limited(path: &str) -> bool {
    crate::http::Limits::counts(path)
}

/// `GET /api/v1/rentals/{id}/charge` is `get_rentals_by_id_charge`.
fn name(path: &str, method: &str) -> String {
    let path = path.trim_start_matches("/api/v1").trim_end_matches(".json").replace('{', "by/");
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.fold(method.to_owned(), |name, word| name + "_" + word)
}

fn has_key(operation: &Operation) -> bool {
    let named = |parameter: &RefOr<Parameter>| matches!(parameter, RefOr::T(parameter) if parameter.name == "Idempotency-Key");
    operation.parameters.iter().flatten().any(named)
}

/// What any path of its kind can answer.
fn usual(path: &str, operation: &Operation) -> Vec<(&'static str, &'static str)> {
    let mut usual = Vec::new();
    if is_limited(path) {
        usual.push(("400", "malformed: a value, a body or a header cannot be read, or is not known here"));
        usual.push(("429", "too many requests"));
        usual.push(("503", "unavailable, or `not_caught_up` with `Ledger-Min-Position`; try again"));
    }
    if operation.security.iter().flatten().next().is_some() {
        usual.push(("401", "no good token"));
    }
    if operation.request_body.is_some() {
        usual.push(("413", "the body is larger than this path takes"));
    }
    if has_key(operation) {
        usual.push(("409", "`idempotency_key_reused`, `concurrent_update`"));
    }
    usual
}

/// An error without a body of its own is a problem document.
fn answer(status: &str, response: &mut Response) {
    let Some(status) = error(status).filter(|_| response.content.is_empty()) else { return };
    let problem = match status.as_u16() {
        409 => Problem::conflict("idempotency_key_reused", "this id was used for another request"),
        422 => Problem::refused("debt_outstanding", "the customer owes").fact("debt", 500),
        _ => Problem::of_status(status),
    };
    let example = json!(problem.body("0190a6f0-0000-7000-8000-00000000000a"));
    let schema = Ref::from_schema_name("ProblemBody");
    let content = ContentBuilder::new().schema(Some(schema)).example(Some(example)).build();
    response.content.insert("application/problem+json".to_owned(), content.into());
}

fn error(status: &str) -> Option<actix_web::http::StatusCode> {
    let status: actix_web::http::StatusCode = status.parse().ok()?;
    (status.is_client_error() || status.is_server_error()).then_some(status)
}

fn headers(status: &str, response: &mut Response, own: bool, limited: bool, writes: bool) {
    let number = || ObjectBuilder::new().schema_type(Type::Integer).build();
    let text = || ObjectBuilder::new().schema_type(Type::String).build();
    let mut add = |name: &str, schema, description: &str| {
        let header = HeaderBuilder::new().schema(Some(schema)).description(Some(description)).build();
        response.headers.entry(name.to_owned()).or_insert_with(|| header.into());
    };
    add("X-Request-Id", text(), "the request's id");
    let good = status.starts_with('2');
    if own && good {
        add("Ledger-Position", number(), "the position of the ledger that the answer stands for");
    }
    if writes && good {
        add("Idempotent-Replay", text(), "`true` where the answer was given before");
    }
    if limited {
        add("RateLimit-Limit", number(), "how many requests may come at once");
        add("RateLimit-Remaining", number(), "how many of them are left");
        add("RateLimit-Reset", number(), "seconds until all of them are there again");
    }
    if ["429", "503"].contains(&status) {
        add("Retry-After", number(), "seconds after which another try makes sense");
    }
}

fn min_position() -> Parameter {
    let position = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .minimum(Some(0))
        .build();
    ParameterBuilder::new()
        .name("Ledger-Min-Position")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("waits up to two seconds for an answer that stands for this position at least"))
        .schema(Some(position))
        .build()
}

/// The document's own description of itself, and of the one about topics.
pub fn describe_itself(document: &mut utoipa::openapi::OpenApi) {
    let own = json!({"openapi": "3.1.0", "info": {"title": "ChajiPoa"}, "paths": {}});
    add_document(document, DOCUMENT, "This document.", own);
    let topics = json!({"asyncapi": "3.0.0", "info": {"title": "ChajiPoa's ledger"}, "channels": {}});
    add_document(
        document,
        TOPICS,
        "The topics of Kafka and every message in them, as an AsyncAPI 3 document.",
        topics,
    );
}

fn add_document(
    document: &mut utoipa::openapi::OpenApi,
    path: &str,
    summary: &str,
    example: serde_json::Value,
) {
    let object = ObjectBuilder::new().schema_type(Type::Object).build();
    let content = ContentBuilder::new().schema(Some(object)).example(Some(example)).build();
    let response =
        ResponseBuilder::new().description("the document").content("application/json", content).build();
    let operation = utoipa::openapi::path::OperationBuilder::new()
        .summary(Some(summary))
        .tag("service")
        .response("200", response)
        .build();
    document.paths.paths.insert(path.to_owned(), PathItem::new(HttpMethod::Get, operation));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_named_after_its_path() {
        for (path, expected) in [
            ("/api/v1/rentals/{id}/charge", "get_rentals_by_id_charge"),
            ("/api/v1/finance/trial-balance", "get_finance_trial_balance"),
            ("/gbfs/3/{feed}.json", "get_gbfs_3_by_feed"),
            ("/.well-known/jwks.json", "get_well_known_jwks"),
        ] {
            assert_eq!(name(path, "get"), expected);
        }
    }

    #[test]
    fn what_an_operation_says_itself_stays() {
        let mut document = shared();
        complete(&mut document);
        let health = document.paths.paths["/health"].get.as_ref().unwrap();
        let RefOr::T(unavailable) = &health.responses.responses["503"] else { panic!("it is written out") };
        assert!(unavailable.content.contains_key("application/json"));
        assert!(unavailable.headers.contains_key("Retry-After"));
    }
}
