//! The sandbox: as a process of its own, and beside `up`. A build without the feature `sandbox` has neither.
//!
//! `CHAJIPOA_SANDBOX_BIND` says where it listens; `off` leaves it out of `up`. Where nothing is said and it cannot be started
//! (a second ledger on one machine finds the usual port taken), `up` says so and goes on: a toy never stops the ledger.

use std::net::SocketAddr;

use crate::{cli::Failure, installation::Installation};
#[cfg(feature = "sandbox")]
use {
    crate::{
        api::{Api, ApiError},
        seed,
    },
    command_api::{PathSecrets, SecretName},
    edge::Role,
    serde_json::Value,
    uuid::Uuid,
};

#[cfg(feature = "sandbox")]
const BIND: &str = "CHAJIPOA_SANDBOX_BIND";
#[cfg(feature = "sandbox")]
const OFF: &str = "off";

/// What runs beside `up`, if anything does.
#[derive(Debug, Default)]
pub struct StandIns {
    #[cfg(feature = "sandbox")]
    running: Option<sandbox::Running>,
}

#[cfg(feature = "sandbox")]
impl StandIns {
    /// Starts the sandbox; its cabinets speak to the ledger at `gateway`.
    ///
    /// # Errors
    /// It cannot be started where the setting wants it.
    pub async fn start(
        installation: &Installation,
        gateway: Option<SocketAddr>,
    ) -> Result<StandIns, Failure> {
        let asked = edge::settings::text(BIND)?;
        let Some(gateway) = gateway.filter(|_| asked.as_deref() != Some(OFF)) else {
            return Ok(StandIns::default());
        };
        let bind = asked.clone().unwrap_or_else(|| sandbox::DEFAULT_BIND.to_owned());
        match start(installation, bind.clone(), format!("http://{gateway}")).await {
            Ok(running) => Ok(StandIns { running: Some(running) }),
            Err(error) if asked.is_none() => {
                tracing::warn!(%bind, %error, "the sandbox is left out ({BIND} names another address)");
                Ok(StandIns::default())
            }
            Err(error) => Err(named(&bind, &error)),
        }
    }

    /// Where it answers.
    #[must_use]
    pub fn url(&self) -> Option<String> {
        self.running.as_ref().map(sandbox::Running::url)
    }

    /// Stops it.
    pub async fn stop(self) {
        let Some(running) = self.running else { return };
        if let Err(error) = running.stop().await {
            tracing::error!(%error, "the sandbox has failed");
        }
    }
}

#[cfg(not(feature = "sandbox"))]
impl StandIns {
    /// Starts nothing.
    ///
    /// # Errors
    /// Never.
    pub async fn start(_: &Installation, _: Option<SocketAddr>) -> Result<StandIns, Failure> {
        Ok(StandIns::default())
    }

    /// Nowhere.
    #[must_use]
    pub fn url(&self) -> Option<String> {
        None
    }

    /// Stops nothing.
    pub async fn stop(self) {}
}

/// Puts a simulated cabinet at each station of the demo city that needs one, unless it stands there: with a secret of its
/// own, and holding the banks that the ledger says are there.
///
/// # Errors
/// The ledger or the sandbox cannot be reached, or refuses.
#[cfg(feature = "sandbox")]
pub async fn furnish(api: &Api, url: &str) -> Result<(), Failure> {
    let known = reqwest::get(format!("{url}/cabinets")).await.map_err(Failure::other)?;
    let known: Value = known.json().await.map_err(Failure::other)?;
    let stands = |station: &Uuid| {
        let items = known.get("items").and_then(Value::as_array);
        let is_this = |item: &Value| item.get("station_id") == Some(&Value::String(station.to_string()));
        items.is_some_and(|items| items.iter().any(is_this))
    };
    let mut cabinets = Vec::new();
    for station_id in seed::cabinets().filter(|station| !stands(station)) {
        let path = format!("/api/v1/stations/{station_id}/secret");
        let reply = api.post((Role::Admin, seed::keeper()), &path, &Value::Null).await?;
        let secret = reply.body.get("secret").and_then(Value::as_str);
        let none = || ApiError::Answered { what: path.clone(), answer: reply.text.clone() };
        let secret = secret.ok_or_else(none)?.to_owned();
        let slots = slots(api, station_id).await?;
        cabinets.push(sandbox::CabinetToRegister { station_id, secret, gateway: None, slots });
    }
    sandbox::register(url, &cabinets).await.map_err(Failure::other)
}

