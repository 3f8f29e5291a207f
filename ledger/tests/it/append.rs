//! What `append` answers, and what it leaves behind.

use ledger::{AppendError, Decided, Fate, Position, PreparedCommand};

use crate::harness::{Db, absent, assert_sound, bare, event, fill, hash, id, recorded, release, take};

fn position(value: i64) -> Position {
    Position::new(value)
}

fn moved(fates: &[Fate]) -> Vec<bool> {
    fates.iter().map(|fate| *fate == Fate::Moved).collect()
}

#[tokio::test]
async fn each_decision_that_holds_is_answered_with_its_positions() {
    let db = Db::new().await;
    let ledger = db.ledger();
    let (rental, station) = (id(), id());
    let mut two = recorded(&[(rental, 0), (station, 0)]);
    two.events.push(event(&[(rental, 1)]));
    let commands = [
        two,
        bare(Decided::AlreadyDone, &[(rental, 2)]),
        bare(Decided::Refused, &[(station, 1), (id(), 0)]),
        recorded(&[(station, 1)]),
    ];
    let appended = ledger.append(&commands, Position::ZERO).await.unwrap();
    assert_eq!((appended.before, appended.last), (position(0), position(3)));
    let [first, second, third, fourth] = &appended.fates[..] else { panic!("{appended:?}") };
    let Fate::Recorded { first, count: 2, recorded_at } = first else { panic!("{first:?}") };
    assert_eq!(*first, position(1));
    assert_eq!(*second, Fate::AlreadyDone { at: position(2) });
    assert_eq!(*third, Fate::Refused { at: position(2) });
    assert_eq!(*fourth, Fate::Recorded { first: position(3), count: 1, recorded_at: *recorded_at });

    let events = ledger.read_after(Position::ZERO, 10).await.unwrap();
    for (read, command, made) in
        [(&events[0], &commands[0], 0), (&events[1], &commands[0], 1), (&events[2], &commands[3], 0)]
    {
        let made = &command.events[made];
        assert_eq!((read.id, &read.streams, &read.payload), (made.id, &made.streams, &made.payload));
        assert_eq!((read.occurred_at, read.recorded_at), (made.occurred_at, *recorded_at));
        assert_eq!((read.command_id, &read.actor), (command.id, &command.actor));
        assert_eq!((read.correlation_id, &read.traceparent), (command.correlation_id, &command.traceparent));
        assert_eq!((read.event_type.as_str(), read.schema_version), (&*made.event_type, 1));
    }
    let (stored, as_of) = ledger.stored_command(commands[1].id).await.unwrap();
    let stored = stored.unwrap();
    assert_eq!((stored.decided, stored.event_count), (Decided::AlreadyDone, 0));
    assert_eq!((stored.first_position, as_of), (position(2), position(3)));
    let (refused, as_of) = ledger.stored_command(commands[2].id).await.unwrap();
    assert_eq!((refused, as_of), (None, position(3)), "a refusal leaves the id free");
    assert_sound(&db).await;
}

#[tokio::test]
async fn i3_a_batch_that_is_sent_again_comes_back_as_replays() {
    let db = Db::new().await;
    let ledger = db.ledger();
    let stream = id();
    let mut claiming = recorded(&[(stream, 1)]);
    claiming.claims.push(take("A", stream));
    let commands = [
        recorded(&[(stream, 0)]),
        claiming,
        bare(Decided::AlreadyDone, &[(stream, 2)]),
        bare(Decided::Refused, &[(stream, 2)]),
    ];
    let first = ledger.append(&commands, Position::ZERO).await.unwrap();
    let again = ledger.append(&commands, Position::ZERO).await.unwrap();
    assert_eq!((again.before, again.last), (first.last, first.last));
    for (index, fate) in again.fates[..3].iter().enumerate() {
        let Fate::Replay(stored) = fate else { panic!("{fate:?}") };
        let command = &commands[index];
        assert_eq!((stored.id, stored.hash, &stored.result), (command.id, command.hash, &command.result));
        assert_eq!((stored.answer_version, stored.decided), (3, command.decided));
        let (Fate::Recorded { first: known, .. } | Fate::AlreadyDone { at: known }) = &first.fates[index]
        else {
            panic!("{first:?}")
        };
        assert_eq!(stored.first_position, *known);
    }
    // The refusal's id is free, and it rests on commands that fell out: it is decided again.
    assert_eq!(again.fates[3], Fate::Moved);
    assert_sound(&db).await;
}

