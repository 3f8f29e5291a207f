//! How every read model is, from its control row: for health, statistics and the fate of a command.

use std::time::Duration;

use edge::{
    health::{Dependency, Health, Projection},
    monitoring::{Answer, Part},
};
use ledger::Ledger;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::{live::Hub, read::Failure, statements};

/// How long a health question may take.
const PATIENCE: Duration = Duration::from_millis(900);
/// The read models that have to be there.
const EXPECTED: [&str; 4] = ["billing", "cases", "inventory", "rentals"];

/// A live read model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Model {
    pub(crate) name: String,
    pub(crate) position: i64,
    pub(crate) status: String,
    pub(crate) reason: Option<String>,
}

/// Every live read model, and how far the ledger reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Projections {
    pub(crate) last: i64,
    pub(crate) models: Vec<Model>,
}

/// Reads the control rows.
pub(crate) async fn read(ledger: &Ledger) -> Result<Projections, Failure> {
    let client = ledger.pool().get().await?;
    let statement = client.prepare_cached(statements::PROJECTIONS).await?;
    let rows = client.query(&statement, &[]).await?;
    let last = rows.first().map(|row| row.try_get(0)).transpose()?.unwrap_or(0);
    let mut models = Vec::new();
    for row in &rows {
        let Some(name) = row.try_get("name")? else { continue };
        models.push(Model {
            name,
            position: row.try_get("position")?,
            status: row.try_get("status")?,
            reason: row.try_get("reason")?,
        });
    }
    Ok(Projections { last, models })
}

impl Projections {
    fn health(self) -> Health {
        let missing: Vec<&str> = EXPECTED
            .into_iter()
            .filter(|name| !self.models.iter().any(|model| model.name == *name))
            .collect();
        let built = if missing.is_empty() {
            Dependency::up()
        } else {
            Dependency::down(format!("not built yet: {}", missing.join(", ")))
        };
        let health =
            Health::default().dependency("postgres", Dependency::up()).dependency("read_models", built);
        self.models.into_iter().fold(health, |health, model| {
            let projection = Projection {
                ok: model.status == "running",
                position: model.position,
                lag: self.last.saturating_sub(model.position).max(0),
                detail: model.reason,
            };
            health.projection(&model.name, projection)
        })
    }
}

/// What the query API says about itself.
pub(crate) struct About {
    pub(crate) ledger: Ledger,
    pub(crate) live: Hub,
}

impl Part for About {
    fn name(&self) -> &'static str {
        "query_api"
    }

    fn health(&self) -> Answer<'_, Health> {
        Box::pin(async move {
            match timeout(PATIENCE, read(&self.ledger)).await {
                Ok(Ok(projections)) => projections.health(),
                Ok(Err(_)) | Err(_) => {
                    Health::default().dependency("postgres", Dependency::down("the database does not answer"))
                }
            }
        })
    }

    fn stats(&self) -> Answer<'_, Value> {
        Box::pin(async move {
            let Ok(Ok(projections)) = timeout(PATIENCE, read(&self.ledger)).await else { return json!({}) };
            let models: serde_json::Map<String, Value> = projections
                .models
                .into_iter()
                .map(|model| {
                    let lag = projections.last.saturating_sub(model.position).max(0);
                    let stats = json!({"position": model.position, "lag": lag, "status": model.status});
                    (model.name, stats)
                })
                .collect();
            json!({
                "ledger_position": projections.last, "read_models": models, "live_streams": self.live.streams()
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use edge::health::Status;

    fn model(name: &str, status: &str, reason: Option<&str>) -> Model {
        Model {
            name: name.to_owned(),
            position: 7,
            status: status.to_owned(),
            reason: reason.map(str::to_owned),
        }
    }

    #[test]
    fn a_stopped_read_model_shows_and_a_missing_one_makes_the_service_unavailable() {
        let mut models =
            vec![model("billing", "stopped", Some("position 8")), model("rentals", "running", None)];
        let health = Projections { last: 9, models: models.clone() }.health();
        assert_eq!(health.status, Status::Unavailable);
        assert_eq!(
            health.dependencies["read_models"].detail.as_deref(),
            Some("not built yet: cases, inventory")
        );
        models.push(model("cases", "running", None));
        models.push(model("inventory", "running", None));
        let health = Projections { last: 9, models }.health();
        assert_eq!(health.status, Status::Ok);
        let billing = &health.projections["billing"];
        assert_eq!(
            (billing.ok, billing.position, billing.lag, billing.detail.as_deref()),
            (false, 7, 2, Some("position 8"))
        );
    }
}
