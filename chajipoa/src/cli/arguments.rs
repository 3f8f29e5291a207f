//! What may be said on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use uuid::Uuid;

use crate::up::DEFAULT_BIND;

/// ChajiPoa's ledger: rentals of power banks as immutable events.
#[derive(Debug, Parser)]
#[command(name = "chajipoa", version, propagate_version = true)]
pub(super) struct Arguments {
    /// Print answers as JSON.
    #[arg(long, global = true)]
    pub(super) json: bool,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
#[expect(clippy::enum_variant_names, reason = "each is named after the service that it runs")]
pub(super) enum Command {
    /// Run everything on this machine in one process.
    Up,
    /// Bring the database to the present schema (DATABASE_URL: the owner's).
    Migrate,
    /// Serve commands.
    CommandApi,
    /// Carry the ledger to Kafka.
    Relay,
    /// Build the read models.
    Projector,
    /// Do what the system does by itself: deadlines and messages.
    Reactor,
    /// Serve the read models.
    QueryApi,
    /// Stand in for the SMS provider and for cabinets. Never in production.
    #[cfg(feature = "sandbox")]
    Sandbox(Gateway),
    /// Is this installation healthy? One line per check; exit 0 or 1.
    Check(Gateway),
    /// Print an access token.
    Token(Ticket),
    /// Look after those who log in with a password.
    #[command(subcommand)]
    Staff(StaffCommand),
    /// Look after the keys that sign access tokens.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Look at the ledger.
    #[command(subcommand)]
    Ledger(LedgerCommand),
    /// Look after the read models.
    #[command(subcommand)]
    Projection(ProjectionCommand),
    /// Build the demo city.
    Seed(Gateway),
    /// Drive the public interface like a busy city.
    Simulate(SimulateArguments),
    /// Compute every charge of the ledger again, and what another tariff would have earned. Reads only.
    Rerate(RerateArguments),
    /// Look at a receipt.
    #[command(subcommand)]
    Receipt(ReceiptCommand),
}

#[derive(Debug, Args)]
pub(super) struct Gateway {
    /// Where the gateway answers.
    #[arg(long, env = "CHAJIPOA_URL", default_value_t = format!("http://{DEFAULT_BIND}"))]
    pub(super) url: String,
}

#[derive(Debug, Args)]
pub(super) struct Ticket {
    /// customer, station, agent, support, finance, analyst, admin or payments.
    #[arg(long)]
    pub(super) role: edge::Role,
    /// Whom it is for; without it, the one subject that this installation uses for itself.
    #[arg(long)]
    pub(super) subject: Option<Uuid>,
    /// How long it holds: 90s, 10m, 1h, 7d.
    #[arg(long, default_value = "10m", value_parser = super::token::lifetime)]
    pub(super) ttl: chrono::TimeDelta,
    /// Free of rate limits.
    #[arg(long)]
    pub(super) unlimited: bool,
}

#[derive(Debug, Args)]
pub(super) struct Password {
    /// Read the password from standard input; without it one is made and shown once.
    #[arg(long)]
    pub(super) password_stdin: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum StaffCommand {
    /// Let somebody log in.
    Add {
        /// The name to log in with: a-z, 0-9, dot, dash, underscore.
        username: String,
        /// agent, support, finance, analyst, admin or payments.
        #[arg(long)]
        role: edge::Role,
        #[command(flatten)]
        password: Password,
    },
    /// Let somebody log in no more, and end what they have open.
    Disable {
        /// Their name.
        username: String,
    },
    /// Give somebody a new password, and let them in again.
    Reset {
        /// Their name.
        username: String,
        #[command(flatten)]
        password: Password,
    },
    /// Everybody.
    List,
}

#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// Every key, and the one that signs now.
    List,
    /// Make a new key; it signs once every process knows it.
    Add,
    /// Renew the keys that seal personal data and index phones, and destroy the old ones (DATABASE_URL: the owner's).
    /// At least every 30 days: what was erased is then gone from every backup too.
    Renew,
    /// What providers are to be told: the secret paths for payments (callback) and messages (delivery), and what Bill Pay is
    /// signed with (bill).
    Secrets,
    /// Make a new secret that providers are to be told; the old one is accepted until it is dropped.
    Rotate {
        /// callback, delivery or bill.
        path: SecretPath,
    },
    /// Accept no secret of a provider's any more but the newest.
    Drop {
        /// callback, delivery or bill.
        path: SecretPath,
    },
    /// Remove a key that signs no more, once what it signed has ended (ten minutes).
    Remove {
        /// Its name.
        kid: String,
    },
    /// The keys that verify checkpoints of the ledger (C2SP vkey), the one that signs first.
    Checkpoint {
        /// Make a new one that signs from now on; what the former ones signed stays verifiable.
        #[arg(long)]
        rotate: bool,
    },
}

/// What a secret is for.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum SecretPath {
    /// Outcomes of payments.
    Callback,
    /// What became of messages.
    Delivery,
    /// Calls of Bill Pay.
    Bill,
}

