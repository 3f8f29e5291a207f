//! The outbox of messages: claimed before it is sent, sent at most once, and gone afterwards.

use std::sync::Arc;

use chrono::TimeDelta;
use edge::metrics::Metrics;
use ledger::Ledger;
use ledger::migrate::ServiceRole;
use ledger::seal::{Keys, Sealer};
use reactor::{Delivery, Outbox};
use tokio::sync::watch;
use uuid::Uuid;

use crate::harness::{Place, id, until, zero};
use crate::post::{Scripted, taken};

const PHONE: &str = "+255712345678";
const TEXT: &str = "Namba yako ni 123456";

struct Mailbox<'a> {
    place: &'a Place,
    metrics: Metrics,
}

impl<'a> Mailbox<'a> {
    fn new(place: &'a Place) -> Self {
        Self { place, metrics: Metrics::new() }
    }

    /// A message that waits, sealed under a key of its request.
    async fn put(&self, lifetime: TimeDelta) -> Uuid {
        let (message, request) = (id(), id());
        let ledger = Ledger::connect(&self.place.url(ServiceRole::Command), 1).unwrap();
        let identity = ledger.identity().await.unwrap();
        let sealer = Sealer::new(Keys::open_or_create(self.place.keys()).unwrap(), ledger, identity);
        let key = sealer.person_key(request).await.unwrap();
        let wrapped = "SELECT generation, wrapped FROM ledger.person_key WHERE person = $1";
        let row = self.place.owner().query_one(wrapped, &[&request]).await.unwrap();
        let (generation, bytes): (i32, Vec<u8>) = (row.get(0), row.get(1));
        let (to, text) = (key.seal("phone", PHONE).unwrap(), key.seal("text", TEXT).unwrap());
        let insert = "INSERT INTO access.message (message_id, request_id, kind, wrapped_generation, wrapped_key, \
             to_sealed, text_sealed, created_at, expires_at, state) \
             VALUES ($1, $2, 'code', $3, $4, $5, $6, $7, $8, 'waiting')";
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 8] =
            [&message, &request, &generation, &bytes, &to, &text, &zero(), &(zero() + lifetime)];
        self.place.owner().execute(insert, &values).await.unwrap();
        message
    }

    /// The state of a message, the provider's id of it, and whether its text is still there.
    async fn look(&self, message: Uuid) -> (String, Option<String>, bool) {
        let sql = "SELECT state, provider_id, num_nonnulls(to_sealed, text_sealed, wrapped_key) > 0 \
             FROM access.message WHERE message_id = $1";
        let row = self.place.owner().query_one(sql, &[&message]).await.unwrap();
        (row.get(0), row.get(1), row.get(2))
    }

    async fn until_state(&self, message: Uuid, state: &str) {
        until(state, async || self.look(message).await.0 == state).await;
    }

    fn outbox(&self, messenger: Arc<Scripted>) -> Outbox {
        self.place.outbox(&messenger, &self.metrics)
    }
}

