//! What can keep the private cluster from running. Each says what to do about it.

use std::path::PathBuf;

/// Why the private cluster could not be opened, started or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// No `initdb` in the places where Debian puts it, nor in `PATH`.
    #[error("Postgres is not installed: install the package `postgresql` (scripts/deps.sh does it)")]
    NotInstalled,
    /// The data was made by a major version whose programs are gone.
    #[error(
        "the data in {data} was made by Postgres {needed}, which is not installed: install `postgresql-{needed}`, \
         or move the data with pg_upgrade"
    )]
    VersionMissing {
        /// Where the data lies.
        data: PathBuf,
        /// The major version that made it.
        needed: String,
    },
    /// Root may not run Postgres, and the user that should does not exist.
    #[error(
        "there is no user `postgres` on this machine: install the package `postgresql`, or run as another user than root"
    )]
    NoAccount,
    /// Another process holds the lock.
    #[error("another chajipoa uses the cluster in {home} (process {holder}): stop it first")]
    InUse {
        /// The cluster's folder.
        home: PathBuf,
        /// The process that has it, as it wrote itself down.
        holder: String,
    },
    /// Neither the given folder nor the one below `/var/lib` can be used by the user `postgres`.
    #[error(
        "the user `postgres` can reach neither {wanted} nor {fallback}: give it the right to enter one of them"
    )]
    Unreachable {
        /// The folder asked for.
        wanted: PathBuf,
        /// The folder tried instead.
        fallback: PathBuf,
    },
    /// A file or folder of the cluster could not be read or written.
    #[error("cannot {what} {path}")]
    File {
        /// What was tried.
        what: &'static str,
        /// On which path.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// One of Postgres' programs could not be started at all.
    #[error("cannot run {program}")]
    Spawn {
        /// The program.
        program: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// One of Postgres' programs ended with an error.
    #[error("{program} failed; see {log}\n{output}")]
    Program {
        /// The program.
        program: PathBuf,
        /// Where the server writes its reasons.
        log: PathBuf,
        /// The last lines of what it said.
        output: String,
    },
    /// Server processes of a killed postmaster do not end.
    #[error(
        "processes of an earlier server still use {data}: end them (`fuser {data}` names them) and start again"
    )]
    Leftover {
        /// Where the data lies.
        data: PathBuf,
    },
    /// No random bytes for a password.
    #[error("the system gave no random bytes for a password")]
    NoRandom,
}
