//! A provider that does what it is told, and the sender that uses it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use edge::metrics::Metrics;
use ledger::Ledger;
use ledger::migrate::ServiceRole;
use ledger::seal::Keys;
use reactor::{Allowance, Delivery, Messenger, Outbox, Post, Route, Text};
use tokio::sync::Notify;

use crate::harness::Place;

/// A messenger that answers as it is told, one answer after the other and the last one for ever, and remembers what it
/// was given.
pub(crate) struct Scripted {
    name: &'static str,
    given: Mutex<Vec<(String, String)>>,
    answers: Mutex<VecDeque<Delivery>>,
    hangs: Option<Arc<Notify>>,
}

/// The provider took it.
pub(crate) fn taken(provider_id: &str) -> Delivery {
    Delivery::Accepted { provider_id: provider_id.to_owned() }
}

impl Scripted {
    pub(crate) fn new(name: &'static str, answers: impl IntoIterator<Item = Delivery>) -> Arc<Self> {
        let answers = Mutex::new(answers.into_iter().collect());
        Arc::new(Self { name, given: Mutex::default(), answers, hangs: None })
    }

    /// One that takes everything.
    pub(crate) fn taking() -> Arc<Self> {
        Self::new("africastalking", [taken("1")])
    }

    /// One that answers only when it is told to.
    pub(crate) fn hanging() -> (Arc<Self>, Arc<Notify>) {
        let notify = Arc::new(Notify::new());
        let answers = Mutex::new(VecDeque::from([taken("late")]));
        let given = Mutex::default();
        (Arc::new(Self { name: "africastalking", given, answers, hangs: Some(notify.clone()) }), notify)
    }

    /// Numbers and texts, in the order in which they came.
    pub(crate) fn given(&self) -> Vec<(String, String)> {
        self.given.lock().unwrap().clone()
    }
}

#[async_trait]
impl Messenger for Scripted {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn send(&self, text: &Text<'_>) -> Delivery {
        self.given.lock().unwrap().push((text.to.to_owned(), text.text.to_owned()));
        if let Some(hangs) = &self.hangs {
            hangs.notified().await;
        }
        let mut answers = self.answers.lock().unwrap();
        match answers.len() {
            0 | 1 => answers.front().unwrap().clone(),
            _ => answers.pop_front().unwrap(),
        }
    }
}

impl Place {
    /// A sender that uses this provider, and nothing behind it.
    pub(crate) fn outbox(&self, messenger: &Arc<Scripted>, metrics: &Metrics) -> Outbox {
        let post = Post { route: Route::new(messenger.clone(), None), allowance: Allowance::default() };
        self.outbox_with(post, metrics)
    }

    pub(crate) fn outbox_with(&self, post: Post, metrics: &Metrics) -> Outbox {
        let url = self.url(ServiceRole::Reactor);
        let ledger = Ledger::connect(&url, 1).unwrap();
        let keys = Keys::open_or_create(self.keys()).unwrap();
        Outbox::new((url, ledger), keys, post, self.clock.clone(), metrics)
    }
}