fn minutes(minutes: i64) -> TimeDelta {
    TimeDelta::minutes(minutes)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_sent_once_and_its_text_is_gone() {
    let place = Place::new().await;
    let post = Mailbox::new(&place);
    let message = post.put(minutes(5)).await;
    let fake = Scripted::new("africastalking", [taken("ATXid_1")]);
    let sender = post.outbox(fake.clone()).start();
    post.until_state(message, "sent").await;
    assert_eq!(post.look(message).await, ("sent".to_owned(), Some("ATXid_1".to_owned()), false));
    let second = post.put(minutes(5)).await;
    post.until_state(second, "sent").await;
    assert_eq!(fake.given(), vec![(PHONE.to_owned(), TEXT.to_owned()); 2]);
    assert!(post.metrics.render().contains(r#"reactor_messages_total{outcome="sent"} 2"#));
    sender.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_and_a_lost_answer_are_final() {
    let place = Place::new().await;
    let post = Mailbox::new(&place);
    for (answer, state) in [(Delivery::refused("blacklisted"), "refused"), (Delivery::Unknown, "unknown")] {
        let message = post.put(minutes(5)).await;
        let fake = Scripted::new("africastalking", [answer]);
        let sender = post.outbox(fake.clone()).start();
        post.until_state(message, state).await;
        assert_eq!(post.look(message).await, (state.to_owned(), None, false));
        // Another message goes its way; the first is not tried again.
        let other = post.put(minutes(5)).await;
        post.until_state(other, state).await;
        assert_eq!(fake.given().len(), 2);
        sender.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_time_is_over_is_not_sent() {
    let place = Place::new().await;
    let post = Mailbox::new(&place);
    let (over, in_time) = (post.put(minutes(5)).await, post.put(minutes(6)).await);
    place.clock.advance(minutes(5));
    let fake = Scripted::new("africastalking", [taken("1")]);
    let sender = post.outbox(fake.clone()).start();
    post.until_state(in_time, "sent").await;
    assert_eq!(post.look(over).await, ("expired".to_owned(), None, false));
    assert_eq!(fake.given().len(), 1);
    sender.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_on_its_way_when_the_sender_died_is_unknown_and_never_sent_again() {
    let place = Place::new().await;
    let post = Mailbox::new(&place);
    let message = post.put(minutes(5)).await;
    let (hanging, _never) = Scripted::hanging();
    let (_stop, stopping) = watch::channel(false);
    let task = tokio::spawn(post.outbox(hanging.clone()).run(stopping));
    until("the provider was called", async || hanging.given().len() == 1).await;
    // The claim was committed before the call.
    assert_eq!(post.look(message).await.0, "claimed");
    task.abort();
    let fake = Scripted::new("africastalking", [taken("2")]);
    let sender = post.outbox(fake.clone()).start();
    post.until_state(message, "unknown").await;
    let next = post.put(minutes(5)).await;
    post.until_state(next, "sent").await;
    assert_eq!(post.look(message).await, ("unknown".to_owned(), None, false));
    assert_eq!(fake.given().len(), 1);
    sender.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_senders_one_works_and_a_stop_waits_for_what_is_on_its_way() {
    let place = Place::new().await;
    let post = Mailbox::new(&place);
    let message = post.put(minutes(5)).await;
    let (hanging, answers) = Scripted::hanging();
    let (stop, stopping) = watch::channel(false);
    let task = tokio::spawn(post.outbox(hanging.clone()).run(stopping));
    until("the provider was called", async || hanging.given().len() == 1).await;
    let idle = Scripted::new("africastalking", [taken("2")]);
    let other = post.outbox(idle.clone()).start();
    let waits = post.put(minutes(5)).await;
    stop.send_replace(true);
    assert!(!task.is_finished());
    assert_eq!(post.look(waits).await.0, "waiting");
    answers.notify_one();
    task.await.unwrap();
    assert_eq!(post.look(message).await, ("sent".to_owned(), Some("late".to_owned()), false));
    post.until_state(waits, "sent").await;
    assert_eq!((hanging.given().len(), idle.given().len()), (1, 1));
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_cannot_be_opened_is_refused_and_holds_nobody_up() {
    let place = Place::new().await;
    let post = Mailbox::new(&place);
    let (altered, gone) = (post.put(minutes(5)).await, post.put(minutes(5)).await);
    let good = post.put(minutes(5)).await;
    let forget = "UPDATE access.message SET wrapped_key = NULL WHERE message_id = $1";
    place.owner().execute(forget, &[&gone]).await.unwrap();
    let swap = "UPDATE access.message SET to_sealed = text_sealed WHERE message_id = $1";
    place.owner().execute(swap, &[&altered]).await.unwrap();
    let fake = Scripted::new("africastalking", [taken("1")]);
    let sender = post.outbox(fake.clone()).start();
    post.until_state(good, "sent").await;
    post.until_state(altered, "refused").await;
    post.until_state(gone, "refused").await;
    assert_eq!(fake.given().len(), 1);
    sender.stop().await;
}
