//! The service: what it owns, how it is mounted, and what it says about itself.

use std::io;
use std::net::IpAddr;
use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{Data as Shared, ServiceConfig};
use edge::Clock;
use edge::health::{Dependency, Health};
use edge::http::{ServerOptions, Serving, Site};
use edge::metrics::{Histogram, Metrics};
use edge::monitoring::{Answer, Part};
use ledger::guard::GuardError;
use ledger::inbox::Inbox;
use ledger::seal::{Erased, ErasedError, Keys, Sealer};
use ledger::{Ledger, LedgerError};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::access::{CodeDesk, PromptDesk, Sessions, Staff, StationSecrets, Tokens, watch_endings};
use crate::batcher::Batcher;
use crate::cabinet::{Listening, Store};
use crate::housekeeping::keep_house;
use crate::inbox::{Mailbox, PathSecrets, SecretError, SecretName};
use crate::present::Present;
use crate::routes::mount;
use crate::ussd::Allowed;
use crate::{Secret, Settings};

/// How long a health question may take.
const HEALTH_PATIENCE: Duration = Duration::from_millis(900);

/// What the service is made of.
#[derive(Clone)]
pub struct Ingredients {
    /// The ledger, as the role `chajipoa_command`; its bell rings after each append.
    pub ledger: Ledger,
    /// The keys of `CHAJIPOA_KEYS`.
    pub keys: Keys,
    /// Time, ids, random bytes.
    pub clock: Arc<dyn Clock>,
    /// What makes and checks access tokens.
    pub tokens: Tokens,
    /// The process's metrics.
    pub metrics: Metrics,
    /// The limits.
    pub settings: Settings,
}

impl std::fmt::Debug for Ingredients {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ingredients").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// Why the service does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its login could alter the ledger: the process ends with 2.
    #[error(transparent)]
    Guard(#[from] GuardError),
    /// The ledger cannot be read.
    #[error("the ledger cannot be read")]
    Ledger(#[from] LedgerError),
    /// The list of erased persons cannot be read or applied.
    #[error("the list of erased persons cannot be applied")]
    Erased(#[from] ErasedError),
    /// The secret of a path cannot be read or made.
    #[error("the secret of a path cannot be used")]
    Secret(#[from] SecretError),
}

/// Commands in, events out. Clones share one batcher.
#[derive(Clone)]
pub struct CommandApi(pub(crate) Arc<Owned>);

pub(crate) struct Owned {
    pub(crate) ledger: Ledger,
    pub(crate) sealer: Sealer,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) batcher: Batcher,
    pub(crate) present: Present,
    pub(crate) codes: CodeDesk,
    pub(crate) prompts: PromptDesk,
    pub(crate) sessions: Sessions,
    pub(crate) staff: Staff,
    pub(crate) station_secrets: StationSecrets,
    pub(crate) cabinets: Store,
    pub(crate) inbox: Inbox,
    pub(crate) mailbox: Mailbox,
    pub(crate) callback_secrets: PathSecrets,
    pub(crate) delivery_secrets: PathSecrets,
    pub(crate) bill_secrets: PathSecrets,
    pub(crate) ussd_allowed: Allowed,
    pub(crate) app_url: String,
    pub(crate) telemetry_days: NonZeroU16,
    pub(crate) listening: Listening,
}

impl std::fmt::Debug for CommandApi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CommandApi").field("ledger", &self.0.ledger).finish_non_exhaustive()
    }
}

impl CommandApi {
    /// Checks the login, makes partitions ahead, and starts the batcher on the present runtime. Everything
    /// ends once the last clone is dropped.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(ingredients: Ingredients) -> Result<Self, StartError> {
        let Ingredients { ledger, keys, clock, tokens, metrics, settings } = ingredients;
        ledger.assert_append_only().await?;
        ledger.ensure_partitions().await?;
        let identity = ledger.identity().await?;
        let erased = Erased::beside(&keys);
        erased.apply(&ledger).await?;
        let secrets = |name, setting: &Option<Secret>| {
            PathSecrets::open(keys.directory(), name, setting.as_ref().map(Secret::reveal))
        };
        let callback_secrets = secrets(SecretName::Callback, &settings.callback_secrets)?;
        let delivery_secrets = secrets(SecretName::Delivery, &settings.delivery_secrets)?;
        let bill_secrets = secrets(SecretName::Bill, &settings.bill_secret)?;
        let sealer = Sealer::new(keys, ledger.clone(), identity);
        let inbox = Inbox::new(ledger.clone(), sealer.clone());
        let mailbox = Mailbox::start(inbox.clone(), Arc::clone(&clock));
        let cabinets = Store::new(ledger.clone());
        cabinets.ensure_days().await?;
        let listening = Listening::new(settings.silence, clock.now());
        let pool = ledger.pool().clone();
        let Settings { app_url, telemetry_days, listen_every, ussd_allowed, .. } = settings.clone();
        let codes = CodeDesk::new(pool.clone(), sealer.clone(), Arc::clone(&clock), settings.codes);
        let prompts = PromptDesk::new(pool.clone(), Arc::clone(&clock), settings.prompts_an_hour);
        let batcher = Batcher::start(ledger.clone(), erased, Arc::clone(&clock), &metrics, settings).await?;
        tokio::spawn(watch_endings(pool.clone(), Arc::downgrade(&tokens.verifier)));
        let owned = Arc::new(Owned {
            present: Present::new(ledger.clone()),
            codes,
            prompts,
            sessions: Sessions::new(pool.clone(), tokens, Arc::clone(&clock)),
            staff: Staff::new(pool.clone(), Arc::clone(&clock)),
            station_secrets: StationSecrets::new(pool, Arc::clone(&clock)),
            cabinets,
            inbox,
            mailbox,
            callback_secrets,
            delivery_secrets,
            bill_secrets,
            ledger,
            sealer,
            clock,
            batcher,
            ussd_allowed,
            app_url,
            telemetry_days,
            listening,
        });
        tokio::spawn(keep_house(Arc::downgrade(&owned), listen_every));
        Ok(Self(owned))
    }