#[tokio::test]
async fn i3_a_known_id_with_another_hash_is_reused_whatever_else_holds() {
    let db = Db::new().await;
    let ledger = db.ledger();
    let stream = id();
    let first = recorded(&[(stream, 0)]);
    ledger.append(std::slice::from_ref(&first), Position::ZERO).await.unwrap();
    let mut other: PreparedCommand = recorded(&[(stream, 0)]);
    other.id = first.id;
    other.hash = hash(8);
    let appended = ledger.append(&[other], Position::ZERO).await.unwrap();
    assert_eq!(appended.fates, [Fate::KeyReused]);
}

#[tokio::test]
async fn the_same_id_twice_in_one_batch_counts_once() {
    let db = Db::new().await;
    let ledger = db.ledger();
    let first = recorded(&[(id(), 0)]);
    let mut second = recorded(&[(id(), 0)]);
    second.id = first.id;
    let appended =
        ledger.append(&[first, second.clone(), recorded(&[(id(), 0)])], Position::ZERO).await.unwrap();
    assert_eq!(moved(&appended.fates), [false, true, false]);
    assert_eq!(appended.last, position(2));
    let again = ledger.append(&[second], appended.last).await.unwrap();
    assert!(matches!(again.fates[..], [Fate::Replay(_)]), "{again:?}");
    assert_sound(&db).await;
}

#[tokio::test]
async fn i4_a_moved_stream_takes_everything_that_rests_on_it_along() {
    let db = Db::new().await;
    let ledger = db.ledger();
    let (a, b, c, d) = (id(), id(), id(), id());
    ledger.append(&[recorded(&[(a, 0)]), recorded(&[(d, 0)])], Position::ZERO).await.unwrap();
    let commands = [
        recorded(&[(b, 0)]),                   // stands
        recorded(&[(a, 0), (c, 0)]),           // a has moved
        recorded(&[(c, 1)]),                   // rests on the one before
        bare(Decided::Refused, &[(c, 2)]),     // so does this refusal
        bare(Decided::AlreadyDone, &[(b, 1)]), // stands
        recorded(&[(b, 1), (d, 1)]),           // stands
        bare(Decided::Refused, &[(a, 1)]),     // was decided on what never happened
    ];
    let appended = ledger.append(&commands, Position::ZERO).await.unwrap();
    assert_eq!(moved(&appended.fates), [false, true, true, true, false, false, true]);
    assert_eq!((appended.before, appended.last), (position(2), position(4)));
    assert!(matches!(appended.fates[5], Fate::Recorded { first, count: 1, .. } if first == position(4)));
    assert_eq!(appended.fates[4], Fate::AlreadyDone { at: position(3) });
    assert_sound(&db).await;
}

#[tokio::test]
async fn i4_a_stream_that_was_only_read_is_probed_too() {
    let db = Db::new().await;
    let ledger = db.ledger();
    let (read, written) = (id(), id());
    ledger.append(&[recorded(&[(read, 0)])], Position::ZERO).await.unwrap();
    let mut command = recorded(&[(written, 0)]);
    command.reads.push((read, 0));
    let stale = [command, bare(Decided::Refused, &[(read, 0)]), bare(Decided::AlreadyDone, &[(read, 2)])];
    let appended = ledger.append(&stale, Position::ZERO).await.unwrap();
    assert_eq!(moved(&appended.fates), [true, true, true], "also a version that is not there yet");
    assert_eq!(appended.last, position(1));
}

