//! One fault at a time: the reply cut exactly at commit, Postgres away, everything in one process killed.

use std::time::Duration;

use ledger::migrate::ServiceRole;
use reqwest::Method;
use serde_json::json;
use tests::harness::{ADMIN, Cut, Place, PrivatePostgres, Proxy, wait_until};
use tests::verifier::{Evidence, Journal, Said, models, verify};

use crate::journey::Up;
use crate::load::{Load, assert_replays};
use crate::town::id;

const LIMIT: Duration = Duration::from_secs(60);

/// Checks every invariant on what a place was left as; the read models have caught up.
pub(crate) async fn assert_sound(place: &Place, journal: &Journal, brokers: Option<&str>) {
    let last = place.last().await;
    wait_until("the read models have caught up", LIMIT, async || {
        let projected = place.projected().await;
        projected.len() == 4 && projected.iter().all(|position| *position == last)
    })
    .await;
    let client = place.database.client(ServiceRole::Query).await;
    let mut evidence = Evidence::read(&client).await.unwrap();
    if let Some(brokers) = brokers.map(ToOwned::to_owned) {
        let read = move || tests::harness::records(&brokers, ledger::feed::TOPIC);
        evidence = evidence.with_records(tokio::task::spawn_blocking(read).await.unwrap());
    }
    let mut violations = verify(&evidence, journal);
    let (data, url) = (place.data(), place.database.url(ServiceRole::Projector));
    let environment = [("CHAJIPOA_DATA_DIR".to_owned(), data.to_string_lossy().into_owned())];
    let rebuild = move || models::rebuilt(&tests::harness::binary(), &url, &environment);
    violations.extend(tokio::task::spawn_blocking(rebuild).await.unwrap());
    assert!(violations.is_empty(), "{}", lines(&violations));
}

