//! The feed that reads the topic, with the ledger behind it.
//!
//! Kafka is transport and may be wiped, refilled or doubled at any time: what is known already is dropped, what
//! is missing is read from the ledger and counted, and only a gap in the ledger is an error. The consumer is
//! assigned by hand and belongs to no group: the group id below is never joined and nothing is committed. The
//! offset is a hint; if it does not fit, reading starts at the earliest message.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::FutureExt as _;
use rdkafka::{
    ClientConfig, Message as _, Offset, TopicPartitionList,
    consumer::{Consumer as _, StreamConsumer},
    error::KafkaError,
    message::{BorrowedMessage, Headers as _},
    types::RDKafkaErrorCode,
};
use tokio::time::timeout;

use super::{Feed, FeedError};
use crate::{Envelope, Ledger, LedgerError, LedgerIdentity, Position, cloudevent};

/// The topic of the ledger.
pub const TOPIC: &str = "chajipoa.ledger.v1";

/// The one partition.
const PARTITION: i32 = 0;

/// How long `next` waits for a message before it yields nothing.
const PATIENCE: Duration = Duration::from_millis(250);

/// How many known messages `next` skips before it gives the caller a turn.
const SKIP_TURN: usize = 10_000;

/// Where in the topic a position was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OffsetHint {
    /// The position.
    pub position: Position,
    /// The offset of its message.
    pub offset: i64,
}

/// What a Kafka feed needs to know.
#[derive(Debug, Clone)]
pub struct KafkaFeedConfig {
    /// The brokers, `host:port,…`.
    pub brokers: String,
    /// The topic, `TOPIC` unless a test has its own.
    pub topic: String,
    /// Which ledger the topic must carry.
    pub identity: LedgerIdentity,
    /// Where to start reading, if that is known.
    pub hint: Option<OffsetHint>,
}

/// Events read from Kafka, and from the ledger where Kafka lacks them.
pub struct KafkaFeed {
    config: KafkaFeedConfig,
    ledger: Ledger,
    consumer: StreamConsumer,
    position: Position,
    /// A message beyond a gap that is being filled.
    ahead: Option<(Envelope, i64)>,
    hint: Option<OffsetHint>,
    /// Whether the consumer still stands where a hint put it, unproven.
    unproven: bool,
    gaps: u64,
}

impl std::fmt::Debug for KafkaFeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KafkaFeed")
            .field("topic", &self.config.topic)
            .field("position", &self.position)
            .field("gaps", &self.gaps)
            .finish_non_exhaustive()
    }
}

