//! Settings from the environment.
//!
//! Keeps true: a missing or wrong value is named, and nothing is guessed in its place. A service that
//! gets a [`SettingError`] prints it and ends with [`EXIT_MISUSE`].

use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;

/// The exit code of a process that was set up wrongly.
pub const EXIT_MISUSE: u8 = 2;

/// A setting that is missing or wrong. Never shows the value: it may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// The variable is not set.
    #[error("{0} is not set")]
    Missing(&'static str),
    /// The variable is set to something that cannot be used.
    #[error("{name} is wrong: {reason}")]
    Wrong {
        /// The variable's name.
        name: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

/// The value of `name`, or `None` where it is unset or empty.
///
/// # Errors
/// The value is not UTF-8.
pub fn text(name: &'static str) -> Result<Option<String>, SettingError> {
    match std::env::var(name) {
        Ok(value) if value.is_empty() => Ok(None),
        Ok(value) => Ok(Some(value)),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(SettingError::Wrong { name, reason: "not UTF-8".to_owned() })
        }
    }
}

/// The value of `name`.
///
/// # Errors
/// It is not set.
pub fn required(name: &'static str) -> Result<String, SettingError> {
    text(name)?.ok_or(SettingError::Missing(name))
}

/// The value of `name` as a `T`, or `None` where it is unset.
///
/// # Errors
/// It cannot be read as a `T`.
pub fn optional<T>(name: &'static str) -> Result<Option<T>, SettingError>
where
    T: FromStr<Err: Display>,
{
    text(name)?.map(|value| parse(name, &value)).transpose()
}

/// The value of `name` as a `T`, or `default` where it is unset.
///
/// # Errors
/// It cannot be read as a `T`.
pub fn or<T>(name: &'static str, default: T) -> Result<T, SettingError>
where
    T: FromStr<Err: Display>,
{
    Ok(optional(name)?.unwrap_or(default))
}

/// A directory that must be named by `name`.
///
/// # Errors
/// It is not set.
pub fn directory(name: &'static str) -> Result<PathBuf, SettingError> {
    required(name).map(PathBuf::from)
}

fn parse<T>(name: &'static str, value: &str) -> Result<T, SettingError>
where
    T: FromStr<Err: Display>,
{
    value.parse().map_err(|error: T::Err| SettingError::Wrong { name, reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        assert_eq!(required("CHAJIPOA_NEVER_SET"), Err(SettingError::Missing("CHAJIPOA_NEVER_SET")));
        assert_eq!(or("CHAJIPOA_NEVER_SET", 7), Ok(7));
        let wrong = parse::<u16>("CHAJIPOA_BIND", "x").unwrap_err().to_string();
        assert_eq!(wrong, "CHAJIPOA_BIND is wrong: invalid digit found in string");
    }
}
