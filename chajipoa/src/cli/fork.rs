//! `chajipoa ledger fork`: a ledger that was restored to an earlier moment goes on under a new epoch.
//!
//! Epoch, event and readers move in one transaction. The topic of events is emptied before: the relay fills it again
//! with what the ledger holds. Doing it again after a failure does no harm: it only raises the epoch once more.

use bytes::Bytes;
use domain::{Event, event::LedgerRestored, ids::LINEAGE, values::Reason};
use edge::{Clock as _, SystemClock};
use ledger::{
    Decided, Fate, Ledger, LedgerIdentity, NewEvent, Position, PreparedCommand, StreamKind, StreamRef,
    feed::TOPIC,
    seal::Keys,
    tree::{CheckpointText, SignedNote},
};
use sealer::Places;
use serde_json::json;

use super::{Failure, say};
use crate::{installation::Installation, services};

/// Streams of one thing are read whole: restores are few.
const FROM_THE_BEGINNING: i64 = 0;

/// What a fork has done.
struct Forked {
    epoch: i32,
    restored_to: Position,
    position: Position,
    left_behind: String,
}

/// Forks the ledger.
pub(super) async fn run(ledger: &Ledger, reason: &str, as_json: bool) -> Result<(), Failure> {
    let reason = Reason::parse(reason)
        .filter(|reason| !reason.as_str().trim().is_empty())
        .ok_or_else(|| Failure::misuse("--reason is 1 to 200 printable characters"))?;
    let installation = Installation::of_environment()?;
    let connected = ledger.connected_services().await?;
    if !connected.is_empty() {
        return Err(Failure::misuse(format!("stop every service first; connected are {connected}")));
    }
    let places = services::places(&installation)?;
    if let Some(brokers) = &places.brokers {
        relay::delete_topic(brokers, TOPIC).await?;
    }
    let identity = ledger.identity().await?;
    let epoch = next_epoch(identity, &places).await?;
    let forked = fork(ledger, &installation, LedgerIdentity { epoch, ..identity }, reason).await?;
    tell(&forked, places.brokers.is_some(), as_json)
}

/// Later than the ledger's own epoch, and than any that was published: it may have been restored to before a fork.
async fn next_epoch(identity: LedgerIdentity, places: &Places) -> Result<i32, Failure> {
    let mut published = vec![places.folder.read_latest()?];
    if let Some(brokers) = &places.brokers {
        // No topic, no checkpoint; a broker that is away has stopped us before.
        let value = relay::last_value(brokers, &places.topic).await.ok().flatten();
        published.push(value.map(|value| String::from_utf8_lossy(&value).into_owned()));
    }
    let epochs = published.iter().flatten().filter_map(|note| {
        let text = CheckpointText::parse(SignedNote::parse(note).ok()?.text()).ok()?;
        text.identity().filter(|found| found.ledger_id == identity.ledger_id).map(|found| found.epoch)
    });
    Ok(epochs.fold(identity.epoch, i32::max).saturating_add(1))
}

async fn fork(
    ledger: &Ledger,
    installation: &Installation,
    next: LedgerIdentity,
    reason: Reason,
) -> Result<Forked, Failure> {
    let mut locked = ledger.begin_locked().await?;
    let restored_to = locked.last();
    let streams = locked.read_streams(&[(LINEAGE.id, FROM_THE_BEGINNING)]).await?;
    let version = i64::try_from(streams.first().map_or(0, Vec::len)).unwrap_or(i64::MAX);
    let event = Event::LedgerRestored(Box::new(LedgerRestored {
        epoch: next.epoch,
        restored_to: restored_to.get(),
        reason,
    }));
    let command = command(installation, &event, version)?;
    let appended = locked.append(&[command]).await.map_err(Failure::other)?;
    if !matches!(appended.fates.as_slice(), [Fate::Recorded { .. }]) {
        return Err(Failure::stopped("the ledger did not record its fork; nothing has changed"));
    }
    let left_behind = locked.begin_epoch(next.ledger_id, next.epoch).await?;
    locked.commit().await.map_err(Failure::other)?;
    Ok(Forked { epoch: next.epoch, restored_to, position: appended.last, left_behind })
}

/// The event as a command of the system's.
fn command(installation: &Installation, event: &Event, version: i64) -> Result<PreparedCommand, Failure> {
    let clock = SystemClock;
    let subject = edge::token::default_subject(&installation.keys, &clock)?;
    let payload = event.encode();
    Ok(PreparedCommand {
        id: clock.id(),
        actor: format!("system:{subject}"),
        hash: Keys::open_or_create(&installation.keys)?.keyed_hash(payload.as_ref()),
        decided: Decided::Recorded,
        reads: vec![(LINEAGE.id, version)],
        events: vec![NewEvent {
            id: clock.id(),
            event_type: event.event_type().into(),
            schema_version: event.schema_version(),
            streams: vec![StreamRef {
                kind: StreamKind::Ledger,
                id: LINEAGE.id,
                version: version.saturating_add(1),
            }],
            occurred_at: clock.now(),
            causation_id: None,
            payload: Bytes::from(payload),
        }],
        claims: Vec::new(),
        result: Bytes::from_static(b"{}"),
        answer_version: 1,
        correlation_id: None,
        traceparent: None,
    })
}

fn tell(forked: &Forked, topic_emptied: bool, as_json: bool) -> Result<(), Failure> {
    let Forked { epoch, restored_to, position, left_behind } = forked;
    let told = json!({
        "epoch": epoch, "restored_to": restored_to.get(), "position": position.get(),
        "to_rebuild": left_behind.split(", ").filter(|name| !name.is_empty()).collect::<Vec<_>>(),
    });
    say(as_json, &told, || {
        let mut words = format!(
            "epoch {epoch} begins at position {position}; the ledger was restored to {restored_to}\n\
             start the services: the sealer begins a new origin; checkpoints of earlier epochs stay verifiable"
        );
        if !topic_emptied {
            words.push_str(&format!(
                "\nif the ledger goes to Kafka, delete the topic {TOPIC}: the relay fills it again"
            ));
        }
        if !left_behind.is_empty() {
            words.push_str(&format!(
                "\nread models that do not fit: {left_behind}; `chajipoa projection rebuild` and `promote` them"
            ));
        }
        words
    })
}