impl KafkaFeed {
    /// A feed that goes on after a position. `ledger` fills what Kafka lacks.
    ///
    /// # Errors
    /// When the consumer cannot be made. A broker that is away is noticed by `next`.
    pub fn new(config: KafkaFeedConfig, ledger: Ledger, after: Position) -> Result<Self, FeedError> {
        let consumer: StreamConsumer = ClientConfig::new()
            .set("bootstrap.servers", &config.brokers)
            .set("group.id", "chajipoa-assigned-by-hand")
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "error")
            .set("allow.auto.create.topics", "false")
            .set("fetch.min.bytes", "1")
            .set("fetch.wait.max.ms", "100")
            .set("fetch.error.backoff.ms", "50")
            .set("fetch.queue.backoff.ms", "10")
            .set("queued.max.messages.kbytes", "16384")
            .set("reconnect.backoff.max.ms", "1000")
            .set("topic.metadata.refresh.interval.ms", "2000")
            .create()?;
        let hint = config.hint.filter(|hint| hint.position <= after);
        let mut feed = Self {
            config,
            ledger,
            consumer,
            position: after,
            ahead: None,
            hint,
            unproven: hint.is_some(),
            gaps: 0,
        };
        let start = hint.map_or(Offset::Beginning, |hint| Offset::Offset(hint.offset));
        feed.assign(start)?;
        Ok(feed)
    }

    /// How often Kafka lacked positions that were then read from the ledger.
    #[must_use]
    pub const fn gaps_filled(&self) -> u64 {
        self.gaps
    }

    /// Where the last message that was yielded lies: store it beside the position.
    #[must_use]
    pub const fn offset_hint(&self) -> Option<OffsetHint> {
        self.hint
    }

    fn assign(&mut self, offset: Offset) -> Result<(), FeedError> {
        let mut partitions = TopicPartitionList::new();
        partitions.add_partition_offset(&self.config.topic, PARTITION, offset)?;
        self.consumer.assign(&partitions)?;
        Ok(())
    }

    fn start_over(&mut self) -> Result<(), FeedError> {
        self.unproven = false;
        self.hint = None;
        self.ahead = None;
        self.assign(Offset::Beginning)
    }

    /// The next message, if one comes in time: nothing also when reading had to start over.
    async fn receive(&mut self, patience: Duration) -> Result<Option<(Envelope, i64)>, FeedError> {
        let received = if patience.is_zero() {
            self.consumer.recv().now_or_never()
        } else {
            timeout(patience, self.consumer.recv()).await.ok()
        };
        let parsed = match received {
            None => return Ok(None),
            Some(Ok(message)) => Ok(parse(&message)?),
            Some(Err(error)) => Err(error),
        };
        match parsed {
            Ok((source, envelope, offset)) => {
                let expected = self.config.identity.source();
                if source != expected {
                    return Err(FeedError::OtherLedger { expected, found: source });
                }
                Ok(Some((envelope, offset)))
            }
            Err(error) if is_out_of_range(&error) => {
                tracing::warn!(topic = %self.config.topic, "the offset is not in the topic: reading from the earliest");
                self.start_over()?;
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Takes a message that follows, keeps one that is ahead, drops one that is known.
    fn take(&mut self, envelope: Envelope, offset: i64, out: &mut Vec<Envelope>) -> Result<(), FeedError> {
        let next = self.position.next();
        if envelope.position > next && self.unproven {
            // The hint led beyond what is missing: the topic may have it all the same.
            return self.start_over();
        }
        self.unproven = false;
        if envelope.position == next {
            self.position = next;
            self.hint = Some(OffsetHint { position: next, offset });
            out.push(envelope);
        } else if envelope.position > next {
            self.ahead = Some((envelope, offset));
            self.gaps = self.gaps.saturating_add(1);
            tracing::warn!(after = %self.position, "the topic lacks positions: reading them from the ledger");
        }
        Ok(())
    }

    /// Reads what lies before the message that is ahead, at most `max`, then takes that message.
    async fn fill(&mut self, max: usize, out: &mut Vec<Envelope>) -> Result<(), FeedError> {
        let Some((envelope, offset)) = self.ahead.take() else { return Ok(()) };
        let missing = usize::try_from(envelope.position.since(self.position.next())).unwrap_or(usize::MAX);
        let room = missing.min(max.saturating_sub(out.len()));
        let found = self.ledger.read_after(self.position, room).await;
        // The message is kept until the gap is closed, also when the ledger could not be read this time.
        let found = match found {
            Ok(found) if found.len() == room => found,
            short => {
                let reached =
                    short.as_ref().ok().and_then(|events| events.last()).map(|event| event.position);
                let expected = reached.unwrap_or(self.position).next();
                let gap = LedgerError::Gap { expected, found: envelope.position };
                self.ahead = Some((envelope, offset));
                return Err(short.err().unwrap_or(gap).into());
            }
        };
        self.position = found.last().map_or(self.position, |event| event.position);
        out.extend(found);
        if envelope.position == self.position.next() && out.len() < max {
            self.position = envelope.position;
            self.hint = Some(OffsetHint { position: envelope.position, offset });
            out.push(envelope);
        } else {
            self.ahead = Some((envelope, offset));
        }
        Ok(())
    }
}

#[async_trait]
impl Feed for KafkaFeed {
    async fn next(&mut self, max: usize) -> Result<Vec<Envelope>, FeedError> {
        let mut out = Vec::new();
        for _ in 0..SKIP_TURN.max(max) {
            if self.ahead.is_some() {
                let before = self.position;
                if let Err(error) = self.fill(max, &mut out).await {
                    if out.is_empty() {
                        return Err(error);
                    }
                    break; // what was taken counts; the error comes again with the next call
                }
                if self.position == before {
                    break;
                }
            }
            if out.len() >= max {
                break;
            }
            if self.ahead.is_some() {
                continue;
            }
            let patience = if out.is_empty() { PATIENCE } else { Duration::ZERO };
            match self.receive(patience).await {
                Ok(Some((envelope, offset))) => self.take(envelope, offset, &mut out)?,
                Ok(None) => break,
                Err(error) if out.is_empty() => return Err(error),
                Err(error) => {
                    tracing::warn!(%error, "reading the topic failed after some events");
                    break;
                }
            }
        }
        Ok(out)
    }

    fn position(&self) -> Position {
        self.position
    }

    async fn seek(&mut self, after: Position) {
        self.position = after;
        if let Err(error) = self.start_over() {
            tracing::warn!(%error, "the topic could not be assigned anew");
        }
    }
}

fn parse(message: &BorrowedMessage<'_>) -> Result<(String, Envelope, i64), FeedError> {
    let offset = message.offset();
    let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
    let pairs = headers.filter_map(|header| header.value.map(|value| (header.key, value)));
    let payload = Bytes::copy_from_slice(message.payload().unwrap_or_default());
    let (source, envelope) =
        cloudevent::parse(pairs, payload).map_err(|source| FeedError::Message { offset, source })?;
    Ok((source, envelope, offset))
}

fn is_out_of_range(error: &KafkaError) -> bool {
    matches!(
        error,
        KafkaError::MessageConsumption(
            RDKafkaErrorCode::OffsetOutOfRange | RDKafkaErrorCode::AutoOffsetReset
        )
    )
}
