//! A small world in memory: given some commands, when another one is decided, then so came out of it.
//!
//! It applies every decision with the real `decide` and `evolve`, and after each one it checks what must hold
//! ([`super::always`]): entries balance and say the same as the purses (I6), nobody and nothing is in two open
//! rentals (I9), what is stored reads back the same, slots and banks agree about each other, and the same command
//! under a new id is already done.

use std::collections::{BTreeMap, HashMap};

use chrono::TimeDelta;
use domain::{
    Actor, Claim, Command, CustomerId, Decision, DeviceId, Fact, Order, RentalId, Role, Seeds, Source, State,
    StationId, Stop, StreamKind, Time, View,
    device::Device,
    period::Books,
    postings::Account,
    rating::Charge,
    rental::{Rental, Stage},
};
use proptest::test_runner::Config as ProptestConfig;
use serde_json::{Value, json};
use uuid::Uuid;

use super::always::check_stored;

/// What kind of thing an id of these tests names.
pub(crate) const CUSTOMER: u128 = 0xc;
pub(crate) const DEVICE: u128 = 0xd;
pub(crate) const STATION: u128 = 0x5;
pub(crate) const RENTAL: u128 = 0x7;
pub(crate) const PAYMENT: u128 = 0xa;
pub(crate) const TARIFF: u128 = 0x1;
pub(crate) const RECEIPT: u128 = 0x2;
pub(crate) const REFUND: u128 = 0x3;
pub(crate) const BREAK: u128 = 0x4;

/// The nth thing of a kind.
pub(crate) fn id(kind: u128, number: u128) -> Uuid {
    Uuid::from_u128((kind << 96) | 0x7000_8000_0000_0000_0000 | number)
}

pub(crate) fn customer_id(number: u128) -> Uuid {
    id(CUSTOMER, number)
}
pub(crate) fn device_id(number: u128) -> Uuid {
    id(DEVICE, number)
}
pub(crate) fn station_id(number: u128) -> Uuid {
    id(STATION, number)
}
pub(crate) fn rental_id(number: u128) -> Uuid {
    id(RENTAL, number)
}
pub(crate) fn payment_id(number: u128) -> Uuid {
    id(PAYMENT, number)
}
pub(crate) fn receipt_id(number: u128) -> Uuid {
    id(RECEIPT, number)
}
pub(crate) fn refund_id(number: u128) -> Uuid {
    id(REFUND, number)
}
pub(crate) fn break_id(number: u128) -> Uuid {
    id(BREAK, number)
}
pub(crate) fn tariff_id(number: u128) -> Uuid {
    id(TARIFF, number)
}

/// Nine in the morning of a Monday in Dar es Salaam: the zero of these tests.
pub(crate) fn zero() -> Time {
    "2026-03-02T06:00:00Z".parse().unwrap()
}

/// So many cases; `PROPTEST_CASES` says another number, for a long search.
pub(crate) fn cases(usual: u32) -> ProptestConfig {
    let wanted = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { cases: wanted.unwrap_or(usual), failure_persistence: None, ..ProptestConfig::default() }
}

/// So many minutes after zero.
pub(crate) fn t(minutes: i64) -> Time {
    zero() + TimeDelta::minutes(minutes)
}

/// So many minutes and seconds after zero.
pub(crate) fn ts(minutes: i64, seconds: i64) -> Time {
    t(minutes) + TimeDelta::seconds(seconds)
}

pub(crate) const HOUR: i64 = 60;
pub(crate) const DAY: i64 = 24 * 60;

pub(crate) fn actor(role: Role) -> Actor {
    Actor { role, subject: Uuid::from_u128(0xe) }
}
pub(crate) fn admin() -> Actor {
    actor(Role::Admin)
}
pub(crate) fn system() -> Actor {
    actor(Role::System)
}
pub(crate) fn agent() -> Actor {
    actor(Role::Agent)
}
pub(crate) fn support() -> Actor {
    actor(Role::Support)
}
pub(crate) fn payments() -> Actor {
    actor(Role::Payments)
}
pub(crate) fn finance() -> Actor {
    actor(Role::Finance)
}
/// Another member of the finance staff.
pub(crate) fn second_finance() -> Actor {
    Actor { role: Role::Finance, subject: Uuid::from_u128(0xf2) }
}
/// A third one.
pub(crate) fn third_finance() -> Actor {
    Actor { role: Role::Finance, subject: Uuid::from_u128(0xf3) }
}
pub(crate) fn customer(number: u128) -> Actor {
    Actor { role: Role::Customer, subject: customer_id(number) }
}
pub(crate) fn station(number: u128) -> Actor {
    Actor { role: Role::Station, subject: station_id(number) }
}