#[derive(Debug, Subcommand)]
pub(super) enum LedgerCommand {
    /// Print one event.
    Show {
        /// Its position.
        position: i64,
    },
    /// Print the latest events.
    Tail {
        /// How many.
        #[arg(long, short = 'n', default_value_t = 20)]
        lines: u32,
        /// Go on printing what is appended.
        #[arg(long, short)]
        follow: bool,
    },
    /// Recompute everything from the tables, and name the first position that does not hold. Exit 0 or 1.
    Verify(VerifyArguments),
    /// Write events, or the rows of a model, into a file.
    Export(ExportArguments),
    /// Go on with a ledger that was restored to an earlier moment, under a new epoch (DATABASE_URL: the owner's, every
    /// service stopped).
    Fork {
        /// Why: recorded for ever.
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct VerifyArguments {
    /// A key that checkpoints must be signed with (`name+hash+base64`), instead of those of this installation. May be
    /// given several times.
    #[arg(long = "key", value_name = "VKEY")]
    pub(super) keys: Vec<String>,
    /// A checkpoint that was kept somewhere else; it must be of this ledger. May be given several times.
    #[arg(long = "checkpoint", value_name = "FILE")]
    pub(super) checkpoints: Vec<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum ProjectionCommand {
    /// Every version of every read model.
    List,
    /// Make a new version from the ledger; the old one stays live.
    Rebuild {
        /// rentals, billing, inventory or cases; all of them without a name.
        names: Vec<String>,
    },
    /// Compare the live version with another one: every table, every account, to the shilling.
    #[command(disable_version_flag = true)]
    Diff(Chosen),
    /// Make another version the live one; the one that was live is kept.
    #[command(disable_version_flag = true)]
    Promote(Chosen),
    /// Remove a version that is not live, with its rows.
    #[command(disable_version_flag = true)]
    Drop {
        /// Which read model.
        name: String,
        /// Its number.
        #[arg(long)]
        version: i16,
    },
    /// Record that a stopped read model passes over the event that it stands before.
    Skip(Skip),
}

#[derive(Debug, Args)]
pub(super) struct Chosen {
    /// Which read model.
    pub(super) name: String,
    /// Which version; without it, the one that waits. A former one leads back.
    #[arg(long)]
    pub(super) version: Option<i16>,
}

#[derive(Debug, Args)]
pub(super) struct Skip {
    /// Which read model.
    pub(super) name: String,
    /// The event's position.
    #[arg(long)]
    pub(super) position: i64,
    /// Why.
    #[arg(long)]
    pub(super) reason: String,
    /// As whom, with a token of this installation; without it, the one subject that it uses for itself.
    #[arg(long)]
    pub(super) subject: Option<Uuid>,
    /// An access token of the role admin; without it, one is made with the keys of this installation.
    #[arg(long, env = "CHAJIPOA_TOKEN", hide_env_values = true)]
    pub(super) token: Option<String>,
    #[command(flatten)]
    pub(super) gateway: Gateway,
}

#[derive(Debug, Args)]
pub(super) struct SimulateArguments {
    /// How many rentals are started.
    #[arg(long, default_value_t = 500)]
    pub(super) rentals: u64,
    /// The same seed does the same things.
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    #[command(flatten)]
    pub(super) gateway: Gateway,
    /// Where the sandbox answers: the city's phones and cabinets are there.
    #[arg(long, env = "CHAJIPOA_SANDBOX_URL", default_value = "http://127.0.0.1:8083")]
    pub(super) sandbox: String,
}

#[derive(Debug, Args)]
pub(super) struct RerateArguments {
    /// A tariff as TOML or JSON; absent fields are those of the standard tariff. What it would have earned over the same
    /// history is shown beside what was recorded, by station and business day.
    #[arg(long, value_name = "FILE")]
    pub(super) tariff: Option<PathBuf>,
    /// Print a line per station and business day as CSV.
    #[arg(long, requires = "tariff", conflicts_with = "json")]
    pub(super) csv: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum ReceiptCommand {
    /// Check a receipt without asking anybody: events, proofs, checkpoint, and every figure. Exit 0, 1 or 2.
    Verify {
        /// The receipt, as `GET /api/v1/rentals/{id}/receipt` answers it.
        file: PathBuf,
        /// The public key of the checkpoints (`name+hash+key`), or a file with such keys, one a line.
        #[arg(long, value_name = "VKEY|FILE")]
        key: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct ExportArguments {
    /// events, or a view of a read model: rental, journal, balance, …; another word lists them.
    #[arg(long, default_value = "events")]
    pub(super) model: String,
    /// csv, ndjson or parquet.
    #[arg(long, default_value = "csv")]
    pub(super) format: query_api::export::Format,
    /// Of events: the first position.
    #[arg(long)]
    pub(super) from: Option<i64>,
    /// The position that the file stands for, and the last of events; the present one without it.
    #[arg(long)]
    pub(super) to: Option<i64>,
    /// Where the file goes; standard output without it.
    #[arg(long)]
    pub(super) out: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Arguments;

    #[test]
    fn no_two_arguments_of_a_command_have_one_name() {
        Arguments::command().debug_assert();
    }
}
