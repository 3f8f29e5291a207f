//! The text of server-sent events, and what each of them says.

use actix_web::web::Bytes;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::charge::Amounts;

/// The first line of every stream: after how many milliseconds a reader comes back that lost it.
pub(super) const HELLO: Bytes = Bytes::from_static(b"retry: 2000\n\n");
/// A comment, so that readers, gateways and this service notice a dead connection.
pub(super) const HEARTBEAT: Bytes = Bytes::from_static(b":\n\n");

/// `event: status`: an open rental, and what it would cost if it ended now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = StreamedStatus)]
pub(crate) struct Status {
    pub(super) rental_id: Uuid,
    /// `releasing`, `active` or `overdue`.
    #[schema(example = "active")]
    pub(super) status: &'static str,
    /// Null while the bank is being released.
    pub(super) started_at: Option<DateTime<Utc>>,
    /// Null while the bank is being released.
    pub(super) due_at: Option<DateTime<Utc>>,
    #[schema(example = 500)]
    pub(super) running_price: i64,
    #[schema(example = "TZS")]
    pub(super) currency: &'static str,
    /// The moment that the price stands for.
    pub(super) as_of: DateTime<Utc>,
    /// The position that the state stands for; also the event's id.
    pub(super) position: i64,
}

/// `event: ended`: the last event of a rental, with its bill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Ended {
    pub(super) rental_id: Uuid,
    /// `ended`, `sold` or `cancelled`; `recovered` if it was sold and came back before its reader did.
    #[schema(example = "ended")]
    pub(super) status: &'static str,
    pub(super) started_at: Option<DateTime<Utc>>,
    /// The billed end; null for a bank that was sold, or never left.
    pub(super) ended_at: Option<DateTime<Utc>>,
    pub(super) charge: Amounts,
    #[schema(example = "TZS")]
    pub(super) currency: &'static str,
    pub(super) as_of: DateTime<Utc>,
    pub(super) position: i64,
}

/// `event: idle`: there is no open rental; the stream waits for the next one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Idle {
    pub(super) as_of: DateTime<Utc>,
    pub(super) position: i64,
}

/// `event: bye`: the service ends the stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Bye {
    /// `token_expired`, `session_ended`, `stopping` or `interrupted`.
    #[schema(example = "token_expired")]
    pub(super) reason: &'static str,
}

/// One server-sent event. Its data is one line of JSON.
pub(super) fn frame(event: &str, id: Option<i64>, data: &impl Serialize) -> Bytes {
    let data = serde_json::to_string(data).unwrap_or_else(|error| {
        tracing::error!(%error, event, "a live event could not be written");
        "{}".to_owned()
    });
    let id = id.map_or_else(String::new, |id| format!("id: {id}\n"));
    Bytes::from(format!("{id}event: {event}\ndata: {data}\n\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_its_lines_and_an_empty_one() {
        assert_eq!(frame("x", Some(7), &1), "id: 7\nevent: x\ndata: 1\n\n");
        assert_eq!(frame("x", None, &"a\nb"), "event: x\ndata: \"a\\nb\"\n\n");
    }
}