#[tokio::test]
async fn while_the_ledger_stands_at_seen_no_version_is_probed() {
    let db = Db::new().await;
    let ledger = db.ledger();
    let stream = id();
    ledger.append(&[recorded(&[(stream, 0)])], Position::ZERO).await.unwrap();
    // A caller that says it has seen everything is believed for streams it only read …
    let stale = bare(Decided::Refused, &[(stream, 0)]);
    let appended = ledger.append(std::slice::from_ref(&stale), position(1)).await.unwrap();
    assert_eq!(appended.fates, [Fate::Refused { at: position(1) }]);
    let appended = ledger.append(&[stale], position(0)).await.unwrap();
    assert_eq!(appended.fates, [Fate::Moved]);
    // … and for a written one the primary key stands behind.
    let double = ledger.append(&[recorded(&[(stream, 0)])], position(1)).await;
    assert!(matches!(double, Err(AppendError::Refused(_))), "{double:?}");
    assert_sound(&db).await;
}

#[tokio::test]
async fn a_ledger_that_ends_before_seen_refuses() {
    let db = Db::new().await;
    let ledger = db.ledger();
    fill(&ledger, 3).await;
    let refused = ledger.append(&[recorded(&[(id(), 0)])], position(4)).await;
    let Err(AppendError::Refused(error)) = refused else { panic!("{refused:?}") };
    assert_eq!(error.code().unwrap().code(), "CJ002");
}

#[tokio::test]
async fn claims_are_taken_checked_and_released() {
    let db = Db::new().await;
    let ledger = db.ledger();
    let (first, second) = (id(), id());
    let claiming = |claims: Vec<ledger::ClaimOp>, decided| {
        let stream = id();
        let mut command = match decided {
            Decided::Recorded => recorded(&[(stream, 0)]),
            Decided::AlreadyDone | Decided::Refused => bare(decided, &[(stream, 0)]),
        };
        command.claims = claims;
        command
    };
    let appended =
        ledger.append(&[claiming(vec![take("A", first)], Decided::Recorded)], position(0)).await.unwrap();
    assert!(matches!(appended.fates[..], [Fate::Recorded { .. }]));
    let held = ledger.claims(&[("device_serial", "B"), ("device_serial", "A")]).await.unwrap();
    assert_eq!(held[0], None);
    assert_eq!(held[1].map(|claim| (claim.entity, claim.position)), Some((first, position(1))));

    let commands = [
        claiming(vec![take("A", second)], Decided::Recorded),
        claiming(vec![take("B", second), absent("C")], Decided::Recorded),
        claiming(vec![absent("D")], Decided::Refused),
    ];
    let appended = ledger.append(&commands, position(1)).await.unwrap();
    let taken = Fate::ClaimTaken { kind: "device_serial".to_owned(), value: "A".to_owned(), entity: first };
    assert_eq!(appended.fates[0], taken);
    assert!(matches!(appended.fates[1], Fate::Recorded { first, .. } if first == position(2)));
    assert_eq!(appended.fates[2], Fate::Refused { at: position(2) });

    let commands = [
        claiming(vec![absent("A")], Decided::Refused),
        claiming(vec![release("B")], Decided::Recorded),
        claiming(vec![take("B", first)], Decided::Recorded), // named before in this batch
        claiming(vec![take("E", first)], Decided::AlreadyDone),
    ];
    let appended = ledger.append(&commands, position(2)).await.unwrap();
    assert_eq!(moved(&appended.fates), [true, false, true, false]);
    let again =
        ledger.append(&[claiming(vec![take("B", first)], Decided::Recorded)], appended.last).await.unwrap();
    assert!(matches!(again.fates[..], [Fate::Recorded { .. }]), "a released name is free: {again:?}");
    assert_sound(&db).await;
}

