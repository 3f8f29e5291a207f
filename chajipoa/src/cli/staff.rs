//! `chajipoa staff`: who logs in with a password.

use std::io::Read as _;

use command_api::access::{AccessError, Staff, StaffRole};
use ledger::Ledger;
use serde_json::json;

use super::arguments::{Password, StaffCommand};
use super::{Failure, login, say};
use crate::services::clock;

/// Adds, disables, resets or lists.
pub(super) async fn run(command: StaffCommand, as_json: bool) -> Result<(), Failure> {
    let staff = staff()?;
    match command {
        StaffCommand::Add { username, role, password } => {
            let role = StaffRole::of(role).ok_or_else(|| {
                Failure::misuse("staff are agent, support, finance, analyst, admin or payments")
            })?;
            let given = given(&password)?;
            let made = given.is_none();
            let (subject, password) = staff.add(&username, role, given).await.map_err(failed)?;
            let shown = made.then_some(password);
            say(as_json, &json!({"username": username, "subject": subject, "password": shown}), || {
                told(&format!("{username} may log in"), shown.as_deref())
            })
        }
        StaffCommand::Disable { username } => {
            let subject = staff.disable(&username).await.map_err(failed)?;
            say(as_json, &json!({"username": username, "subject": subject}), || {
                format!("{username} may log in no more; what was open has ended")
            })
        }
        StaffCommand::Reset { username, password } => {
            let given = given(&password)?;
            let made = given.is_none();
            let password = staff.reset(&username, given).await.map_err(failed)?;
            let shown = made.then_some(password);
            say(as_json, &json!({"username": username, "password": shown}), || {
                told(&format!("{username} has a new password"), shown.as_deref())
            })
        }
        StaffCommand::List => {
            let members = staff.list().await.map_err(failed)?;
            say(as_json, &members, || {
                let line = |member: &command_api::access::Member| {
                    let disabled = if member.disabled_at.is_some() { "  disabled" } else { "" };
                    format!("{:<24} {:<10} {}{disabled}", member.username, member.role, member.subject)
                };
                members.iter().map(line).collect::<Vec<_>>().join("\n")
            })
        }
    }
}

fn staff() -> Result<Staff, Failure> {
    let url = login("COMMAND")?;
    Ok(Staff::new(Ledger::connect(&url, 1)?.pool().clone(), clock()))
}

/// The password from standard input, if that is wanted.
fn given(Password { password_stdin }: &Password) -> Result<Option<String>, Failure> {
    if !password_stdin {
        return Ok(None);
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(Failure::other)?;
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
}

fn told(what: &str, password: Option<&str>) -> String {
    match password {
        Some(password) => format!("{what}; the password, shown this once: {password}"),
        None => what.to_owned(),
    }
}

fn failed(error: AccessError) -> Failure {
    match error {
        AccessError::NameTaken
        | AccessError::NobodyOfThisName
        | AccessError::Username
        | AccessError::Password => Failure::misuse(error.to_string()),
        AccessError::Pool(_)
        | AccessError::Database(_)
        | AccessError::Seal(_)
        | AccessError::Mint(_)
        | AccessError::Hash(_)
        | AccessError::Role(_) => Failure::other(error),
    }
}
