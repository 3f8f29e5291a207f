//! `chajipoa ledger export`: events, or the rows of a model, into a file.
//!
//! A file appears under its name only once it is whole; until then it is called `….part`.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use ledger::Ledger;
use query_api::export::{Dataset, Export, Manifest, Order};

use super::{Failure, arguments::ExportArguments, say};

/// Writes what is asked for.
pub(super) async fn run(ledger: &Ledger, asked: ExportArguments, as_json: bool) -> Result<(), Failure> {
    let dataset = Dataset::named(&asked.model).map_err(Failure::misuse)?;
    let order = order(ledger, dataset, &asked).await?;
    let mut export = Export::begin(ledger, order).await.map_err(Failure::other)?;
    let bar = bar(as_json, export.manifest().rows);
    match &asked.out {
        Some(path) => write_file(&mut export, path, &bar).await?,
        None => write_all(&mut export, &mut io::stdout().lock(), &bar).await?,
    }
    bar.finish_and_clear();
    told(export.manifest(), asked.out.as_deref(), as_json)
}

async fn order(
    ledger: &Ledger,
    dataset: &'static Dataset,
    asked: &ExportArguments,
) -> Result<Order, Failure> {
    if asked.from.is_some() && !dataset.is_events() {
        return Err(Failure::misuse("--from is for events: a model has its rows as they were at --to"));
    }
    let position = match asked.to {
        Some(position) => position,
        None => Export::stands_at(ledger, dataset).await.map_err(Failure::other)?,
    };
    let from = asked.from.unwrap_or(1);
    if from < 1 || position < 0 || (dataset.is_events() && asked.to.is_some() && from > position) {
        return Err(Failure::misuse("--from and --to are positions: 1 ≤ from ≤ to"));
    }
    Ok(Order { dataset, format: asked.format, position, from })
}

async fn write_file(export: &mut Export, path: &Path, bar: &ProgressBar) -> Result<(), Failure> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let mut file = File::create(&part).map_err(|error| unusable(&part, &error))?;
    if let Err(failure) = write_all(export, &mut file, bar).await {
        // Half a file is of no use; if it cannot be removed, its name still says what it is.
        let _ = std::fs::remove_file(&part);
        return Err(failure);
    }
    let named = file.sync_all().and_then(|()| std::fs::rename(&part, path));
    named.map_err(|error| unusable(path, &error))
}

fn unusable(path: &Path, error: &io::Error) -> Failure {
    Failure::other(io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

async fn write_all(export: &mut Export, out: &mut impl Write, bar: &ProgressBar) -> Result<(), Failure> {
    while let Some(bytes) = export.next().await.map_err(Failure::other)? {
        out.write_all(&bytes).map_err(Failure::other)?;
        bar.set_position(export.given().unsigned_abs());
    }
    out.flush().map_err(Failure::other)
}

fn bar(hidden: bool, rows: i64) -> ProgressBar {
    if hidden {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(rows.unsigned_abs());
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} rows · {per_sec} · {eta} left") {
        bar.set_style(style);
    }
    bar
}

/// Says what the file holds: on standard output, unless the file itself went there.
#[expect(clippy::print_stderr, reason = "standard output is the file")]
fn told(manifest: &Manifest, out: Option<&Path>, as_json: bool) -> Result<(), Failure> {
    let words = format!(
        "{}: {} rows at position {} of ledger {}/{}",
        manifest.model, manifest.rows, manifest.position, manifest.ledger_id, manifest.epoch
    );
    match out {
        Some(path) => say(as_json, manifest, || format!("{} has {words}", path.display())),
        None if as_json => {
            eprintln!("{}", serde_json::to_string(manifest).map_err(Failure::other)?);
            Ok(())
        }
        None => {
            eprintln!("{words}");
            Ok(())
        }
    }
}
