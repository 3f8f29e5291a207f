//! command-api: commands in, events out.

use std::{num::NonZeroU16, time::Duration};

use command_api::access::{CodeLimits, Tokens};
use command_api::{CommandApi, Ingredients, Secret, SecretName};
use edge::{http::Site, metrics::Metrics, settings};
use ledger::{Bell, Ledger, seal::Keys};

use super::sealing::compare;
use super::serving::{announce, bind, clock, database_answers, limits, serve_until_stopped, tokens};
use crate::{cli::Failure, installation::Installation};

/// Connections for reading beside the one that appends.
const COMMAND_READERS: usize = 4;

/// The command-api on this login.
///
/// # Errors
/// The database is away, it does not fit what was published of it, the login could alter the ledger, or the keys cannot
/// be read.
pub async fn command_api(
    url: &str,
    installation: &Installation,
    tokens: Tokens,
    (bell, metrics): (&Bell, &Metrics),
) -> Result<CommandApi, Failure> {
    let ledger = Ledger::connect(url, COMMAND_READERS)?.with_bell(bell.clone());
    compare(&ledger, installation).await?;
    let keys = Keys::open_or_create(&installation.keys)?;
    let mut settings = command_api::Settings::default();
    if let Some(app_url) = settings::text("CHAJIPOA_APP_URL")? {
        settings.app_url = app_url;
    }
    settings.telemetry_days = settings::or("CHAJIPOA_TELEMETRY_DAYS", settings.telemetry_days)?;
    if let Some(minutes) = settings::optional::<NonZeroU16>("CHAJIPOA_SILENCE_MINUTES")? {
        settings.silence = Duration::from_secs(u64::from(minutes.get()).saturating_mul(60));
    }
    settings.callback_secrets = secret(SecretName::Callback.setting())?;
    settings.delivery_secrets = secret(SecretName::Delivery.setting())?;
    settings.bill_secret = secret(SecretName::Bill.setting())?;
    settings.ussd_allowed = settings::or("USSD_ALLOWED_ADDRESSES", settings.ussd_allowed)?;
    settings.prompts_an_hour = settings::or("CHAJIPOA_PROMPTS_NUMBER", settings.prompts_an_hour)?;
    let standard = settings.codes;
    settings.codes = CodeLimits {
        per_number_and_day: settings::or("CHAJIPOA_CODES_NUMBER", standard.per_number_and_day)?,
        per_prefix_and_hour: settings::or("CHAJIPOA_CODES_PREFIX", standard.per_prefix_and_hour)?,
        per_address_and_hour: settings::or("CHAJIPOA_CODES_ADDRESS", standard.per_address_and_hour)?,
        messages_a_day: settings::or("CHAJIPOA_CODES_ALL", standard.messages_a_day)?,
    };
    let metrics = metrics.clone();
    let ingredients = Ingredients { ledger, keys, clock: clock(), tokens, metrics, settings };
    Ok(CommandApi::start(ingredients).await?)
}

fn secret(name: &'static str) -> Result<Option<Secret>, Failure> {
    Ok(settings::text(name)?.map(Secret::new))
}

/// command-api as a process of its own.
///
/// # Errors
/// See [`command_api`].
pub async fn run_command_api() -> Result<(), Failure> {
    let installation = Installation::of_environment()?;
    let metrics = Metrics::new();
    let url = settings::required("DATABASE_URL")?;
    database_answers(&url).await?;
    let tokens = tokens(&installation)?;
    let api = command_api(&url, &installation, tokens.clone(), (&Bell::new(), &metrics)).await?;
    let site = Site::new(clock(), tokens.verifier, &metrics, vec![api.part()]).limited_by(limits()?);
    let serving = api.serve(&bind("127.0.0.1:8081")?, site)?;
    announce(&serving);
    serve_until_stopped(serving, std::future::pending()).await
}
