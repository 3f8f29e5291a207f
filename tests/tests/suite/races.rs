//! Many at once, at one service and at two on one ledger: one winner, one effect, no answer on a stale state, nobody
//! starves.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU16, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use ledger::Ledger;
use ledger::migrate::ServiceRole;
use serde_json::{Value, json};
use tests::harness::{ADMIN, AGENT, Answer, Client, PAYMENTS, Place, Process, SUPPORT, Who, whole_ledger};
use uuid::Uuid;

use crate::stale::{Refusal, assert_none_is_stale};
use crate::town::{Town, bill, customer, customers, id, station};

/// No answer of a race may take longer than this, with both services at work.
const NOBODY_WAITS_LONGER: Duration = Duration::from_secs(10);

/// So many command-apis on one ledger.
struct Stage {
    place: Place,
    _processes: Vec<Process>,
    clients: Vec<Client>,
    ledger: Ledger,
}

impl Stage {
    async fn with(count: usize) -> Self {
        let place = Place::new().await;
        let spec = place.service("command-api", ServiceRole::Command);
        let processes = join_all((0..count).map(|_| spec.start())).await;
        let clients = processes.iter().map(|process| place.client(process)).collect();
        let ledger = place.ledger();
        Self { place, _processes: processes, clients, ledger }
    }

    async fn last(&self) -> i64 {
        self.ledger.last_position().await.unwrap().get()
    }

    async fn check(&self, refusals: Vec<Refusal>) {
        let events = whole_ledger(&self.ledger).await;
        assert_none_is_stale(&events, refusals);
    }
}

/// Sends commands, keeps the refusals with their interval, and watches the time.
struct Watch<'a> {
    stage: &'a Stage,
    /// The highest position that any answer has named.
    known: AtomicI64,
    refusals: Mutex<Vec<Refusal>>,
    recorded: Vec<AtomicI64>,
}

impl<'a> Watch<'a> {
    async fn over(stage: &'a Stage) -> Self {
        let recorded = stage.clients.iter().map(|_| AtomicI64::new(0)).collect();
        let known = AtomicI64::new(stage.last().await);
        Self { stage, known, refusals: Mutex::default(), recorded }
    }

    async fn send(&self, service: usize, who: Who, kind: &'static str, data: Value) -> Answer {
        let after = self.known.load(Ordering::SeqCst);
        let started = Instant::now();
        let answer = self.stage.clients[service].command(who, kind, data.clone()).await;
        assert!(started.elapsed() < NOBODY_WAITS_LONGER, "{kind} waited {:?}", started.elapsed());
        match answer.status {
            200 | 201 => {
                self.known.fetch_max(answer.position().unwrap(), Ordering::SeqCst);
                self.recorded[service].fetch_add(1, Ordering::SeqCst);
            }
            422 => {
                let until = self.stage.last().await;
                let refusal = Refusal { who, kind, data, after, until, answer: answer.clone() };
                self.refusals.lock().unwrap().push(refusal);
            }
            other => panic!("{kind} {data}: {other} {}", answer.text),
        }
        answer
    }

