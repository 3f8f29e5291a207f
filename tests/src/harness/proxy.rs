//! A wire between a service and Postgres that can be cut at chosen moments.
//!
//! It knows just enough of Postgres's protocol to see the one statement that appends, and the end of its answer. It
//! keeps true that a cut called [`Cut::AfterCommit`] lies after the commit and before the first byte of the answer
//! reaches the service.
#![allow(clippy::panic, clippy::expect_used, reason = "a wire that cannot be laid fails the test")]

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A connection on which this was prepared is one that appends.
const APPEND: &[u8] = b"ledger.append(";
/// The message that begins an execution of what was prepared.
const BIND: u8 = b'B';
/// `ReadyForQuery`, idle: the transaction is over, its answer complete.
const READY: &[u8] = &[b'Z', 0, 0, 0, 5, b'I'];
const CHUNK: usize = 64 * 1024;

/// Where the wire is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// The append never reaches Postgres.
    BeforeAppend,
    /// Postgres has committed and answered; the answer is lost whole.
    AfterCommit,
}

/// The wire. Dropping it ends every connection through it.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    state: Arc<State>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct State {
    upstream: String,
    armed: Mutex<Option<(Cut, bool)>>,
    cuts: AtomicU64,
    open: watch::Sender<bool>,
}

impl Proxy {
    /// A wire to the server of this URL.
    ///
    /// # Panics
    /// When no port can be had, or the URL names no server.
    pub async fn to(url: &str) -> Self {
        let upstream = server(url).to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (open, _) = watch::channel(true);
        let state = Arc::new(State { upstream, armed: Mutex::default(), cuts: AtomicU64::new(0), open });
        let task = tokio::spawn(accept(listener, Arc::clone(&state)));
        Self { address, state, task }
    }

    /// The same URL, through this wire.
    #[must_use]
    pub fn url(&self, url: &str) -> String {
        url.replacen(server(url), &self.address.to_string(), 1)
    }

    /// Cuts the wire at the next append, once. With `stays_cut` it stays so until [`Proxy::mend`].
    pub fn cut(&self, cut: Cut, stays_cut: bool) {
        *self.state.armed.lock().unwrap_or_else(PoisonError::into_inner) = Some((cut, stays_cut));
    }

    /// Lets connections through again.
    pub fn mend(&self) {
        self.state.open.send_replace(true);
    }

    /// How often it was cut.
    #[must_use]
    pub fn cuts(&self) -> u64 {
        self.state.cuts.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        self.state.open.send_replace(false);
    }
}

impl State {
    fn take(&self) -> Option<(Cut, bool)> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn count(&self, stays_cut: bool) {
        if stays_cut {
            self.open.send_replace(false);
        }
        self.cuts.fetch_add(1, Ordering::SeqCst);
    }
}

/// `host:port` of a URL.
fn server(url: &str) -> &str {
    let rest = url.rsplit_once('@').map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or_default()
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    loop {
        let Ok((client, _)) = listener.accept().await else { continue };
        if *state.open.borrow() {
            tokio::spawn(connect(client, Arc::clone(&state)));
        }
    }
}

async fn connect(client: TcpStream, state: Arc<State>) {
    let Ok(server) = TcpStream::connect(&state.upstream).await else { return };
    // Whoever goes first takes the other along; an error is an end like any other.
    let _ = carry(client, server, &state).await;
}

async fn carry(mut client: TcpStream, mut server: TcpStream, state: &State) -> std::io::Result<()> {
    let (mut from_client, mut from_server) = (vec![0; CHUNK], vec![0; CHUNK]);
    let mut closed = state.open.subscribe();
    let mut appends = false;
    let mut swallowing: Option<(Vec<u8>, bool)> = None;
    loop {
        tokio::select! {
            () = async { drop(closed.wait_for(|open| !*open).await) } => return Ok(()),
            read = client.read(&mut from_client) => {
                let chunk = from_client.get(..read?).unwrap_or_default();
                if chunk.is_empty() {
                    return Ok(());
                }
                appends = appends || chunk.windows(APPEND.len()).any(|found| found == APPEND);
                if appends && chunk.first() == Some(&BIND) && swallowing.is_none() {
                    match state.take() {
                        Some((Cut::BeforeAppend, stays_cut)) => {
                            state.count(stays_cut);
                            return Ok(());
                        }
                        Some((Cut::AfterCommit, stays_cut)) => swallowing = Some((Vec::new(), stays_cut)),
                        None => {}
                    }
                }
                server.write_all(chunk).await?;
            }
            read = server.read(&mut from_server) => {
                let chunk = from_server.get(..read?).unwrap_or_default();
                if chunk.is_empty() {
                    return Ok(());
                }
                match &mut swallowing {
                    None => client.write_all(chunk).await?,
                    Some((swallowed, stays_cut)) => {
                        swallowed.extend_from_slice(chunk);
                        if swallowed.ends_with(READY) {
                            state.count(*stays_cut);
                            return Ok(());
                        }
                    }
                }
            }
        }
    }
}
