//! An envelope as a CloudEvent 1.0 in Kafka's binary mode, and back.
//!
//! Writing and reading are exact inverses: both feeds yield equal envelopes and bytes. Header values are UTF-8;
//! an optional field that is absent has no header. The payload is the message's value, untouched.

use std::borrow::Cow;

use bytes::Bytes;
use chrono::{DateTime, Datelike as _, SecondsFormat, Timelike as _, Utc};
use uuid::{Uuid, fmt::Hyphenated};

use crate::{Envelope, LedgerIdentity, Position, StreamKind, StreamRef};

/// The content type of every payload.
pub const CONTENT_TYPE: &str = "application/json";

/// The prefix of `ce_dataschema`; type and version follow.
pub const DATASCHEMA_PREFIX: &str = "urn:chajipoa:event:";

/// A header: its name and its value.
pub type Header = (&'static str, Cow<'static, str>);

/// The key of the message, for outside readers: customer, else device, else station, else `ledger`.
#[must_use]
pub fn key(event: &Envelope) -> String {
    [StreamKind::Customer, StreamKind::Device, StreamKind::Station]
        .into_iter()
        .find_map(|kind| event.stream(kind))
        .map_or_else(|| "ledger".to_owned(), |stream| stream.id.to_string())
}

/// The headers of an event, in a fixed order. The value of the message is `event.payload`.
#[must_use]
pub fn headers(identity: &LedgerIdentity, event: &Envelope) -> Vec<Header> {
    let mut headers: Vec<Header> = Vec::with_capacity(16);
    headers.push(("ce_specversion", Cow::Borrowed("1.0")));
    headers.push(("ce_id", Cow::Owned(event.id.to_string())));
    headers.push(("ce_source", Cow::Owned(identity.source())));
    headers.push(("ce_type", Cow::Owned(event.event_type.clone())));
    if let Some(subject) = event.subject() {
        let mut text = String::with_capacity(64);
        push_entity(&mut text, subject);
        headers.push(("ce_subject", Cow::Owned(text)));
    }
    headers.push(("ce_time", Cow::Owned(time(event.occurred_at))));
    let schema = format!("{DATASCHEMA_PREFIX}{}:{}", event.event_type, event.schema_version);
    headers.push(("ce_dataschema", Cow::Owned(schema)));
    headers.push(("content-type", Cow::Borrowed(CONTENT_TYPE)));
    headers.push(("ce_position", Cow::Owned(event.position.to_string())));
    headers.push(("ce_recordedat", Cow::Owned(time(event.recorded_at))));
    headers.push(("ce_commandid", Cow::Owned(event.command_id.to_string())));
    headers.push(("ce_actor", Cow::Owned(event.actor.clone())));
    if let Some(id) = event.causation_id {
        headers.push(("ce_causationid", Cow::Owned(id.to_string())));
    }
    if let Some(id) = event.correlation_id {
        headers.push(("ce_correlationid", Cow::Owned(id.to_string())));
    }
    headers.push(("ce_streams", Cow::Owned(streams_text(&event.streams))));
    if let Some(traceparent) = &event.traceparent {
        headers.push(("traceparent", Cow::Owned(traceparent.clone())));
    }
    headers
}

/// Why a message is not one of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CloudEventError {
    /// A header is not there.
    #[error("header {0} is missing")]
    Missing(&'static str),
    /// A header has a value that cannot be understood.
    #[error("header {name} is malformed: {value:?}")]
    Malformed {
        /// The header.
        name: &'static str,
        /// Its value, cut short.
        value: String,
    },
}

/// Reads an event back. The first element is the `ce_source` it came with.
///
/// # Errors
/// When a header is missing or malformed.
pub fn parse<'a>(
    headers: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    payload: Bytes,
) -> Result<(String, Envelope), CloudEventError> {
    let found: Found<'a> = Found(headers.into_iter().collect());
    if found.text("ce_specversion")? != "1.0" {
        return Err(found.malformed("ce_specversion"));
    }
    let event_type = found.text("ce_type")?.to_owned();
    let schema_version = found
        .text("ce_dataschema")?
        .strip_prefix(DATASCHEMA_PREFIX)
        .and_then(|rest| rest.strip_prefix(event_type.as_str()))
        .and_then(|rest| rest.strip_prefix(':'))
        .and_then(|version| version.parse().ok())
        .ok_or_else(|| found.malformed("ce_dataschema"))?;
    let position: i64 = found.parsed("ce_position")?;
    let streams = parse_streams(found.text("ce_streams")?).ok_or_else(|| found.malformed("ce_streams"))?;
    let envelope = Envelope {
        position: Position::new(position),
        id: found.parsed("ce_id")?,
        event_type,
        schema_version,
        streams,
        occurred_at: found.time("ce_time")?,
        recorded_at: found.time("ce_recordedat")?,
        command_id: found.parsed("ce_commandid")?,
        actor: found.text("ce_actor")?.to_owned(),
        causation_id: found.optional::<Uuid>("ce_causationid")?,
        correlation_id: found.optional::<Uuid>("ce_correlationid")?,
        traceparent: found.optional::<String>("traceparent")?,
        payload,
    };
    Ok((found.text("ce_source")?.to_owned(), envelope))
}

