//! What comes out: a row's ratios, round by round, and the table of their medians.
#![expect(
    clippy::float_arithmetic,
    reason = "ratios of measured rates are for reading, nothing is decided by them"
)]

use std::path::PathBuf;
use std::time::Duration;

use edge::{Clock as _, SystemClock};
use serde_json::{Value, json};

use super::error::BenchError;

const BEGIN: &str = "<!-- bench:begin -->";
const END: &str = "<!-- bench:end -->";

/// What a ratio has to reach.
#[derive(Debug, Clone, Copy)]
pub(super) enum Target {
    AtLeast(f64),
    AtMost(f64),
}

/// A row of the table.
#[derive(Debug)]
struct Line {
    row: u8,
    what: &'static str,
    target: Target,
    /// One of each round: the ratio, and what it is the ratio of.
    rounds: Vec<Measured>,
}

#[derive(Debug, Clone)]
struct Measured {
    ratio: f64,
    above: f64,
    below: f64,
}

/// The table while it is filled.
#[derive(Debug)]
pub(super) struct Table {
    lines: Vec<Line>,
    /// What else was seen, for the terminal.
    notes: Vec<String>,
}

impl Table {
    /// The rows that are measured.
    pub(super) fn new() -> Self {
        use Target::{AtLeast, AtMost};
        let rows = [
            (1, "durable `StartRental` over HTTP, 64 connections ÷ `pgbench` one-row inserts", AtLeast(1.5)),
            (2, "the same at 256 connections", AtLeast(2.0)),
            (3, "the same at 64 connections ÷ `pgbench` CRUD transaction", AtLeast(6.0)),
            (4, "all commands on one station ÷ spread evenly", AtLeast(0.6)),
            (5, "`StartRental` at 5 million events ÷ at 100 thousand", AtLeast(0.9)),
            (6, "acknowledged → readable through Kafka and query-api at half load, p99 ÷ 50 ms", AtMost(1.0)),
            (7, "relay, events/s ÷ a bare producer of the same bytes", AtLeast(0.5)),
            (8, "rebuild of all read models, events/s ÷ `COPY` in of the rows it makes", AtLeast(0.5)),
            (9, "`ledger verify`, events/s ÷ `COPY` of the same rows to `/dev/null`", AtLeast(0.3)),
        ];
        let lines = rows.map(|(row, what, target)| Line { row, what, target, rounds: Vec::new() });
        Self { lines: lines.into(), notes: Vec::new() }
    }

    /// Notes a round of a row: what was measured, over its baseline.
    pub(super) fn add(&mut self, row: u8, above: f64, below: f64) {
        let ratio = above / below;
        eprintln!("bench: row {row}: {above:.0} ÷ {below:.0} = {ratio:.2}");
        if let Some(line) = self.lines.iter_mut().find(|line| line.row == row) {
            line.rounds.push(Measured { ratio, above, below });
        }
    }

    /// Notes something beside the table.
    pub(super) fn note(&mut self, note: String) {
        eprintln!("bench: {note}");
        self.notes.push(note);
    }

    /// The table as Markdown.
    fn markdown(&self) -> String {
        let mut text = "| what | target | median | min–max |\n|---|---|---|---|\n".to_owned();
        for line in self.lines.iter().filter(|line| !line.rounds.is_empty()) {
            let (median, least, most) = line.summary();
            let target = line.target.text();
            text.push_str(&format!("| {} | {target} | {median:.2} | {least:.2}–{most:.2} |\n", line.what));
        }
        text
    }

    /// Prints the table.
    #[expect(clippy::print_stdout, reason = "the table is what was asked for")]
    pub(super) fn print(&self, as_json: bool) {
        if as_json {
            let rows: Vec<Value> =
                self.lines.iter().filter(|line| !line.rounds.is_empty()).map(Line::json).collect();
            println!("{}", json!({"rows": rows, "notes": self.notes}));
            return;
        }
        print!("{}", self.markdown());
        for line in self.lines.iter().filter(|line| !line.rounds.is_empty()) {
            let reached = if line.is_reached() { "reached" } else { "NOT REACHED" };
            println!("row {}: {reached}: {}", line.row, line.absolute());
        }
        for note in &self.notes {
            println!("{note}");
        }
    }