    /// Mounts the paths of this service.
    pub fn configure(&self) -> impl Fn(&mut ServiceConfig) + Clone + Send + use<> + 'static {
        let api = Shared::new(self.clone());
        move |config: &mut ServiceConfig| mount(config, &api)
    }

    /// What it says about itself.
    #[must_use]
    pub fn part(&self) -> Arc<dyn Part> {
        Arc::new(self.clone())
    }

    /// Serves on its own. `site` has the verifier, the metrics and the parts, [`CommandApi::part`] among them.
    ///
    /// # Errors
    /// The address cannot be listened at.
    pub fn serve(&self, options: &ServerOptions, site: Site) -> io::Result<Serving> {
        edge::http::serve(options, site, self.configure())
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.0.ledger
    }

    pub(crate) fn batcher(&self) -> &Batcher {
        &self.0.batcher
    }

    pub(crate) fn sealer(&self) -> &Sealer {
        &self.0.sealer
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        self.0.clock.as_ref()
    }

    pub(crate) fn present(&self) -> &Present {
        &self.0.present
    }

    pub(crate) fn codes(&self) -> &CodeDesk {
        &self.0.codes
    }

    pub(crate) fn prompts(&self) -> &PromptDesk {
        &self.0.prompts
    }

    pub(crate) fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    pub(crate) fn staff(&self) -> &Staff {
        &self.0.staff
    }

    pub(crate) fn station_secrets(&self) -> &StationSecrets {
        &self.0.station_secrets
    }

    /// What cabinets say beside commands.
    pub(crate) fn cabinets(&self) -> &Store {
        &self.0.cabinets
    }

    /// Since when this process can know of cabinets that are silent.
    pub(crate) fn listening(&self) -> &Listening {
        &self.0.listening
    }

    /// Keeps what providers send.
    pub(crate) fn mailbox(&self) -> &Mailbox {
        &self.0.mailbox
    }

    /// The secrets of the path that AzamPay calls: [`PathSecrets::current_path`] is what it is to be told.
    #[must_use]
    pub fn callback_secrets(&self) -> &PathSecrets {
        &self.0.callback_secrets
    }

    /// The secrets of the path for delivery reports.
    #[must_use]
    pub fn delivery_secrets(&self) -> &PathSecrets {
        &self.0.delivery_secrets
    }

    /// Whether this is an address of the USSD gateway.
    pub(crate) fn may_ask_for_screens(&self, address: IpAddr) -> bool {
        self.0.ussd_allowed.contains(address)
    }

    /// What AzamPay shares with this installation for Bill Pay.
    pub(crate) fn bill_secrets(&self) -> &PathSecrets {
        &self.0.bill_secrets
    }

    /// What a slot's code is appended to, so that a phone's camera opens the app.
    pub(crate) fn app_url(&self) -> &str {
        &self.0.app_url
    }

    async fn ledger_health(&self) -> Dependency {
        match timeout(HEALTH_PATIENCE, self.0.ledger.last_position()).await {
            Ok(Ok(_)) => Dependency::up(),
            Ok(Err(error)) => Dependency::down(error.to_string()),
            Err(_) => Dependency::down("no answer in time"),
        }
    }
}

/// The mean of a histogram of seconds, in milliseconds to three places.
#[expect(clippy::float_arithmetic, reason = "a mean for people to look at")]
fn millis(seconds: &Histogram) -> f64 {
    let count = seconds.get_sample_count().max(1);
    let mean = seconds.get_sample_sum() / f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    (mean * 1_000_000.0).round() / 1_000.0
}

impl Part for CommandApi {
    fn name(&self) -> &'static str {
        "commands"
    }

    fn health(&self) -> Answer<'_, Health> {
        Box::pin(async {
            let batcher =
                if self.batcher().is_open() { Dependency::up() } else { Dependency::down("it has ended") };
            Health::default()
                .dependency("postgres", self.ledger_health().await)
                .dependency("batcher", batcher)
        })
    }

    fn stats(&self) -> Answer<'_, Value> {
        let measures = self.batcher().measures();
        let batches = measures.commit_seconds.get_sample_count();
        let body = json!({
            "waiting": self.batcher().waiting(),
            "streams": measures.streams.get(),
            "batches": batches,
            "decide_ms": millis(&measures.decide_seconds),
            "commit_ms": millis(&measures.commit_seconds),
            "loads": measures.loads.get(),
            "decided_again": measures.decided_again.get(),
            "resent": measures.resent.get(),
            "outcomes": {
                "recorded": measures.recorded.get(),
                "already_done": measures.already_done.get(),
                "replay": measures.replayed.get(),
                "refused": measures.refused.get(),
                "other": measures.other.get(),
            },
        });
        Box::pin(async move { body })
    }
}
