//! What somebody of the city does: as whom, by which path, under which id, saying what.

use chrono::{DateTime, Utc};
use edge::Role;
use serde_json::{Value, json};
use uuid::Uuid;

use super::quarter::id;

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// An operator, with a token that the tool makes.
    Staff(Role, Uuid),
    /// This customer of the quarter, with their own token.
    Customer(usize),
    /// This station of the quarter, with its own token.
    Station(usize),
}

/// What they do.
#[derive(Debug, Clone)]
pub(super) struct Act {
    pub(super) who: Who,
    pub(super) id: Uuid,
    /// The command that it comes to.
    pub(super) name: &'static str,
    pub(super) path: String,
    pub(super) body: Value,
}

impl Act {
    /// A command, as staff and stations send it.
    pub(super) fn command(who: Who, name: &'static str, at: Option<DateTime<Utc>>, data: Value) -> Act {
        let id = id();
        let mut body = json!({"command_id": id, "type": name, "data": data});
        if let (Some(at), Some(fields)) = (at, body.as_object_mut()) {
            fields.insert("occurred_at".to_owned(), json!(at));
        }
        Act { who, id, name, path: "/api/v1/commands".to_owned(), body }
    }

    /// What a customer's app does.
    pub(super) fn app(customer: usize, name: &'static str, path: impl Into<String>, body: Value) -> Act {
        Act { who: Who::Customer(customer), id: id(), name, path: path.into(), body }
    }

    /// Its id in the header, where the body has none.
    pub(super) fn key(&self) -> Option<Uuid> {
        self.body.get("command_id").is_none().then_some(self.id)
    }

    /// The same fact, reported under another id.
    pub(super) fn reported_again(&self) -> Act {
        let mut again = Act { id: id(), ..self.clone() };
        if let Some(fields) = again.body.as_object_mut().filter(|fields| fields.contains_key("command_id")) {
            fields.insert("command_id".to_owned(), json!(again.id));
        }
        again
    }

    /// Whether it moves money that somebody pays in: how often depends on the real clock.
    pub(super) fn pays(&self) -> bool {
        self.name == "InitiatePayment"
    }
}
