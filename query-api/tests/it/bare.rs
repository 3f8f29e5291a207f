//! A database with a stand-in for the read model of things, the service on it, and a way to ask it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use actix_web::App;
use actix_web::body::to_bytes;
use actix_web::test::{TestRequest, call_service, init_service};
use edge::http::Site;
use edge::metrics::Metrics;
use edge::token::{ACCESS_LIFETIME, Ticket, TokenKeys, Verifier, mint};
use edge::{Clock, Role, SystemClock};
use ledger::migrate::{self, RolePasswords, ServiceRole};
use query_api::{Ingredients, QueryApi};
use serde_json::Value;
use tokio_postgres::{Client, Config, NoTls};
use uuid::Uuid;

static DATABASES: AtomicU32 = AtomicU32::new(0);

/// The position that the stand-in stands at.
pub(crate) const POSITION: i64 = 7;

pub(crate) struct Ground {
    pub(crate) owner: Client,
    api: QueryApi,
    keys: tempfile::TempDir,
}

impl Ground {
    /// With these devices in the read model.
    pub(crate) async fn with(devices: &[Uuid]) -> Self {
        let number = DATABASES.fetch_add(1, Ordering::Relaxed);
        let name = format!("query_bare_{}_{number}", std::process::id());
        let admin = connect(&cluster_url()).await;
        admin.batch_execute(&format!("DROP DATABASE IF EXISTS {name}")).await.unwrap();
        admin.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        let owner_url = url_of(&name);
        migrate::run(&owner_url, &passwords()).await.unwrap();
        let owner = connect(&owner_url).await;
        let ids: Vec<String> = devices.iter().map(|id| format!("('{id}'::uuid)")).collect();
        let views = format!(
            "SET ROLE chajipoa_projector; \
             CREATE VIEW read_model.inventory_position AS SELECT {POSITION}::bigint AS position; \
             CREATE VIEW read_model.device AS SELECT * FROM (VALUES {}) d (device_id); RESET ROLE",
            ids.join(", ")
        );
        owner.batch_execute(&views).await.unwrap();
        let role = ServiceRole::Query;
        let url = migrate::service_url(&owner_url, role, passwords().of(role)).unwrap();
        let ingredients = Ingredients {
            read_url: url.clone(),
            primary_url: url,
            pool: 2,
            clock: Arc::new(SystemClock),
            documents: Vec::new(),
            streams: query_api::STREAMS,
            bell: None,
        };
        let api = QueryApi::start(ingredients).await.unwrap();
        Self { owner, api, keys: tempfile::tempdir().unwrap() }
    }

    /// The status, the position and the body of an answer.
    pub(crate) async fn get(&self, role: Option<Role>, path: &str) -> (u16, Option<i64>, Value) {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let keys = TokenKeys::open_or_create(self.keys.path(), &SystemClock).unwrap();
        let verifier = Arc::new(Verifier::new(keys, Arc::clone(&clock)));
        let site = Site::new(clock, verifier, &Metrics::new(), vec![self.api.part()]);
        let app = App::new()
            .wrap(site.manners())
            .configure(|config| site.configure(config))
            .configure(self.api.configure());
        let service = init_service(app).await;
        let mut request = TestRequest::get().uri(path);
        if let Some(role) = role {
            let keys = TokenKeys::open_or_create(self.keys.path(), &SystemClock).unwrap();
            let subject = Uuid::from_u128(0xe);
            let ticket = Ticket { role, subject, lifetime: ACCESS_LIFETIME, unlimited: true };
            let token = mint(&keys, ticket, &SystemClock).unwrap().0;
            request = request.insert_header(("authorization", format!("Bearer {token}")));
        }
        let response = call_service(&service, request.to_request()).await;
        let status = response.status().as_u16();
        let position =
            response.headers().get("ledger-position").map(|at| at.to_str().unwrap().parse().unwrap());
        let Ok(bytes) = to_bytes(response.into_body()).await else { panic!("a body") };
        (status, position, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }
}

fn cluster_url() -> String {
    std::env::var("CHAJIPOA_TEST_PG").expect(
        "CHAJIPOA_TEST_PG is not set: run `make test`, or start a test cluster with `scripts/pg.sh` and export \
         the superuser URL that it prints",
    )
}

fn url_of(database: &str) -> String {
    let cluster = cluster_url();
    let (scheme, rest) = cluster.split_once("://").expect("CHAJIPOA_TEST_PG is a URL");
    let authority = rest.split('/').next().unwrap();
    format!("{scheme}://{authority}/{database}")
}

/// The same for every test binary: roles belong to the cluster.
fn passwords() -> RolePasswords {
    let password = "only-for-tests".to_owned();
    RolePasswords {
        command: password.clone(),
        relay: password.clone(),
        projector: password.clone(),
        query: password.clone(),
        reactor: password.clone(),
        analyst: password,
    }
}

async fn connect(url: &str) -> Client {
    let config: Config = url.parse().unwrap();
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}
