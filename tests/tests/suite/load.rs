//! A load that outlives whatever is killed: each of its people lives rental after rental, sends a command until it has
//! a final answer, and writes down every sending in a journal.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use edge::pace::Backoff;
use edge::{Clock as _, Role, SystemClock};
use futures_util::StreamExt as _;
use reqwest::Method;
use serde_json::{Value, json};
use tests::harness::{Answer, Client, PAYMENTS, Who, wait_until};
use tests::verifier::{Journal, Said};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::town::{Bank, Town, customer, customers, id, station};

/// A kill and a restart lie well within.
const LIMIT: Duration = Duration::from_secs(60);
/// Slots that one person uses, in turn.
const SLOTS_EACH: usize = 20;
/// So many are asked again at once.
const AT_ONCE: usize = 32;

/// Everything that was sent and answered.
#[derive(Clone, Default)]
pub(crate) struct Diary(Arc<Mutex<Vec<Said>>>);

impl Diary {
    fn write(&self, said: Said) {
        self.0.lock().unwrap().push(said);
    }

    pub(crate) fn journal(&self) -> Journal {
        Journal(self.0.lock().unwrap().clone())
    }
}

/// Sends a command, again and again, to one service after the other, until it has a final answer.
pub(crate) async fn insist(services: &[Client], diary: &Diary, who: Who, body: &Value) -> Answer {
    let (sent, actor) = (body.to_string(), format!("{}:{}", who.0, who.1));
    let command_id: Uuid = body["command_id"].as_str().unwrap().parse().unwrap();
    let mut backoff = Backoff::new(Duration::from_millis(5), Duration::from_millis(200));
    for client in services.iter().cycle().take(5_000) {
        let answer = client.send(Method::POST, "/api/v1/commands", Some(who), &[], Some(sent.clone())).await;
        let answer = answer.ok();
        let fate = answer.as_ref().map_or(0, |answer| answer.status);
        diary.write(Said {
            command_id,
            actor: actor.clone(),
            sent: sent.clone(),
            status: fate,
            answer: answer.as_ref().map(|answer| answer.text.clone()).unwrap_or_default(),
        });
        match answer {
            Some(answer) if answer.status < 500 => return answer,
            Some(answer) => {
                assert_eq!(answer.status, 503, "{}", answer.text);
                assert!(answer.header("retry-after").is_some(), "{}", answer.text);
            }
            None => {}
        }
        backoff.pause(&SystemClock).await;
    }
    panic!("no final answer to {sent}");
}

/// People at work until they are told to stop.
pub(crate) struct Load {
    pub(crate) diary: Diary,
    done: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    people: Vec<JoinHandle<()>>,
}

impl Load {
    /// So many people at one station of the ledger that these services share.
    pub(crate) async fn start(services: &[Client], people: usize) -> Self {
        let town =
            Town::found(&services[0], "instant", u16::try_from(people).unwrap(), json!({"deposit": 0})).await;
        let load =
            Self { diary: Diary::default(), done: Arc::default(), stop: Arc::default(), people: Vec::new() };
        let ids = customers(&services[0], people, 20_000).await;
        let begun = ids.into_iter().zip(town.banks.clone()).enumerate().map(|(number, (customer, bank))| {
            let mut services = services.to_vec();
            let count = services.len();
            services.rotate_left(number % count);
            let person = Person {
                services,
                diary: load.diary.clone(),
                town: town.clone(),
                customer,
                bank,
                slot: number + 1,
                slots: (0..SLOTS_EACH).map(|turn| people + 1 + number * SLOTS_EACH + turn).collect(),
                done: Arc::clone(&load.done),
            };
            tokio::spawn(person.live(Arc::clone(&load.stop)))
        });
        let people = begun.collect();
        Self { people, ..load }
    }

    /// How many commands have had their final answer.
    pub(crate) fn done(&self) -> usize {
        self.done.load(Ordering::SeqCst)
    }