fn lines(violations: &[tests::verifier::Violation]) -> String {
    violations.iter().map(|violation| format!("\n{violation}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn i1_a_reply_cut_exactly_at_commit_is_one_effect_and_the_true_answer() {
    let place = Place::new().await;
    let url = place.database.url(ServiceRole::Command);
    let wire = Proxy::to(&url).await;
    let process = place.spec(&["command-api"], &wire.url(&url)).start().await;
    let client = place.client(&process);
    let mut expected = place.last().await;
    for (round, cut) in [Cut::AfterCommit, Cut::BeforeAppend].into_iter().cycle().take(8).enumerate() {
        let register = |number: usize| json!({"serial": format!("PB-{round}-{number}")});
        let commands: Vec<_> = (0..5).map(|number| (id(), register(number))).collect();
        wire.cut(cut, false);
        let calls =
            commands.iter().map(|(id, data)| client.command_as(*id, ADMIN, "RegisterDevice", data.clone()));
        let answers = futures_util::future::join_all(calls).await;
        assert_eq!(wire.cuts(), u64::try_from(round + 1).unwrap(), "it was cut, once");
        for (answer, (id, data)) in answers.into_iter().zip(&commands) {
            let answer = answer.expect(201);
            let again = client.command_as(*id, ADMIN, "RegisterDevice", data.clone()).await.expect(201);
            assert_eq!((again.replayed(), again.text), (true, answer.text));
        }
        expected += 5;
        assert_eq!(place.last().await, expected, "each was recorded once ({cut:?})");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn i1_an_outcome_that_stays_unknown_is_said_to_be_and_found_again_under_its_id() {
    let place = Place::new().await;
    let url = place.database.url(ServiceRole::Command);
    let wire = Proxy::to(&url).await;
    let process = place.spec(&["command-api"], &wire.url(&url)).start().await;
    let client = place.client(&process);
    for (cut, recorded) in [(Cut::AfterCommit, 1), (Cut::BeforeAppend, 0)] {
        let before = place.last().await;
        let (command, data) = (id(), json!({"serial": format!("PB-{recorded}")}));
        wire.cut(cut, true);
        let unknown = client.command_as(command, ADMIN, "RegisterDevice", data.clone()).await;
        assert!(unknown.header("retry-after").is_some());
        let _ = unknown.refused(503, "outcome_unknown");
        assert_eq!(place.last().await, before + recorded);
        wire.mend();
        let found = tests::harness::wait_for("the service is back", LIMIT, async || {
            let answer = client.command_as(command, ADMIN, "RegisterDevice", data.clone()).await;
            (answer.status != 503).then_some(answer)
        });
        let found = found.await.expect(201);
        assert_eq!(found.replayed(), recorded == 1, "{}", found.text);
        assert_eq!(place.last().await, before + 1, "recorded once, whatever its sender knew");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_is_away_is_answered_503_and_found_again() {
    let postgres = tokio::task::spawn_blocking(PrivatePostgres::start).await.unwrap();
    let up = Up::at(Place::on(postgres.cluster().fresh_database().await)).await;
    let client = &up.client;
    let last = up.place.last().await;
    tokio::task::block_in_place(|| postgres.crash());
    let (command, data) = (id(), json!({"serial": "PB-AWAY"}));
    let away = client.command_as(command, ADMIN, "RegisterDevice", data.clone()).await;
    assert_eq!(away.status, 503, "{}", away.text);
    assert!(away.header("retry-after").is_some());
    let stations = client.get(ADMIN, "/api/v1/stations").await;
    assert_eq!(stations.status, 503, "{}", stations.text);
    assert!(stations.header("retry-after").is_some());
    let health = client.ask(Method::GET, "/health", None, &[], None).await;
    assert_eq!(health.status, 503, "{}", health.text);
    tokio::task::block_in_place(|| postgres.restart());
    up.process.wait_ready(LIMIT).await;
    let answer = client.command_as(command, ADMIN, "RegisterDevice", data).await.expect(201);
    assert_eq!(up.place.last().await, last + 1, "once, though its sender tried twice");
    let device = format!("/api/v1/devices/{}", answer.at("/result/device_id").as_str().unwrap());
    let _ = client.get_at(ADMIN, &device, last + 1).await.expect(200);
    let said = Said {
        command_id: command,
        actor: format!("{}:{}", ADMIN.0, ADMIN.1),
        sent: String::new(),
        status: answer.status,
        answer: answer.text,
    };
    assert_sound(&up.place, &Journal(vec![said]), None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn services_that_start_while_postgres_is_away_wait_for_it() {
    let postgres = tokio::task::spawn_blocking(PrivatePostgres::start).await.unwrap();
    let place = Place::on(postgres.cluster().fresh_database().await);
    tokio::task::block_in_place(|| postgres.crash());
    let roles = [ServiceRole::Command, ServiceRole::Query, ServiceRole::Projector];
    let names = ["command-api", "query-api", "projector"];
    let mut services: Vec<_> =
        names.into_iter().zip(roles).map(|(name, role)| place.service(name, role).launch()).collect();
    for service in &mut services {
        wait_until("it looks for the database", LIMIT, async || {
            service.log().contains("the database is away")
        })
        .await;
        assert!(service.ended().is_none(), "{}", service.log());
    }
    tokio::task::block_in_place(|| postgres.restart());
    for service in &mut services {
        service.wait_listening().await;
        service.wait_ready(LIMIT).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn i1_everything_in_one_process_killed_under_load_loses_nothing_and_doubles_nothing() {
    let mut up = Up::new().await;
    let load = Load::start(std::slice::from_ref(&up.client), 8).await;
    for _ in 0..5 {
        load.goes_on(80).await;
        up.process.kill9();
        up.process.restart().await;
    }
    load.goes_on(80).await;
    let journal = load.stop().await;
    assert_replays(&up.client, &journal).await;
    assert_sound(&up.place, &journal, None).await;
}
