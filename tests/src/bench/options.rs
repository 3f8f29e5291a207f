//! What may be asked of the bench.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

/// The rows that are measured.
const ROWS: std::ops::RangeInclusive<u8> = 1..=9;

/// The ratio table, measured on this machine.
#[derive(Debug, Clone, Parser)]
#[command(name = "bench")]
pub struct Options {
    /// Only these rows.
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u8).range(1..=9))]
    rows: Vec<u8>,
    /// A smoke run: one short round, small ledgers. README.md stays as it is.
    #[arg(long)]
    pub quick: bool,
    /// Print the table as JSON.
    #[arg(long)]
    pub json: bool,
    /// Where the cluster of the run lies. It must be on a disk, or `fsync` costs nothing.
    #[arg(long, default_value = "/var/tmp")]
    pub place: PathBuf,
    /// How many rounds; 3 unless told otherwise, 1 in a smoke run.
    #[arg(long)]
    rounds: Option<usize>,
}

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    /// Customers, each with a bank of their own.
    pub(super) pairs: usize,
    /// How many events the smaller ledger holds.
    pub(super) few: i64,
    /// How many events the larger ledger holds.
    pub(super) many: i64,
    /// How many events are relayed, rebuilt from and proved.
    pub(super) carried: i64,
    /// How long one rate is measured.
    pub(super) measure: Duration,
}

impl Options {
    /// Whether a row is wanted.
    #[must_use]
    pub fn wants(&self, row: u8) -> bool {
        self.rows.is_empty() || self.rows.contains(&row)
    }

    /// Whether this run makes the whole table.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        !self.quick && self.rounds().ge(&3) && ROWS.into_iter().all(|row| self.wants(row))
    }

    /// How many rounds.
    #[must_use]
    pub fn rounds(&self) -> usize {
        self.rounds.unwrap_or(if self.quick { 1 } else { 3 })
    }

    pub(super) fn scale(&self) -> Scale {
        if self.quick {
            let measure = Duration::from_secs(2);
            return Scale { pairs: 2_000, few: 16_000, many: 100_000, carried: 40_000, measure };
        }
        Scale {
            pairs: 10_000,
            few: 100_000,
            many: 5_000_000,
            carried: 400_000,
            measure: Duration::from_secs(8),
        }
    }
}
