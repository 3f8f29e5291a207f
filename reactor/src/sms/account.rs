//! Which providers carry messages: one, and one that is asked when the first has surely refused.

use std::sync::Arc;

use edge::settings::{self, SettingError};

use super::africastalking::{AFRICASTALKING, AfricasTalking, SmsSettings};
use super::basic::{BasicAccount, BasicSettings};
use super::beem::{self, BEEM, Beem};
use super::nextsms::{self, NEXTSMS, NextSms};
use crate::error::ReactorError;
use crate::message::{Messenger, Route};

/// An account at one of the providers.
#[derive(Debug, Clone)]
pub enum Account {
    /// At Africa's Talking.
    AfricasTalking(SmsSettings),
    /// At Beem.
    Beem(BasicAccount),
    /// At NextSMS.
    NextSms(BasicAccount),
}

/// The provider that messages go by, and the one behind it.
#[derive(Debug, Clone)]
pub struct Accounts {
    /// Asked first.
    pub first: Account,
    /// Asked when the first has surely refused.
    pub fallback: Option<Account>,
}

impl Account {
    /// The account that the environment has at a provider, or one at the sandbox of this address. `None`: neither.
    fn of_environment(
        setting: &'static str,
        provider: &str,
        sandbox: Option<&str>,
    ) -> Result<Option<Self>, SettingError> {
        let at = sandbox.map(str::to_owned);
        match provider {
            AFRICASTALKING => {
                let account = SmsSettings::of_environment()?;
                Ok(account.or_else(|| at.map(SmsSettings::of_sandbox)).map(Self::AfricasTalking))
            }
            BEEM => Ok(basic(beem::SETTINGS, at)?.map(Self::Beem)),
            NEXTSMS => Ok(basic(nextsms::SETTINGS, at)?.map(Self::NextSms)),
            _ => {
                let reason = format!("one of {AFRICASTALKING}, {BEEM}, {NEXTSMS}");
                Err(SettingError::Wrong { name: setting, reason })
            }
        }
    }

    /// What has to be set for an account at a provider.
    fn key(provider: &str) -> &'static str {
        match provider {
            BEEM => beem::SETTINGS.name,
            NEXTSMS => nextsms::SETTINGS.name,
            _ => "SMS_API_KEY",
        }
    }

    fn messenger(self) -> Result<Arc<dyn Messenger>, ReactorError> {
        Ok(match self {
            Self::AfricasTalking(settings) => Arc::new(AfricasTalking::new(settings)?),
            Self::Beem(settings) => Arc::new(Beem::new(settings)?),
            Self::NextSms(settings) => Arc::new(NextSms::new(settings)?),
        })
    }
}

fn basic(settings: BasicSettings, sandbox: Option<String>) -> Result<Option<BasicAccount>, SettingError> {
    let account = BasicAccount::of_environment(settings)?;
    Ok(account.or_else(|| sandbox.map(|url| BasicAccount::of_sandbox(url, settings))))
}

impl Accounts {
    /// `SMS_PROVIDER` (Africa's Talking by default) and `SMS_FALLBACK` (none). Where a provider has no account, the
    /// sandbox of this address stands in for it. `None`: no provider is named, and there is neither account nor sandbox.
    ///
    /// # Errors
    /// A provider is named that is not known or has no account, or an account is not whole.
    pub fn of_environment(sandbox: Option<&str>) -> Result<Option<Self>, SettingError> {
        let named = settings::text("SMS_PROVIDER")?;
        let provider = named.as_deref().unwrap_or(AFRICASTALKING);
        let own = Account::of_environment("SMS_PROVIDER", provider, None)?;
        // Behind a real account stands a real account or nothing: what the sandbox takes reaches nobody.
        let sandbox = sandbox.filter(|_| own.is_none());
        let first = match own {
            Some(account) => Some(account),
            None => Account::of_environment("SMS_PROVIDER", provider, sandbox)?,
        };
        let fallback = settings::text("SMS_FALLBACK")?.map(|provider| {
            let account = Account::of_environment("SMS_FALLBACK", &provider, sandbox)?;
            account.ok_or(SettingError::Missing(Account::key(&provider)))
        });
        match (first, fallback.transpose()?) {
            (Some(first), fallback) => Ok(Some(Self { first, fallback })),
            (None, None) if named.is_none() => Ok(None),
            (None, _) => Err(SettingError::Missing(Account::key(provider))),
        }
    }

    /// The way that messages take with these accounts.
    ///
    /// # Errors
    /// An HTTP client cannot be made.
    pub fn route(self) -> Result<Route, ReactorError> {
        Ok(Route::new(self.first.messenger()?, self.fallback.map(Account::messenger).transpose()?))
    }
}
