//! Rate limits: so many requests a minute for each speaker, and for each address that shows no good token.
//!
//! Keeps true (I13): the memory is bounded; who is limited is told so before anything is done for them, with the time after
//! which to try again. Each process counts for itself: behind a gateway with two of a service a client may do twice as
//! much. Limits protect the service; what must be counted exactly (codes, prompts) is counted in the database.
//!
//! Limited are the paths of the API, not those by which the service itself is watched.

use std::fmt;
use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpRequest, web};
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use uuid::Uuid;

use crate::problem::Problem;
use crate::role::Role;
use crate::token::Identity;

/// What anybody can ask for and what costs a look into the database.
const LIMITED: [&str; 3] = ["/api/", "/gbfs/", "/d/"];
const WATCHED: &str = "/api/v1/monitoring/";
/// What providers call: all of one provider's calls come from a few addresses, and in storms.
const PROVIDERS: [&str; 4] =
    ["/api/v1/payments/callback/", "/api/v1/sms/delivery/", "/api/v1/ussd", "/api/merchant/"];
/// More keys than this are swept: those whose bucket is full again are the same as new ones.
const KEPT: usize = 100_000;
/// How often it is looked whether there are so many.
const LOOK_EVERY: u32 = 4_096;
const SECONDS_A_MINUTE: u32 = 60;

/// So many requests a minute, and so many at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    per_minute: NonZeroU32,
    burst: NonZeroU32,
}

/// A text that is no rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write requests a minute and burst as two positive numbers, for example 600/200")]
pub struct NoRate;

impl Rate {
    const fn new(per_minute: u32, burst: u32) -> Self {
        Self { per_minute: at_least_one(per_minute), burst: at_least_one(burst) }
    }
}

const fn at_least_one(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}

impl FromStr for Rate {
    type Err = NoRate;

    fn from_str(text: &str) -> Result<Self, NoRate> {
        let (per_minute, burst) = text.split_once('/').ok_or(NoRate)?;
        let number = |text: &str| text.trim().parse().map_err(|_| NoRate);
        Ok(Self { per_minute: number(per_minute)?, burst: number(burst)? })
    }
}

/// The limits of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Of an address that shows no good token; mobile networks share addresses.
    pub address: Rate,
    /// Of a customer.
    pub customer: Rate,
    /// Of a member of staff, a station, the provider's side.
    pub staff: Rate,
    /// Of an address, on the paths that providers call.
    pub provider: Rate,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            address: Rate::new(600, 200),
            customer: Rate::new(600, 60),
            staff: Rate::new(60_000, 6_000),
            provider: Rate::new(120_000, 12_000),
        }
    }
}

/// Where somebody stands with their limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    rate: Rate,
    remaining: u32,
    /// Seconds until the next request, where this one was too many.
    wait: Option<u32>,
}

impl Standing {
    /// # Errors
    /// 429 where this request was too many.
    pub(super) fn allow(self) -> Result<(), Problem> {
        match self.wait {
            None => Ok(()),
            Some(seconds) => Err(Problem::too_many_requests("too many requests; slow down", seconds)),
        }
    }

    /// Adds `RateLimit-Limit` (a minute), `RateLimit-Remaining` (at once) and `RateLimit-Reset` (seconds until the whole
    /// burst is there again).
    pub(super) fn tell(self, headers: &mut HeaderMap) {
        let (per_minute, burst) = (self.rate.per_minute, self.rate.burst);
        let missing = u64::from(burst.get().saturating_sub(self.remaining));
        let reset = missing.saturating_mul(u64::from(SECONDS_A_MINUTE)).div_ceil(u64::from(per_minute.get()));
        for (name, value) in [
            (HeaderName::from_static("ratelimit-limit"), u64::from(per_minute.get())),
            (HeaderName::from_static("ratelimit-remaining"), u64::from(self.remaining)),
            (HeaderName::from_static("ratelimit-reset"), reset),
        ] {
            // A narrower limit that a handler tells of counts more.
            if !headers.contains_key(&name) {
                headers.insert(name, HeaderValue::from(value));
            }
        }
    }
}

type Keyed<K> = RateLimiter<K, DashMapStateStore<K>, DefaultClock, StateInformationMiddleware>;

struct Bucket<K: Hash + Eq + Clone> {
    rate: Rate,
    limiter: Keyed<K>,
    taken: AtomicU32,
}

impl<K: Hash + Eq + Clone> Bucket<K> {
    fn new(rate: Rate) -> Self {
        let quota = Quota::per_minute(rate.per_minute).allow_burst(rate.burst);
        let limiter = RateLimiter::dashmap(quota).with_middleware();
        Self { rate, limiter, taken: AtomicU32::new(0) }
    }

    fn take(&self, key: &K) -> Standing {
        if self.taken.fetch_add(1, Ordering::Relaxed).is_multiple_of(LOOK_EVERY) && self.limiter.len() > KEPT
        {
            self.limiter.retain_recent();
        }
        match self.limiter.check_key(key) {
            Ok(state) => {
                Standing { rate: self.rate, remaining: state.remaining_burst_capacity(), wait: None }
            }
            Err(too_many) => {
                let wait = too_many.wait_time_from(DefaultClock::default().now());
                Standing { rate: self.rate, remaining: 0, wait: Some(whole_seconds(wait)) }
            }
        }
    }
}

fn whole_seconds(time: Duration) -> u32 {
    u32::try_from(time.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX).max(1)
}

/// Counts requests.
pub struct Limits {
    addresses: Bucket<IpAddr>,
    customers: Bucket<Uuid>,
    staff: Bucket<Uuid>,
    providers: Bucket<IpAddr>,
    behind_gateway: bool,
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limits").field("behind_gateway", &self.behind_gateway).finish_non_exhaustive()
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new(Rates::default(), false)
    }
}