    /// Waits until so many more commands have had their final answer.
    pub(crate) async fn goes_on(&self, more: usize) {
        let until = self.done() + more;
        wait_until("the load goes on", LIMIT, async || {
            assert!(self.people.iter().all(|person| !person.is_finished()), "somebody gave up");
            self.done() >= until
        })
        .await;
    }

    /// Lets everybody finish what they are at.
    pub(crate) async fn stop(self) -> Journal {
        self.stop.store(true, Ordering::SeqCst);
        for person in self.people {
            person.await.expect("nobody was answered what they did not expect");
        }
        self.diary.journal()
    }
}

struct Person {
    services: Vec<Client>,
    diary: Diary,
    town: Town,
    customer: Uuid,
    bank: Bank,
    slot: usize,
    slots: Vec<usize>,
    done: Arc<AtomicUsize>,
}

impl Person {
    async fn live(mut self, stop: Arc<AtomicBool>) {
        let mut turn = 0;
        while !stop.load(Ordering::SeqCst) {
            self.rent(turn).await;
            turn += 1;
        }
    }

    /// One rental: took it, extended it, brought it back, paid. Now and then a command is sent once more.
    async fn rent(&mut self, turn: usize) {
        let start = json!({"customer_id": self.customer, "station_id": self.town.station, "slot": self.slot});
        let started = self.send(customer(self.customer), "StartRental", start).await;
        let rental = started.at("/result/rental_id");
        if turn.is_multiple_of(3) {
            let extend = json!({"rental_id": rental, "minutes": 10});
            self.send(customer(self.customer), "ExtendRental", extend).await;
        }
        self.slot = self.slots[turn % self.slots.len()];
        // Stated, because a return to a slot that it was in minutes ago would else count as the same.
        let back = json!({
            "serial": self.bank.serial, "station_id": self.town.station, "slot": self.slot,
            "observed_at": SystemClock.now(),
        });
        let ended = self.send(station(self.town.station), "DeviceReturned", back).await;
        assert_eq!(ended.at("/result/rental_id"), rental, "{}", ended.text);
        let paid = json!({
            "customer_id": self.customer, "provider": "mpesa", "amount": 600,
            "provider_reference": id().simple().to_string(),
        });
        self.send(PAYMENTS, "PaymentConfirmed", paid).await;
    }

    async fn send(&self, who: Who, kind: &str, data: Value) -> Answer {
        let body = json!({"command_id": id(), "type": kind, "data": data});
        let answer = insist(&self.services, &self.diary, who, &body).await;
        assert_eq!(answer.status, 201, "{body}: {}", answer.text);
        if self.done.fetch_add(1, Ordering::SeqCst).is_multiple_of(20) {
            let again = insist(&self.services, &self.diary, who, &body).await;
            // Not asked here: whether it says that it is a replay. A service that had to send a batch twice cannot
            // tell what another one recorded meanwhile from its own first sending.
            assert_eq!((again.status, again.text), (answer.status, answer.text.clone()));
        }
        answer
    }
}

/// Sends everything that was acknowledged once more: the same bytes come back, and nothing new is recorded (I1, I3).
pub(crate) async fn assert_replays(client: &Client, journal: &Journal) {
    let mut acknowledged: Vec<&Said> = journal.0.iter().filter(|said| said.acknowledged()).collect();
    acknowledged.dedup_by_key(|said| said.command_id);
    let again = acknowledged.iter().map(async |said| {
        let (role, subject) = said.actor.split_once(':').unwrap();
        let who: Who = (role.parse::<Role>().unwrap(), subject.parse().unwrap());
        let body = Some(said.sent.clone());
        let again = client.ask(Method::POST, "/api/v1/commands", Some(who), &[], body).await;
        assert_eq!((again.status, &again.text, again.replayed()), (said.status, &said.answer, true));
    });
    futures_util::stream::iter(again).for_each_concurrent(AT_ONCE, |one| one).await;
}
