//! A database with a stand-in for the read model of things, the service on it, and a way to ask it.

use std::sync::Arc;

use actix_web::App;
use actix_web::body::to_bytes;
use actix_web::test::{TestRequest, call_service, init_service};
use edge::http::Site;
use edge::metrics::Metrics;
use edge::token::{ACCESS_LIFETIME, Ticket, TokenKeys, Verifier, mint};
use edge::{Clock, Role, SystemClock};
use ledger::migrate::ServiceRole;
use query_api::{Ingredients, QueryApi};
use serde_json::Value;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::database;

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
        let owner_url = database::fresh().await;
        let owner = database::connect(&owner_url).await;
        let ids: Vec<String> = devices.iter().map(|id| format!("('{id}'::uuid)")).collect();
        let views = format!(
            "SET ROLE chajipoa_projector; \
             CREATE VIEW read_model.inventory_position AS SELECT {POSITION}::bigint AS position; \
             CREATE VIEW read_model.device AS SELECT * FROM (VALUES {}) d (device_id); RESET ROLE",
            ids.join(", ")
        );
        owner.batch_execute(&views).await.unwrap();
        let url = database::url_for(&owner_url, ServiceRole::Query);
        let keys = tempfile::tempdir().unwrap();
        let ingredients = Ingredients {
            read_url: url.clone(),
            primary_url: url,
            pool: 2,
            keys: ledger::seal::Keys::open_or_create(keys.path()).unwrap(),
            clock: Arc::new(SystemClock),
            documents: Vec::new(),
            streams: query_api::STREAMS,
            bell: None,
        };
        let api = QueryApi::start(ingredients).await.unwrap();
        Self { owner, api, keys }
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
