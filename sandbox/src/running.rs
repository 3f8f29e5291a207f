//! How the sandbox starts and stops.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::PathBuf;
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use actix_web::web::Data;
use actix_web::{App, HttpServer};
use edge::Clock;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::api::{self, World};
use crate::cabinets::Town;
use crate::connection;
use crate::courier::Courier;
use crate::payments::AzamPay;
use crate::settings::{Settings, SharedSettings};
use crate::sms::Inbox;

/// Where it listens unless told otherwise.
pub const DEFAULT_BIND: &str = "127.0.0.1:8083";

/// Nobody needs more: it is one person's toy.
const WORKERS: usize = 2;
const SHUTDOWN_SECONDS: u64 = 2;

/// Where it stands and what surrounds it.
#[derive(Clone)]
pub struct Options {
    /// Where it listens; port 0 takes a free one.
    pub bind: String,
    /// Where the cabinets and the provider's books are kept; without it they are gone with the process.
    pub directory: Option<PathBuf>,
    /// The ledger that cabinets speak to unless theirs is another: `http://host:port`.
    pub gateway: String,
    /// Where the payment provider sends its callbacks, secret included: `{gateway}/api/v1/payments/callback/{secret}`.
    /// Without it nobody is told anything.
    pub callback: Option<String>,
    /// Where the SMS providers send their delivery reports, secret included.
    pub delivery: Option<String>,
    /// The secret of Bill Pay; without it no bill can be paid.
    pub bill_secret: Option<String>,
    /// Time, ids, randomness.
    pub clock: Arc<dyn Clock>,
    /// What it begins with.
    pub settings: Settings,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("bind", &self.bind)
            .field("gateway", &self.gateway)
            .finish_non_exhaustive()
    }
}

/// The sandbox.
#[derive(Debug)]
pub struct Sandbox;

impl Sandbox {
    /// Listens, and sets the kept cabinets to work on the present runtime.
    ///
    /// # Errors
    /// The address cannot be listened at, or the folder cannot be used.
    pub async fn start(options: Options) -> io::Result<Running> {
        let Options { bind, directory, gateway, callback, delivery, bill_secret, clock, settings } = options;
        let gateway = gateway.trim_end_matches('/').to_owned();
        let settings = Arc::new(SharedSettings::new(settings));
        let addresses: Vec<SocketAddr> = bind.to_socket_addrs()?.collect();
        let listener = std::net::TcpListener::bind(addresses.as_slice())?;
        let address = listener.local_addr()?;
        let directory = directory.as_deref();
        let shared = (Arc::clone(&clock), Arc::clone(&settings));
        let courier = Courier::new()?;
        let azampay = AzamPay::open(directory, shared, Arc::clone(&courier), callback, bill_secret)?;
        let town = Town::open(directory, gateway.clone(), Arc::clone(&clock), Arc::clone(&settings))?;
        let (stop, stopping) = watch::channel(false);
        let world = World {
            clock,
            settings,
            inbox: Inbox::default(),
            azampay,
            courier: Arc::clone(&courier),
            town: Arc::clone(&town),
            gateway,
            delivery,
            stopping,
        };
        let world = Data::new(world);
        let app = move || {
            App::new()
                .app_data(Data::clone(&world))
                .configure(api::configure)
                .default_service(actix_web::web::to(api::nothing_here))
        };
        let server = HttpServer::new(app)
            .workers(WORKERS)
            .on_connect(connection::remember)
            .shutdown_timeout(SHUTDOWN_SECONDS)
            .disable_signals()
            .listen(listener)?
            .run();
        let handle = server.handle();
        Ok(Running { address, stop, handle, server: tokio::spawn(server), town, courier })
    }
}

/// A sandbox that runs.
pub struct Running {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    handle: ServerHandle,
    server: JoinHandle<io::Result<()>>,
    town: Arc<Town>,
    courier: Arc<Courier>,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Running {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://address`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops the cabinets and what is on its way, answers what is being answered, and ends.
    ///
    /// # Errors
    /// The server has failed.
    pub async fn stop(self) -> io::Result<()> {
        self.stop.send_replace(true);
        self.town.stop().await;
        self.courier.stop().await;
        self.handle.stop(true).await;
        self.server.await.map_err(io::Error::other)?
    }
}
