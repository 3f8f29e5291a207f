//! Keys of persons in the database: the first writer wins, unused ones are swept.

use ledger::{
    Ledger, Position, StreamKind, StreamRef,
    migrate::ServiceRole,
    seal::{Keys, Sealer},
};

use crate::harness::{Db, id, recorded};

#[tokio::test]
async fn the_first_writer_of_a_key_wins_and_every_service_opens_what_it_sealed() {
    let db = Db::new().await;
    let directory = tempfile::tempdir().unwrap();
    let keys = Keys::open_or_create(directory.path()).unwrap();
    let identity = db.ledger().identity().await.unwrap();
    let sealer = |ledger: Ledger| Sealer::new(keys.clone(), ledger, identity);
    let (one, two) = (sealer(db.ledger()), sealer(db.ledger()));
    let person = id();
    let (first, second) = tokio::join!(one.person_key(person), two.person_key(person));
    let sealed = first.unwrap().seal("phone", "+255700000001").unwrap();
    assert_eq!(second.unwrap().unseal("phone", &sealed).unwrap(), "+255700000001");
    for role in [ServiceRole::Query, ServiceRole::Reactor] {
        let reader = sealer(Ledger::connect(&db.url(role), 1).unwrap());
        let opened = reader.unseal(person, "phone", &sealed).await.unwrap();
        assert_eq!(opened.as_deref(), Some("+255700000001"));
        assert_eq!(reader.unseal(id(), "phone", &sealed).await.unwrap(), None);
        assert!(reader.person_key(id()).await.is_err(), "only commands make keys");
    }
    assert_eq!(one.person_hmac(person, b"x").await.unwrap(), two.person_hmac(person, b"x").await.unwrap());
}

#[tokio::test]
async fn a_key_is_swept_once_it_is_old_and_nobody_came_to_use_it() {
    let db = Db::new().await;
    let directory = tempfile::tempdir().unwrap();
    let ledger = db.ledger();
    let identity = ledger.identity().await.unwrap();
    let sealer = Sealer::new(Keys::open_or_create(directory.path()).unwrap(), ledger.clone(), identity);
    let (used, unused, young) = (id(), id(), id());
    for person in [used, unused, young] {
        sealer.person_key(person).await.unwrap();
    }
    ledger.append(&[recorded(&[(used, 0)])], Position::ZERO).await.unwrap();
    assert_eq!(sealer.sweep().await.unwrap(), 0, "all of them are young");
    let owner = db.owner().await;
    let aged = owner
        .execute(
            "UPDATE ledger.person_key SET minted_at = minted_at - interval '11 minutes' WHERE person <> $1",
            &[&young],
        )
        .await
        .unwrap();
    assert_eq!(aged, 2);
    assert_eq!(sealer.sweep().await.unwrap(), 1);
    let left: Vec<uuid::Uuid> = owner
        .query("SELECT person FROM ledger.person_key ORDER BY person", &[])
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert_eq!(left, [used, young]);
}

#[tokio::test]
async fn a_settled_receipts_key_is_destroyed_once_its_time_has_come_and_no_other() {
    let db = Db::new().await;
    let directory = tempfile::tempdir().unwrap();
    let ledger = db.ledger();
    let identity = ledger.identity().await.unwrap();
    let sealer = Sealer::new(Keys::open_or_create(directory.path()).unwrap(), ledger.clone(), identity);
    let (settled, open, customer) = (id(), id(), id());
    for person in [settled, open, customer] {
        sealer.person_key(person).await.unwrap();
    }
    let about = |kind: StreamKind, id, version| StreamRef { kind, id, version };
    let mut received = recorded(&[(settled, 0), (open, 0), (customer, 0)]);
    received.events[0].streams = vec![
        about(StreamKind::Receipt, settled, 1),
        about(StreamKind::Receipt, open, 1),
        about(StreamKind::Customer, customer, 1),
    ];
    let mut assigned = recorded(&[(settled, 1), (customer, 1)]);
    assigned.events[0].event_type = "ReceiptAssigned".into();
    assigned.events[0].streams =
        vec![about(StreamKind::Receipt, settled, 2), about(StreamKind::Customer, customer, 2)];
    ledger.append(&[received], Position::ZERO).await.unwrap();
    ledger.append(&[assigned], Position::ZERO).await.unwrap();
    let has_key = async |person: uuid::Uuid| {
        sealer.forget(person);
        sealer.existing_key(person).await.unwrap().is_some()
    };
    let now = chrono::DateTime::from_timestamp_micros(4_000_000_000_000_000).unwrap();
    sealer.forget_receipts(chrono::DateTime::UNIX_EPOCH).await.unwrap();
    assert!(has_key(settled).await, "its time has not come");
    sealer.forget_receipts(now).await.unwrap();
    assert!(!has_key(settled).await);
    assert!(has_key(open).await && has_key(customer).await);
}
