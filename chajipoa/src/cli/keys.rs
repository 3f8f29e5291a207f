//! `chajipoa keys`: the keys that sign access tokens, those that seal personal data and the secrets of the paths that
//! providers call, changed while everything runs.

use std::time::Duration;

use command_api::{PathSecrets, SecretError, SecretName};
use edge::{
    SystemClock, pace, settings,
    token::{KeyError, TokenKeys},
};
use ledger::{
    Ledger,
    seal::renewal,
    tree::{CheckpointKeys, CheckpointText},
};
use serde_json::json;

use super::arguments::{KeysCommand, SecretPath};
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
        KeysCommand::Secrets => show_secrets(&installation, as_json),
        KeysCommand::Rotate { path } => {
            let secrets = secrets(&installation, path)?;
            secrets.rotate().map_err(refused)?;
            let told = told(&secrets, path)?;
            say(as_json, &json!({"secret": told}), || {
                format!("{told}\nholds within five seconds; the old one too, until `chajipoa keys drop`")
            })
        }
        KeysCommand::Drop { path } => {
            let dropped = secrets(&installation, path)?.drop_old().map_err(refused)?;
            say(as_json, &json!({"dropped": dropped}), || {
                format!("{dropped} old secrets hold no longer, within five seconds")
            })
        }
        KeysCommand::Renew => renew(&installation, as_json).await,
        KeysCommand::Checkpoint { rotate } => checkpoint(&installation, rotate, as_json).await,
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

fn secrets(installation: &Installation, path: SecretPath) -> Result<PathSecrets, Failure> {
    let name = match path {
        SecretPath::Callback => SecretName::Callback,
        SecretPath::Delivery => SecretName::Delivery,
        SecretPath::Bill => SecretName::Bill,
    };
    let setting = settings::text(name.setting())?;
    PathSecrets::open(&installation.keys, name, setting.as_deref()).map_err(refused)
}

/// What the provider is to be told.
fn told(secrets: &PathSecrets, path: SecretPath) -> Result<String, Failure> {
    match path {
        SecretPath::Callback | SecretPath::Delivery => secrets.current_path(),
        SecretPath::Bill => secrets.current(),
    }
    .map_err(refused)
}

fn show_secrets(installation: &Installation, as_json: bool) -> Result<(), Failure> {
    let show = |path| told(&secrets(installation, path)?, path);
    let (callback, delivery, bill) =
        (show(SecretPath::Callback)?, show(SecretPath::Delivery)?, show(SecretPath::Bill)?);
    let told = json!({"callback": callback, "delivery": delivery, "bill": bill});
    say(as_json, &told, || format!("callback  {callback}\ndelivery  {delivery}\nbill      {bill}"))
}

/// A setting is changed where it is set.
fn refused(error: SecretError) -> Failure {
    match error {
        SecretError::Set(_) | SecretError::Form(_) | SecretError::None(_) => {
            Failure::misuse(error.to_string())
        }
        SecretError::File { .. } | SecretError::Random => Failure::other(error),
    }
}

async fn checkpoint(installation: &Installation, rotate: bool, as_json: bool) -> Result<(), Failure> {
    let keys = match rotate {
        true => CheckpointKeys::rotate(&installation.keys)?,
        false => CheckpointKeys::open_or_create(&installation.keys)?,
    };
    // The keys' name is the ledger's, and a fork changes it.
    let identity = Ledger::connect(&super::ledger::database_url().await?, 1)?.identity().await?;
    let origin = CheckpointText::origin_of(identity);
    let keys: Vec<String> = keys.verifiers(&origin).iter().map(ToString::to_string).collect();
    say(as_json, &json!({"origin": origin, "keys": keys}), || keys.join("\n"))
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
