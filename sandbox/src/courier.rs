//! Who carries callbacks and delivery reports to the ledger: after a while, once or several times, and never a promise.
//!
//! Keeps true: at most [`LARGEST`] are on their way, what is too much is dropped, as providers do; all end with the sandbox.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use edge::pace;
use futures_util::future::join_all;
use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

/// How many are on their way.
const LARGEST: usize = 20_000;
/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two tries.
const PAUSE: Duration = Duration::from_secs(1);

/// How often the same is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Copies {
    One,
    /// One after the other.
    Two,
    /// All at once.
    Five,
}

/// What is carried.
#[derive(Debug, Clone)]
pub(crate) struct Parcel {
    pub(crate) url: String,
    pub(crate) content_type: &'static str,
    pub(crate) body: String,
    pub(crate) after: Duration,
    pub(crate) copies: Copies,
    /// How often each copy is tried until it is answered with a success.
    pub(crate) tries: u32,
}

/// What an answer was: its status, nothing where there was none.
pub(crate) type Heard = Box<dyn Fn(Option<u16>) + Send + Sync>;

/// Everything on its way.
pub(crate) struct Courier {
    client: Client,
    runtime: Handle,
    errands: Mutex<JoinSet<()>>,
}

impl Courier {
    /// # Errors
    /// No client can be made.
    pub(crate) fn new() -> io::Result<Arc<Courier>> {
        let client = Client::builder().no_proxy().timeout(PATIENCE).build().map_err(io::Error::other)?;
        Ok(Arc::new(Courier { client, runtime: Handle::current(), errands: Mutex::default() }))
    }

    /// The client it speaks with.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Sends it on its way and says what was answered to each copy.
    pub(crate) fn carry(&self, parcel: Parcel, heard: Heard) {
        let mut errands = self.errands.lock().unwrap_or_else(PoisonError::into_inner);
        while errands.try_join_next().is_some() {}
        if errands.len() >= LARGEST {
            tracing::warn!("too much is on its way; a callback is dropped");
            return;
        }
        errands.spawn_on(deliver(self.client.clone(), parcel, heard), &self.runtime);
    }

    /// Ends everything.
    pub(crate) async fn stop(&self) {
        let mut errands = std::mem::take(&mut *self.errands.lock().unwrap_or_else(PoisonError::into_inner));
        errands.shutdown().await;
    }
}

async fn deliver(client: Client, parcel: Parcel, heard: Heard) {
    pace::rest(parcel.after).await;
    match parcel.copies {
        Copies::One => hand_over(&client, &parcel, &heard).await,
        Copies::Two => {
            hand_over(&client, &parcel, &heard).await;
            hand_over(&client, &parcel, &heard).await;
        }
        Copies::Five => {
            join_all((0..5).map(|_| hand_over(&client, &parcel, &heard))).await;
        }
    }
}

async fn hand_over(client: &Client, parcel: &Parcel, heard: &Heard) {
    for again in 0..parcel.tries {
        if again > 0 {
            pace::rest(PAUSE).await;
        }
        let request = client.post(&parcel.url).header(CONTENT_TYPE, parcel.content_type);
        let answer = request.body(parcel.body.clone()).send().await;
        let status = answer.as_ref().ok().map(|answer| answer.status());
        if let Err(error) = answer {
            // The address has a secret in it.
            tracing::debug!(error = %error.without_url(), "a callback was not taken");
        }
        heard(status.map(|status| status.as_u16()));
        if status.is_some_and(|status| status.is_success()) {
            return;
        }
    }
}
