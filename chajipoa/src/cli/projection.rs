//! `chajipoa projection`: listing, rebuilding, comparing and promoting read models.

use std::process::ExitCode;
use std::sync::Mutex;

use indicatif::{ProgressBar, ProgressStyle};
use ledger::Position;
use projector::{Difference, ModelName, Progress, Sources, Version};
use serde_json::{Value, json};

use super::{Failure, arguments::ProjectionCommand, login, say};
use crate::services;

/// Runs one command.
pub(super) async fn run(command: ProjectionCommand, as_json: bool) -> Result<ExitCode, Failure> {
    let sources = sources().await?;
    match command {
        ProjectionCommand::List => {
            let versions = projector::list(&sources).await?;
            let listed: Vec<Value> = versions.iter().map(version_json).collect();
            say(as_json, &listed, || versions.iter().map(version_line).collect::<Vec<_>>().join("\n"))?;
        }
        ProjectionCommand::Rebuild { names } => rebuild(&sources, &names, as_json).await?,
        ProjectionCommand::Diff { name } => {
            let difference = projector::diff(&sources, model(&name)?).await?;
            say(as_json, &difference_json(&difference), || difference_lines(&difference))?;
            return Ok(if difference.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        ProjectionCommand::Promote { name } => {
            let version = projector::promote(&sources, model(&name)?).await?;
            say(as_json, &version_json(&version), || version_line(&version))?;
        }
        ProjectionCommand::Skip { name, position, reason, operator } => {
            let position = Position::new(position);
            let version = projector::skip(&sources, model(&name)?, position, &operator, &reason).await?;
            say(as_json, &version_json(&version), || version_line(&version))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The projector's own login: what `migrate` wrote down, unless `DATABASE_URL` names another.
async fn sources() -> Result<Sources, Failure> {
    services::projector_sources(&login("PROJECTOR")?, None, None).await
}

fn model(name: &str) -> Result<ModelName, Failure> {
    name.parse().map_err(|error: projector::UnknownModel| Failure::misuse(error.to_string()))
}

async fn rebuild(sources: &Sources, names: &[String], as_json: bool) -> Result<(), Failure> {
    let models = match names {
        [] => ModelName::ALL.to_vec(),
        names => names.iter().map(|name| model(name)).collect::<Result<_, _>>()?,
    };
    let bar = bar(as_json);
    let furthest = Mutex::new(Vec::new());
    let show = |progress: Progress| show(&bar, &furthest, models.len(), progress);
    let rebuilt = projector::rebuild(sources, &models, &show).await?;
    bar.finish_and_clear();
    let listed: Vec<Value> = rebuilt
        .iter()
        .map(|made| {
            json!({
                "model": made.model.as_str(), "version": made.version, "position": made.position.get(),
                "rows": made.rows, "seconds": made.took.as_secs_f64(),
            })
        })
        .collect();
    say(as_json, &listed, || {
        let line = |made: &projector::Rebuilt| {
            format!(
                "{} version {} stands at {} with {} rows ({:.1?}); `chajipoa projection diff {0}` compares it, \
                 `promote {0}` makes it the live one",
                made.model.as_str(),
                made.version,
                made.position.get(),
                made.rows,
                made.took
            )
        };
        rebuilt.iter().map(line).collect::<Vec<_>>().join("\n")
    })
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

/// The bar stands where the slowest of the models stands.
fn show(bar: &ProgressBar, furthest: &Mutex<Vec<(ModelName, i64)>>, models: usize, progress: Progress) {
    let mut furthest = furthest.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    furthest.retain(|(model, _)| *model != progress.model);
    furthest.push((progress.model, progress.position.get()));
    let slowest = furthest.iter().map(|(_, position)| *position).min().unwrap_or(0);
    let slowest = if furthest.len() < models { 0 } else { slowest };
    bar.set_length(progress.of.get().unsigned_abs());
    bar.set_position(slowest.unsigned_abs());
    bar.set_message(format!("{}/s", progress.events_per_second));
}

fn version_json(version: &Version) -> Value {
    json!({
        "model": version.model.as_str(), "version": version.version, "live": version.live,
        "position": version.checkpoint.position.get(), "status": version.status, "reason": version.reason,
    })
}

fn version_line(version: &Version) -> String {
    let live = if version.live { "live" } else { "" };
    let reason = version.reason.as_deref().unwrap_or("");
    format!(
        "{:<10} v{:<3} {:<5} position {:<10} {} {}",
        version.model.as_str(),
        version.version,
        live,
        version.checkpoint.position.get(),
        version.status,
        reason
    )
}

fn difference_json(difference: &Difference) -> Value {
    let tables: Vec<Value> = difference
        .tables
        .iter()
        .map(|table| {
            json!({
                "table": table.table, "live_rows": table.live_rows, "beside_rows": table.beside_rows,
                "differing": table.differing, "keys": table.keys,
            })
        })
        .collect();
    json!({
        "model": difference.model.as_str(), "live": difference.live, "beside": difference.beside,
        "position": difference.position.get(), "tables": tables,
    })
}

fn difference_lines(difference: &Difference) -> String {
    let mut lines = vec![format!(
        "{}: version {} (live) and version {}, both at position {}",
        difference.model.as_str(),
        difference.live,
        difference.beside,
        difference.position.get()
    )];
    lines.extend(difference.tables.iter().map(|table| {
        let keys = if table.keys.is_empty() { String::new() } else { format!(": {}", table.keys.join(", ")) };
        format!(
            "  {:<16} {} rows, {} rows, {} differ{keys}",
            table.table, table.live_rows, table.beside_rows, table.differing
        )
    }));
    lines.join("\n")
}