/// What the ledger says that a station holds.
#[cfg(feature = "sandbox")]
async fn slots(api: &Api, station: Uuid) -> Result<Vec<sandbox::SlotToRegister>, Failure> {
    let read = async |path: String| -> Result<Value, Failure> {
        Ok(api.get(Role::Admin, seed::keeper(), &path).await?.body)
    };
    let found = read(format!("/api/v1/stations/{station}")).await?;
    let mut slots = Vec::new();
    for slot in found.get("slot_list").and_then(Value::as_array).into_iter().flatten() {
        let number = |name: &str| slot.get(name).and_then(Value::as_u64);
        let device = slot.get("device_id").and_then(Value::as_str);
        let serial = match device {
            Some(device) => read(format!("/api/v1/devices/{device}")).await?.get("serial").cloned(),
            None => None,
        };
        slots.push(sandbox::SlotToRegister {
            slot: number("slot").and_then(|slot| slot.try_into().ok()).unwrap_or_default(),
            battery_percent: number("battery_percent")
                .filter(|_| serial.is_some())
                .and_then(|percent| percent.try_into().ok()),
            serial: serial.as_ref().and_then(Value::as_str).map(str::to_owned),
        });
    }
    Ok(slots)
}

#[cfg(feature = "sandbox")]
async fn start(
    installation: &Installation,
    bind: String,
    gateway: String,
) -> std::io::Result<sandbox::Running> {
    sandbox::Sandbox::start(sandbox::Options {
        bind,
        directory: Some(installation.data.clone()),
        callback: told(installation, &gateway, SecretName::Callback)?,
        delivery: told(installation, &gateway, SecretName::Delivery)?,
        gateway,
        bill_secret: bill_secret(installation)?,
        clock: crate::services::clock(),
        settings: sandbox::Settings::default(),
    })
    .await
}

/// Where a provider is told to report to: a path of the gateway with the secret of the day. Without a keys directory, as
/// beside a gateway on another machine, nobody knows the secret.
#[cfg(feature = "sandbox")]
fn told(installation: &Installation, gateway: &str, name: SecretName) -> std::io::Result<Option<String>> {
    if !installation.keys.is_dir() {
        return Ok(None);
    }
    let setting = edge::settings::text(name.setting()).map_err(std::io::Error::other)?;
    let path = PathSecrets::open(&installation.keys, name, setting.as_deref())
        .and_then(|secrets| secrets.current_path())
        .map_err(std::io::Error::other)?;
    Ok(Some(format!("{}{path}", gateway.trim_end_matches('/'))))
}

/// What the provider signs its calls of Bill Pay with.
#[cfg(feature = "sandbox")]
fn bill_secret(installation: &Installation) -> std::io::Result<Option<String>> {
    if !installation.keys.is_dir() {
        return Ok(None);
    }
    let setting = edge::settings::text(SecretName::Bill.setting()).map_err(std::io::Error::other)?;
    let secrets = PathSecrets::open(&installation.keys, SecretName::Bill, setting.as_deref());
    secrets.and_then(|secrets| secrets.current()).map(Some).map_err(std::io::Error::other)
}

#[cfg(feature = "sandbox")]
fn named(bind: &str, error: &std::io::Error) -> Failure {
    let message = format!("the sandbox cannot be started on {bind}: {error}");
    if error.kind() == std::io::ErrorKind::InvalidInput {
        return Failure::misuse(format!("{BIND} is wrong: {message}"));
    }
    Failure::other(std::io::Error::new(error.kind(), message))
}

/// The sandbox as a process of its own, beside the ledger at `gateway`.
///
/// # Errors
/// It cannot be started.
#[cfg(feature = "sandbox")]
#[expect(clippy::print_stdout, reason = "whoever starts a service reads this line")]
pub async fn run(gateway: &str) -> Result<(), Failure> {
    let installation = Installation::of_environment()?;
    let own = edge::settings::text(BIND)?.filter(|bind| bind != OFF);
    let bind = match own {
        Some(bind) => bind,
        None => edge::settings::or("CHAJIPOA_BIND", sandbox::DEFAULT_BIND.to_owned())?,
    };
    let running =
        start(&installation, bind.clone(), gateway.to_owned()).await.map_err(|error| named(&bind, &error))?;
    println!("listening on {}", running.address());
    crate::services::asked_to_stop().await;
    Ok(running.stop().await?)
}
