//! Notices of events: one for each event and kind, whatever happens to reactor, sender and provider in between.

use chrono::TimeDelta;
use edge::Clock as _;
use edge::metrics::Metrics;
use ledger::Ledger;
use ledger::inbox::{Inbox, Incoming, LetterKind};
use ledger::migrate::ServiceRole;
use ledger::seal::{Keys, Sealer};
use reactor::{Allowance, Delivery, Post, Route};
use serde_json::json;
use tokio::sync::watch;
use uuid::Uuid;

use crate::harness::{City, PAYMENTS, Place, Serving, Time, hours, id, until, zero};
use crate::post::{Scripted, taken};

/// What stands in the table of notices: kind, state, provider.
type Rows = Vec<(String, String, Option<String>)>;

impl Place {
    async fn notices(&self) -> Rows {
        let sql = "SELECT kind, state, provider FROM reactor.notice ORDER BY position, kind";
        let rows = self.owner().query(sql, &[]).await.unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
    }

    /// The states of the notices of a kind, by position.
    async fn states(&self, kind: &str) -> Vec<String> {
        let rows = self.notices().await;
        rows.into_iter().filter(|row| row.0 == kind).map(|row| row.1).collect()
    }

    async fn until_states(&self, kind: &str, states: &[&str]) {
        until(&format!("{kind} {states:?}"), async || self.states(kind).await == states).await;
    }

    /// Waits until no notice is due any more.
    async fn until_sent(&self) {
        let sql = "SELECT NOT EXISTS (SELECT 1 FROM reactor.notice \
             WHERE state = 'claimed' OR state = 'queued' AND send_at <= $1)";
        let now = self.clock.now();
        self.until_idle().await;
        until("all is sent", async || self.owner().query_one(sql, &[&now]).await.unwrap().get(0)).await;
    }

    /// When the notice of a kind goes at the earliest.
    async fn send_at(&self, kind: &str) -> Option<Time> {
        let sql = "SELECT max(send_at) FROM reactor.notice WHERE kind = $1 AND state = 'queued'";
        self.owner().query_one(sql, &[&kind]).await.unwrap().get(0)
    }

    /// The reactor has lost where it stood, and reads everything anew.
    async fn forget_position(&self) {
        let sql = "UPDATE reactor.progress SET position = 0, event_id = NULL";
        assert_eq!(self.owner().execute(sql, &[]).await.unwrap(), 1);
    }
}

/// Somebody who was asked for money and said no: one notice, `payment_declined`.
async fn declined(place: &Place, serving: &Serving, number: u32) -> Uuid {
    let city = City { place, serving, station: Uuid::nil() };
    let customer_id = id();
    let phone = format!("+2557{number:08}");
    city.admin("RegisterCustomer", json!({"customer_id": customer_id, "phone": phone})).await;
    city.admin("VerifyCustomer", json!({"customer_id": customer_id})).await;
    let payment_id = city.ask(customer_id).await;
    place.command(serving, PAYMENTS, "PaymentDeclined", json!({"payment_id": payment_id})).await;
    customer_id
}

const SORRY: &str = "ChajiPoa: Malipo hayakukamilika. Kama hukukusudia, tafadhali jaribu tena.";

