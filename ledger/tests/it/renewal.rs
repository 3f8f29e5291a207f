//! Renewal of keys: everything opens as before, the old keys are gone, and a cut renewal is finished.

use ledger::ClaimOp;
use ledger::migrate::ServiceRole;
use ledger::seal::renewal::{self, RenewalError};
use ledger::seal::{Keys, Sealer};
use uuid::Uuid;

use crate::harness::{Db, id, recorded};

async fn sealer(db: &Db, directory: &std::path::Path) -> Sealer {
    let ledger = db.ledger();
    let identity = ledger.identity().await.unwrap();
    Sealer::new(Keys::open_or_create(directory).unwrap(), ledger, identity)
}

/// A customer as command-api records one: a sealed phone in the first event, and a claim on its index.
async fn customer(db: &Db, sealer: &Sealer, phone: &str) -> Uuid {
    let person = id();
    let sealed = sealer.seal(person, "phone", phone).await.unwrap();
    let mut command = recorded(&[(person, 0)]);
    let payload = format!(r#"{{"customer_id":"{person}","phone":{{"sealed":"{sealed}","digest":"d"}}}}"#);
    for event in &mut command.events {
        event.event_type = "CustomerRegistered".into();
        event.payload = payload.clone().into();
    }
    let (kind, value) = ("phone".to_owned(), sealer.keys().blind_index(phone));
    command.claims.push(ClaimOp::Take { kind, value, entity: person });
    let last = db.ledger().last_position().await.unwrap();
    db.ledger().append(&[command], last).await.unwrap();
    person
}

async fn index_of(db: &Db, person: Uuid) -> String {
    let sql = "SELECT value FROM ledger.claim WHERE kind = 'phone' AND entity = $1";
    db.owner().await.query_one(sql, &[&person]).await.unwrap().get(0)
}

#[tokio::test]
async fn after_a_renewal_everything_opens_as_before_and_the_old_keys_are_gone() {
    let (db, directory) = (Db::new().await, tempfile::tempdir().unwrap());
    let running = sealer(&db, directory.path()).await;
    let asha = customer(&db, &running, "+255712000001").await;
    let juma = customer(&db, &running, "+255712000002").await;
    let name = running.seal(asha, "name", "Asha").await.unwrap();
    let old_index = index_of(&db, asha).await;

    let renewed = renewal::renew(&db.owner_url, directory.path()).await.unwrap();
    assert_eq!((renewed.generation, renewed.persons, renewed.phones), (2, 2, 2));
    for gone in ["master/1.key", "blind.key", "next/master.key", "next/blind.key"] {
        assert!(!directory.path().join(gone).exists(), "{gone}");
    }

    // The running process meets the new generation by itself, reading as well as writing.
    assert_eq!(running.unseal(asha, "name", &name).await.unwrap().as_deref(), Some("Asha"));
    let fresh = running.seal(id(), "name", "Neema").await.unwrap();
    assert!(!fresh.is_empty());
    assert_ne!(index_of(&db, asha).await, old_index);
    assert_eq!(index_of(&db, juma).await, running.keys().blind_index("+255712000002"));
    let restarted = sealer(&db, directory.path()).await;
    assert_eq!(restarted.unseal(asha, "name", &name).await.unwrap().as_deref(), Some("Asha"));
    assert_eq!(renewal::renew(&db.owner_url, directory.path()).await.unwrap().generation, 3);
    assert_eq!(restarted.unseal(asha, "name", &name).await.unwrap().as_deref(), Some("Asha"));
}

#[tokio::test]
async fn a_renewal_that_was_cut_before_its_files_were_in_place_is_finished() {
    let (db, directory) = (Db::new().await, tempfile::tempdir().unwrap());
    let before = sealer(&db, directory.path()).await;
    let asha = customer(&db, &before, "+255712000001").await;
    let name = before.seal(asha, "name", "Asha").await.unwrap();
    renewal::renew(&db.owner_url, directory.path()).await.unwrap();
    // As a crash leaves it: the database has changed over, the new keys still lie in next/.
    for (from, to) in [("master/2.key", "next/master.key"), ("blind/2.key", "next/blind.key")] {
        std::fs::rename(directory.path().join(from), directory.path().join(to)).unwrap();
    }
    std::fs::write(directory.path().join("master/1.key"), [7; 32]).unwrap();
    std::fs::write(directory.path().join("blind.key"), [7; 32]).unwrap();
    renewal::finish_cut(&db.owner_url, directory.path()).await.unwrap();
    let after = sealer(&db, directory.path()).await;
    assert_eq!(after.unseal(asha, "name", &name).await.unwrap().as_deref(), Some("Asha"));
    assert!(!directory.path().join("master/1.key").exists());
}

#[tokio::test]
async fn keys_of_another_installation_are_not_renewed() {
    let (db, directory) = (Db::new().await, tempfile::tempdir().unwrap());
    sealer(&db, directory.path()).await;
    renewal::renew(&db.owner_url, directory.path()).await.unwrap();
    let other = tempfile::tempdir().unwrap();
    Keys::open_or_create(other.path()).unwrap();
    let refused = renewal::renew(&db.owner_url, other.path()).await.unwrap_err();
    assert!(matches!(refused, RenewalError::Generations { database: 2, keys: 1 }), "{refused}");
}

#[tokio::test]
async fn a_number_indexed_with_old_keys_meanwhile_is_settled_afterwards() {
    let (db, directory) = (Db::new().await, tempfile::tempdir().unwrap());
    let running = sealer(&db, directory.path()).await;
    customer(&db, &running, "+255712000001").await;
    let old = running.keys();
    renewal::renew(&db.owner_url, directory.path()).await.unwrap();
    let late = customer(&db, &running, "+255712000002").await;
    let sql = "UPDATE ledger.claim SET value = $1 WHERE entity = $2";
    db.owner().await.execute(sql, &[&old.blind_index("+255712000002"), &late]).await.unwrap();
    assert_eq!(renewal::settle_late(&db.owner_url, directory.path()).await.unwrap(), 1);
    assert_eq!(index_of(&db, late).await, running.keys().blind_index("+255712000002"));
    assert_eq!(renewal::settle_late(&db.owner_url, directory.path()).await.unwrap(), 0);
}

#[tokio::test]
async fn no_service_may_renew() {
    let (db, directory) = (Db::new().await, tempfile::tempdir().unwrap());
    sealer(&db, directory.path()).await;
    let url = db.url(ServiceRole::Command);
    assert!(renewal::renew(&url, directory.path()).await.is_err());
    assert!(directory.path().join("master/1.key").exists());
}
