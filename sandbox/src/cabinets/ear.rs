//! The task of a cabinet that listens: it holds the stream of releases and takes it up again where it broke off.
//!
//! Keeps true: an event counts as heard once what it caused is kept. After each new connection a full inventory is wanted.

use std::sync::Arc;
use std::time::Duration;

use edge::pace::Backoff;
use reqwest::Response;
use tokio::time::timeout;
use uuid::Uuid;

use super::cabinet::Release;
use super::events::{Event, Reader};
use super::link::{Link, LinkError};
use super::resident::Connection;
use super::town::Town;

/// Pauses between two tries.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// The ledger says something every fifteen seconds; a stream that is silent for longer is dead.
const STALLED: Duration = Duration::from_secs(40);
/// The answer to the request for a stream.
const PATIENCE: Duration = Duration::from_secs(15);

/// Listens for as long as the cabinet is there.
pub(super) async fn listen(town: Arc<Town>, id: Uuid) {
    let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
    let mut heard: Option<String> = None;
    let mut known: Option<Arc<Link>> = None;
    while let Some((link, offline, wake)) = town.with(id, |resident, moment| {
        let offline = resident.offline(moment);
        resident.connection =
            if offline.is_some() { Connection::Offline } else { still_trying(resident.connection) };
        (Arc::clone(&resident.link), offline, Arc::clone(&resident.ear))
    }) {
        if let Some(wait) = offline {
            // Either the time is over or somebody has changed something: look again.
            let _ = timeout(wait, wake.notified()).await;
            continue;
        }
        if known.as_ref().is_none_or(|known| !Arc::ptr_eq(known, &link)) {
            // Another ledger counts from another beginning.
            (heard, known) = (None, Some(Arc::clone(&link)));
        }
        match timeout(PATIENCE, link.stream(heard.as_deref())).await {
            Ok(Ok(stream)) => {
                backoff.reset();
                connected(&town, id);
                follow(&town, id, &link, stream, &mut heard).await;
                town.with(id, |resident, _| resident.connection = Connection::Connecting);
            }
            Ok(Err(error)) => not_connected(&town, id, &error),
            Err(_) => tracing::debug!(%id, "the stream does not open"),
        }
        let pause = backoff.next_pause(town.clock.as_ref());
        let _ = timeout(pause, wake.notified()).await;
    }
}

/// A refusal stays to be seen until the next try has an outcome.
fn still_trying(connection: Connection) -> Connection {
    match connection {
        Connection::Refused => Connection::Refused,
        Connection::Connecting | Connection::Connected | Connection::Offline => Connection::Connecting,
    }
}

fn connected(town: &Town, id: Uuid) {
    town.with(id, |resident, moment| {
        resident.connection = Connection::Connected;
        resident.inventory_wanted = true;
        resident.did(moment.now, "connected".to_owned());
        resident.voice.notify_one();
    });
}

fn not_connected(town: &Town, id: Uuid, error: &LinkError) {
    town.with(id, |resident, moment| match error {
        LinkError::Away(_) | LinkError::NotNow(_) => resident.connection = Connection::Connecting,
        LinkError::Stranger | LinkError::Refused { .. } => {
            if resident.connection != Connection::Refused {
                resident.did(moment.now, format!("is not let in: {error}"));
            }
            resident.connection = Connection::Refused;
        }
    });
}

/// Follows the stream until it ends, falls silent, or the cabinet hangs up.
async fn follow(town: &Town, id: Uuid, link: &Arc<Link>, mut stream: Response, heard: &mut Option<String>) {
    let Some(wake) = town.with(id, |resident, _| Arc::clone(&resident.ear)) else { return };
    let mut reader = Reader::default();
    loop {
        let bytes = tokio::select! {
            bytes = timeout(STALLED, stream.chunk()) => bytes,
            () = wake.notified() => {
                let stays = town.with(id, |resident, moment| {
                    resident.offline(moment).is_none() && Arc::ptr_eq(&resident.link, link)
                });
                if stays == Some(true) { continue } else { return }
            }
        };
        let Ok(Ok(Some(bytes))) = bytes else { return };
        let Ok(events) = reader.read(&bytes) else { return };
        for event in events {
            hear(town, id, &event);
            heard.clone_from(&event.id);
        }
    }
}

fn hear(town: &Town, id: Uuid, event: &Event) {
    match (event.name.as_str(), serde_json::from_str::<Release>(&event.data)) {
        ("release", Ok(release)) => {
            town.change(id, |resident, moment| {
                let done = resident.cabinet.absorb(&release, moment);
                resident.did(moment.now, done);
            });
        }
        ("release", Err(error)) => {
            town.with(id, |resident, moment| {
                resident.did(moment.now, format!("heard a bad release: {error}"))
            });
        }
        ("withdrawn", _) => {
            town.with(id, |resident, moment| {
                resident.did(moment.now, "heard that a release is settled".to_owned())
            });
        }
        (other, _) => tracing::debug!(%id, event = other, "a cabinet heard what it does not know"),
    }
}
