//! A little program that folds the ledger by itself, to hold answers for other moments against.
//!
//! It reads the audit trail over HTTP as anybody may who audits, and knows nothing of read models, of the domain's
//! states or of its postings: events as JSON, and the rules of what they mean, written a second time.

mod bank;
mod rental;
mod world;

use reqwest::Method;
use serde_json::Value;

pub use bank::{Bank, Shelf};
pub use rental::Rental;
pub use world::World;

use crate::harness::{ADMIN, Client};

/// The events of a ledger up to a position, as the audit trail shows them.
///
/// # Panics
/// When the audit trail cannot be read, or leaves a position out.
#[allow(clippy::panic, reason = "a trail that cannot be read fails the test")]
pub async fn trail(client: &Client, until: i64) -> Vec<Value> {
    let mut events: Vec<Value> = Vec::new();
    while i64::try_from(events.len()).unwrap_or(i64::MAX) < until {
        let path = format!("/api/v1/ledger/events?limit=500&after={}", events.len());
        let page = client.ask(Method::GET, &path, Some(ADMIN), &[], None).await.expect(200);
        let items = page.at("/items");
        let items =
            items.as_array().filter(|items| !items.is_empty()).unwrap_or_else(|| panic!("{}", page.text));
        for item in items {
            let next = i64::try_from(events.len()).unwrap_or(i64::MAX).saturating_add(1);
            assert_eq!(item.get("position").and_then(Value::as_i64), Some(next), "a hole in the trail");
            events.push(item.clone());
        }
    }
    events.truncate(usize::try_from(until).unwrap_or(usize::MAX));
    events
}

/// What an event says at a JSON pointer of its data; null where it says nothing.
fn data<'a>(event: &'a Value, pointer: &str) -> &'a Value {
    event.pointer(&format!("/data{pointer}")).unwrap_or(&Value::Null)
}

/// The text at a pointer of its data; empty where there is none.
fn text(event: &Value, pointer: &str) -> String {
    data(event, pointer).as_str().unwrap_or_default().to_owned()
}
