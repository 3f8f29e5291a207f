//! Everything as separate processes, through a real Kafka, on a Postgres of its own: a simulated city, at least twenty
//! kills under load, Kafka away, wiped and filled again. Afterwards every invariant is checked.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use ledger::migrate::ServiceRole;
use serde_json::{Value, json};
use tests::harness::{ADMIN, Client, FINANCE, Gateway, Kafka, Place, PrivatePostgres, Process, wait_until};

use crate::faults::assert_sound;
use crate::load::{Load, assert_replays};
use crate::town::rich_customer;
use crate::wallets::Sandbox;

const LIMIT: Duration = Duration::from_secs(90);
/// Each of the parts is killed so often.
const TURNS: usize = 4;
/// What is hurt, in turn: the services in this order, then the database.
const SERVICES: [(&str, ServiceRole); 7] = [
    ("command-api", ServiceRole::Command),
    ("command-api", ServiceRole::Command),
    ("relay", ServiceRole::Relay),
    ("projector", ServiceRole::Projector),
    ("projector", ServiceRole::Projector),
    ("query-api", ServiceRole::Query),
    ("query-api", ServiceRole::Query),
];
/// Whose sessions are ended by the database.
const LOGINS: [&str; TURNS] = ["chajipoa_command", "chajipoa_projector", "chajipoa_relay", "chajipoa_query"];

struct Cluster {
    place: Place,
    postgres: PrivatePostgres,
    kafka: Kafka,
    processes: Vec<Process>,
}

impl Cluster {
    async fn start(kafka: Kafka) -> Self {
        let postgres = tokio::task::spawn_blocking(PrivatePostgres::start).await.unwrap();
        let place = Place::on(postgres.cluster().fresh_database().await).with_kafka(kafka.brokers());
        let mut processes = Vec::new();
        for (name, role) in SERVICES {
            processes.push(place.service(name, role).start().await);
        }
        Self { place, postgres, kafka, processes }
    }

    fn of(&self, name: &str) -> Vec<Client> {
        let named = SERVICES.iter().zip(&self.processes).filter(|((service, _), _)| *service == name);
        named.map(|(_, process)| self.place.client(process)).collect()
    }

    /// Waits until every read model stands at the ledger's end, and a query says so too.
    async fn caught_up(&self) {
        let last = self.place.last().await;
        wait_until("the read models have caught up", LIMIT, async || {
            let projected = self.place.projected().await;
            projected.len() == 4 && projected.iter().all(|position| *position >= last)
        })
        .await;
        for client in self.of("query-api") {
            let books = client.get_at(FINANCE, "/api/v1/finance/trial-balance", last).await.expect(200);
            assert_eq!(books.at("/total_debit"), books.at("/total_credit"));
        }
    }

