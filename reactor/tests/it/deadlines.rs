//! Each deadline at its moment: not before, exactly then, and moved when an event moves it.

use chrono::TimeDelta;
use serde_json::json;

use crate::harness::{ADMIN, City, INSTANT, PAYMENTS, Place, Time, hours, zero};

fn after_zero(delta: TimeDelta) -> Time {
    zero() + delta
}

/// The standard tariff sells three days after the due time.
const SALE: i64 = 72;

#[tokio::test(flavor = "multi_thread")]
async fn a_rental_becomes_overdue_at_its_due_time_and_not_before() {
    let place = Place::new().await;
    let serving = place.serve().await;
    let city = City::build(&place, &serving, "instant", 1).await;
    let customer = city.customer(1).await;
    // The payment expires one instant before the rental is due: once it has, the reactor has looked.
    city.ask(customer).await;
    place.clock.advance(INSTANT);
    city.rent(customer, 1).await;
    let reactor = place.react(&serving);
    place.until_idle().await;
    assert!(reactor.status().snapshot().sent.is_empty());

    place.clock.advance(hours(24) - INSTANT);
    place.until_happened("PaymentExpired", &[after_zero(hours(24))]).await;
    assert!(place.happened("RentalBecameOverdue").await.is_empty());

    place.clock.advance(INSTANT);
    place.until_happened("RentalBecameOverdue", &[after_zero(hours(24) + INSTANT)]).await;
    place.until_idle().await;
    reactor.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_extension_moves_the_due_time_and_the_sale_with_it() {
    let place = Place::new().await;
    let serving = place.serve().await;
    let city = City::build(&place, &serving, "instant", 1).await;
    let customer = city.customer(1).await;
    let rental = city.rent(customer, 1).await;
    // A payment that expires when the rental would have been due.
    city.ask(customer).await;
    let reactor = place.react(&serving);
    place.until_idle().await;
    let due = after_zero(hours(24));
    assert_eq!(place.waiting().await.last().unwrap(), &("sell_device".to_owned(), due + hours(SALE)));

    place.clock.advance(hours(1));
    city.admin("ExtendRental", json!({"rental_id": rental, "minutes": 90})).await;
    let moved = due + TimeDelta::minutes(90);
    place.until_idle().await;
    let waiting = place.waiting().await;
    assert_eq!(
        waiting[1..],
        [("mark_overdue".to_owned(), moved), ("sell_device".to_owned(), moved + hours(SALE))]
    );

    place.clock.advance(hours(23));
    place.until_happened("PaymentExpired", &[due]).await;
    assert!(place.happened("RentalBecameOverdue").await.is_empty());
    place.clock.advance(TimeDelta::minutes(90));
    place.until_happened("RentalBecameOverdue", &[moved]).await;
    place.clock.advance(hours(SALE));
    place.until_happened("RentalSold", &[moved + hours(SALE)]).await;
    place.until_idle().await;
    assert!(place.waiting().await.is_empty());
    reactor.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_extension_from_before_makes_an_overdue_rental_overdue_again_later() {
    let place = Place::new().await;
    let serving = place.serve().await;
    let city = City::build(&place, &serving, "instant", 1).await;
    let customer = city.customer(1).await;
    let rental = city.rent(customer, 1).await;
    let reactor = place.react(&serving);
    let due = after_zero(hours(24));
    place.clock.advance(hours(24));
    place.until_happened("RentalBecameOverdue", &[due]).await;
    place.clock.advance(TimeDelta::minutes(5));
    // An admin records what was agreed before the due time.
    place
        .command_at(
            &serving,
            ADMIN,
            "ExtendRental",
            json!({"rental_id": rental, "minutes": 60}),
            due - INSTANT,
        )
        .await;
    place.clock.advance(TimeDelta::minutes(55));
    place.until_happened("RentalBecameOverdue", &[due, due + hours(1)]).await;
    reactor.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn months_pass_in_seconds_and_every_bank_is_sold_at_its_moment() {
    const WEEKS: u16 = 13;
    let place = Place::new().await;
    let serving = place.serve().await;
    let city = City::build(&place, &serving, "instant", WEEKS).await;
    let reactor = place.react(&serving);
    let mut starts = Vec::new();
    for week in 1..=WEEKS {
        let customer = city.customer(u32::from(week)).await;
        city.rent(customer, week).await;
        starts.push(after_zero(TimeDelta::weeks(i64::from(week) - 1)));
        for _ in 0..7 {
            place.clock.advance(hours(24));
            place.until_idle().await;
        }
    }
    let later = |by: i64| starts.iter().map(|start| *start + hours(by)).collect::<Vec<_>>();
    assert_eq!(place.happened("RentalBecameOverdue").await, later(24));
    assert_eq!(place.happened("RentalSold").await, later(24 + SALE));
    assert!(place.waiting().await.is_empty());
    reactor.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bank_that_comes_back_in_time_is_neither_overdue_nor_sold() {
    let place = Place::new().await;
    let serving = place.serve().await;
    let city = City::build(&place, &serving, "instant", 2).await;
    let (one, two) = (city.customer(1).await, city.customer(2).await);
    city.rent(one, 1).await;
    city.rent(two, 2).await;
    let reactor = place.react(&serving);
    place.clock.advance(hours(2));
    city.bring_back(1).await;
    place.clock.advance(hours(22 + SALE));
    let due = after_zero(hours(24));
    place.until_happened("RentalSold", &[due + hours(SALE)]).await;
    place.until_happened("RentalBecameOverdue", &[due]).await;
    place.until_idle().await;
    assert!(place.waiting().await.is_empty());
    reactor.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_without_an_answer_is_unknown_after_a_minute_and_cancelled_after_a_day() {
    let place = Place::new().await;
    let serving = place.serve().await;
    let city = City::build(&place, &serving, "confirmed", 2).await;
    let (one, two) = (city.customer(1).await, city.customer(2).await);
    city.rent(one, 1).await;
    let reactor = place.react(&serving);
    place.clock.advance(TimeDelta::seconds(60) - INSTANT);
    place.until_idle().await;
    // Another release that is answered: it has no deadlines of this kind any more.
    let rental = city.rent(two, 2).await;
    city.admin("ConfirmRelease", json!({"rental_id": rental, "serial": "PB-2", "slot": 2})).await;
    place.until_idle().await;
    assert!(place.happened("ReleaseOutcomeUnknown").await.is_empty());
    place.clock.advance(INSTANT);
    place.until_happened("ReleaseOutcomeUnknown", &[after_zero(TimeDelta::seconds(60))]).await;

    place.clock.advance(hours(24) - TimeDelta::seconds(60));
    place.until_happened("RentalCancelled", &[after_zero(hours(24))]).await;
    place.until_idle().await;
    assert_eq!(place.happened("ReleaseOutcomeUnknown").await.len(), 1);
    reactor.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_expires_after_a_day_and_a_settled_one_does_not() {
    let place = Place::new().await;
    let serving = place.serve().await;
    let city = City::build(&place, &serving, "instant", 1).await;
    let customer = city.customer(1).await;
    let (paid, unpaid) = (city.ask(customer).await, city.ask(customer).await);
    let reactor = place.react(&serving);
    let proof =
        |payment, reference| json!({"payment_id": payment, "amount": 5_000, "provider_reference": reference});
    place.command(&serving, PAYMENTS, "PaymentConfirmed", proof(paid, "A")).await;
    place.clock.advance(hours(24));
    place.until_happened("PaymentExpired", &[after_zero(hours(24))]).await;
    // Proof that comes later still settles it.
    place.command(&serving, PAYMENTS, "PaymentConfirmed", proof(unpaid, "B")).await;
    place.until_idle().await;
    assert!(place.waiting().await.is_empty());
    reactor.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_past_is_told_nothing_of_it_is_fired_and_then_what_is_left() {
    let place = Place::new().await;
    let serving = place.serve().await;
    let city = City::build(&place, &serving, "instant", 2).await;
    let (one, two) = (city.customer(1).await, city.customer(2).await);
    place.clock.advance(hours(120));
    let reactor = place.react(&serving);
    place.until_idle().await;
    let start = |customer, slot| json!({"customer_id": customer, "station_id": city.station, "slot": slot});
    let tell = async |kind, data, at: i64| {
        place.command_at(&serving, ADMIN, kind, data, after_zero(hours(at))).await;
    };
    // Both rentals would have been sold since; the bank of the first came back in time.
    tell("StartRental", start(one, 1), 1).await;
    tell("StartRental", start(two, 2), 2).await;
    tell("DeviceReturned", json!({"serial": "PB-1", "station_id": city.station, "slot": 101}), 3).await;
    place.until_happened("RentalSold", &[after_zero(hours(2 + 24 + SALE))]).await;
    place.until_happened("RentalBecameOverdue", &[after_zero(hours(2 + 24))]).await;
    assert_eq!(place.happened("RentalEnded").await, [after_zero(hours(3))]);
    assert!(place.happened("RentalCorrected").await.is_empty());
    reactor.stop().await.unwrap();
}
