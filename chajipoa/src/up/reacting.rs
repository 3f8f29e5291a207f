//! The reactor inside the one process: it sends its commands to the process's own address.
//!
//! With `CHAJIPOA_REACTOR=false` no deadline is fired: whoever tells the past (a story with times of its own) would meet
//! deadlines that have long come. Messages are sent all the same, if there is an account; nobody is prompted to pay.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use edge::{metrics::Metrics, monitoring::Part, settings};
use ledger::Bell;
use reactor::{Accounts, AzamPaySettings, Cashier, Cashing, MoneyStatus, Outbox, Reactor, Running, Sending};

use crate::{
    cli::Failure,
    installation::{Installation, Urls},
    services,
};

/// The reactor before the process knows its own address.
pub(super) struct Reacting {
    fires: bool,
    reactor: Reactor,
    money: MoneyStatus,
    url: String,
    metrics: Metrics,
}

impl Reacting {
    pub(super) async fn prepare(
        urls: &Urls,
        brokers: Option<String>,
        (bell, metrics): (&Bell, &Metrics),
    ) -> Result<Reacting, Failure> {
        let fires = settings::or("CHAJIPOA_REACTOR", true)?;
        let reactor = services::reactor(&urls.reactor, brokers, Some(bell.clone()), metrics).await?;
        let money = MoneyStatus::new(metrics);
        Ok(Reacting { fires, reactor, money, url: urls.reactor.clone(), metrics: metrics.clone() })
    }

    pub(super) fn parts(&self) -> [Arc<dyn Part>; 2] {
        [Arc::new(self.reactor.status().clone()), Arc::new(self.money.clone())]
    }

    /// Starts it; commands go to this address, messages and prompts to the sandbox unless there is an account.
    pub(super) fn start(
        self,
        address: Option<SocketAddr>,
        sandbox: Option<String>,
        installation: &Installation,
    ) -> Result<Acting, Failure> {
        let azampay = AzamPaySettings::of_environment(sandbox.as_deref())?;
        let accounts = Accounts::of_environment(sandbox.as_deref())?;
        let outbox = match accounts {
            Some(accounts) => Some(services::outbox(&self.url, installation, accounts, &self.metrics)?),
            None => None,
        };
        let base = address.filter(|_| self.fires).map(|address| format!("http://{address}"));
        let commands = || base.as_ref().map(|base| services::commands_to(base, installation)).transpose();
        let cashier = match commands()? {
            Some(commands) => {
                Some(services::cashier(&self.url, installation, azampay, commands, self.money)?)
            }
            None => None,
        };
        let commands = commands()?;
        Ok(Acting {
            money: cashier.map(Cashier::start),
            deadlines: commands.map(|commands| self.reactor.start(commands)),
            messages: outbox.map(Outbox::start),
        })
    }
}

/// The reactor at work.
pub(super) struct Acting {
    deadlines: Option<Running>,
    messages: Option<Sending>,
    money: Option<Cashing>,
}

impl Acting {
    pub(super) async fn stop(self) {
        if let Some(messages) = self.messages {
            messages.stop().await;
        }
        if let Some(money) = self.money {
            money.stop().await;
        }
        if let Some(deadlines) = self.deadlines {
            // What ended it before was logged then; everything else went on.
            let _ = deadlines.stop().await;
        }
    }
}

/// Where a server that listens everywhere is reached from its own process.
pub(super) fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}