    /// Kills the processes one after the other, the load going on between; then sessions; then the database.
    async fn kill_each(&mut self, turn: usize, load: &Load) -> usize {
        let mut kills = 0;
        for process in &mut self.processes {
            load.goes_on(15).await;
            process.kill9();
            process.restart().await;
            kills += 1;
        }
        load.goes_on(15).await;
        let owner = self.place.database.owner().await;
        let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1";
        owner.query(cut, &[&LOGINS[turn]]).await.unwrap();
        load.goes_on(15).await;
        tokio::task::block_in_place(|| {
            self.postgres.crash();
            self.postgres.restart();
        });
        kills + 2
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn separate_processes_survive_every_kill_and_every_loss_of_kafka() {
    let Some(kafka) = tokio::task::spawn_blocking(Kafka::private).await.unwrap() else { return };
    let started = Instant::now();
    let note = |what: &str| println!("{:>6.1?} {what}", started.elapsed());
    let mut cluster = Cluster::start(kafka).await;
    note("the cluster runs");
    simulate(&cluster).await;
    note("a city lived on it");

    let services = cluster.of("command-api");
    let load = Load::start(&services, 8).await;
    let mut kills = 0;
    for turn in 0..TURNS {
        kills += cluster.kill_each(turn, &load).await;
    }
    assert!(kills >= 20, "{kills} kills");
    load.goes_on(30).await;
    note(&format!("{kills} kills"));

    kafka_away(&cluster, &load).await;
    note("Kafka was away");
    let services = cluster.of("command-api");
    tokio::task::block_in_place(|| cluster.kafka.wipe());
    load.goes_on(50).await;
    tokio::task::block_in_place(|| cluster.kafka.start());
    load.goes_on(50).await;
    let journal = load.stop().await;
    cluster.caught_up().await;
    note("Kafka was wiped and filled again");

    let sent = journal.0.len();
    assert_replays(&services[0], &journal).await;
    note(&format!("{sent} sendings were answered the same once more"));
    let brokers = cluster.kafka.brokers().to_owned();
    topic_is_whole(&cluster).await;
    assert_sound(&cluster.place, &journal, Some(&brokers)).await;
    note("every invariant holds");
    stand_by(&mut cluster).await;
    note("the other projector took over");
}

/// `chajipoa simulate` through real Kafka, with the reactor, the sandbox and a gateway beside the others; the read models
/// agree with a rebuild.
async fn simulate(cluster: &Cluster) {
    let (commands, queries) = (&cluster.of("command-api")[0], &cluster.of("query-api")[0]);
    let gateway = Gateway::before(commands.base(), queries.base()).await;
    let place = &cluster.place;
    let sandbox = place.spec(&["sandbox", "--url", &gateway.url()], &place.database.owner_url).start().await;
    let reactor = place.service("reactor", ServiceRole::Reactor);
    let reactor = reactor.env("CHAJIPOA_COMMAND_URL", commands.base()).env("AZAMPAY_PROMPT_AFTER_MS", "0");
    let providers = Sandbox::at(&sandbox.url()).provider_settings();
    let reactor = providers.into_iter().fold(reactor, |reactor, (name, value)| reactor.env(&name, value));
    let mut reactor = reactor.start().await;
    let city = ["simulate", "--rentals", "250", "--seed", "5", "--json"];
    let (url, phones) = (gateway.url(), sandbox.url());
    let arguments = [&city[..], &["--url", &url, "--sandbox", &phones]].concat();
    let spec = place.spec(&arguments, &place.database.owner_url);
    let (status, said) = tokio::task::spawn_blocking(move || spec.run()).await.unwrap();
    assert!(status.success(), "{said}");
    let report: Value = serde_json::from_str(said.trim()).unwrap();
    assert_eq!(report["surprises"], json!(0), "{report}");
    reactor.stop().await;
    cluster.caught_up().await;
}

/// Commands go on as if nothing had happened; the read models stand still and catch up by themselves.
async fn kafka_away(cluster: &Cluster, load: &Load) {
    cluster.caught_up().await;
    tokio::task::block_in_place(|| cluster.kafka.kill());
    load.goes_on(100).await;
    let last = cluster.place.last().await;
    assert!(
        cluster.place.projected().await.iter().all(|position| *position < last),
        "they come through Kafka"
    );
    let asha = rich_customer(&cluster.of("command-api")[0]).await;
    let path = format!("/api/v1/users/balance?customer_id={asha}");
    let early = cluster.of("query-api")[0].get_at(ADMIN, &path, last).await;
    let _ = early.refused(503, "not_caught_up");
    tokio::task::block_in_place(|| cluster.kafka.start());
    cluster.caught_up().await;
    let balance = cluster.of("query-api")[1].get(ADMIN, &path).await.expect(200);
    assert_eq!(balance.at("/balance"), json!(20_000));
}

/// The relay has carried everything.
async fn topic_is_whole(cluster: &Cluster) {
    let last = cluster.place.last().await;
    let owner = cluster.place.database.owner().await;
    wait_until("the relay's checkpoint is at the end", LIMIT, async || {
        let at = "SELECT position FROM ledger.checkpoint WHERE name = 'relay'";
        let row = owner.query_opt(at, &[]).await.unwrap();
        row.is_some_and(|row| row.get::<_, i64>(0) == last)
    })
    .await;
}

/// Of two projectors one writes each read model; when one is gone for good, the other does.
async fn stand_by(cluster: &mut Cluster) {
    let mut left: HashMap<&str, usize> = HashMap::new();
    for ((name, _), process) in SERVICES.iter().zip(&mut cluster.processes) {
        let seen = left.entry(name).or_default();
        *seen += 1;
        if *name == "projector" && *seen == 1 {
            process.kill9();
        }
    }
    let client = &cluster.of_living("command-api")[0];
    let _ = rich_customer(client).await;
    let last = cluster.place.last().await;
    wait_until("the other one goes on", LIMIT, async || {
        cluster.place.projected().await.iter().all(|position| *position >= last)
    })
    .await;
}

impl Cluster {
    /// As [`Cluster::of`], leaving out what was killed for good.
    fn of_living(&self, name: &str) -> Vec<Client> {
        let named = SERVICES.iter().zip(&self.processes).filter(|((service, _), _)| *service == name);
        named
            .filter(|(_, process)| process.id().is_some())
            .map(|(_, process)| self.place.client(process))
            .collect()
    }
}
