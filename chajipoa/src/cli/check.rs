//! `chajipoa check`: is this installation healthy?

use std::process::ExitCode;

use edge::Role;
use serde_json::{Value, json};

use super::{Failure, api, say};
use crate::installation::Installation;

/// Asks the gateway and prints one line per check.
pub(super) async fn run(url: &str, as_json: bool) -> Result<ExitCode, Failure> {
    let installation = Installation::of_environment()?;
    let subject = edge::token::default_subject(&installation.keys, &edge::SystemClock);
    let mut checks = vec![("keys", subject.is_ok(), installation.keys.display().to_string())];
    if let Ok(subject) = subject {
        checks.extend(gateway(url, subject).await);
    }
    let healthy = checks.iter().all(|(_, ok, _)| *ok);
    let listed: Vec<Value> =
        checks.iter().map(|(name, ok, detail)| json!({"check": name, "ok": ok, "detail": detail})).collect();
    say(as_json, &json!({"healthy": healthy, "checks": listed}), || {
        let line = |(name, ok, detail): &(&str, bool, String)| {
            format!("{} {name}: {detail}", if *ok { "ok  " } else { "FAIL" })
        };
        checks.iter().map(line).collect::<Vec<_>>().join("\n")
    })?;
    Ok(if healthy { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn gateway(url: &str, subject: uuid::Uuid) -> Vec<(&'static str, bool, String)> {
    let health = match reqwest::get(format!("{url}/health")).await {
        Ok(response) => (response.status().is_success(), response.text().await.unwrap_or_default()),
        Err(error) => (false, error.to_string()),
    };
    let mut checks = vec![("health", health.0, health.1)];
    if !health.0 {
        return checks;
    }
    let read = match api(url) {
        Ok(api) => {
            api.get(Role::Admin, subject, "/api/v1/finance/trial-balance").await.map_err(Failure::from)
        }
        Err(failure) => Err(failure),
    };
    checks.push(match read {
        Ok(reply) => {
            let total = |field: &str| reply.body.get(field).cloned().unwrap_or(Value::Null);
            let (debit, credit) = (total("total_debit"), total("total_credit"));
            let even = reply.status == 200 && debit == credit;
            ("trial balance", even, format!("debit {debit}, credit {credit}"))
        }
        Err(failure) => ("trial balance", false, failure.to_string()),
    });
    checks
}
