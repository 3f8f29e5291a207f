//! An event as a message of librdkafka: the CloudEvent of the ledger, header by header.

use ledger::{Envelope, LedgerIdentity, cloudevent};
use rdkafka::message::{Header, OwnedHeaders};

/// The headers that a CloudEvent of ours has at most.
const MOST: usize = 16;

/// The headers of an event.
pub(crate) fn of(identity: &LedgerIdentity, event: &Envelope) -> OwnedHeaders {
    cloudevent::headers(identity, event)
        .iter()
        .fold(OwnedHeaders::new_with_capacity(MOST), |headers, (key, value)| {
            headers.insert(Header { key, value: Some(value.as_bytes()) })
        })
}
