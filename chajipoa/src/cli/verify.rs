//! `chajipoa ledger verify`: does the ledger hold? Exit 0 if it does, 1 if it does not, 2 if it cannot be read.

use std::process::ExitCode;
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressStyle};
use ledger::tree::{CheckpointKeys, CheckpointText, VerifierKey};
use ledger::{Ledger, LedgerIdentity};

use super::{Failure, arguments::VerifyArguments, say};
use crate::installation::Installation;
use crate::verify::{Asked, Progress, Sources, read_files, read_folder, verify};

/// Verifies the ledger at this address.
pub(super) async fn run(url: &str, arguments: &VerifyArguments, as_json: bool) -> Result<ExitCode, Failure> {
    let installation = Installation::of_environment()?;
    let identity = Ledger::connect(url, 1)?.identity().await.map_err(Failure::unable)?;
    let mut published = read_files(&arguments.checkpoints).map_err(Failure::unable)?;
    published.extend(read_folder(&installation.checkpoints).map_err(Failure::unable)?);
    let asked = Asked { keys: keys(&installation, identity, &arguments.keys)?, published, rows_only: false };
    let sources = Sources::connect(url).await.map_err(Failure::unable)?;
    let bar = bar(as_json);
    let shown = bar.clone();
    let show = Arc::new(move |progress: Progress| show(&shown, progress));
    let report = verify(&sources, asked, show).await.map_err(Failure::unable)?;
    bar.finish_and_clear();
    say(as_json, &report, || report.to_string())?;
    Ok(if report.holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The keys that were named, else those of the installation, for every epoch of the ledger. None are made here.
fn keys(
    installation: &Installation,
    identity: LedgerIdentity,
    named: &[String],
) -> Result<Vec<VerifierKey>, Failure> {
    if !named.is_empty() {
        let read = |text: &String| {
            VerifierKey::parse(text).map_err(|error| Failure::misuse(format!("--key {text}: {error}")))
        };
        return named.iter().map(read).collect();
    }
    if !installation.keys.join("checkpoint").is_dir() {
        return Ok(Vec::new());
    }
    let keys = CheckpointKeys::open_or_create(&installation.keys).map_err(Failure::unable)?;
    let origins =
        (1..=identity.epoch).map(|epoch| CheckpointText::origin_of(LedgerIdentity { epoch, ..identity }));
    Ok(origins.flat_map(|origin| keys.verifiers(&origin)).collect())
}

fn bar(hidden: bool) -> ProgressBar {
    if hidden {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} events · {msg} · {eta} left") {
        bar.set_style(style);
    }
    bar
}

fn show(bar: &ProgressBar, progress: Progress) {
    bar.set_length(progress.of.unsigned_abs());
    bar.set_position(progress.done.unsigned_abs());
    bar.set_message(format!("{}/s", progress.events_per_second));
}
