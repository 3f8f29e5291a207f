//! What providers send unasked: kept before the answer, once, sealed, and only from those who know the secret.

use actix_web::http::Method;
use futures_util::future::join_all;
use ledger::Ledger;
use ledger::inbox::{Inbox, Judgement, Letter, LetterKind};
use ledger::migrate::ServiceRole;
use ledger::seal::{Keys, Sealer};
use serde_json::json;

use crate::database;
use crate::harness::{Place, connect};

/// The inbox as the reactor sees it.
async fn inbox(place: &Place) -> Inbox {
    let url = database::url_for(&place.owner_url, ServiceRole::Reactor);
    let ledger = Ledger::connect(&url, 1).unwrap();
    let identity = ledger.identity().await.unwrap();
    let sealer = Sealer::new(Keys::open_or_create(place.keys.path()).unwrap(), ledger.clone(), identity);
    Inbox::new(ledger, sealer)
}

async fn letters(inbox: &Inbox) -> Vec<(Letter, String)> {
    let opened = |letter: Letter| {
        let body = String::from_utf8(inbox.open(&letter).unwrap()).unwrap();
        (letter, body)
    };
    inbox.waiting(0, 100).await.unwrap().into_iter().map(opened).collect()
}

#[actix_web::test]
async fn a_thousand_equal_callbacks_at_once_are_one_letter_that_came_a_thousand_times() {
    let place = Place::new().await;
    let api = place.api().await;
    let asker = place.site(&api).await;
    let path = api.callback_secrets().current_path().unwrap();
    let body =
        json!({"transactionstatus": "success", "utilityref": "0c9h2y", "amount": "20000", "password": "p"});
    let storm = join_all((0..1_000).map(|_| asker.open(&path, body.clone()))).await;
    assert!(storm.iter().all(|answered| answered.status == 200), "each is answered that it is kept");
    let inbox = inbox(&place).await;
    let [(letter, kept)] = &letters(&inbox).await[..] else { panic!("one letter") };
    assert_eq!((letter.kind, letter.times), (LetterKind::Azampay, 1_000));
    assert_eq!(kept, r#"{"amount":"20000","transactionstatus":"success","utilityref":"0c9h2y"}"#);
}

#[actix_web::test]
async fn whatever_comes_is_kept_as_it_came_and_nothing_of_it_lies_open() {
    let place = Place::new().await;
    let api = place.api().await;
    let asker = place.site(&api).await;
    let callback = api.callback_secrets().current_path().unwrap();
    let delivery = api.delivery_secrets().current_path().unwrap();
    let report = "id=ATXid_1&status=Success&phoneNumber=%2B255712345678";
    for (path, body) in
        [(&callback, ""), (&callback, "{\"utilityref\":"), (&delivery, report), (&callback, report)]
    {
        asker.request(None, path, None, body.to_owned()).await.expect(200);
    }
    let inbox = inbox(&place).await;
    let kept: Vec<_> = letters(&inbox).await.into_iter().map(|(letter, body)| (letter.kind, body)).collect();
    let (azampay, sms) = (LetterKind::Azampay, LetterKind::SmsDelivery);
    let expected = [(azampay, ""), (azampay, "{\"utilityref\":"), (sms, report), (azampay, report)];
    assert_eq!(kept, expected.map(|(kind, body)| (kind, body.to_owned())));
    let dump = "SELECT string_agg(encode(body, 'escape') || encode(digest, 'escape'), ' ') FROM inbox.letter";
    let dump: String = connect(&place.owner_url).await.query_one(dump, &[]).await.unwrap().get(0);
    assert!(!dump.contains("712345678") && !dump.contains("utilityref"));
}

#[actix_web::test]
async fn without_the_secret_there_is_nothing_and_nothing_is_kept() {
    let place = Place::new().await;
    let api = place.api().await;
    let asker = place.site(&api).await;
    let unknown = asker.open("/api/v1/payments/call", json!({})).await.expect(404);
    let secret = api.callback_secrets().current().unwrap();
    let delivery = api.delivery_secrets().current().unwrap();
    for path in [
        "/api/v1/payments/callback/x".to_owned(),
        format!("/api/v1/payments/callback/{delivery}"),
        format!("/api/v1/payments/callback/{}", &secret[1..]),
        format!("/api/v1/payments/callback/{secret}0"),
        format!("/api/v1/sms/delivery/{secret}"),
    ] {
        for body in [String::new(), "x".repeat(70_000)] {
            let answered = asker.request(None, &path, None, body).await.expect(404);
            assert_eq!(answered.json()["detail"], unknown.json()["detail"], "{path}");
        }
    }
    let path = api.callback_secrets().current_path().unwrap();
    let large = asker.request(None, &path, None, "x".repeat(8 * 1_024 + 1)).await.expect(413);
    assert_eq!(large.code(), "body_too_large");
    asker.bearing(None, Method::GET, &path, json!({})).await.expect(405);
    let inbox = inbox(&place).await;
    assert!(letters(&inbox).await.is_empty());
    asker.request(None, &path, None, "x".repeat(8 * 1_024)).await.expect(200);
    assert_eq!(letters(&inbox).await.len(), 1);
}

#[actix_web::test]
async fn a_letter_is_judged_once_and_its_body_goes_after_thirty_days() {
    let place = Place::new().await;
    let api = place.api().await;
    let asker = place.site(&api).await;
    let path = api.callback_secrets().current_path().unwrap();
    for number in [1, 2] {
        asker.open(&path, json!({"n": number})).await.expect(200);
    }
    let reactor = inbox(&place).await;
    let [(first, _), (second, _)] = &letters(&reactor).await[..] else { panic!("two letters") };
    assert_eq!(reactor.waiting(first.id, 10).await.unwrap().len(), 1);
    assert!(reactor.mark(first.id, Judgement::Judged, "settled").await.unwrap());
    assert!(!reactor.mark(first.id, Judgement::Failed, "garbage").await.unwrap());
    asker.open(&path, json!({"n": 1})).await.expect(200);
    assert_eq!(letters(&reactor).await.len(), 1, "what was judged does not come back");

    let owner = connect(&place.owner_url).await;
    let command = Inbox::new(place.ledger(), api_sealer(&place).await);
    let later = first.received_at + chrono::TimeDelta::days(1);
    assert_eq!(command.forget(first.received_at).await.unwrap(), 0);
    assert_eq!(command.forget(later).await.unwrap(), 1);
    let sql = "SELECT body IS NULL, times, verdict FROM inbox.letter WHERE id = $1";
    let row = owner.query_one(sql, &[&first.id]).await.unwrap();
    let (gone, times, verdict): (bool, i32, String) = (row.get(0), row.get(1), row.get(2));
    assert_eq!((gone, times, verdict.as_str()), (true, 2, "settled"));
    assert_eq!(letters(&reactor).await[0].0.id, second.id, "what waits stays");
}

async fn api_sealer(place: &Place) -> Sealer {
    let ledger = place.ledger();
    let identity = ledger.identity().await.unwrap();
    Sealer::new(Keys::open_or_create(place.keys.path()).unwrap(), ledger, identity)
}

#[actix_web::test]
async fn a_letter_opens_after_the_keys_were_renewed_and_a_running_process_goes_on_keeping() {
    let place = Place::new().await;
    let api = place.api().await;
    let asker = place.site(&api).await;
    let path = api.callback_secrets().current_path().unwrap();
    asker.open(&path, json!({"n": 1})).await.expect(200);
    ledger::seal::renewal::renew(&place.owner_url, place.keys.path()).await.unwrap();
    for number in [2, 1] {
        asker.open(&path, json!({"n": number})).await.expect(200);
    }
    let bodies: Vec<_> = letters(&inbox(&place).await).await.into_iter().map(|(_, body)| body).collect();
    assert_eq!(bodies, [r#"{"n":1}"#, r#"{"n":2}"#]);
}

#[actix_web::test]
async fn while_the_database_is_away_the_sender_is_told_to_send_again() {
    let place = Place::new().await;
    let api = place.api().await;
    let asker = place.site(&api).await;
    let path = api.callback_secrets().current_path().unwrap();
    let owner = connect(&place.owner_url).await;
    // From elsewhere: a database cannot shut itself.
    let cluster = connect(&std::env::var("CHAJIPOA_TEST_PG").unwrap()).await;
    let name: String = owner.query_one("SELECT current_database()::text", &[]).await.unwrap().get(0);
    let away = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false");
    cluster.batch_execute(&away).await.unwrap();
    let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
        WHERE datname = current_database() AND usename = 'chajipoa_command'";
    owner.execute(kill, &[]).await.unwrap();
    let refused = asker.open(&path, json!({"n": 1})).await.expect(503);
    assert!(refused.retry_after);
    cluster.batch_execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true")).await.unwrap();
    // The sender repeats it until it is taken in: each try may still meet a connection that is gone.
    let mut tries = 0;
    while asker.open(&path, json!({"n": 1})).await.status != 200 {
        tries += 1;
        assert!(tries < 100, "it is never taken in again");
    }
    let [(letter, _)] = &letters(&inbox(&place).await).await[..] else { panic!("one letter") };
    assert_eq!(letter.times, 1);
}
