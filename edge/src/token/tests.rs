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
    let (kid, key) = keys.signing(setting.clock.now()).unwrap();
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
fn the_end_of_a_session_ends_its_tokens_and_spares_all_others() {
    let setting = Setting::new();
    let verifier = setting.verifier();
    let mut endings = verifier.endings();
    let clock: Arc<dyn Clock> = setting.clock.clone();
    let issuer = Issuer::new(setting.keys(), clock);
    let (subject, session) = (setting.clock.id(), setting.clock.id());
    let ticket = Ticket { role: Role::Customer, subject, lifetime: ACCESS_LIFETIME, unlimited: false };
    let ours = issuer.issue(ticket, Some(session)).unwrap().0;
    let other = issuer.issue(ticket, Some(setting.clock.id())).unwrap().0;
    assert_eq!(verifier.verify(&ours).unwrap().session, Some(session));
    verifier.end_session(session);
    verifier.end_session(session);
    assert_eq!(verifier.verify(&ours).unwrap_err().detail(), "the session has ended");
    verifier.verify(&other).unwrap();
    verifier.verify(&setting.token(Role::Customer, subject)).unwrap();
    assert_eq!(endings.try_recv(), Ok(session));
    assert!(endings.try_recv().is_err(), "told once");
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

/// The clock of these tests stands in the future; the key files are as old as the test.
#[test]
fn a_key_added_later_verifies_at_once_and_signs_once_everybody_could_read_it() {
    let directory = tempfile::tempdir().unwrap();
    let now = chrono::Utc::now();
    let clock = Arc::new(FixedClock::at(now));
    let keys = || TokenKeys::open_or_create(directory.path(), clock.as_ref()).unwrap();
    let verifier = Verifier::new(keys(), clock.clone());
    let issuer = Issuer::new(keys(), clock.clone());
    let ticket =
        Ticket { role: Role::Support, subject: Uuid::nil(), lifetime: ACCESS_LIFETIME, unlimited: false };
    let kid = |token: &str| jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
    let old = issuer.issue(ticket, None).unwrap().0;
    assert_eq!(keys().add(clock.as_ref()).unwrap(), "0002");
    clock.advance(TimeDelta::seconds(6));
    assert_eq!(kid(&issuer.issue(ticket, None).unwrap().0), "0001", "it only verifies yet");
    assert_eq!(verifier.jwks().keys.len(), 2);
    clock.advance(TimeDelta::seconds(30));
    let new = issuer.issue(ticket, None).unwrap().0;
    assert_eq!(kid(&new), "0002");
    verifier.verify(&new).unwrap();
    verifier.verify(&old).unwrap();
    assert!(keys().remove("0002", clock.as_ref()).is_err(), "it signs");
    assert!(keys().remove("0009", clock.as_ref()).is_err(), "it is not there");
    keys().remove("0001", clock.as_ref()).unwrap();
    clock.advance(TimeDelta::seconds(6));
    verifier.verify(&new).unwrap();
    let kids: Vec<_> = verifier.jwks().keys.into_iter().map(|key| key.kid).collect();
    assert_eq!(kids, ["0002"]);
    assert_eq!(
        verifier.verify(&old).unwrap_err().detail(),
        "the token's key is unknown",
        "though remembered"
    );
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
