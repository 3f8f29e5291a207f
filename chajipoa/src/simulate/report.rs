//! What a simulated city did, in numbers.

use std::collections::BTreeMap;

use serde::Serialize;
use uuid::Uuid;

use crate::api::Reply;

/// How many surprising answers are kept in full.
const SURPRISES_KEPT: usize = 20;

/// One misbehaviour of a cabinet, from the request to the return.
#[derive(Debug, Clone, Serialize)]
pub struct Episode {
    /// How it misbehaved.
    pub(super) how: &'static str,
    /// The rental that it concerned.
    pub(super) rental_id: Uuid,
    /// The station.
    pub(super) station_id: Uuid,
    /// What it led to, or what came instead.
    pub(super) end: String,
}

/// Counts of what was sent and answered.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    seed: u64,
    rentals_asked: u64,
    /// Rentals that began.
    pub rentals_started: u64,
    customers: u64,
    stations: u64,
    devices: u64,
    /// For each command: how many answers of each outcome.
    commands: BTreeMap<String, BTreeMap<String, u64>>,
    duplicates_sent: u64,
    duplicates_replayed: u64,
    uploaded_later: u64,
    charged_tzs: i64,
    /// What customers paid in.
    paid_tzs: i64,
    /// For each way in which the provider behaved: how many payments came to stand where.
    payments: BTreeMap<&'static str, BTreeMap<String, u64>>,
    /// What the sandbox's cabinets did, and what it led to.
    cabinets: Vec<Episode>,
    /// Answers that the city did not expect.
    pub surprises: u64,
    surprising: Vec<String>,
}

impl Report {
    pub(super) fn new(seed: u64, rentals_asked: u64) -> Report {
        Report { seed, rentals_asked, ..Report::default() }
    }

    pub(super) fn built(&mut self, customers: u64, stations: u64, devices: u64) {
        self.customers = self.customers.saturating_add(customers);
        self.stations = self.stations.saturating_add(stations);
        self.devices = self.devices.saturating_add(devices);
    }

    pub(super) fn note(&mut self, command: &str, outcome: &str) {
        self.note_many(command, outcome, 1);
    }

    fn note_many(&mut self, command: &str, outcome: &str, count: u64) {
        let outcomes = self.commands.entry(command.to_owned()).or_default();
        let counted = outcomes.entry(outcome.to_owned()).or_default();
        *counted = counted.saturating_add(count);
    }

    pub(super) fn started(&mut self) {
        self.rentals_started = self.rentals_started.saturating_add(1);
    }

    pub(super) fn charged(&mut self, amount: i64) {
        self.charged_tzs = self.charged_tzs.saturating_add(amount);
    }

    /// A payment came to stand where it may.
    pub(super) fn payment(&mut self, how: &'static str, status: &str, amount: i64) {
        self.payments_many(how, status, 1);
        if status == "settled" {
            self.paid_tzs = self.paid_tzs.saturating_add(amount);
        }
    }

    fn payments_many(&mut self, how: &'static str, status: &str, count: u64) {
        let counted = self.payments.entry(how).or_default().entry(status.to_owned()).or_default();
        *counted = counted.saturating_add(count);
    }

    pub(super) fn uploaded(&mut self, count: u64) {
        self.uploaded_later = self.uploaded_later.saturating_add(count);
    }

    /// A second sending of the same command must be answered with the very bytes of the first; where it is known which
    /// came second, that one says that it is a replay.
    pub(super) fn duplicate(&mut self, command: &str, (first, second): (&Reply, &Reply), in_turn: bool) {
        self.duplicates_sent = self.duplicates_sent.saturating_add(1);
        let same = second.text == first.text && second.status == first.status;
        // A refusal leaves no trace: it is decided anew, and names its own request.
        let refused = !first.done() && second.status == first.status && second.outcome() == first.outcome();
        if (same && (second.replayed || !in_turn)) || refused {
            self.duplicates_replayed = self.duplicates_replayed.saturating_add(1);
        } else {
            self.surprise(&format!("{command} sent twice: {} then {}", first.text, second.text));
        }
    }

    /// What a cabinet that misbehaved came to.
    pub(super) fn cabinet(&mut self, episode: Episode) {
        self.cabinets.push(episode);
    }

    pub(super) fn surprise(&mut self, what: &str) {
        self.surprises = self.surprises.saturating_add(1);
        if self.surprising.len() < SURPRISES_KEPT {
            self.surprising.push(what.to_owned());
        }
    }

    pub(super) fn add(&mut self, part: Report) {
        self.built(part.customers, part.stations, part.devices);
        for (command, outcomes) in &part.commands {
            for (outcome, count) in outcomes {
                self.note_many(command, outcome, *count);
            }
        }
        for (how, ends) in &part.payments {
            for (status, count) in ends {
                self.payments_many(how, status, *count);
            }
        }
        self.paid_tzs = self.paid_tzs.saturating_add(part.paid_tzs);
        self.rentals_started = self.rentals_started.saturating_add(part.rentals_started);
        self.duplicates_sent = self.duplicates_sent.saturating_add(part.duplicates_sent);
        self.duplicates_replayed = self.duplicates_replayed.saturating_add(part.duplicates_replayed);
        self.surprises = self.surprises.saturating_add(part.surprises);
        self.cabinets.extend(part.cabinets);
        self.uploaded(part.uploaded_later);
        self.charged(part.charged_tzs);
        let room = SURPRISES_KEPT.saturating_sub(self.surprising.len());
        self.surprising.extend(part.surprising.into_iter().take(room));
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(
            f,
            "seed {}: {} of {} rentals started",
            self.seed, self.rentals_started, self.rentals_asked
        )?;
        writeln!(
            f,
            "{} customers, {} stations, {} banks; {} TZS charged, {} TZS paid in",
            self.customers, self.stations, self.devices, self.charged_tzs, self.paid_tzs
        )?;
        writeln!(
            f,
            "{} facts uploaded later; {} duplicates sent, {} answered with the first answer's bytes",
            self.uploaded_later, self.duplicates_sent, self.duplicates_replayed
        )?;
        for (command, outcomes) in &self.commands {
            let counts: Vec<String> =
                outcomes.iter().map(|(outcome, count)| format!("{outcome} {count}")).collect();
            writeln!(f, "  {command:<24} {}", counts.join(" · "))?;
        }
        for (how, ends) in &self.payments {
            let counts: Vec<String> =
                ends.iter().map(|(status, count)| format!("{status} {count}")).collect();
            writeln!(f, "  payments ({how}): {}", counts.join(" · "))?;
        }
        for Episode { how, end, .. } in &self.cabinets {
            writeln!(f, "  a {how} cabinet: {end}")?;
        }
        write!(f, "{} unexpected answers", self.surprises)?;
        for surprising in &self.surprising {
            write!(f, "\n  ! {surprising}")?;
        }
        Ok(())
    }
}
