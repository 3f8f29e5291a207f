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

/// A token as only the holder of a key could make it: any issuer, any role.
fn forged(setting: &Setting, issuer: &str, role: &str) -> String {
    use base64::Engine as _;
    let encode = |json: String| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(json);
    let now = setting.clock.now().timestamp();
    let claims = serde_json::json!({
        "iss": issuer, "sub": Uuid::nil(), "role": role, "iat": now, "exp": now + 60, "jti": setting.clock.id(),
    });
    let keys = setting.keys();
    let (kid, key) = keys.newest().unwrap();
    let header = serde_json::json!({"alg": "EdDSA", "kid": kid});
    let signed = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
    let signature = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(key.pair.sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

#[test]
fn an_internal_token_speaks_for_the_system_for_a_minute() {
    let setting = Setting::new();
    let verifier = setting.verifier();
    let subject = setting.clock.id();
    let (token, ends) = mint_internal(&setting.keys(), subject, setting.clock.as_ref()).unwrap();
    let identity = verifier.verify(&token).unwrap();
    assert_eq!((identity.role, identity.subject, identity.unlimited), (Role::System, subject, true));
    assert_eq!(ends, setting.clock.now() + TimeDelta::minutes(1));
    setting.clock.advance(TimeDelta::minutes(1));
    assert_eq!(verifier.verify(&token).unwrap_err().detail(), "the token has expired");
}

#[test]
fn the_system_comes_from_the_internal_issuer_only_and_nobody_else_does() {
    let setting = Setting::new();
    let verifier = setting.verifier();
    verifier.verify(&forged(&setting, ISSUER, "admin")).unwrap();
    verifier.verify(&forged(&setting, INTERNAL_ISSUER, "system")).unwrap();
    let refused = |issuer: &str, role: &str| {
        let problem = verifier.verify(&forged(&setting, issuer, role)).unwrap_err();
        (problem.code().to_owned(), problem.detail().to_owned())
    };
    let not_accepted = ("unauthorized".to_owned(), "the token's role is not accepted".to_owned());
    assert_eq!(refused(ISSUER, "system"), not_accepted);
    for role in Role::ALL.into_iter().filter(|role| *role != Role::System) {
        assert_eq!(refused(INTERNAL_ISSUER, role.as_str()), not_accepted, "{role}");
    }
    assert_eq!(refused("somebody", "admin").1, "the token does not hold");
    assert_eq!(refused("somebody", "system").1, "the token does not hold");
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