impl Limits {
    /// Counts by these rates. `behind_gateway`: whoever connects is a gateway of ours, whose word about the client's address
    /// counts; without it only that of this machine does.
    pub fn new(rates: Rates, behind_gateway: bool) -> Self {
        let Rates { address, customer, staff, provider } = rates;
        Self {
            addresses: Bucket::new(address),
            customers: Bucket::new(customer),
            staff: Bucket::new(staff),
            providers: Bucket::new(provider),
            behind_gateway,
        }
    }

    /// Whether requests of this path are counted.
    pub(crate) fn counts(path: &str) -> bool {
        LIMITED.iter().any(|limited| path.starts_with(limited)) && !path.starts_with(WATCHED)
    }

    /// One more request of a speaker; nothing for those without a limit.
    pub(super) fn speaker(&self, speaker: &Identity) -> Option<Standing> {
        match speaker.role {
            _ if speaker.unlimited => None,
            Role::Customer => Some(self.customers.take(&speaker.subject)),
            Role::Station
            | Role::Agent
            | Role::Support
            | Role::Finance
            | Role::Analyst
            | Role::Admin
            | Role::Payments
            | Role::System => Some(self.staff.take(&speaker.subject)),
        }
    }

    /// One more request of an address that showed no good token.
    pub(super) fn address(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<Standing> {
        Some(self.addresses.take(&self.client(peer?, headers)))
    }

    /// Whether a path is one that providers call.
    pub(crate) fn for_providers(path: &str) -> bool {
        PROVIDERS.iter().any(|called| path.starts_with(called))
    }

    /// One more request of an address on such a path, whatever token it shows.
    pub(super) fn provider(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<Standing> {
        Some(self.providers.take(&self.client(peer?, headers)))
    }

    /// The client's address: the peer's, or the one that a gateway names.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let named = headers.get("x-forwarded-for").filter(|_| self.behind_gateway || peer.is_loopback());
        let named = named.and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
        named.unwrap_or(peer)
    }
}

/// The address of whoever sent a request, as limits see it; none where there is no connection.
pub fn client_address(request: &HttpRequest) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip();
    let limits = request.app_data::<web::Data<Limits>>();
    Some(limits.map_or(peer, |limits| limits.client(peer, request.headers())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(text: &str) -> Result<Rate, NoRate> {
        text.parse()
    }

    #[test]
    fn a_rate_is_two_positive_numbers() {
        assert_eq!(rate("600/200"), Ok(Rate::new(600, 200)));
        for bad in ["", "600", "0/1", "1/0", "-1/2", "a/b", "1/2/3"] {
            assert_eq!(rate(bad), Err(NoRate), "{bad}");
        }
    }

    #[test]
    fn a_burst_is_taken_at_once_and_then_waits() {
        let bucket = Bucket::new(Rate::new(1, 3));
        let left: Vec<_> = (0..3).map(|_| bucket.take(&7).remaining).collect();
        assert_eq!(left, [2, 1, 0]);
        let over = bucket.take(&7);
        assert!(over.allow().is_err());
        assert!(over.wait.is_some_and(|seconds| (55..=60).contains(&seconds)), "{over:?}");
        assert!(bucket.take(&8).allow().is_ok(), "somebody else is not concerned");
        let mut headers = HeaderMap::new();
        over.tell(&mut headers);
        let told = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()?.parse().ok());
        assert_eq!((told("ratelimit-limit"), told("ratelimit-remaining")), (Some(1), Some(0)));
        assert_eq!(told("ratelimit-reset"), Some(180));
    }

    #[test]
    fn the_word_of_a_gateway_counts_and_that_of_a_client_does_not() {
        let mut headers = HeaderMap::new();
        headers.insert(
            HeaderName::from_static("x-forwarded-for"),
            HeaderValue::from_static("6.6.6.6, 41.59.1.1"),
        );
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let (alone, behind) = (Limits::default(), Limits::new(Rates::default(), true));
        assert_eq!(alone.client(ip("127.0.0.1"), &headers), ip("41.59.1.1"));
        assert_eq!(alone.client(ip("196.1.1.1"), &headers), ip("196.1.1.1"));
        assert_eq!(behind.client(ip("172.18.0.2"), &headers), ip("41.59.1.1"));
    }

    #[test]
    fn a_storm_of_a_provider_does_not_use_up_what_an_address_has() {
        let limits = Limits::default();
        let peer = Some("41.59.1.1".parse().unwrap());
        let storm = (0..2_000).map(|_| limits.provider(peer, &HeaderMap::new()).unwrap());
        assert!(storm.map(Standing::allow).all(|allowed| allowed.is_ok()));
        assert_eq!(limits.address(peer, &HeaderMap::new()).unwrap().remaining, 199);
        for (path, providers) in [
            ("/api/v1/payments/callback/x", true),
            ("/api/v1/sms/delivery/x", true),
            ("/api/v1/ussd", true),
            ("/api/merchant/payment", true),
            ("/api/v1/payments/initiate", false),
        ] {
            assert_eq!(Limits::for_providers(path), providers, "{path}");
        }
    }

    #[test]
    fn what_watches_the_service_is_not_counted() {
        for (path, counted) in [
            ("/api/v1/stations", true),
            ("/api/v1/commands", true),
            ("/gbfs/3/gbfs.json", true),
            ("/d/PB-0001", true),
            ("/api/v1/monitoring/stats", false),
            ("/health", false),
            ("/metrics", false),
            ("/docs", false),
        ] {
            assert_eq!(Limits::counts(path), counted, "{path}");
        }
    }
}
