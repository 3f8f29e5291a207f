//! How streams end, and how many there may be.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use edge::Role;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpSocket,
    time::timeout,
};
use uuid::Uuid;

use super::harness::*;

async fn expect_bye(stream: &mut Listener, reason: &str) {
    assert_eq!(stream.expect("bye").await.data, json!({"reason": reason}));
    assert_eq!(stream.take().await, None, "the last event");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_its_token() {
    let stage = Stage::new().await;
    let _projector = stage.project().await;
    let me = (Role::Customer, Uuid::from_u128(1));
    let short = stage.token_for(me, TimeDelta::minutes(10));
    let mut ends = Listener::new(stage.ask_with(RENTAL, short, None).await);
    let mut stays = stage.listen(RENTAL, me, None).await;
    ends.expect("idle").await;
    stays.expect("idle").await;
    stage.clock.advance(TimeDelta::minutes(10));
    expect_bye(&mut ends, "token_expired").await;
    assert_eq!(stage.queries.live().streams(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_its_session() {
    let stage = Stage::new().await;
    let _projector = stage.project().await;
    let (me, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let (mut mine, mut theirs) = (stage.rental_of(me).await, stage.rental_of(other).await);
    mine.expect("idle").await;
    theirs.expect("idle").await;
    stage.queries.live().end_sessions(|identity| identity.subject == me);
    expect_bye(&mut mine, "session_ended").await;
    assert_eq!(stage.queries.live().streams(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_end_when_the_service_stops_and_do_not_hold_it_up() {
    let stage = Stage::new().await;
    let _projector = stage.project().await;
    let station = stage.station("confirmed", 1).await;
    let mut rental = stage.rental_of(Uuid::from_u128(1)).await;
    let mut cabinet = stage.listen(&station.stream(), station.who(), None).await;
    rental.expect("idle").await;
    let began = Instant::now();
    stage.queries.live().stop();
    let refused = stage.ask(RENTAL, (Role::Customer, Uuid::from_u128(2)), None).await;
    assert_eq!(code(refused).await, (503, "unavailable".to_owned()));
    let stopping = tokio::spawn(stage.handle.stop(true));
    expect_bye(&mut rental, "stopping").await;
    expect_bye(&mut cabinet, "stopping").await;
    timeout(LIMIT, stopping).await.expect("it stops").unwrap();
    assert!(began.elapsed() < Duration::from_secs(5), "well before the server's own limit of ten seconds");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_streams_of_a_customer_and_of_a_process_are_limited() {
    let stage = Stage::with_streams(7).await;
    let _projector = stage.project().await;
    let mut open = Vec::new();
    for _ in 0..5 {
        open.push(stage.rental_of(Uuid::from_u128(1)).await);
    }
    let sixth = stage.ask(RENTAL, (Role::Customer, Uuid::from_u128(1)), None).await;
    assert!(sixth.headers().contains_key("retry-after"));
    assert_eq!(code(sixth).await, (429, "too_many_streams".to_owned()));
    for number in 2..=3 {
        open.push(stage.rental_of(Uuid::from_u128(number)).await);
    }
    let eighth = stage.ask(RENTAL, (Role::Customer, Uuid::from_u128(4)), None).await;
    assert!(eighth.headers().contains_key("retry-after"));
    assert_eq!(code(eighth).await, (503, "too_many_streams".to_owned()));
    // Who goes away makes room at once.
    open.clear();
    wait_until(async || stage.queries.live().streams() == 0).await;
    stage.rental_of(Uuid::from_u128(4)).await.expect("idle").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_break_of_the_database_loses_no_event() {
    let stage = Stage::new().await;
    let _projector = stage.project().await;
    let (station, customer) = (stage.station("instant", 1).await, stage.customer(1).await);
    let mut stream = stage.rental_of(customer).await;
    stream.expect("idle").await;
    let rental = stage.start(customer, &station, 1).await;
    stream.expect("status").await;
    let admin = crate::database::connect(&stage.owner_url).await;
    for minutes in 1..=20 {
        // Every connection of the query API is cut between two events.
        let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'chajipoa_query' \
                    AND datname = current_database()";
        admin.batch_execute(kill).await.unwrap();
        let extend = json!({"rental_id": rental, "minutes": minutes});
        let answer = stage.command((Role::Customer, customer), "ExtendRental", extend).await;
        let told = stream.expect("status").await.data;
        assert_eq!((&told["position"], &told["due_at"]), (&answer["position"], &answer["result"]["due_at"]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_does_not_read_is_cut_off() {
    let stage = Stage::new().await;
    let _projector = stage.project().await;
    let (station, customer) = (stage.station("instant", 1).await, stage.customer(1).await);
    let rental = stage.start(customer, &station, 1).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut reader = socket.connect(stage.address).await.unwrap();
    let token = stage.token((Role::Customer, customer));
    let request = format!("GET {RENTAL} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n");
    reader.write_all(request.as_bytes()).await.unwrap();
    wait_until(async || stage.queries.live().streams() == 1).await;

    let mut sent = 0;
    while stage.queries.live().streams() > 0 {
        let lines: Vec<Value> = (0..150)
            .map(|_| {
                let data = json!({"rental_id": rental, "minutes": 1});
                json!({"command_id": edge::Clock::id(&edge::SystemClock), "type": "ExtendRental", "data": data})
            })
            .collect();
        sent += stage.upload(ADMIN, &lines).await;
        assert!(sent < 4_000, "it is still being kept");
    }
    let mut text = Vec::new();
    let end = timeout(LIMIT, reader.read_to_end(&mut text)).await.expect("its connection ends");
    let told = String::from_utf8_lossy(&text).matches("event: status").count();
    assert!(told > 0 && told < sent, "{told} of {sent} and then {end:?}");
    assert!(!text.ends_with(b"0\r\n\r\n"), "it does not look complete");
}
