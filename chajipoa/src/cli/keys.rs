//! `chajipoa keys`: the keys that sign access tokens, changed while everything runs.

use edge::{
    SystemClock,
    token::{KeyError, TokenKeys},
};
use serde_json::json;

use super::arguments::KeysCommand;
use super::{Failure, say};
use crate::installation::Installation;

/// Lists, adds or removes.
pub(super) fn run(command: KeysCommand, as_json: bool) -> Result<(), Failure> {
    let installation = Installation::of_environment()?;
    installation.make()?;
    let keys = TokenKeys::open_or_create(&installation.keys, &SystemClock)?;
    match command {
        KeysCommand::List => {
            let signs = keys.signs_now(&SystemClock).unwrap_or_default().to_owned();
            let kids: Vec<String> = keys.jwks().keys.into_iter().map(|key| key.kid).collect();
            say(as_json, &json!({"keys": kids, "signs": signs}), || {
                let line = |kid: &String| format!("{kid}{}", if *kid == signs { "  signs" } else { "" });
                kids.iter().map(line).collect::<Vec<_>>().join("\n")
            })
        }
        KeysCommand::Add => {
            let kid = keys.add(&SystemClock)?;
            say(as_json, &json!({"kid": kid}), || {
                format!(
                    "key {kid} verifies within five seconds and signs after twenty; remove the old one in ten minutes"
                )
            })
        }
        KeysCommand::Remove { kid } => match keys.remove(&kid, &SystemClock) {
            Ok(()) => {
                say(as_json, &json!({"kid": kid}), || format!("what key {kid} has signed holds no longer"))
            }
            Err(error @ KeyError::NotRemovable { .. }) => Err(Failure::misuse(error.to_string())),
            Err(
                error @ (KeyError::File { .. }
                | KeyError::NoKey { .. }
                | KeyError::NoSubject { .. }
                | KeyError::NotMade),
            ) => Err(Failure::other(error)),
        },
    }
}
