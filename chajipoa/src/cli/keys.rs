//! `chajipoa keys`: the keys that sign access tokens and those that seal personal data, changed while everything runs.

use std::time::Duration;

use edge::{
    SystemClock, pace, settings,
    token::{KeyError, TokenKeys},
};
use ledger::seal::renewal;
use serde_json::json;

use super::arguments::KeysCommand;
use super::{Failure, say};
use crate::installation::Installation;

/// By then every command has its end that was on its way when the keys changed over.
const COMMANDS_END: Duration = Duration::from_secs(10);

/// Lists, adds or removes.
pub(super) async fn run(command: KeysCommand, as_json: bool) -> Result<(), Failure> {
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
        KeysCommand::Renew => renew(&installation, as_json).await,
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

async fn renew(installation: &Installation, as_json: bool) -> Result<(), Failure> {
    let owner_url = settings::required("DATABASE_URL")?;
    let renewed = renewal::renew(&owner_url, &installation.keys).await.map_err(Failure::other)?;
    pace::rest(COMMANDS_END).await;
    let late = renewal::settle_late(&owner_url, &installation.keys).await.map_err(Failure::other)?;
    let phones = renewed.phones.saturating_add(late);
    say(
        as_json,
        &json!({"generation": renewed.generation, "persons": renewed.persons, "phones": phones}),
        || {
            format!(
                "generation {}: {} keys wrapped anew, {phones} numbers indexed anew; the old keys are destroyed",
                renewed.generation, renewed.persons
            )
        },
    )
}
