//! From the speaker of a token to the actor of a command.

use domain::Actor;
use edge::{Identity, Role};

/// The domain's name of a role.
pub(crate) const fn role(role: Role) -> domain::Role {
    match role {
        Role::Customer => domain::Role::Customer,
        Role::Station => domain::Role::Station,
        Role::Agent => domain::Role::Agent,
        Role::Support => domain::Role::Support,
        Role::Finance => domain::Role::Finance,
        Role::Analyst => domain::Role::Analyst,
        Role::Admin => domain::Role::Admin,
        Role::Payments => domain::Role::Payments,
        Role::System => domain::Role::System,
    }
}

/// Who sends the command.
pub(crate) const fn actor(identity: &Identity) -> Actor {
    Actor { role: role(identity.role), subject: identity.subject }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_have_one_name_on_both_sides() {
        for here in Role::ALL {
            assert_eq!(role(here).as_str(), here.as_str());
        }
    }
}
