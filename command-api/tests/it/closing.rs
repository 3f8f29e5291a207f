//! Closing a period over HTTP: the figures are those of the position before the close, whoever writes meanwhile.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::event::PeriodClosed;
use domain::period::booking_day;
use domain::timing::business_day;
use domain::{Event, postings};
use edge::{Clock, Role, SystemClock};
use futures_util::future::join_all;
use ledger::{Ledger, Position};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Asker, PAYMENTS, Place, Serves, Who, id, rich_customer};

const FINANCE: Who = (Role::Finance, Uuid::from_u128(0xf1));

fn yesterday() -> NaiveDate {
    business_day(SystemClock.now()).checked_sub_days(Days::new(1)).unwrap()
}

/// A moment of that business day.
fn on(day: NaiveDate) -> DateTime<Utc> {
    day.and_hms_opt(9, 0, 0).unwrap().and_utc()
}

async fn pay<S: Serves>(asker: &Asker<S>, customer: Uuid, amount: i64, paid_at: DateTime<Utc>) {
    let data = json!({
        "customer_id": customer, "provider": "mpesa", "amount": amount, "paid_at": paid_at,
        "provider_reference": format!("L{}", id().simple()),
    });
    asker.command(PAYMENTS, "PaymentConfirmed", data).await.expect(201);
}

async fn close<S: Serves>(asker: &Asker<S>, until: NaiveDate) -> crate::harness::Answered {
    asker.command(FINANCE, "ClosePeriod", json!({"until": until})).await
}

/// Every close with its position, and what was booked on each day up to each position.
struct Books {
    closes: Vec<(i64, PeriodClosed)>,
    lines: Vec<(i64, NaiveDate, i16, i16, i64)>,
}

async fn books(ledger: &Ledger) -> Books {
    let mut books = Books { closes: Vec::new(), lines: Vec::new() };
    let mut after = Position::ZERO;
    loop {
        let events = ledger.read_after(after, 500).await.unwrap();
        let Some(last) = events.last() else { return books };
        after = last.position;
        for envelope in events {
            let event =
                Event::decode(&envelope.event_type, envelope.schema_version, &envelope.payload).unwrap();
            let closed = books.closes.last().map(|(_, closed)| closed.until);
            let day = booking_day(envelope.occurred_at, envelope.recorded_at, closed);
            for line in postings::entries(&event) {
                let position = envelope.position.get();
                let (debit, credit) = (line.debit.code(), line.credit.code());
                books.lines.push((position, day, debit, credit, line.amount.shillings()));
            }
            if let Event::PeriodClosed(closed) = event {
                books.closes.push((envelope.position.get(), *closed));
            }
        }
    }
}

impl Books {
    /// What each account was debited and credited, counted line by line.
    fn sums(&self, until_position: i64, days: impl Fn(NaiveDate) -> bool) -> BTreeMap<i16, (i64, i64)> {
        let mut sums: BTreeMap<i16, (i64, i64)> = BTreeMap::new();
        for (position, day, debit, credit, amount) in &self.lines {
            if *position <= until_position && days(*day) {
                sums.entry(*debit).or_default().0 += amount;
                sums.entry(*credit).or_default().1 += amount;
            }
        }
        sums
    }

    fn check(&self) {
        for (position, closed) in &self.closes {
            assert_eq!(closed.position, position - 1, "the figures are those of the position before");
            let within = |day: NaiveDate| closed.from.is_none_or(|from| day >= from) && day <= closed.until;
            let (mut moved, mut stood) = (BTreeMap::new(), BTreeMap::new());
            for total in &closed.accounts {
                moved.insert(total.account, (total.debit, total.credit));
                stood.insert(total.account, (total.total_debit, total.total_credit));
            }
            moved.retain(|_, pair| *pair != (0, 0));
            stood.retain(|_, pair| *pair != (0, 0));
            assert_eq!(moved, self.sums(*position, within));
            assert_eq!(stood, self.sums(*position, |day| day <= closed.until));
            assert_eq!(stood, self.sums(i64::MAX, |day| day <= closed.until), "closed days stay as they are");
        }
    }
}

