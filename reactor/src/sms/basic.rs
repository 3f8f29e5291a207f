//! An account at a provider that asks for a name and a secret with every message (HTTP Basic).

use edge::settings::{self, SettingError};

use super::exchange::sender;

/// Where such an account is set, and what holds where nothing is.
#[derive(Debug, Clone, Copy)]
pub(super) struct BasicSettings {
    /// The setting of the service's address.
    pub(super) url: &'static str,
    /// The setting of the account's name; without it there is no account.
    pub(super) name: &'static str,
    /// The setting of its secret.
    pub(super) secret: &'static str,
    /// The setting of the name that phones show.
    pub(super) sender: &'static str,
    /// The provider's service.
    pub(super) usual_url: &'static str,
    /// The name that every account may use.
    pub(super) usual_sender: &'static str,
}

/// An account with a name and a secret.
#[derive(Clone)]
pub struct BasicAccount {
    /// Where the service is.
    pub url: String,
    /// The account.
    pub name: String,
    /// Its secret.
    pub secret: String,
    /// The name that phones show, at most 11 characters.
    pub sender: String,
}

impl std::fmt::Debug for BasicAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BasicAccount").field("url", &self.url).finish_non_exhaustive()
    }
}

impl BasicAccount {
    /// An account at the stand-in of this address, which takes any.
    pub(super) fn of_sandbox(url: String, settings: BasicSettings) -> Self {
        let word = || "sandbox".to_owned();
        Self { url, name: word(), secret: word(), sender: settings.usual_sender.to_owned() }
    }

    /// The account of the environment, or `None` where there is none.
    ///
    /// # Errors
    /// The account has a name and no secret, or a sender that is too long.
    pub(super) fn of_environment(settings: BasicSettings) -> Result<Option<Self>, SettingError> {
        let Some(name) = settings::text(settings.name)? else { return Ok(None) };
        Ok(Some(Self {
            url: settings::text(settings.url)?.unwrap_or_else(|| settings.usual_url.to_owned()),
            name,
            secret: settings::required(settings.secret)?,
            sender: sender(settings.sender)?.unwrap_or_else(|| settings.usual_sender.to_owned()),
        }))
    }

    /// A request to a path of the service, with the account's name and secret.
    pub(super) fn post(&self, http: &reqwest::Client, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}{path}", self.url.trim_end_matches('/'));
        http.post(url).basic_auth(&self.name, Some(&self.secret))
    }
}
