//! What a seed calls: it tells a running sandbox which cabinets there are.

use std::time::Duration;

use reqwest::Client;
use serde::Serialize;
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(10);

/// A cabinet for the sandbox to play.
#[derive(Clone, Serialize)]
pub struct CabinetToRegister {
    /// Its station in the ledger.
    pub station_id: Uuid,
    /// The station's secret.
    pub secret: String,
    /// Its ledger, where that is another one than the sandbox's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway: Option<String>,
    /// All its slots.
    pub slots: Vec<SlotToRegister>,
}

impl std::fmt::Debug for CabinetToRegister {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CabinetToRegister").field("station_id", &self.station_id).finish_non_exhaustive()
    }
}

/// A slot, and the bank in it.
#[derive(Debug, Clone, Serialize)]
pub struct SlotToRegister {
    /// Its number, from 1.
    pub slot: u16,
    /// The bank's serial; nothing where it is empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// The bank's charge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub battery_percent: Option<u8>,
}

/// Why a cabinet is not there now.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// Nobody answers.
    #[error("the sandbox cannot be reached")]
    Away(#[from] reqwest::Error),
    /// It does not want this one.
    #[error("the sandbox refuses cabinet {station_id} with {status}")]
    Refused {
        /// Which.
        station_id: Uuid,
        /// How.
        status: u16,
    },
}

/// Registers cabinets with the sandbox at `base_url`. One that it knows gets this secret and keeps its content, so calling
/// this again after new secrets were made is right.
///
/// # Errors
/// The sandbox cannot be reached, or refuses one; those before it are registered.
pub async fn register(base_url: &str, cabinets: &[CabinetToRegister]) -> Result<(), RegisterError> {
    let client = Client::builder().no_proxy().timeout(PATIENCE).build()?;
    let url = format!("{}/cabinets", base_url.trim_end_matches('/'));
    for cabinet in cabinets {
        let response = client.post(&url).json(cabinet).send().await?;
        let status = response.status();
        if !status.is_success() {
            return Err(RegisterError::Refused { station_id: cabinet.station_id, status: status.as_u16() });
        }
    }
    Ok(())
}
