//! The server: defaults every service shares, and the paths every service has (`/health`, `/metrics`,
//! `/api/v1/monitoring/*`, `/.well-known/jwks.json`).
//!
//! Stopping is graceful: no new connections, what is being answered is answered, at most ten seconds.
//!
//! Answers may last (server-sent events), so a client that is gone must be noticed: one that closes its side is gone at
//! once, one that takes nothing for a minute, though something is to be sent, is given up by the kernel.

use std::any::Any;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::rt::net::TcpStream;
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, HttpResponse, HttpServer, ResponseError as _};
use socket2::SockRef;

use super::context::Operation;
use super::limits::Limits;
use super::middleware::{Manners, input_problem, nothing_here};
use crate::clock::Clock;
use crate::metrics::{HttpMetrics, Metrics};
use crate::monitoring::{Monitoring, Part};
use crate::token::Verifier;

/// The largest body, unless a path says otherwise.
pub const MAX_BODY: usize = 64 * 1024;

const SHUTDOWN_SECONDS: u64 = 10;
const KEEP_ALIVE: Duration = Duration::from_secs(75);
const REQUEST_HEAD_LIMIT: Duration = Duration::from_secs(5);
const BACKLOG: u32 = 4_096;
const MAX_CONNECTIONS: usize = 25_000;
/// How long a client may take nothing of what is sent to it.
const SILENCE: Duration = Duration::from_secs(60);
/// How many bytes that are not on their way yet the kernel holds for a client; what is more waits with whoever answers.
const UNSENT: u32 = 64 * 1024;

/// Where and how to serve.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// The address, for example `127.0.0.1:8080`; port 0 takes a free one.
    pub bind: String,
    /// Worker threads.
    pub workers: usize,
}

impl ServerOptions {
    /// Serves at `bind` with a worker per core.
    pub fn at(bind: impl Into<String>) -> Self {
        let workers = std::thread::available_parallelism().map_or(2, usize::from);
        Self { bind: bind.into(), workers }
    }
}

/// What every service has besides its own paths.
#[derive(Clone)]
pub struct Site {
    clock: Arc<dyn Clock>,
    verifier: web::Data<Verifier>,
    http: HttpMetrics,
    monitoring: Monitoring,
    limits: web::Data<Limits>,
}

impl std::fmt::Debug for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Site").finish_non_exhaustive()
    }
}

impl Site {
    /// Joins what the parts of this process share.
    pub fn new(
        clock: Arc<dyn Clock>,
        verifier: Arc<Verifier>,
        metrics: &Metrics,
        parts: Vec<Arc<dyn Part>>,
    ) -> Self {
        Self {
            clock,
            verifier: web::Data::from(verifier),
            http: HttpMetrics::new(metrics),
            monitoring: Monitoring::new(parts, metrics.clone()),
            limits: web::Data::new(Limits::default()),
        }
    }

    /// Counts requests by other limits than the standard ones.
    #[must_use]
    pub fn limited_by(mut self, limits: Limits) -> Self {
        self.limits = web::Data::new(limits);
        self
    }

    /// The middleware to wrap an app with.
    pub fn manners(&self) -> Manners {
        Manners::new(Arc::clone(&self.clock), self.http.clone())
    }

    /// Mounts the shared paths, the verifier and the input rules.
    pub fn configure(&self, config: &mut ServiceConfig) {
        config
            .app_data(self.verifier.clone())
            .app_data(self.limits.clone())
            .app_data(web::PayloadConfig::new(MAX_BODY))
            .app_data(
                web::JsonConfig::default()
                    .limit(MAX_BODY)
                    .error_handler(|error, _| input_problem(&error, error.status_code()).into()),
            )
            .app_data(
                web::QueryConfig::default()
                    .error_handler(|error, _| input_problem(&error, error.status_code()).into()),
            )
            .app_data(web::PathConfig::default().error_handler(|error, _| {
                input_problem(&error, actix_web::http::StatusCode::BAD_REQUEST).into()
            }))
            .service(
                web::resource("/.well-known/jwks.json")
                    .app_data(Operation("jwks"))
                    .route(web::get().to(jwks)),
            );
        self.monitoring.configure(config);
    }
}

/// The keys that tokens are signed with.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "service", responses(
    (status = 200, description = "a JSON Web Key Set", body = serde_json::Value, content_type = "application/json",
     example = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "2026-01", "use": "sig", "alg": "EdDSA",
                                "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}))
))]
pub(crate) async fn jwks(verifier: web::Data<Verifier>) -> HttpResponse {
    HttpResponse::Ok().json(verifier.jwks())
}

/// A server that listens. Await `server`; stop it with `server.handle()`.
pub struct Serving {
    /// The future that serves.
    pub server: Server,
    /// Where it listens.
    pub addresses: Vec<SocketAddr>,
}

impl std::fmt::Debug for Serving {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Serving").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}

/// Lets the kernel end a connection whose peer takes nothing any more, and keep little for one that is slow.
fn give_up_the_silent(connection: &dyn Any) {
    let Some(stream) = connection.downcast_ref::<TcpStream>() else { return };
    let socket = SockRef::from(stream);
    let limited = socket.set_tcp_user_timeout(Some(SILENCE));
    if let Err(error) = limited.and_then(|()| socket.set_tcp_notsent_lowat(UNSENT)) {
        tracing::debug!(%error, "a connection has no limit of silence");
    }
}

/// Listens at once and serves the site's paths and those of `configure`. Signals are the caller's.
///
/// # Errors
/// The address cannot be listened at.
pub fn serve<C>(options: &ServerOptions, site: Site, configure: C) -> io::Result<Serving>
where
    C: Fn(&mut ServiceConfig) + Clone + Send + 'static,
{
    let addresses: Vec<SocketAddr> = options.bind.to_socket_addrs()?.collect();
    let app = move || {
        App::new()
            .wrap(site.manners())
            .configure(|config| site.configure(config))
            .configure(&configure)
            .default_service(web::to(nothing_here))
    };
    let server = HttpServer::new(app)
        .workers(options.workers)
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(REQUEST_HEAD_LIMIT)
        .backlog(BACKLOG)
        .max_connections(MAX_CONNECTIONS)
        .shutdown_timeout(SHUTDOWN_SECONDS)
        .h1_allow_half_closed(false)
        .on_connect(|connection, _| give_up_the_silent(connection))
        .disable_signals()
        .bind(addresses.as_slice())?;
    let addresses = server.addrs();
    Ok(Serving { server: server.run(), addresses })
}
