//! `chajipoa rerate`: every charge of the ledger once more, and what another tariff would have earned.

use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};
use ledger::Ledger;

use super::{Failure, arguments::RerateArguments, login, say};
use crate::rerate::{
    Progress, RerateError, Rerated, TariffFileError, csv_of, differences_in_words, json_of, read_tariff,
    run as pass, totals_in_words,
};

/// Connections: one reads ahead while another looks up streams.
const CONNECTIONS: usize = 3;

/// Rates, and says what it came to; 1 where a charge does not follow from its facts.
pub(super) async fn run(asked: &RerateArguments, as_json: bool) -> Result<ExitCode, Failure> {
    let terms = asked.tariff.as_deref().map(read_tariff).transpose()?;
    // The login of the query service: it can read, and nothing else.
    let ledger = Ledger::connect(&login("QUERY")?, CONNECTIONS)?;
    let bar = bar(as_json || asked.csv);
    let show = |progress: Progress| {
        bar.set_length(progress.of.get().unsigned_abs());
        bar.set_position(progress.position.get().unsigned_abs());
    };
    let rerated = pass(&ledger, terms, &show).await?;
    bar.finish_and_clear();
    match (rerated.pass.what_if(), asked.csv) {
        (Some(what_if), true) => {
            let table = csv_of(&rerated.pass, what_if).map_err(Failure::other)?;
            say(false, &(), || table.trim_end().to_owned())?;
        }
        _ => say(as_json, &json_of(&rerated, terms.as_ref()), || in_words(&rerated))?,
    }
    Ok(if rerated.pass.counted().differences == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn in_words(rerated: &Rerated) -> String {
    let differences = differences_in_words(rerated);
    match rerated.pass.what_if() {
        Some(what_if) => format!("{differences}\n\n{}", totals_in_words(&rerated.pass, what_if)),
        None => differences,
    }
}

fn bar(hidden: bool) -> ProgressBar {
    if hidden {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    let template = "{bar:40} {pos}/{len} events · {per_sec} · {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

impl From<TariffFileError> for Failure {
    fn from(error: TariffFileError) -> Failure {
        Failure::misused(&error)
    }
}

impl From<RerateError> for Failure {
    fn from(error: RerateError) -> Failure {
        Failure::other(error)
    }
}
