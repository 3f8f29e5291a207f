//! Restarts, several reactors, an old ledger, a command-api that is away: one effect, and it comes.

use edge::pace::rest;
use serde_json::json;
use std::time::Duration;

use crate::harness::{City, Place, hours, until, zero};

#[tokio::test(flavor = "multi_thread")]
async fn deadlines_survive_a_restart() {
    let place = Place::new().await;
    let serving = place.serve().await;
    let city = City::build(&place, &serving, "instant", 1).await;
    let customer = city.customer(1).await;
    city.rent(customer, 1).await;
    let reactor = place.react(&serving);
    place.until_idle().await;
    reactor.stop().await.unwrap();
    place.clock.advance(hours(30));
    let reactor = place.react(&serving);
    place.until_happened("RentalBecameOverdue", &[zero() + hours(24)]).await;
    place.until_idle().await;
    reactor.stop().await.unwrap();
    place.clock.advance(hours(100));
    let reactor = place.react(&serving);
    place.until_happened("RentalSold", &[zero() + hours(96)]).await;
    place.until_happened("RentalBecameOverdue", &[zero() + hours(24)]).await;
    reactor.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_whose_answer_was_lost_is_sent_again_and_has_one_effect() {
    let place = Place::new().await;
    let serving = place.serve().await;
    let city = City::build(&place, &serving, "instant", 1).await;
    let customer = city.customer(1).await;
    let payment = city.ask(customer).await;
    let reactor = place.react(&serving);
    place.clock.advance(hours(24));
    place.until_happened("PaymentExpired", &[zero() + hours(24)]).await;
    place.until_idle().await;
    reactor.stop().await.unwrap();
    // As it would be if the reactor had died after sending: the row is still there.
    let row = "INSERT INTO reactor.deadline (kind, entity, due_at, margin_minutes, attempts, next_try_at) \
         VALUES ('expire_payment', $1, $2, 0, 0, $2)";
    place.owner().execute(row, &[&payment, &(zero() + hours(24))]).await.unwrap();
    let reactor = place.react(&serving);
    place.until_idle().await;
    let sent = reactor.status().snapshot().sent;
    // The stored answer of the first sending, not a second decision.
    assert_eq!(
        sent.into_iter().map(|((_, outcome), count)| (outcome, count)).collect::<Vec<_>>(),
        [("recorded", 1)]
    );
    place.until_happened("PaymentExpired", &[zero() + hours(24)]).await;
    assert!(place.waiting().await.is_empty());
    reactor.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_reactors_one_acts_and_the_other_takes_over() {
    let place = Place::new().await;
    let serving = place.serve().await;
    let city = City::build(&place, &serving, "instant", 2).await;
    let (one, two) = (city.customer(1).await, city.customer(2).await);
    city.rent(one, 1).await;
    let mut reactors = vec![place.react(&serving), place.react(&serving)];
    place.clock.advance(hours(24));
    place.until_happened("RentalBecameOverdue", &[zero() + hours(24)]).await;
    place.until_idle().await;
    assert_eq!(reactors.iter().filter(|reactor| reactor.status().snapshot().active).count(), 1);
    city.rent(two, 2).await;
    let acting = reactors.iter().position(|reactor| reactor.status().snapshot().active).unwrap();
    reactors.remove(acting).stop().await.unwrap();
    place.clock.advance(hours(24));
    place.until_happened("RentalBecameOverdue", &[zero() + hours(24), zero() + hours(48)]).await;
    assert!(reactors[0].status().snapshot().active);
    place.until_idle().await;
    for reactor in reactors {
        reactor.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_an_old_ledger_only_what_still_waits_is_fired() {
    let place = Place::new().await;
    let serving = place.serve().await;
    let city = City::build(&place, &serving, "instant", 12).await;
    for number in 1..=12_u16 {
        let customer = city.customer(u32::from(number)).await;
        city.rent(customer, number).await;
        place.clock.advance(hours(1));
        if number != 12 {
            city.bring_back(number).await;
        }
    }
    // Long after everything would have been due: only one rental is still open.
    place.clock.advance(hours(2_000));
    let reactor = place.react(&serving);
    let due = zero() + hours(11 + 24);
    place.until_happened("RentalSold", &[due + hours(72)]).await;
    place.until_idle().await;
    let sent = reactor.status().snapshot().sent;
    assert_eq!(sent.values().sum::<u64>(), 2, "{sent:?}");
    assert!(sent.keys().all(|(_, outcome)| *outcome == "recorded"), "{sent:?}");
    assert!(place.waiting().await.is_empty());
    reactor.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_while_the_command_api_is_away_comes_once_it_is_back() {
    let place = Place::new().await;
    let serving = place.serve().await;
    let city = City::build(&place, &serving, "instant", 1).await;
    let customer = city.customer(1).await;
    city.ask(customer).await;
    let reactor = place.react(&serving);
    place.until_idle().await;
    let address = serving.stop().await;
    place.clock.advance(hours(24));
    let tried = async || reactor.status().snapshot().sent.values().sum::<u64>();
    until("it was tried", async || tried().await == 1).await;
    let figures = reactor.status().snapshot();
    assert!(figures.nobody.is_some());
    // The pauses go by the clock, so nothing is tried while it stands.
    rest(Duration::from_millis(150)).await;
    assert_eq!(tried().await, 1);
    let serving = place.serve_at(&address.to_string()).await;
    place.clock.advance(chrono::TimeDelta::seconds(1));
    place.until_happened("PaymentExpired", &[zero() + hours(24)]).await;
    place.until_idle().await;
    assert!(reactor.status().snapshot().nobody.is_none());
    reactor.stop().await.unwrap();
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_of_another_ledger_refuses_to_run() {
    let place = Place::new().await;
    let serving = place.serve().await;
    let city = City::build(&place, &serving, "instant", 1).await;
    city.admin("TakeStationOffline", json!({"station_id": city.station})).await;
    let reactor = place.react(&serving);
    place.until_idle().await;
    reactor.stop().await.unwrap();
    for wrong in ["epoch = 2", "position = 1000000, epoch = 1", "event_id = gen_random_uuid(), position = 1"]
    {
        place.owner().batch_execute(&format!("UPDATE reactor.progress SET {wrong}")).await.unwrap();
        let refused = place.react(&serving).ended().await.unwrap_err();
        assert!(refused.is_final(), "{wrong}: {refused}");
        assert!(
            matches!(refused, reactor::ReactorError::Ledger(ledger::LedgerError::Checkpoint(_))),
            "{refused}"
        );
    }
}