/// A moment to the microsecond, digit by digit: two of them in each message cost the relay more than all else in it
/// when the general formatter wrote them. Years of other than four digits are left to that one.
fn time(time: DateTime<Utc>) -> String {
    let year = match u32::try_from(time.year()) {
        Ok(year) if year <= 9_999 => year,
        Ok(_) | Err(_) => return time.to_rfc3339_opts(SecondsFormat::Micros, true),
    };
    let micros = time.nanosecond() / 1_000;
    if micros > 999_999 {
        return time.to_rfc3339_opts(SecondsFormat::Micros, true); // a leap second
    }
    let mut text = String::with_capacity("2026-01-01T00:00:00.000000Z".len());
    for (number, digits, end) in [
        (year, 4, '-'),
        (time.month(), 2, '-'),
        (time.day(), 2, 'T'),
        (time.hour(), 2, ':'),
        (time.minute(), 2, ':'),
        (time.second(), 2, '.'),
        (micros, 6, 'Z'),
    ] {
        for place in (0..digits).rev() {
            let digit = number / 10_u32.pow(place) % 10;
            text.push(char::from_digit(digit, 10).unwrap_or('0'));
        }
        text.push(end);
    }
    text
}

/// `kind:id`.
fn push_entity(text: &mut String, stream: StreamRef) {
    text.push_str(stream.kind.as_str());
    text.push(':');
    text.push_str(stream.id.hyphenated().encode_lower(&mut [0; Hyphenated::LENGTH]));
}

/// The streams as text: `kind:id:version,…`.
fn streams_text(streams: &[StreamRef]) -> String {
    let mut text = String::with_capacity(streams.len().saturating_mul(64));
    for stream in streams {
        if !text.is_empty() {
            text.push(',');
        }
        push_entity(&mut text, *stream);
        text.push(':');
        text.push_str(&stream.version.to_string());
    }
    text
}

fn parse_streams(text: &str) -> Option<Vec<StreamRef>> {
    text.split(',')
        .map(|one| {
            let mut parts = one.split(':');
            let kind = parts.next()?.parse().ok()?;
            let id = parts.next()?.parse().ok()?;
            let version = parts.next()?.parse().ok()?;
            parts.next().is_none().then_some(StreamRef { kind, id, version })
        })
        .collect()
}

struct Found<'a>(Vec<(&'a str, &'a [u8])>);

impl<'a> Found<'a> {
    fn raw(&self, name: &str) -> Option<&'a [u8]> {
        self.0.iter().find(|(key, _)| *key == name).map(|(_, value)| *value)
    }

    fn text(&self, name: &'static str) -> Result<&'a str, CloudEventError> {
        let raw = self.raw(name).ok_or(CloudEventError::Missing(name))?;
        std::str::from_utf8(raw).map_err(|_| self.malformed(name))
    }

    fn parsed<T: std::str::FromStr>(&self, name: &'static str) -> Result<T, CloudEventError> {
        self.text(name)?.parse().map_err(|_| self.malformed(name))
    }

    fn optional<T: std::str::FromStr>(&self, name: &'static str) -> Result<Option<T>, CloudEventError> {
        if self.raw(name).is_none() {
            return Ok(None);
        }
        self.parsed(name).map(Some)
    }

    fn time(&self, name: &'static str) -> Result<DateTime<Utc>, CloudEventError> {
        DateTime::parse_from_rfc3339(self.text(name)?)
            .map(|time| time.with_timezone(&Utc))
            .map_err(|_| self.malformed(name))
    }

    fn malformed(&self, name: &'static str) -> CloudEventError {
        let raw = self.raw(name).unwrap_or_default();
        let value = String::from_utf8_lossy(raw).chars().take(120).collect();
        CloudEventError::Malformed { name, value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{full_envelope, sparse_envelope};

    fn identity() -> LedgerIdentity {
        LedgerIdentity { ledger_id: Uuid::from_u128(42), epoch: 3 }
    }

    fn back(event: &Envelope) -> Result<(String, Envelope), CloudEventError> {
        let headers = headers(&identity(), event);
        parse(headers.iter().map(|(name, value)| (*name, value.as_bytes())), event.payload.clone())
    }

    #[test]
    fn writing_and_reading_are_inverses() {
        for event in [full_envelope(), sparse_envelope()] {
            assert_eq!(back(&event), Ok((identity().source(), event)));
        }
    }

    proptest::proptest! {
        #[test]
        fn moments_are_written_as_the_general_formatter_writes_them(micros in -70_000_000_000_000_000_i64..300_000_000_000_000_000) {
            let moment = DateTime::from_timestamp_micros(micros).unwrap();
            proptest::prop_assert_eq!(time(moment), moment.to_rfc3339_opts(SecondsFormat::Micros, true));
        }
    }

    #[test]
    fn a_missing_or_damaged_header_is_named() {
        let event = full_envelope();
        let all = headers(&identity(), &event);
        let without = all.iter().filter(|(name, _)| *name != "ce_position");
        let read = parse(without.map(|(name, value)| (*name, value.as_bytes())), Bytes::new());
        assert_eq!(read, Err(CloudEventError::Missing("ce_position")));
        let damaged = all.iter().map(|(name, value)| {
            (*name, if *name == "ce_streams" { b"rental:1".as_slice() } else { value.as_bytes() })
        });
        let read = parse(damaged, Bytes::new());
        assert!(matches!(read, Err(CloudEventError::Malformed { name: "ce_streams", .. })), "{read:?}");
    }

    #[test]
    fn the_key_is_the_customer_else_the_device_else_the_station_else_the_ledger() {
        let mut event = full_envelope();
        for (kind, left) in [(StreamKind::Customer, 3), (StreamKind::Device, 2), (StreamKind::Station, 1)] {
            let expected = event.stream(kind).map(|stream| stream.id.to_string());
            assert_eq!(Some(key(&event)), expected);
            event.streams.retain(|stream| stream.kind != kind);
            assert_eq!(event.streams.len(), left);
        }
        assert_eq!(key(&event), "ledger");
    }
}
