//! Tokens as they are made, kept and refused.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta};
use uuid::Uuid;

use super::*;
use crate::clock::{Clock, FixedClock};
use crate::role::Role;

struct Setting {
    clock: Arc<FixedClock>,
    directory: tempfile::TempDir,
}

impl Setting {
    fn new() -> Self {
        let moment = DateTime::from_timestamp(1_800_000_000, 500_000_000).unwrap();
        Self { clock: Arc::new(FixedClock::at(moment)), directory: tempfile::tempdir().unwrap() }
    }

    fn keys(&self) -> TokenKeys {
        TokenKeys::open_or_create(self.directory.path(), self.clock.as_ref()).unwrap()
    }

    fn verifier(&self) -> Verifier {
        let clock: Arc<dyn Clock> = self.clock.clone();
        Verifier::new(self.keys(), clock)
    }

    fn token(&self, role: Role, subject: Uuid) -> String {
        let ticket = Ticket { role, subject, lifetime: ACCESS_LIFETIME, unlimited: false };
        mint(&self.keys(), ticket, self.clock.as_ref()).unwrap().0
    }
}

#[test]
fn a_token_says_who_it_was_made_for_until_it_ends() {
    let setting = Setting::new();
    let verifier = setting.verifier();
    let subject = setting.clock.id();
    let token = setting.token(Role::Agent, subject);
    for _ in 0..2 {
        let identity = verifier.verify(&token).unwrap();
        assert_eq!((identity.role, identity.subject, identity.unlimited), (Role::Agent, subject, false));
        assert_eq!(identity.actor(), format!("agent:{subject}"));
    }
    setting.clock.advance(TimeDelta::minutes(10));
    assert_eq!(verifier.verify(&token).unwrap_err().detail(), "the token has expired");
}

#[test]
fn no_token_is_made_for_the_system() {
    let setting = Setting::new();
    let ticket =
        Ticket { role: Role::System, subject: Uuid::nil(), lifetime: ACCESS_LIFETIME, unlimited: true };
    assert!(matches!(mint(&setting.keys(), ticket, setting.clock.as_ref()), Err(MintError::Internal)));
}

#[test]
fn dropping_a_subject_ends_what_it_had_and_spares_what_comes_later() {
    let setting = Setting::new();
    let verifier = setting.verifier();
    let (subject, other) = (setting.clock.id(), setting.clock.id());
    let (old, spared) = (setting.token(Role::Customer, subject), setting.token(Role::Customer, other));
    verifier.verify(&old).unwrap();
    verifier.drop_subject(subject);
    assert_eq!(verifier.verify(&old).unwrap_err().detail(), "the session has ended");
    verifier.verify(&spared).unwrap();
    setting.clock.advance(TimeDelta::milliseconds(1));
    verifier.verify(&setting.token(Role::Customer, subject)).unwrap();
}

#[test]
fn a_token_of_another_installation_does_not_hold() {
    let (ours, theirs) = (Setting::new(), Setting::new());
    let token = theirs.token(Role::Admin, Uuid::nil());
    assert_eq!(ours.verifier().verify(&token).unwrap_err().detail(), "the token does not hold");
}

#[test]
fn altered_and_absurd_tokens_are_refused() {
    let setting = Setting::new();
    let verifier = setting.verifier();
    let token = setting.token(Role::Customer, Uuid::nil());
    let parts: Vec<_> = token.split('.').collect();
    let none = format!("eyJhbGciOiJub25lIiwia2lkIjoiMDAwMSJ9.{}.", parts[1]);
    let swapped = format!("{}.{}.{}", parts[0], parts[1].replace('a', "b"), parts[2]);
    for bad in ["", "x", "a.b.c", none.as_str(), swapped.as_str(), &"a".repeat(5_000)] {
        assert_eq!(verifier.verify(bad).unwrap_err().code(), "unauthorized", "{bad}");
    }
}

#[test]
fn a_key_added_later_signs_and_is_found_by_running_verifiers() {
    let setting = Setting::new();
    let verifier = setting.verifier();
    let old = setting.token(Role::Support, Uuid::nil());
    let other = Setting::new();
    other.keys();
    let from = other.directory.path().join("token/0001.pem");
    std::fs::copy(from, setting.directory.path().join("token/0002.pem")).unwrap();
    setting.clock.advance(TimeDelta::seconds(6));
    let new = setting.token(Role::Support, Uuid::nil());
    verifier.verify(&new).unwrap();
    verifier.verify(&old).unwrap();
    let kids: Vec<_> = verifier.jwks().keys.into_iter().map(|key| key.kid).collect();
    assert_eq!(kids, ["0001", "0002"]);
}

#[test]
fn the_shared_subject_stays_the_same() {
    let setting = Setting::new();
    let first = default_subject(setting.directory.path(), setting.clock.as_ref()).unwrap();
    let second = default_subject(setting.directory.path(), setting.clock.as_ref()).unwrap();
    assert_eq!(first, second);
    assert_eq!(setting.keys().jwks().keys.len(), 1);
}

#[test]
fn only_the_owner_can_read_a_key() {
    use std::os::unix::fs::PermissionsExt;
    let setting = Setting::new();
    setting.keys();
    let file = std::fs::metadata(setting.directory.path().join("token/0001.pem")).unwrap();
    assert_eq!(file.permissions().mode() & 0o777, 0o600);
}
