//! The manners, seen from outside.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, HttpResponse};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::*;
use crate::clock::{Clock, SystemClock};
use crate::metrics::Metrics;
use crate::problem::Problem;
use crate::role::Role;
use crate::token::{ACCESS_LIFETIME, Identity, Ticket, TokenKeys, Verifier, mint};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    #[serde(default)]
    limit: Limit,
}

fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/who").app_data(Operation("who")).route(
            web::get().to(|identity: Identity| async move { HttpResponse::Ok().body(identity.actor()) }),
        ))
        .service(web::resource("/things/{id}").route(web::get().to(
            |request: actix_web::HttpRequest| async move {
                let input: Input = query(&request)?;
                let id = path_id(&request, "id")?;
                Ok::<_, Problem>(HttpResponse::Ok().body(format!("{id} {}", input.limit.get())))
            },
        )))
        .service(web::resource("/body").route(web::post().to(|body: web::Bytes| async move {
            json_body::<Input>(&body).map(|_| HttpResponse::Ok().finish())
        })));
}

struct Answered {
    status: StatusCode,
    request_id: String,
    body: Value,
    metrics: String,
}

async fn ask(request: TestRequest, role: Option<Role>) -> Answered {
    let directory = tempfile::tempdir().unwrap();
    let keys = TokenKeys::open_or_create(directory.path(), &SystemClock).unwrap();
    let request = match role {
        Some(role) => request.insert_header(("authorization", format!("Bearer {}", token(&keys, role)))),
        None => request,
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let metrics = Metrics::new();
    let site = Site::new(Arc::clone(&clock), Arc::new(Verifier::new(keys, clock)), &metrics, vec![]);
    let app = App::new()
        .wrap(site.manners())
        .configure(|config| site.configure(config))
        .configure(routes)
        .default_service(web::to(super::middleware::nothing_here));
    let app = init_service(app).await;
    let response = call_service(&app, request.to_request()).await;
    let request_id = response.headers().get("x-request-id").unwrap().to_str().unwrap().to_owned();
    let status = response.status();
    let bytes = read_body(response).await;
    let body = serde_json::from_slice(&bytes)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
    Answered { status, request_id, body, metrics: metrics.render() }
}

fn token(keys: &TokenKeys, role: Role) -> String {
    let ticket = Ticket { role, subject: Uuid::nil(), lifetime: ACCESS_LIFETIME, unlimited: false };
    mint(keys, ticket, &SystemClock).unwrap().0
}

async fn expect_problem(request: TestRequest, status: u16, code: &str) -> Answered {
    let answered = ask(request, None).await;
    assert_eq!(answered.status.as_u16(), status, "{}", answered.body);
    assert_eq!(answered.body["code"], code);
    assert_eq!(answered.body["status"], status);
    assert_eq!(answered.body["request_id"], answered.request_id.as_str());
    answered
}

#[actix_web::test]
async fn a_sensible_request_id_is_kept_and_an_absurd_one_replaced() {
    let kept = ask(TestRequest::get().uri("/health").insert_header(("x-request-id", "abc-1")), None).await;
    assert_eq!(kept.request_id, "abc-1");
    for absurd in ["", "a b", &"x".repeat(129)] {
        let request = TestRequest::get().uri("/health").insert_header(("x-request-id", absurd));
        assert_eq!(ask(request, None).await.request_id.len(), 36);
    }
}

#[actix_web::test]
async fn every_malformed_input_is_a_problem() {
    expect_problem(TestRequest::get().uri("/nowhere"), 404, "not_found").await;
    expect_problem(TestRequest::delete().uri("/who"), 405, "method_not_allowed").await;
    expect_problem(TestRequest::get().uri("/things/7"), 400, "malformed").await;
    expect_problem(TestRequest::get().uri("/things/7?limit=501"), 400, "malformed").await;
    expect_problem(TestRequest::get().uri("/things/7?colour=red"), 400, "malformed").await;
    expect_problem(TestRequest::post().uri("/body").set_payload("{"), 400, "malformed").await;
    expect_problem(TestRequest::post().uri("/body").set_payload("{\"x\":1}"), 400, "malformed").await;
    let large = vec![b' '; MAX_BODY + 1];
    expect_problem(TestRequest::post().uri("/body").set_payload(large), 413, "body_too_large").await;
}

#[actix_web::test]
async fn a_path_with_a_speaker_needs_a_token() {
    expect_problem(TestRequest::get().uri("/who"), 401, "unauthorized").await;
    let basic = TestRequest::get().uri("/who").insert_header(("authorization", "Basic eA=="));
    expect_problem(basic, 401, "unauthorized").await;
    let known = ask(TestRequest::get().uri("/who"), Some(Role::Support)).await;
    assert_eq!(known.body, format!("support:{}", Uuid::nil()));
    assert!(known.metrics.contains("operation=\"who\",status=\"200\"} 1"), "{}", known.metrics);
}

#[actix_web::test]
async fn the_public_keys_are_shown() {
    let answered = ask(TestRequest::get().uri("/.well-known/jwks.json"), None).await;
    assert_eq!(answered.body["keys"][0]["crv"], "Ed25519");
}

#[actix_web::test]
async fn too_many_requests_are_told_so_each_speaker_and_address_for_itself() {
    let directory = tempfile::tempdir().unwrap();
    let keys = TokenKeys::open_or_create(directory.path(), &SystemClock).unwrap();
    let of = |role, subject, unlimited| {
        let ticket = Ticket { role, subject, lifetime: ACCESS_LIFETIME, unlimited };
        format!("Bearer {}", mint(&keys, ticket, &SystemClock).unwrap().0)
    };
    let (asha, juma) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let (hers, his) = (of(Role::Customer, asha, false), of(Role::Customer, juma, false));
    let (free, staff) = (of(Role::Customer, asha, true), of(Role::Support, asha, false));
    let rates =
        Rates { address: "1/2".parse().unwrap(), customer: "1/3".parse().unwrap(), ..Rates::default() };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let verifier = TokenKeys::open_or_create(directory.path(), &SystemClock).unwrap();
    let verifier = Arc::new(Verifier::new(verifier, Arc::clone(&clock)));
    let site = Site::new(clock, verifier, &Metrics::new(), vec![]).limited_by(Limits::new(rates, false));
    let app = App::new()
        .wrap(site.manners())
        .configure(|config| site.configure(config))
        .service(
            web::resource("/api/v1/who").route(web::get().to(|who: Identity| async move { who.actor() })),
        )
        .service(web::resource("/api/v1/open").route(web::get().to(|| async { "open" })));
    let app = init_service(app).await;
    let peer = "196.1.1.1:4000".parse().unwrap();
    let get = async |path: &str, token: Option<&str>| {
        let request = TestRequest::get().uri(path).peer_addr(peer);
        let request =
            token.into_iter().fold(request, |all, token| all.insert_header(("authorization", token)));
        let response = call_service(&app, request.to_request()).await;
        let told = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        (
            response.status().as_u16(),
            told("ratelimit-remaining"),
            told("retry-after"),
            told("x-request-id").is_some(),
        )
    };
    for left in ["2", "1", "0"] {
        assert_eq!(get("/api/v1/who", Some(&hers)).await, (200, Some(left.to_owned()), None, true));
    }
    let (status, left, wait, named) = get("/api/v1/who", Some(&hers)).await;
    assert_eq!((status, left.as_deref(), named), (429, Some("0"), true));
    assert!(wait.unwrap().parse::<u32>().unwrap() > 50);
    assert_eq!(get("/api/v1/open", Some(&hers)).await.0, 429, "a token counts on public paths too");
    assert_eq!(get("/api/v1/who", Some(&his)).await.0, 200);
    assert_eq!(get("/api/v1/who", Some(&free)).await, (200, None, None, true));
    assert_eq!(get("/api/v1/who", Some(&staff)).await.0, 200);
    assert_eq!(get("/api/v1/open", None).await.0, 200);
    assert_eq!(get("/api/v1/who", Some("Bearer x.y.z")).await.0, 401, "a bad token counts for its address");
    assert_eq!(get("/api/v1/who", Some("Bearer x.y.z")).await.0, 429);
    assert_eq!(get("/api/v1/open", None).await.0, 429);
    for _ in 0..10 {
        assert_eq!(get("/health", None).await.1, None, "what watches the service is not counted");
    }
}