/// A sealed text of these tests: the digest is the text.
pub(crate) fn sealed(text: &str) -> Value {
    json!({ "sealed": format!("sealed:{text}"), "digest": text })
}

pub(crate) fn phone(number: u128) -> Value {
    json!({ "text": sealed(&format!("phone {number}")), "index": format!("index {number}") })
}

/// The JSON of a time.
pub(crate) fn time(moment: Time) -> Value {
    serde_json::to_value(moment).unwrap()
}

/// What came out of a command.
#[derive(Debug)]
pub(crate) struct Then {
    pub(crate) what: String,
    pub(crate) outcome: Result<Decision, domain::Rejection>,
}

impl Then {
    /// Exactly these events were recorded. Returns the answer.
    #[track_caller]
    pub(crate) fn then_events(self, types: &[&str]) -> Value {
        match &self.outcome {
            Ok(Decision::Recorded { facts, result, .. }) => {
                let got: Vec<&str> = facts.iter().map(|fact| fact.event.event_type()).collect();
                assert_eq!(got, types, "{}", self.what);
                serde_json::from_str(result).unwrap()
            }
            other => panic!("{}: wanted {types:?}, got {other:?}", self.what),
        }
    }

    /// Exactly these events were recorded. Returns them as JSON.
    #[track_caller]
    pub(crate) fn then_facts(self, types: &[&str]) -> Vec<Value> {
        let facts = self.facts();
        self.then_events(types);
        facts
    }

    fn facts(&self) -> Vec<Value> {
        match &self.outcome {
            Ok(Decision::Recorded { facts, .. }) => {
                facts.iter().map(|fact| serde_json::from_slice(&fact.event.encode()).unwrap()).collect()
            }
            Ok(Decision::AlreadyDone { .. }) | Err(_) => Vec::new(),
        }
    }

    /// It was refused with this code. Returns the facts that led to it.
    #[track_caller]
    pub(crate) fn then_rejected(self, code: &str) -> Value {
        match &self.outcome {
            Err(rejection) => {
                assert_eq!(rejection.code(), code, "{}: {rejection:?}", self.what);
                let facts = serde_json::to_value(rejection).unwrap();
                // A problem document has members of these names already; a fact of that name would be lost.
                for taken in ["type", "title", "status", "detail", "code", "request_id"] {
                    assert!(facts.get(taken).is_none(), "{}: a fact is named {taken}", self.what);
                }
                facts
            }
            other => panic!("{}: wanted {code}, got {other:?}", self.what),
        }
    }

    /// The world already was as asked. Returns the answer.
    #[track_caller]
    pub(crate) fn then_already_done(self) -> Value {
        match &self.outcome {
            Ok(Decision::AlreadyDone { result }) => serde_json::from_str(result).unwrap(),
            other => panic!("{}: wanted already done, got {other:?}", self.what),
        }
    }

    pub(crate) fn is_recorded(&self) -> bool {
        matches!(self.outcome, Ok(Decision::Recorded { .. }))
    }
}

/// The world.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) streams: HashMap<Uuid, (StreamKind, i64, State)>,
    claims: HashMap<Claim, Uuid>,
    pub(crate) now: Time,
    pub(crate) ids: u128,
    /// Every recorded fact, in order.
    pub(crate) log: Vec<Fact>,
    /// When each of them was recorded.
    pub(crate) recorded: Vec<Time>,
    /// The figures for a close, folded by whoever asks for it.
    pub(crate) figures: Option<Books>,
    /// What each account, and each customer on it, was debited more than credited.
    pub(crate) books: BTreeMap<(Account, Option<CustomerId>), i64>,
}