#[tokio::test(flavor = "multi_thread")]
async fn a_rental_is_told_in_the_customers_language_once_however_often_the_reactor_begins_again() {
    let place = Place::new().await;
    let serving = place.serve().await;
    let city = City::build(&place, &serving, "instant", 2).await;
    let (asha, john) = (city.customer(1).await, city.customer(2).await);
    city.admin("UpdateProfile", json!({"customer_id": john, "language": "en"})).await;
    let reactor = place.react(&serving);
    let provider = Scripted::taking();
    let metrics = Metrics::new();
    let sender = place.outbox(&provider, &metrics).start();
    city.rent(asha, 1).await;
    city.rent(john, 2).await;
    place.until_states("rental_started", &["sent", "sent"]).await;
    place.clock.advance(TimeDelta::minutes(61));
    city.bring_back(1).await;
    city.bring_back(2).await;
    place.until_states("receipt", &["sent", "sent"]).await;
    place.until_sent().await;
    let mut texts: Vec<_> = provider.given();
    texts.sort();
    let of = |phone: &str| -> Vec<String> {
        texts.iter().filter(|(to, _)| to == phone).map(|(_, text)| text.clone()).collect()
    };
    let (asha, john) = (of("+255700000001"), of("+255700000002"));
    assert_eq!((asha.len(), john.len()), (4, 4), "{texts:?}");
    assert!(
        asha.contains(
            &"ChajiPoa: Power bank imerudi. Muda saa 1 dk 1. Gharama TZS 1,500: kutoka amana 1,500, deni 0. Asante!"
                .to_owned()
        ),
        "{asha:?}"
    );
    assert!(
        john.contains(
            &"ChajiPoa: The power bank is back. Time 1 h 1 min. Price TZS 1,500: from deposit 1,500, owed 0. Thank you!"
                .to_owned()
        ),
        "{john:?}"
    );
    assert!(
        john.iter().any(|text| text.ends_with("VAT 229 included. Fiscal receipt: not applicable.")),
        "{john:?}"
    );
    // Everything is read again, by another reactor: nothing is said twice.
    let rows = place.notices().await;
    reactor.stop().await.unwrap();
    place.forget_position().await;
    let reactor = place.react(&serving);
    city.customer(3).await;
    place.until_states("payment_received", &["sent", "sent", "sent"]).await;
    place.until_sent().await;
    assert_eq!(provider.given().len(), 9);
    assert_eq!(place.notices().await[..rows.len()], rows);
    assert!(metrics.render().contains(r#"reactor_notices_total{kind="receipt",outcome="sent"} 2"#));
    sender.stop().await;
    reactor.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_start_on_an_old_ledger_floods_nobody() {
    let place = Place::new().await;
    let serving = place.serve().await;
    let city = City::build(&place, &serving, "instant", 1).await;
    let customer = city.customer(1).await;
    city.rent(customer, 1).await;
    city.bring_back(1).await;
    place.clock.advance(hours(24));
    city.customer(2).await;
    let reactor = place.react(&serving);
    let provider = Scripted::taking();
    let sender = place.outbox(&provider, &Metrics::new()).start();
    place.until_states("payment_received", &["expired", "sent"]).await;
    place.until_sent().await;
    assert_eq!(place.states("rental_ended").await, ["expired"]);
    let numbers: Vec<String> = provider.given().into_iter().map(|(to, _)| to).collect();
    assert_eq!(numbers, ["+255700000002"]);
    sender.stop().await;
    reactor.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_that_was_on_its_way_when_the_sender_died_is_unknown_and_never_sent_again() {
    let place = Place::new().await;
    let serving = place.serve().await;
    declined(&place, &serving, 1).await;
    let reactor = place.react(&serving);
    let (hanging, _never) = Scripted::hanging();
    let (_stop, stopping) = watch::channel(false);
    let task = tokio::spawn(place.outbox(&hanging, &Metrics::new()).run(stopping));
    until("the provider was called", async || hanging.given().len() == 1).await;
    // The claim was committed before the call.
    assert_eq!(place.states("payment_declined").await, ["claimed"]);
    task.abort();
    let provider = Scripted::taking();
    let sender = place.outbox(&provider, &Metrics::new()).start();
    place.until_states("payment_declined", &["unknown"]).await;
    place.forget_position().await;
    declined(&place, &serving, 2).await;
    place.until_states("payment_declined", &["unknown", "sent"]).await;
    assert_eq!(provider.given(), [("+255700000002".to_owned(), SORRY.to_owned())]);
    sender.stop().await;
    // Its position was taken from under it: it noticed, and began anew.
    reactor.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_first_provider_surely_refuses_goes_by_the_second() {
    let place = Place::new().await;
    let serving = place.serve().await;
    let (first, second) = (
        Scripted::new("africastalking", [Delivery::refused("no"), Delivery::Unknown]),
        Scripted::new("beem", [taken("12345")]),
    );
    let post =
        Post { route: Route::new(first.clone(), Some(second.clone())), allowance: Allowance::default() };
    declined(&place, &serving, 1).await;
    let reactor = place.react(&serving);
    let sender = place.outbox_with(post, &Metrics::new()).start();
    place.until_states("payment_declined", &["sent"]).await;
    declined(&place, &serving, 2).await;
    place.until_states("payment_declined", &["sent", "unknown"]).await;
    let providers: Vec<_> = place.notices().await.into_iter().map(|row| row.2.unwrap()).collect();
    assert_eq!(providers, ["beem", "africastalking"]);
    assert_eq!((first.given().len(), second.given().len()), (2, 1));
    sender.stop().await;
    reactor.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_for_now_is_tried_again_after_a_pause_and_any_other_is_final() {
    let place = Place::new().await;
    let serving = place.serve().await;
    let now = Delivery::refused_for_now("no credit");
    let provider =
        Scripted::new("africastalking", [now.clone(), now, taken("7"), Delivery::refused("blacklisted")]);
    declined(&place, &serving, 1).await;
    let reactor = place.react(&serving);
    let sender = place.outbox(&provider, &Metrics::new()).start();
    let again = async |at: TimeDelta| {
        until("put off", async || place.send_at("payment_declined").await == Some(zero() + at)).await;
    };
    again(TimeDelta::seconds(30)).await;
    assert_eq!(provider.given().len(), 1);
    place.clock.advance(TimeDelta::seconds(30));
    again(TimeDelta::seconds(330)).await;
    place.clock.advance(TimeDelta::minutes(5));
    place.until_states("payment_declined", &["sent"]).await;
    declined(&place, &serving, 2).await;
    place.until_states("payment_declined", &["sent", "failed"]).await;
    assert_eq!(provider.given().len(), 4);
    sender.stop().await;
    reactor.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn reminders_wait_for_the_morning_and_a_return_takes_them_back() {
    let place = Place::new().await;
    let serving = place.serve().await;
    let city = City::build(&place, &serving, "instant", 1).await;
    let customer = city.customer(1).await;
    // Nine in the evening.
    place.clock.advance(hours(12));
    city.rent(customer, 1).await;
    let reactor = place.react(&serving);
    let provider = Scripted::taking();
    let sender = place.outbox(&provider, &Metrics::new()).start();
    place.until_states("rental_started", &["sent"]).await;
    assert_eq!(place.states("due_soon").await, ["queued"]);
    place.clock.advance(hours(23));
    place.until_states("due_soon", &["sent"]).await;
    place.clock.advance(hours(1));
    place.until_states("overdue_1h", &["queued"]).await;
    place.clock.advance(hours(1));
    // Ten in the evening: not before seven in the morning.
    let morning = zero() + hours(46);
    until("it waits", async || place.send_at("overdue_1h").await == Some(morning)).await;
    place.clock.advance(hours(9));
    place.until_states("overdue_1h", &["sent"]).await;
    assert!(provider.given().last().unwrap().1.contains("03/03 21:00"), "{:?}", provider.given());
    assert_eq!(place.states("overdue_24h").await, ["queued"]);
    city.bring_back(1).await;
    place.until_states("rental_ended", &["sent"]).await;
    place.until_sent().await;
    assert!(place.states("overdue_24h").await.is_empty());
    assert!(place.states("overdue_48h").await.is_empty());
    assert_eq!(place.states("overdue_1h").await, ["sent"]);
    sender.stop().await;
    reactor.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_extension_moves_the_reminder() {
    let place = Place::new().await;
    let serving = place.serve().await;
    let city = City::build(&place, &serving, "instant", 1).await;
    let customer = city.customer(1).await;
    let rental = city.rent(customer, 1).await;
    let reactor = place.react(&serving);
    place.until_idle().await;
    assert_eq!(place.send_at("due_soon").await, Some(zero() + hours(23)));
    city.admin("ExtendRental", json!({"rental_id": rental, "minutes": 120})).await;
    place.until_idle().await;
    assert_eq!(place.states("due_soon").await, ["queued"]);
    assert_eq!(place.send_at("due_soon").await, Some(zero() + hours(25)));
    // Read again in one run, it is the same.
    reactor.stop().await.unwrap();
    place.forget_position().await;
    let reactor = place.react(&serving);
    place.until_idle().await;
    assert_eq!(place.states("due_soon").await, ["queued"]);
    assert_eq!(place.send_at("due_soon").await, Some(zero() + hours(25)));
    reactor.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reminder_does_not_go_before_the_ledger_has_been_read() {
    let place = Place::new().await;
    let serving = place.serve().await;
    let city = City::build(&place, &serving, "instant", 1).await;
    let customer = city.customer(1).await;
    city.rent(customer, 1).await;
    let reactor = place.react(&serving);
    place.until_idle().await;
    reactor.stop().await.unwrap();
    // While no reactor reads, the bank comes back and the reminder is due.
    city.bring_back(1).await;
    place.clock.advance(hours(23));
    let provider = Scripted::taking();
    let sender = place.outbox(&provider, &Metrics::new()).start();
    // The sender has looked.
    place.until_states("rental_started", &["expired"]).await;
    let reactor = place.react(&serving);
    place.until_states("rental_ended", &["sent"]).await;
    place.until_sent().await;
    assert!(place.states("due_soon").await.is_empty());
    assert!(provider.given().iter().all(|(_, text)| !text.contains("inatakiwa kurudi")));
    sender.stop().await;
    reactor.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn above_the_ceiling_of_a_number_notices_wait_for_the_next_morning() {
    let place = Place::new().await;
    let serving = place.serve().await;
    let city = City::build(&place, &serving, "instant", 0).await;
    let customer = city.customer(1).await;
    let pay = async |reference: &str| {
        let bill = json!({
            "customer_id": customer, "provider": "mpesa", "amount": 1_000, "provider_reference": reference
        });
        place.command(&serving, PAYMENTS, "PaymentConfirmed", bill).await;
    };
    pay("A").await;
    pay("B").await;
    let provider = Scripted::taking();
    let allowance = Allowance { of_number: 2, ..Allowance::default() };
    let post = Post { route: Route::new(provider.clone(), None), allowance };
    let reactor = place.react(&serving);
    let sender = place.outbox_with(post, &Metrics::new()).start();
    place.until_states("payment_received", &["sent", "sent", "queued"]).await;
    let morning = zero() + hours(22);
    until("it waits", async || place.send_at("payment_received").await == Some(morning)).await;
    // Somebody else has a ceiling of their own.
    declined(&place, &serving, 2).await;
    place.until_states("payment_declined", &["sent"]).await;
    place.clock.advance(hours(22));
    place.until_states("payment_received", &["sent", "sent", "sent"]).await;
    assert_eq!(provider.given().len(), 4);
    sender.stop().await;
    reactor.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_somebody_who_was_erased_nothing_is_sent_and_nothing_stays() {
    let place = Place::new().await;
    let serving = place.serve().await;
    let city = City { place: &place, serving: &serving, station: Uuid::nil() };
    let customer = declined(&place, &serving, 1).await;
    let reactor = place.react(&serving);
    place.until_states("payment_declined", &["queued"]).await;
    city.admin("EraseCustomer", json!({"customer_id": customer})).await;
    place.until_idle().await;
    let left = "SELECT (SELECT count(*) FROM reactor.notice) + (SELECT count(*) FROM reactor.customer)";
    assert_eq!(place.owner().query_one(left, &[]).await.unwrap().get::<_, i64>(0), 0);
    // A row that came back somehow finds nobody either.
    let stray = "INSERT INTO reactor.notice (position, kind, customer_id, entity, facts, created_at, send_at, expires_at) \
         VALUES (1, 'payment_declined', $1, $1, '{}', $2, $2, $3)";
    place.owner().execute(stray, &[&customer, &zero(), &(zero() + hours(1))]).await.unwrap();
    let provider = Scripted::taking();
    let sender = place.outbox(&provider, &Metrics::new()).start();
    until("it is gone", async || place.notices().await.is_empty()).await;
    declined(&place, &serving, 2).await;
    place.until_states("payment_declined", &["sent"]).await;
    assert_eq!(provider.given(), [("+255700000002".to_owned(), SORRY.to_owned())]);
    sender.stop().await;
    reactor.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_report_moves_its_notice_onward_and_no_other() {
    let place = Place::new().await;
    let serving = place.serve().await;
    declined(&place, &serving, 1).await;
    declined(&place, &serving, 2).await;
    let reactor = place.react(&serving);
    let provider = Scripted::new("africastalking", [taken("ATXid_1"), taken("ATXid_2")]);
    let metrics = Metrics::new();
    let sender = place.outbox(&provider, &metrics).start();
    place.until_states("payment_declined", &["sent", "sent"]).await;
    let ledger = Ledger::connect(&place.url(ServiceRole::Command), 1).unwrap();
    let identity = ledger.identity().await.unwrap();
    let sealer = Sealer::new(Keys::open_or_create(place.keys()).unwrap(), ledger.clone(), identity);
    let inbox = Inbox::new(ledger, sealer);
    let letters: Vec<Incoming> =
        ["id=ATXid_1&status=Success&phoneNumber=%2B255700000001", "id=ATXid_1&status=Failed", "<html>"]
            .into_iter()
            .map(|body| Incoming { id: id(), kind: LetterKind::SmsDelivery, body: body.into() })
            .collect();
    inbox.store(&letters[..1]).await.unwrap();
    until("it is delivered", async || {
        place.states("payment_declined").await.contains(&"delivered".to_owned())
    })
    .await;
    inbox.store(&letters[1..]).await.unwrap();
    let verdicts = "SELECT array_agg(verdict ORDER BY verdict) FROM inbox.letter WHERE state <> 'new'";
    until("all are judged", async || {
        let words: Option<Vec<String>> = place.owner().query_one(verdicts, &[]).await.unwrap().get(0);
        words == Some(vec!["delivered".to_owned(), "garbage".to_owned(), "unchanged".to_owned()])
    })
    .await;
    let mut states = place.states("payment_declined").await;
    states.sort();
    assert_eq!(states, ["delivered", "sent"]);
    assert!(
        metrics.render().contains(r#"reactor_notices_total{kind="payment_declined",outcome="delivered"} 1"#)
    );
    sender.stop().await;
    reactor.stop().await.unwrap();
}