    /// The refusals; every service has recorded at least so many commands.
    fn finish(self, each_at_least: i64) -> Vec<Refusal> {
        let recorded: Vec<i64> = self.recorded.iter().map(|count| count.load(Ordering::SeqCst)).collect();
        assert!(recorded.iter().all(|count| *count >= each_at_least), "one starved: {recorded:?}");
        self.refusals.into_inner().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn i9_of_two_hundred_callers_for_one_bank_one_wins_and_the_others_are_refused() {
    let stage = Stage::with(1).await;
    let client = &stage.clients[0];
    let town = Town::found(client, "instant", 1, json!({})).await;
    let callers = customers(client, 200, 20_000).await;
    let before = stage.last().await;
    let watch = Watch::over(&stage).await;
    let calls =
        callers.iter().map(|caller| watch.send(0, customer(*caller), "StartRental", town.start(*caller, 1)));
    let mut said: HashMap<(u16, String), u32> = HashMap::new();
    for answer in join_all(calls).await {
        *said.entry((answer.status, answer.code())).or_default() += 1;
    }
    assert_eq!(said, HashMap::from([((201, String::new()), 1), ((422, "slot_empty".to_owned()), 199)]));
    assert_eq!(stage.last().await, before + 1, "one event, and nothing of the refused");
    stage.check(watch.finish(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn i3_one_id_sent_fifty_times_at_once_has_one_effect_and_fifty_equal_answers() {
    let stage = Stage::with(2).await;
    let town = Town::found(&stage.clients[0], "instant", 1, json!({})).await;
    let asha = customers(&stage.clients[0], 1, 20_000).await[0];
    let before = stage.last().await;
    let command = id();
    let calls = (0..50).map(|number| {
        let client = &stage.clients[number % 2];
        client.command_as(command, customer(asha), "StartRental", town.start(asha, 1))
    });
    let answers = join_all(calls).await;
    for answer in &answers {
        assert_eq!((answer.status, &answer.text), (201, &answers[0].text));
        assert_eq!(answer.position(), answers[0].position());
    }
    assert_eq!(answers.iter().filter(|answer| !answer.replayed()).count(), 1, "one of them was the first");
    assert_eq!(stage.last().await, before + 1);
    let owner = stage.place.database.owner().await;
    let rows =
        owner.query_one("SELECT count(*) FROM ledger.command WHERE id = $1", &[&command]).await.unwrap();
    assert_eq!(rows.get::<_, i64>(0), 1);
}

/// Ten banks at one station, forty customers at two services: everybody wants whatever bank they last heard of.
#[tokio::test(flavor = "multi_thread")]
async fn i4_two_services_at_odds_over_one_station_answer_on_the_present_state_and_neither_starves() {
    const BANKS: u16 = 10;
    let stage = Stage::with(2).await;
    let town = Town::found(&stage.clients[0], "instant", BANKS, json!({"unit_price": 0})).await;
    let callers = customers(&stage.clients[1], 40, 20_000).await;
    let heard: Vec<AtomicU16> = (1..=BANKS).map(AtomicU16::new).collect();
    let free = AtomicU16::new(BANKS);
    let watch = Watch::over(&stage).await;
    let life = async |number: usize, caller: Uuid| {
        for round in 0..10 {
            let service = number % 2;
            let wanted = &heard[(number * 7 + round * 3) % heard.len()];
            let start = town.start(caller, wanted.load(Ordering::SeqCst));
            let answer = watch.send(service, customer(caller), "StartRental", start).await;
            let Some(device) = answer.at("/result/device_id").as_str().map(ToOwned::to_owned) else {
                continue;
            };
            let bank = town.banks.iter().position(|bank| bank.id.to_string() == device).unwrap();
            // A slot that no bank was in for long: two returns to one slot within minutes would be one.
            let slot = free.fetch_add(1, Ordering::SeqCst) % 190 + 11;
            let data = json!({"device_id": device, "station_id": town.station, "slot": slot});
            let back = watch.send(1 - service, station(town.station), "DeviceReturned", data).await;
            assert_eq!(back.at("/result/status"), json!("ended"), "{}", back.text);
            heard[bank].store(slot, Ordering::SeqCst);
        }
    };
    join_all(callers.iter().enumerate().map(|(number, caller)| life(number, *caller))).await;
    let refusals = watch.finish(20);
    assert!(refusals.len() >= 20, "they really met: {}", refusals.len());
    stage.check(refusals).await;
}

/// A customer with a debt: one service takes the payment while the other is asked for a bank, again and again.
#[tokio::test(flavor = "multi_thread")]
async fn i4_two_services_at_odds_over_one_customers_debt_never_judge_by_an_old_one() {
    const ROUNDS: u16 = 12;
    let stage = Stage::with(2).await;
    // Nothing on deposit is needed: so there is a debt after each lost bank.
    let terms = json!({"deposit": 0, "replacement_fee": 5_000});
    let town = Town::found(&stage.clients[0], "instant", ROUNDS, terms).await;
    let asha = customers(&stage.clients[0], 1, 0).await[0];
    let watch = Watch::over(&stage).await;
    let mut owes = 0;
    for round in 0..ROUNDS {
        assert!(round == 0 || owes > 0, "she owes before each race");
        let slot = round + 1;
        let (payer, asker) = (usize::from(round % 2), usize::from(1 - round % 2));
        let pay = async {
            if owes > 0 {
                let body = bill(asha, owes);
                let answer = stage.clients[payer].post(PAYMENTS, "/api/v1/commands", body).await.expect(201);
                watch.known.fetch_max(answer.position().unwrap(), Ordering::SeqCst);
                watch.recorded[payer].fetch_add(1, Ordering::SeqCst);
                assert_eq!(answer.at("/result/debt"), json!(0));
            }
        };
        let ask = async |service: usize| {
            let mut last = None;
            for _ in 0..6 {
                let answer = watch.send(service, AGENT, "StartRental", town.start(asha, slot)).await;
                let started = answer.status == 201;
                last = Some(answer);
                if started {
                    break;
                }
            }
            last.unwrap()
        };
        let ((), one, two) = futures_util::join!(pay, ask(asker), ask(payer));
        // Whoever was told of a debt only may ask once more, now that it is paid.
        let started = [one, two].into_iter().find(|answer| answer.status == 201);
        let started = match started {
            Some(started) => started,
            None => watch.send(asker, AGENT, "StartRental", town.start(asha, slot)).await.expect(201),
        };
        let bank = &town.banks[usize::from(slot) - 1];
        assert_eq!(started.at("/result/device_id"), json!(bank.id));
        owes = fall_into_debt(&stage.clients[payer], &watch, started.at("/result/rental_id")).await;
    }
    let refusals = watch.finish(3);
    assert!(refusals.iter().any(|refusal| refusal.answer.code() == "customer_has_debt"), "they really met");
    stage.check(refusals).await;
}

/// Reports the bank lost: it is billed as sold, and nothing lies on deposit. Returns what she owes.
async fn fall_into_debt(client: &Client, watch: &Watch<'_>, rental: Value) -> i64 {
    let lost = client.command(SUPPORT, "ReportLost", json!({"rental_id": rental})).await.expect(201);
    watch.known.fetch_max(lost.position().unwrap(), Ordering::SeqCst);
    lost.at("/result/debt").as_i64().unwrap()
}

/// Two services and an operator who changes the station under them.
#[tokio::test(flavor = "multi_thread")]
async fn i4_a_station_that_goes_offline_at_one_service_is_offline_at_the_other() {
    let stage = Stage::with(2).await;
    let town = Town::found(&stage.clients[0], "instant", 60, json!({})).await;
    let callers = customers(&stage.clients[0], 60, 20_000).await;
    let watch = Watch::over(&stage).await;
    let switch =
        async |kind| watch.send(0, ADMIN, kind, json!({"station_id": town.station})).await.expect(201);
    // What one service has acknowledged, the other knows at once.
    for (caller, slot) in callers.iter().zip(1..).take(5) {
        let _ = switch("TakeStationOffline").await;
        let ask = async || watch.send(1, customer(*caller), "StartRental", town.start(*caller, slot)).await;
        let _ = ask().await.refused(422, "station_offline");
        let _ = switch("BringStationOnline").await;
        let _ = ask().await.expect(201);
    }
    let _ = switch("TakeStationOffline").await;
    let switching = async {
        for _ in 0..4 {
            let _ = switch("BringStationOnline").await;
            let _ = switch("TakeStationOffline").await;
        }
        switch("BringStationOnline").await
    };
    let insist = async |caller: Uuid, slot: u16| {
        for _ in 0..500 {
            let answer = watch.send(1, customer(caller), "StartRental", town.start(caller, slot)).await;
            if answer.status == 201 {
                return;
            }
            assert_eq!(answer.code(), "station_offline");
        }
        panic!("it is online by now");
    };
    let callers = join_all(callers.iter().zip(1..).skip(5).map(|(caller, slot)| insist(*caller, slot)));
    futures_util::join!(callers, switching);
    stage.check(watch.finish(19)).await;
}