impl Source for World {
    fn stream(&self, id: Uuid) -> Option<(i64, Option<&State>)> {
        Some(self.streams.get(&id).map_or((0, None), |(_, version, state)| (*version, Some(state))))
    }

    fn claim(&self, claim: &Claim) -> Option<Option<Uuid>> {
        Some(self.claims.get(claim).copied())
    }

    fn books(&self) -> Option<&Books> {
        self.figures.as_ref()
    }
}

impl World {
    pub(crate) fn empty() -> World {
        World {
            streams: HashMap::new(),
            claims: HashMap::new(),
            now: zero(),
            ids: 0,
            log: Vec::new(),
            recorded: Vec::new(),
            figures: None,
            books: BTreeMap::new(),
        }
    }

    /// Changes a state by hand, for what no command of today brings about.
    pub(crate) fn tamper(&mut self, id: Uuid, change: impl FnOnce(&mut Value)) {
        let (_, _, state) = self.streams.get_mut(&id).unwrap();
        let mut value = serde_json::to_value(&*state).unwrap();
        change(&mut value);
        *state = serde_json::from_value(value).unwrap();
    }

    /// Decides a command now.
    #[track_caller]
    pub(crate) fn when(&mut self, who: Actor, name: &str, data: Value) -> Then {
        self.when_at(who, name, data, None)
    }

    /// Decides a command now; its sender says when it happened.
    #[track_caller]
    pub(crate) fn when_at(&mut self, who: Actor, name: &str, data: Value, occurred: Option<Time>) -> Then {
        let command =
            Command::parse(name, &data.to_string()).unwrap_or_else(|e| panic!("{name} {data}: {e}"));
        assert!(command.allowed(who.role), "{name} is not for {who}");
        let stated_at = command.stated_time(occurred).unwrap();
        let what = format!("{name} {data} by {who} at {:?}", self.now);
        let order = Order { command, actor: who, now: self.now, stated_at, seeds: self.seeds() };
        let decided = self.decide(&order);
        if let Ok(Decision::Recorded { facts, claims, .. }) = &decided {
            self.apply(facts, claims, &what);
            self.check_repeated(&order, &data, &what);
        }
        Then { what, outcome: decided }
    }

    /// Records a fact that no command brings about.
    #[track_caller]
    pub(crate) fn recorded(&mut self, event: impl Into<domain::Event>) {
        let fact = Fact { event: event.into(), occurred_at: self.now };
        self.apply(std::slice::from_ref(&fact), &[], fact.event.event_type());
    }

    pub(crate) fn seeds(&mut self) -> Seeds {
        self.ids += 3;
        let minted = |n| id(0xf, self.ids + n);
        let mut random = [7; 17];
        random[..16].copy_from_slice(&self.ids.to_be_bytes());
        Seeds { minted: minted(0), second: minted(1), derived: minted(2), random }
    }

    pub(crate) fn decide(&self, order: &Order) -> Result<Decision, domain::Rejection> {
        let view = View::new(self);
        domain::decide(order, &view).map_err(|stop| match stop {
            Stop::Rejected(rejection) => rejection,
            Stop::Missing(missing) => panic!("everything is at hand, yet {missing:?}"),
        })
    }

    #[track_caller]
    fn apply(&mut self, facts: &[Fact], claims: &[(Claim, Uuid)], what: &str) {
        assert!(!facts.is_empty(), "{what}: nothing was recorded");
        for (claim, holder) in claims {
            assert_eq!(self.claims.insert(claim.clone(), *holder), None, "{what}: {claim:?} was taken");
        }
        let mut touched = Vec::new();
        for fact in facts {
            check_stored(&fact.event);
            self.post(&fact.event);
            for stream in fact.event.streams() {
                self.evolve(stream.kind, stream.id, fact, what);
                touched.push(stream.id);
            }
            self.log.push(fact.clone());
            self.recorded.push(self.now);
        }
        for id in touched {
            self.check_state(id, what);
        }
        self.check_open_rentals(what);
        self.check_slots(what);
    }

