//! Who a token speaks for. What a role may do is the domain's and the operations' business.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The roles of the public interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A person who rents.
    Customer,
    /// A cabinet or kiosk.
    Station,
    /// Field staff.
    Agent,
    /// The help desk.
    Support,
    /// The finance team.
    Finance,
    /// Reads figures, never people.
    Analyst,
    /// Operates the installation.
    Admin,
    /// The payment provider's side.
    Payments,
    /// The system itself; never accepted from outside.
    System,
}

/// The text is no role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown role")]
pub struct UnknownRole;

impl Role {
    /// Every role.
    pub const ALL: [Self; 9] = [
        Self::Customer,
        Self::Station,
        Self::Agent,
        Self::Support,
        Self::Finance,
        Self::Analyst,
        Self::Admin,
        Self::Payments,
        Self::System,
    ];

    /// The role's name in tokens, events and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Station => "station",
            Self::Agent => "agent",
            Self::Support => "support",
            Self::Finance => "finance",
            Self::Analyst => "analyst",
            Self::Admin => "admin",
            Self::Payments => "payments",
            Self::System => "system",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(UnknownRole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_reads_back() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
            assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
        }
        assert_eq!("root".parse::<Role>(), Err(UnknownRole));
    }
}
