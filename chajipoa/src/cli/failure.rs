//! Why the tool ends without having done what was asked, and with which code.

use std::process::ExitCode;

use command_api::{SecretError, StartError};
use edge::{
    settings::{EXIT_MISUSE, SettingError},
    token::{KeyError, MintError},
};
use ledger::{LedgerError, feed::FeedError, migrate::MigrateError, seal::KeysError};
use projector::ProjectorError;
use reactor::ReactorError;
use relay::RelayError;
use sealer::SealerError;

use crate::{api::ApiError, cluster::ClusterError, installation::InstallationError, simulate::SimulateError};

const EXIT_NO: u8 = 1;

/// A failure of the tool: what to tell, and the exit code.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    message: String,
    code: u8,
}

impl Failure {
    /// What was asked cannot be asked so.
    pub fn misuse(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), code: EXIT_MISUSE }
    }

    /// It did not work.
    pub fn other(error: impl std::error::Error) -> Failure {
        Failure { message: chain(&error), code: EXIT_NO }
    }

    /// It could not be found out: neither yes nor no.
    pub fn unable(error: impl std::error::Error) -> Failure {
        Failure { message: chain(&error), code: EXIT_MISUSE }
    }

    /// It was stopped before it was done.
    pub fn stopped(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), code: EXIT_NO }
    }

    pub(super) fn misused(error: &(impl std::error::Error + ?Sized)) -> Failure {
        Failure { message: chain(&error), code: EXIT_MISUSE }
    }

    /// Says it on standard error.
    #[expect(clippy::print_stderr, reason = "the last word of a program that failed")]
    pub(super) fn report(&self) -> ExitCode {
        eprintln!("chajipoa: {}", self.message);
        ExitCode::from(self.code)
    }
}

/// An error with everything that caused it, on one line.
pub(super) fn chain(error: &(impl std::error::Error + ?Sized)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

macro_rules! failures {
    ($($error:ty)*) => { $(
        impl From<$error> for Failure {
            fn from(error: $error) -> Failure {
                Failure::other(error)
            }
        }
    )* };
}

failures!(ApiError ClusterError FeedError KeyError KeysError LedgerError MigrateError MintError ProjectorError
    ReactorError RelayError SealerError std::io::Error tokio_postgres::Error);

impl From<SettingError> for Failure {
    fn from(error: SettingError) -> Failure {
        Failure::misused(&error)
    }
}

impl From<InstallationError> for Failure {
    fn from(error: InstallationError) -> Failure {
        match error {
            InstallationError::Setting(error) => error.into(),
            InstallationError::File { .. } | InstallationError::Migrate(_) => Failure::other(error),
        }
    }
}

impl From<SimulateError> for Failure {
    fn from(error: SimulateError) -> Failure {
        match error {
            SimulateError::NoSandbox { .. } => Failure::misused(&error),
            SimulateError::Sandbox(_) | SimulateError::Api(_) => Failure::other(error),
        }
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Failure {
        match error {
            // A login that could alter the ledger is a wrong setting.
            StartError::Guard(_) => Failure::misused(&error),
            StartError::Secret(SecretError::Form(_) | SecretError::None(_)) => Failure::misused(&error),
            StartError::Ledger(_) | StartError::Erased(_) | StartError::Secret(_) => Failure::other(error),
        }
    }
}

impl From<query_api::StartError> for Failure {
    fn from(error: query_api::StartError) -> Failure {
        match error {
            query_api::StartError::Guard(_) | query_api::StartError::Address(_) => Failure::misused(&error),
            query_api::StartError::Ledger(_) => Failure::other(error),
        }
    }
}