    /// Rewrites the block of README.md: ratios only, the command, the date.
    pub(super) fn publish(&self, rounds: usize) -> Result<(), BenchError> {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../README.md");
        let readme = std::fs::read_to_string(&path).map_err(BenchError::io("read README.md"))?;
        let date = SystemClock.now().format("%Y-%m-%d");
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let said = format!("`make bench`, {date}, {cores} cores, {rounds} rounds:\n\n{}", self.markdown());
        let new = replaced(&readme, &said)
            .ok_or_else(|| BenchError::wrong("README.md has no block for the bench"))?;
        std::fs::write(&path, new).map_err(BenchError::io("write README.md"))
    }
}

impl Line {
    fn summary(&self) -> (f64, f64, f64) {
        let mut ratios: Vec<f64> = self.rounds.iter().map(|round| round.ratio).collect();
        ratios.sort_by(f64::total_cmp);
        let first = ratios.first().copied().unwrap_or(f64::NAN);
        let last = ratios.last().copied().unwrap_or(f64::NAN);
        (median(&ratios), first, last)
    }

    fn is_reached(&self) -> bool {
        let (median, _, _) = self.summary();
        match self.target {
            Target::AtLeast(least) => median >= least,
            Target::AtMost(most) => median <= most,
        }
    }

    fn absolute(&self) -> String {
        let one = |round: &Measured| format!("{:.1} ÷ {:.1}", round.above, round.below);
        self.rounds.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    fn json(&self) -> Value {
        let (median, least, most) = self.summary();
        let rounds: Vec<Value> = self
            .rounds
            .iter()
            .map(|round| json!({"ratio": round.ratio, "measured": round.above, "baseline": round.below}))
            .collect();
        json!({
            "row": self.row, "what": self.what, "target": self.target.text(), "median": median, "min": least,
            "max": most, "reached": self.is_reached(), "rounds": rounds,
        })
    }
}

impl Target {
    fn text(self) -> String {
        match self {
            Self::AtLeast(least) => format!("≥ {least}"),
            Self::AtMost(most) => format!("≤ {most}"),
        }
    }
}

/// The middle one of sorted values.
fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    let upper = sorted.get(middle).copied().unwrap_or(f64::NAN);
    if sorted.len().is_multiple_of(2) {
        let lower = sorted.get(middle.saturating_sub(1)).copied().unwrap_or(f64::NAN);
        return f64::midpoint(lower, upper);
    }
    upper
}

/// The text with something else between the marks.
fn replaced(readme: &str, said: &str) -> Option<String> {
    let (before, rest) = readme.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{said}{END}{after}"))
}

/// So many in that time, each second.
pub(super) fn rate(count: usize, time: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / time.as_secs_f64()
}

/// The value that 99 of 100 do not exceed, in milliseconds; sorts them.
pub(super) fn p99_millis(micros: &mut [u64]) -> f64 {
    micros.sort_unstable();
    let rank = micros.len().saturating_mul(99).div_ceil(100).saturating_sub(1);
    let micros = micros.get(rank).copied().unwrap_or(0);
    f64::from(u32::try_from(micros).unwrap_or(u32::MAX)) / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&[1.0, 2.0, 9.0]).to_bits(), 2.0_f64.to_bits());
        assert_eq!(median(&[1.0, 2.0]).to_bits(), 1.5_f64.to_bits());
    }

    #[test]
    fn only_what_stands_between_the_marks_is_replaced() {
        let readme = "a\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nb\n";
        let new = replaced(readme, "new\n").unwrap();
        assert_eq!(new, "a\n<!-- bench:begin -->\nnew\n<!-- bench:end -->\nb\n");
        assert_eq!(replaced("none", "new"), None);
    }

    #[test]
    fn the_ninety_ninth_of_a_hundred_is_p99() {
        let mut micros: Vec<u64> = (1..=100).rev().map(|number| number * 1_000).collect();
        assert_eq!(p99_millis(&mut micros).to_bits(), 99.0_f64.to_bits());
    }
}