#[actix_web::test]
async fn a_past_day_is_closed_once_and_never_again() {
    let place = Place::new().await;
    let asker = place.site(&place.api().await).await;
    let asha = rich_customer(&asker, 22_000_001).await;
    let before = yesterday().checked_sub_days(Days::new(1)).unwrap();
    pay(&asker, asha, 3_000, on(before)).await;
    pay(&asker, asha, 4_000, on(yesterday())).await;
    let today = close(&asker, business_day(SystemClock.now())).await.expect(422);
    assert_eq!(today.code(), "period_not_past");
    let answer = close(&asker, before).await.expect(201).json();
    assert_eq!(answer["result"]["total_debit"], json!(3_000));
    assert_eq!(answer["result"]["position"], json!(answer["position"].as_i64().unwrap() - 1));
    let again = close(&asker, before).await.expect(200).json();
    assert_eq!(again["outcome"], "already_done");
    let earlier = close(&asker, before.checked_sub_days(Days::new(9)).unwrap()).await.expect(422).json();
    assert_eq!((&earlier["code"], &earlier["closed_until"]), (&json!("period_closed"), &json!(before)));
    // What comes late from a closed day is booked on the day it is recorded.
    pay(&asker, asha, 500, on(before)).await;
    let answer = close(&asker, yesterday()).await.expect(201).json();
    assert_eq!(answer["result"]["total_debit"], json!(7_000), "3,000 before and 4,000 within");
    let books = books(&place.ledger()).await;
    books.check();
    assert_eq!(books.closes.len(), 2);
    for bad in [json!({}), json!({"until": "yesterday"}), json!({"until": "2026-02-30"})] {
        asker.command(FINANCE, "ClosePeriod", bad).await.expect(400);
    }
}

#[actix_web::test]
async fn the_same_close_sent_again_has_one_effect() {
    let place = Place::new().await;
    let (one, two) = (place.api().await, place.api().await);
    let (here, there) = (place.site(&one).await, place.site(&two).await);
    let command = id();
    let data = json!({"until": yesterday()});
    let calls = (0..8).map(|number| {
        let (data, here, there) = (data.clone(), &here, &there);
        async move {
            if number % 2 == 0 {
                here.command_as(command, FINANCE, "ClosePeriod", data).await
            } else {
                there.command_as(command, FINANCE, "ClosePeriod", data).await
            }
        }
    });
    let answers = join_all(calls).await;
    assert!(answers.iter().all(|one| (one.status, &one.text) == (201, &answers[0].text)), "{answers:?}");
    assert_eq!(place.events("PeriodClosed").await, 1);
}

#[actix_web::test]
async fn figures_hold_everything_before_the_close_while_two_services_write() {
    let place = Place::new().await;
    let (one, two) = (place.api().await, place.api().await);
    let (here, there) = (place.site(&one).await, place.site(&two).await);
    let mut people = Vec::new();
    for number in 0..4 {
        people.push(rich_customer(&here, 22_100_000 + number).await);
    }
    let day = |number: u64| yesterday().checked_sub_days(Days::new(number % 4)).unwrap();
    let payments = (0..120_u64).map(|number| {
        let (here, there, people) = (&here, &there, &people);
        async move {
            let person = people[usize::try_from(number % 4).unwrap()];
            let amount = i64::try_from(number).unwrap() * 10 + 10;
            if number % 2 == 0 {
                pay(here, person, amount, on(day(number))).await;
            } else {
                pay(there, person, amount, on(day(number))).await;
            }
        }
    });
    let closes = async {
        let mut closed: Vec<Value> = Vec::new();
        for number in [3, 2, 1, 0] {
            closed.push(close(&there, day(number)).await.expect(201).json());
        }
        closed
    };
    let (_, closed) = futures_util::join!(join_all(payments), closes);
    assert_eq!(closed.len(), 4);
    let books = books(&place.ledger()).await;
    books.check();
    assert_eq!(books.closes.len(), 4);
}
