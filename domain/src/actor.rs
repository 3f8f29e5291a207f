//! Who sends a command: a role and a subject.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a token lets its bearer do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A person who rents; sees only what is theirs.
    Customer,
    /// A cabinet or kiosk; acts only for itself.
    Station,
    /// Field staff.
    Agent,
    /// Staff who help customers.
    Support,
    /// Staff who audit and move money.
    Finance,
    /// Staff who read figures.
    Analyst,
    /// Staff who may do nearly everything, on record.
    Admin,
    /// The provider side: what mobile money reported.
    Payments,
    /// The system itself: deadlines and inventories.
    System,
}

impl Role {
    /// Every role, for tables and tests.
    pub const ALL: [Role; 9] = [
        Role::Customer,
        Role::Station,
        Role::Agent,
        Role::Support,
        Role::Finance,
        Role::Analyst,
        Role::Admin,
        Role::Payments,
        Role::System,
    ];

    /// The name in tokens and in the actor of an event.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Customer => "customer",
            Role::Station => "station",
            Role::Agent => "agent",
            Role::Support => "support",
            Role::Finance => "finance",
            Role::Analyst => "analyst",
            Role::Admin => "admin",
            Role::Payments => "payments",
            Role::System => "system",
        }
    }

    /// The role of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.as_str() == name)
    }
}

/// The sender of a command, as kept in the envelope of its events (`role:subject`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Actor {
    /// What they may do.
    pub role: Role,
    /// Who they are: a customer's id, a station's id, a member of staff.
    pub subject: Uuid,
}

impl std::fmt::Display for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.role.as_str(), self.subject)
    }
}
