//! Versions of a read model beside each other: the former one, another fold's, and one without an event that cannot be applied.

use std::time::Duration;

use domain::{
    RentalId,
    event::{Projection, RentalExtended},
};
use edge::{Clock as _, SystemClock};
use ledger::migrate::ServiceRole;
use projector::{ModelName, ProjectorError, State, diff, drop_version, list, promote, rebuild};
use tests::harness::wait_until;

use crate::projector::{Stage, quiet};

const LIMIT: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn i7_a_skip_holds_for_what_cannot_be_applied_and_for_nothing_else() {
    let mut stage = Stage::new(4).await;
    let projector = stage.start();
    stage.city.day(30).await;
    let healthy = stage.city.flush().await;
    // Readable, and of no rental that there is: the fold finds out half way.
    let now = stage.city.now;
    let lost = RentalExtended {
        rental_id: RentalId(SystemClock.id()),
        customer_id: stage.city.citizens[0].customer,
        minutes: 60,
        previous_due_at: now,
        due_at: now,
    };
    stage.city.record(lost.into()).await;
    let bad = stage.city.flush().await;
    let stopped = format!(
        "SELECT count(*) FROM ledger.projection WHERE status = 'stopped' AND position = {}",
        bad.get() - 1
    );
    wait_until("the model stops", LIMIT, async || stage.count(&stopped).await == 1).await;
    stage.skip(Projection::Rentals, healthy).await;
    assert_eq!(stage.count(&stopped).await, 1, "that is another event");
    stage.skip(Projection::Rentals, bad).await;
    stage.city.day(30).await;
    let last = stage.city.flush().await;
    stage.model_reaches(ModelName::Rentals, last).await;
    rebuild(&stage.sources, &[ModelName::Rentals], &quiet).await.expect("rebuilt");
    let difference = diff(&stage.sources, ModelName::Rentals, None).await.expect("compared");
    assert!(difference.is_none(), "{difference:?}");
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_former_version_is_kept_leads_back_and_goes_when_it_is_dropped() {
    let mut stage = Stage::new(4).await;
    let projector = stage.start();
    stage.city.day(30).await;
    let last = stage.city.flush().await;
    stage.reaches(last).await;
    let (model, none) = (ModelName::Billing, None::<i16>);
    let numbers = async |stage: &Stage| -> Vec<(i16, bool)> {
        let all = list(&stage.sources).await.expect("listed");
        all.iter().filter(|one| one.model == model).map(|one| (one.version, one.live)).collect()
    };
    rebuild(&stage.sources, &[model], &quiet).await.expect("rebuilt");
    promote(&stage.sources, model, none).await.expect("promoted");
    assert_eq!(numbers(&stage).await, [(1, false), (2, true)]);
    rebuild(&stage.sources, &[model], &quiet).await.expect("rebuilt beside both");
    assert_eq!(numbers(&stage).await, [(1, false), (2, true), (3, false)]);
    stage.city.day(40).await;
    let last = stage.city.flush().await;
    assert!(diff(&stage.sources, model, Some(1)).await.expect("compared").is_none());
    let back = promote(&stage.sources, model, Some(1)).await.expect("back to the former");
    assert_eq!((back.version, back.live), (1, true));
    stage.model_reaches(model, last).await;
    promote(&stage.sources, model, none).await.expect("promoted");
    assert_eq!(numbers(&stage).await, [(1, false), (3, true)], "one former version, the last");
    let live = drop_version(&stage.sources, model, 3).await;
    assert!(matches!(live, Err(ProjectorError::Live { version: 3, .. })), "{live:?}");
    let absent = drop_version(&stage.sources, model, 2).await;
    assert!(matches!(absent, Err(ProjectorError::NoSuchVersion { version: 2, .. })), "{absent:?}");
    drop_version(&stage.sources, model, 1).await.expect("dropped");
    assert_eq!(numbers(&stage).await, [(3, true)]);
    let schemas = "SELECT count(*) FROM pg_namespace WHERE nspname ~ '^billing_v[0-9]+$'";
    assert_eq!(stage.count(schemas).await, 1);
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_of_another_fold_is_read_on_and_left_to_its_program_until_a_new_one_takes_its_place() {
    let mut stage = Stage::new(4).await;
    stage.city.day(30).await;
    let last = stage.city.flush().await;
    let projector = stage.start();
    stage.reaches(last).await;
    projector.stop().await;
    let owner = stage.database.owner().await;
    owner.batch_execute("COMMENT ON SCHEMA billing_v1 IS 'fold 0'").await.expect("another fold's");
    let projector = stage.start();
    let stands = "SELECT count(*) FROM ledger.projection WHERE name = 'billing' AND status = 'stopped' \
                  AND reason LIKE '%projection rebuild billing%'";
    wait_until("it says so", LIMIT, async || stage.count(stands).await == 1).await;
    assert_eq!(stage.count("SELECT count(*) FROM read_model.balance").await, 4, "it is read on");
    // A program of the other fold can have the lock: this one does not sit on it.
    let other = stage.database.client(ServiceRole::Projector).await;
    let lock = "SELECT pg_try_advisory_lock(7221001, 2)";
    wait_until("the lock is free", LIMIT, async || other.query_one(lock, &[]).await.expect("asked").get(0))
        .await;
    wait_until("it stands by", LIMIT, async || {
        projector.status().models()[&ModelName::Billing].state == State::StandingBy
    })
    .await;
    drop(other);
    stage.city.day(40).await;
    let last = stage.city.flush().await;
    stage.model_reaches(ModelName::Rentals, last).await;
    rebuild(&stage.sources, &[ModelName::Billing], &quiet).await.expect("rebuilt");
    promote(&stage.sources, ModelName::Billing, None).await.expect("promoted");
    let running = "SELECT count(*) FROM ledger.projection WHERE name = 'billing' AND live AND status = 'running' \
                   AND version = 2";
    stage.city.day(50).await;
    let last = stage.city.flush().await;
    stage.model_reaches(ModelName::Billing, last).await;
    assert_eq!(stage.count(running).await, 1);
    let refused = promote(&stage.sources, ModelName::Billing, Some(1)).await;
    assert!(matches!(refused, Err(ProjectorError::OtherFold { .. })), "{refused:?}");
    projector.stop().await;
}