#[tokio::test]
async fn a_command_that_loses_its_claim_takes_its_followers_along() {
    let db = Db::new().await;
    let ledger = db.ledger();
    let (device, holder) = (id(), id());
    let mut first = recorded(&[(holder, 0)]);
    first.claims.push(take("A", holder));
    ledger.append(&[first], position(0)).await.unwrap();
    let mut second = recorded(&[(device, 0)]);
    second.claims.push(take("A", device));
    let appended = ledger.append(&[second, recorded(&[(device, 1)])], position(1)).await.unwrap();
    assert!(matches!(appended.fates[..], [Fate::ClaimTaken { .. }, Fate::Moved]), "{appended:?}");
    assert_eq!(appended.last, position(1));
}

#[tokio::test]
async fn append_raises_under_any_other_isolation() {
    let db = Db::new().await;
    let client = db.login(ledger::migrate::ServiceRole::Command).await;
    for level in ["REPEATABLE READ", "SERIALIZABLE"] {
        client.batch_execute(&format!("BEGIN ISOLATION LEVEL {level}")).await.unwrap();
        let error = client.query_one("SELECT ledger.lock_head()", &[]).await.unwrap_err();
        assert_eq!(error.code().unwrap().code(), "CJ001", "{level}");
        client.batch_execute("ROLLBACK").await.unwrap();
    }
    let body: String = db
        .owner()
        .await
        .query_one("SELECT prosrc FROM pg_proc WHERE oid = 'ledger.append'::regproc", &[])
        .await
        .unwrap()
        .get(0);
    let ledger = Ledger::with_isolation(&db, "repeatable read");
    let refused = ledger.append(&[recorded(&[(id(), 0)])], Position::ZERO).await;
    let Err(AppendError::Refused(error)) = refused else { panic!("{refused:?}") };
    assert_eq!(error.code().unwrap().code(), "CJ001");
    for banned in ["EXCEPTION WHEN", "ON CONFLICT", "NOTIFY"] {
        assert!(!body.to_uppercase().contains(banned), "{banned}");
    }
}

#[tokio::test]
async fn what_only_a_defective_caller_could_write_is_refused_by_the_database() {
    let db = Db::new().await;
    let client = db.login(ledger::migrate::ServiceRole::Command).await;
    let arrays = "'{}', ".repeat(26);
    let version_zero =
        format!("SELECT * FROM ledger.append(0, {arrays} '{{0}}', '{{}}', '{{}}', '{{}}', '{{}}', '{{}}')");
    let error = client.query(&version_zero, &[]).await.unwrap_err();
    assert_eq!(error.code().unwrap().code(), "CJ005");

    let owner = db.owner().await;
    for (hash, outcome, count) in [(31, 1, 1), (32, 0, 0), (32, 3, 1), (32, 1, 0), (32, 2, 1), (32, 2, -1)] {
        let insert = format!(
            "INSERT INTO ledger.command (id, first_position, event_count, outcome, answer_version, actor, hash, result) \
             VALUES (gen_random_uuid(), 1, {count}, {outcome}, 1, 'x', decode(repeat('00', {hash}), 'hex'), '')"
        );
        let error = owner.batch_execute(&insert).await.unwrap_err();
        let constraint = error.as_db_error().and_then(|error| error.constraint());
        assert_eq!(constraint, Some("command_whole"), "{hash} {outcome} {count}");
    }
    let event = "INSERT INTO ledger.event (position, id, command_id, occurred_at, recorded_at, schema_version, type, actor, \
                 stream_kinds, stream_ids, stream_versions, payload) VALUES \
                 (0, gen_random_uuid(), gen_random_uuid(), now(), now(), 1, 'X', 'x', '{}', '{}', '{}', '')";
    let error = owner.batch_execute(event).await.unwrap_err();
    assert_eq!(error.code().unwrap().code(), "23514", "no partition takes a position below 1");
}

struct Ledger;

impl Ledger {
    fn with_isolation(db: &Db, level: &str) -> ledger::Ledger {
        let url = db.url(ledger::migrate::ServiceRole::Command);
        let level = level.replace(' ', "%5C%20");
        let options = format!("?options=-c%20default_transaction_isolation%3D{level}");
        ledger::Ledger::connect(&format!("{url}{options}"), 1).unwrap()
    }
}
