//! The way of a message: a provider, and another one for what the first has surely refused.
//!
//! After a lost answer nobody is asked: the message may be on its way.

use std::sync::Arc;

use super::{Delivery, Messenger, Text};

/// One or two providers.
#[derive(Clone)]
pub struct Route {
    first: Arc<dyn Messenger>,
    fallback: Option<Arc<dyn Messenger>>,
}

impl std::fmt::Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let fallback = self.fallback.as_ref().map(|messenger| messenger.name());
        f.debug_struct("Route").field("first", &self.first.name()).field("fallback", &fallback).finish()
    }
}

impl Route {
    /// By `first`, and by `fallback` where it has surely refused.
    #[must_use]
    pub const fn new(first: Arc<dyn Messenger>, fallback: Option<Arc<dyn Messenger>>) -> Self {
        Self { first, fallback }
    }

    /// Sends a text, once, and says who had the last word.
    pub(super) async fn send(&self, text: &Text<'_>) -> (&'static str, Delivery) {
        let first = self.first.send(text).await;
        let (Delivery::Refused { reason, for_now }, Some(fallback)) = (&first, &self.fallback) else {
            return (self.first.name(), first);
        };
        tracing::info!(
            provider = self.first.name(),
            reason,
            "a message was refused; another provider is asked"
        );
        let second = fallback.send(text).await;
        let second = match second {
            // Either may take it another time.
            Delivery::Refused { reason, for_now: second } => {
                Delivery::Refused { reason, for_now: *for_now || second }
            }
            Delivery::Accepted { .. } | Delivery::Unknown => second,
        };
        (fallback.name(), second)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_trait::async_trait;

    use super::*;

    struct Scripted(&'static str, Delivery, AtomicUsize);

    #[async_trait]
    impl Messenger for Scripted {
        fn name(&self) -> &'static str {
            self.0
        }

        async fn send(&self, _: &Text<'_>) -> Delivery {
            self.2.fetch_add(1, Ordering::SeqCst);
            self.1.clone()
        }
    }

    async fn sent(first: Delivery, second: Delivery) -> ((&'static str, Delivery), usize) {
        let first = Arc::new(Scripted("first", first, AtomicUsize::new(0)));
        let second = Arc::new(Scripted("second", second, AtomicUsize::new(0)));
        let route = Route::new(first.clone(), Some(second.clone()));
        let outcome = route.send(&Text { to: "", text: "", reference: "" }).await;
        assert_eq!(first.2.load(Ordering::SeqCst), 1);
        (outcome, second.2.load(Ordering::SeqCst))
    }

    fn taken() -> Delivery {
        Delivery::Accepted { provider_id: "1".to_owned() }
    }

    #[tokio::test]
    async fn only_after_a_sure_refusal_is_the_second_asked() {
        for first in [taken(), Delivery::Unknown] {
            assert_eq!(sent(first.clone(), taken()).await, (("first", first), 0));
        }
        for first in [Delivery::refused("no"), Delivery::refused_for_now("no")] {
            assert_eq!(sent(first.clone(), taken()).await, (("second", taken()), 1));
            assert_eq!(sent(first, Delivery::Unknown).await, (("second", Delivery::Unknown), 1));
        }
    }

    #[tokio::test]
    async fn a_refusal_for_now_by_either_may_be_otherwise_later() {
        let (now, ever) = (Delivery::refused_for_now("now"), Delivery::refused("ever"));
        assert_eq!(sent(now.clone(), ever.clone()).await.0.1, Delivery::refused_for_now("ever"));
        assert_eq!(sent(ever.clone(), now.clone()).await.0.1, now);
        assert_eq!(sent(ever.clone(), ever.clone()).await.0.1, ever);
    }
}
