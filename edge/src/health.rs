//! The body of `/health`: each dependency, each projection with its position and lag.
//!
//! It only describes; every part of a process fills in what it knows and the parts are joined.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Something a service needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Dependency {
    /// It answers.
    pub ok: bool,
    /// What is wrong, in words without secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl Dependency {
    /// It answers.
    pub fn up() -> Self {
        Self { ok: true, detail: None }
    }

    /// It does not, and why.
    pub fn down(detail: impl Into<String>) -> Self {
        Self { ok: false, detail: Some(detail.into()) }
    }
}

/// A read model's progress.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Projection {
    /// It moves.
    pub ok: bool,
    /// The last position it holds.
    pub position: i64,
    /// How many events it is behind the ledger.
    pub lag: i64,
    /// Why it stands, with the position at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// The whole body, or the part of it that one service knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// `ok` or `unavailable`.
    pub status: Status,
    /// Every dependency by name.
    pub dependencies: BTreeMap<String, Dependency>,
    /// Every projection by name; a stopped one shows here and does not make the service unavailable.
    pub projections: BTreeMap<String, Projection>,
}

/// The one word of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Every dependency answers.
    Ok,
    /// At least one does not.
    Unavailable,
}

impl Default for Health {
    fn default() -> Self {
        Self { status: Status::Ok, dependencies: BTreeMap::new(), projections: BTreeMap::new() }
    }
}

impl Health {
    /// Adds a dependency.
    #[must_use]
    pub fn dependency(mut self, name: &str, state: Dependency) -> Self {
        self.dependencies.insert(name.to_owned(), state);
        self.judged()
    }

    /// Adds a projection.
    #[must_use]
    pub fn projection(mut self, name: &str, state: Projection) -> Self {
        self.projections.insert(name.to_owned(), state);
        self
    }

    /// Joins what another part knows; a dependency both know is up only if both say so.
    #[must_use]
    pub fn join(mut self, other: Self) -> Self {
        for (name, state) in other.dependencies {
            let known_down = self.dependencies.get(&name).is_some_and(|known| !known.ok);
            if !known_down {
                self.dependencies.insert(name, state);
            }
        }
        self.projections.extend(other.projections);
        self.judged()
    }

    fn judged(mut self) -> Self {
        let up = self.dependencies.values().all(|dependency| dependency.ok);
        self.status = if up { Status::Ok } else { Status::Unavailable };
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_dependency_that_is_down_makes_the_whole_unavailable() {
        let left = Health::default().dependency("postgres", Dependency::down("connection refused"));
        let right = Health::default()
            .dependency("postgres", Dependency::up())
            .projection("rentals", Projection { ok: true, position: 7, lag: 0, detail: None });
        assert_eq!(right.status, Status::Ok);
        let whole = right.join(left);
        assert_eq!(whole.status, Status::Unavailable);
        assert_eq!(
            serde_json::to_value(&whole).unwrap(),
            serde_json::json!({
                "status": "unavailable",
                "dependencies": {"postgres": {"ok": false, "detail": "connection refused"}},
                "projections": {"rentals": {"ok": true, "position": 7, "lag": 0}}
            })
        );
    }
}