    #[track_caller]
    pub(crate) fn evolve(&mut self, kind: StreamKind, id: Uuid, fact: &Fact, what: &str) {
        let before = self.streams.remove(&id);
        if let Some((known, ..)) = &before {
            assert_eq!(*known, kind, "{what}: a stream has one kind");
        }
        let version = before.as_ref().map_or(0, |(_, version, _)| *version) + 1;
        let state = before.map(|(_, _, state)| state);
        match State::evolve(state, kind, &fact.event, fact.occurred_at) {
            Ok(state) => drop(self.streams.insert(id, (kind, version, state))),
            Err(impossible) => panic!("{what}: {impossible}"),
        }
    }

    pub(crate) fn rentals(&self) -> impl Iterator<Item = &Rental> {
        self.streams.values().filter_map(|(_, _, state)| match state {
            State::Rental(rental) => Some(&**rental),
            State::Customer(_)
            | State::Device(_)
            | State::Station(_)
            | State::Payment(_)
            | State::Receipt(_)
            | State::Refund(_)
            | State::Approval(_)
            | State::Break(_)
            | State::Entry(_)
            | State::Periods(_)
            | State::Lineage(_)
            | State::Projection(_)
            | State::Catalogue(_) => None,
        })
    }

    pub(crate) fn state(&self, id: Uuid) -> &State {
        &self.streams[&id].2
    }

    pub(crate) fn states(&self) -> impl Iterator<Item = (Uuid, &State)> {
        self.streams.iter().map(|(id, (_, _, state))| (*id, state))
    }

    #[track_caller]
    pub(crate) fn rental(&self, number: u128) -> &Rental {
        let State::Rental(rental) = self.state(rental_id(number)) else { panic!("no rental {number}") };
        assert_eq!(rental.id, RentalId(rental_id(number)));
        rental
    }

    #[track_caller]
    pub(crate) fn device(&self, number: u128) -> &Device {
        let State::Device(device) = self.state(device_id(number)) else { panic!("no device {number}") };
        assert_eq!(device.id, DeviceId(device_id(number)));
        device
    }

    /// `docked S/1` and the like.
    #[track_caller]
    pub(crate) fn whereabouts(&self, number: u128) -> String {
        let whereabouts = self.device(number).whereabouts;
        match whereabouts.place() {
            Some(place) => {
                let known = (1..=9).find(|n| StationId(station_id(*n)) == place.station_id).unwrap();
                format!("{} {known}/{}", whereabouts.as_str(), place.slot.get())
            }
            None => whereabouts.as_str().to_owned(),
        }
    }

    #[track_caller]
    pub(crate) fn slot(&self, at: u128, slot: u16) -> domain::station::Slot {
        let State::Station(station) = self.state(station_id(at)) else { panic!("no station {at}") };
        station.slot(domain::values::SlotNumber::new(slot).unwrap()).unwrap()
    }

    /// Deposit balance and debt.
    #[track_caller]
    pub(crate) fn purse(&self, number: u128) -> (i64, i64) {
        let State::Customer(customer) = self.state(customer_id(number)) else {
            panic!("no customer {number}")
        };
        (customer.purse.balance.shillings(), customer.purse.debt.shillings())
    }

    /// What a rental costs in all: usage, late, replacement.
    #[track_caller]
    pub(crate) fn whole(&self, number: u128) -> (i64, i64, i64) {
        let Stage::Closed { whole, .. } = &self.rental(number).stage else {
            panic!("{number} is not closed")
        };
        amounts(whole)
    }

    /// What all customers' accounts and all others show: the trial balance by code, zeroes left out.
    pub(crate) fn trial_balance(&self) -> BTreeMap<i16, i64> {
        let mut balance = BTreeMap::new();
        for ((account, _), amount) in &self.books {
            *balance.entry(account.code()).or_default() += amount;
        }
        balance.retain(|_, amount| *amount != 0);
        balance
    }
}

/// Usage, late, replacement.
pub(crate) fn amounts(charge: &Charge) -> (i64, i64, i64) {
    (charge.usage.shillings(), charge.late.shillings(), charge.replacement.shillings())
}
