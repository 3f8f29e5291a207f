//! A receipt holds as it was given out, and in no other way.

use std::collections::HashMap;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    CustomerId, DeviceId, Event, Money, RentalId, StationId, TariffId,
    event::{
        CorrectedStage, CorrectionCause, Place, RentalCorrected, RentalEnded, RentalExtended, RentalStarted,
        ReturnAttemptRecorded, ReturnEvidence,
    },
    purse::{Credited, Debited},
    rating::Rated,
    tariff::{Tariff, Terms},
    values::{Name, SlotNumber},
};
use ledger::{
    Envelope, Position, StreamKind, StreamRef, leaf,
    tree::{CheckpointText, Frontier, Hash, NodeId, SignedNote, Signer, inclusion_proof, node_hash},
};
use uuid::Uuid;

use super::*;

const ORIGIN: &str = "chajipoa/0190a6f0-0000-7000-8000-000000000009/1";

fn id(number: u128) -> Uuid {
    Uuid::from_u128((0x0190_a6f0 << 96) | 0x7000_8000_0000_0000_0000 | number)
}

fn at(minutes: i64) -> DateTime<Utc> {
    "2026-03-02T06:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minutes)
}

fn tariff() -> Tariff {
    Tariff {
        tariff_id: TariffId(id(6)),
        version: 3,
        name: Name::parse("Kariakoo & co").unwrap(),
        effective_from: at(-1_000),
        terms: Terms::STANDARD,
    }
}

fn slot() -> SlotNumber {
    serde_json::from_str("4").unwrap()
}

fn charge(end: DateTime<Utc>, due: DateTime<Utc>) -> domain::rating::Charge {
    let terms = Terms::STANDARD;
    Rated { terms: &terms, free_minutes: 5, started_at: at(0), due_at: due }.returned(end)
}

/// Out, extended, back after 26 hours; then a refused attempt 40 minutes before is told, and the bill corrected.
fn events() -> Vec<(Event, DateTime<Utc>)> {
    let (rental_id, customer_id, device_id) = (RentalId(id(3)), CustomerId(id(4)), DeviceId(id(5)));
    let (from, to) = (StationId(id(1)), StationId(id(2)));
    let (end, due, attempted_at) = (at(26 * 60), at(1_440 + 60), at(26 * 60 - 40));
    let started = RentalStarted {
        rental_id,
        customer_id,
        device_id,
        station_id: from,
        slot: slot(),
        started_at: at(0),
        due_at: at(1_440),
        free_minutes: 5,
        tariff: tariff(),
        reason: None,
        review: Vec::new(),
    };
    let old = charge(end, due);
    let ended = RentalEnded {
        rental_id,
        customer_id,
        device_id,
        station_id: to,
        slot: slot(),
        started_at: at(0),
        ended_at: end,
        charge: old.clone(),
        debited: Debited { deposit: Money::tzs(6_000), debt: old.total.less(Money::tzs(6_000)) },
        evidence: ReturnEvidence {
            place: Place { station_id: to, slot: slot() },
            observed_at: end,
            last_seen_absent_at: None,
            arrived_at: end,
            billed_at: end,
            battery_percent: None,
        },
        review: Vec::new(),
    };
    let attempt = ReturnAttemptRecorded {
        rental_id,
        customer_id,
        device_id,
        station_id: to,
        slot: None,
        attempted_at,
        reason: None,
        review: Vec::new(),
    };
    let new = charge(attempted_at, due);
    let corrected = RentalCorrected {
        stage: CorrectedStage::Ended,
        ended_at: Some(attempted_at),
        cause: CorrectionCause::ReturnAttempt,
        reversed: old.to_posted(),
        credited: Credited {
            debt: old.total.less(Money::tzs(6_000)),
            write_off: Money::ZERO,
            deposit: Money::tzs(6_000),
        },
        debited: Debited { deposit: Money::tzs(6_000), debt: new.total.less(Money::tzs(6_000)) },
        charge: new,
        rental_id,
        customer_id,
        device_id,
        evidence: None,
        docked: None,
        review: Vec::new(),
        started_at: None,
        approval_id: None,
        approved_by: None,
        reason: None,
    };
    let extended =
        RentalExtended { rental_id, customer_id, minutes: 60, previous_due_at: at(1_440), due_at: due };
    vec![
        (started.into(), at(0)),
        (extended.into(), at(30)),
        (ended.into(), end),
        (attempt.into(), attempted_at),
        (corrected.into(), attempted_at),
    ]
}

fn envelope(position: i64, version: i64, event: &Event, occurred_at: DateTime<Utc>) -> Envelope {
    let stream = |key: domain::StreamKey| StreamRef {
        kind: key.kind.as_str().parse::<StreamKind>().unwrap(),
        id: key.id,
        version: if key.id == id(3) { version } else { 7 * position },
    };
    Envelope {
        position: Position::new(position),
        id: id(0x100 + u128::try_from(position).unwrap()),
        event_type: event.event_type().to_owned(),
        schema_version: event.schema_version(),
        streams: event.streams().into_iter().map(stream).collect(),
        occurred_at,
        recorded_at: occurred_at + TimeDelta::microseconds(123_456),
        command_id: id(0x200 + u128::try_from(position).unwrap()),
        actor: format!("station:{}", id(2)),
        causation_id: None,
        correlation_id: (position % 2 == 0).then(|| id(0x300)),
        traceparent: (position % 3 == 0)
            .then(|| "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
        payload: Bytes::from(event.encode()),
    }
}

/// The hash of every perfect subtree over these leaves.
fn nodes(leaves: &[Hash]) -> HashMap<NodeId, Hash> {
    let (mut found, mut row, mut level) = (HashMap::new(), leaves.to_vec(), 0_u8);
    while !row.is_empty() {
        for (hash, index) in row.iter().zip(0_u64..) {
            found.insert(NodeId { level, index }, *hash);
        }
        row = row.chunks_exact(2).map(|pair| node_hash(&pair[0], &pair[1])).collect();
        level += 1;
    }
    found
}

fn signer() -> Signer {
    // A fixed key: PKCS#8 version 1 of an Ed25519 seed.
    let mut pkcs8 = hex("302e020100300506032b657004220420");
    pkcs8.extend([42; 32]);
    Signer::new(ORIGIN, &pkcs8).unwrap_or_else(fresh)
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn fresh() -> Signer {
    let folder = tempfile::tempdir().unwrap();
    ledger::tree::CheckpointKeys::open_or_create(folder.path()).unwrap().signer(ORIGIN).unwrap()
}

struct Given {
    bytes: Vec<u8>,
    signer: Signer,
}

impl Given {
    fn verify(&self, bytes: &[u8]) -> Result<Proved, Disproved> {
        verify(bytes, &[self.signer.verifier().clone()])
    }
}

/// The receipt of those events, at every third position of a ledger with others between and behind.
fn given_of(events: &[(Event, DateTime<Utc>)], bill: Option<Figures>) -> Given {
    let signer = signer();
    let position = |index: usize| 2 + 3 * i64::try_from(index).unwrap();
    let envelopes: Vec<Envelope> = events
        .iter()
        .enumerate()
        .map(|(index, (event, at))| envelope(position(index), i64::try_from(index).unwrap() + 1, event, *at))
        .collect();
    let size = 21;
    let mut leaves: Vec<Hash> = (0..size).map(|number| [u8::try_from(number).unwrap(); 32]).collect();
    for envelope in &envelopes {
        leaves[usize::try_from(envelope.position.get() - 1).unwrap()] = leaf::hash(envelope);
    }
    let (nodes, mut frontier) = (nodes(&leaves), Frontier::new());
    leaves.iter().for_each(|leaf| frontier.push(*leaf));
    let text =
        CheckpointText { origin: ORIGIN.to_owned(), size, root: frontier.root(), extensions: Vec::new() };
    let checkpoint = SignedNote::sign(text.to_string(), &[&signer]).to_string();
    let proven = |envelope: &Envelope| {
        let index = u64::try_from(envelope.position.get() - 1).unwrap();
        ProvenEvent::new(envelope, &inclusion_proof(index, size, &nodes).unwrap())
    };
    let placed: Vec<domain::rerating::Placed> = envelopes
        .iter()
        .zip(events)
        .map(|(envelope, (event, _))| domain::rerating::Placed {
            position: envelope.position.get(),
            event: event.clone(),
        })
        .collect();
    let bill = bill.unwrap_or_else(|| Figures::of(&placed).unwrap());
    let events = envelopes.iter().map(proven).collect();
    let receipt = Receipt { format: FORMAT.to_owned(), bill, events, checkpoint };
    Given { bytes: receipt.to_bytes().unwrap(), signer }
}

fn given() -> Given {
    given_of(&events(), None)
}

#[test]
fn a_receipt_holds_and_says_what_it_proves() {
    let given = given();
    let proved = given.verify(&given.bytes).unwrap();
    assert_eq!((proved.origin.as_str(), proved.size), (ORIGIN, 21));
    assert_eq!(proved.positions, [2, 5, 8, 11, 14]);
    // 25 h 20 min: 5,000 for the first day, 3 units, and late by 20 minutes; before, 4 units.
    let bill = &proved.bill;
    assert_eq!((bill.total, bill.usage, bill.late), (7_500, 6_500, 1_000));
    assert_eq!((bill.from_deposit, bill.to_debt, bill.position), (6_000, 1_500, 14));
    assert_eq!(bill.corrected.iter().map(|old| (old.position, old.total)).collect::<Vec<_>>(), [(8, 8_000)]);
    assert_eq!(bill.return_station_id, Some(id(2)));
    assert!(
        proved.in_words().iter().any(|line| line.contains("costs 7500 TZS in all")),
        "{:?}",
        proved.in_words()
    );
}

#[test]
fn a_newline_at_the_end_is_what_editors_add() {
    let given = given();
    let with = [given.bytes.as_slice(), b"\n"].concat();
    assert!(given.verify(&with).is_ok());
    assert!(given.verify(&[with.as_slice(), b"\n"].concat()).is_err());
}

#[test]
fn no_byte_of_a_receipt_can_be_another_one() {
    let given = given();
    let mut bytes = given.bytes.clone();
    for at in 0..bytes.len() {
        let was = bytes[at];
        // The lowest bit, the bit between small and capital letters, and the highest bit.
        for bit in [0x01, 0x20, 0x80] {
            bytes[at] = was ^ bit;
            let held = given.verify(&bytes);
            assert!(held.is_err(), "byte {at}, {:?} for {:?}", char::from(bytes[at]), char::from(was));
        }
        bytes[at] = was;
    }
    assert!(given.verify(&bytes).is_ok());
}

#[test]
fn no_byte_of_a_receipt_can_be_left_out_or_put_in() {
    let given = given();
    for at in 0..given.bytes.len() {
        let mut shorter = given.bytes.clone();
        shorter.remove(at);
        assert!(given.verify(&shorter).is_err(), "without byte {at}");
        let mut longer = given.bytes.clone();
        longer.insert(at, b' ');
        assert!(given.verify(&longer).is_err(), "with a space at {at}");
    }
}

#[test]
fn another_key_proves_nothing() {
    let given = given();
    let other = fresh();
    let held = verify(&given.bytes, &[other.verifier().clone()]);
    assert!(matches!(held, Err(Disproved::Checkpoint(_))), "{held:?}");
    assert!(verify(&given.bytes, &[]).is_err());
    assert!(verify(&given.bytes, &[other.verifier().clone(), given.signer.verifier().clone()]).is_ok());
}

#[test]
fn a_charge_that_does_not_follow_is_found_even_if_the_ledger_holds_it() {
    let mut events = events();
    let Event::RentalEnded(fact) = &mut events[2].0 else { unreachable!() };
    fact.charge.usage = fact.charge.usage.plus(Money::tzs(500));
    fact.charge.total = fact.charge.total.plus(Money::tzs(500));
    let given = given_of(&events, None);
    let held = given.verify(&given.bytes);
    assert_eq!(held, Err(Disproved::Charge { position: 8, what: "charge" }));
}

#[test]
fn a_bill_that_the_events_do_not_come_to_is_found() {
    let events = events();
    let bill = Receipt::parse(&given_of(&events, None).bytes).unwrap().bill;
    let changes: [fn(&mut Figures); 6] = [
        |bill| bill.total += 1,
        |bill| bill.vat += 1,
        |bill| bill.ended_at += TimeDelta::seconds(1),
        |bill| bill.corrected.clear(),
        |bill| bill.to_debt = 0,
        |bill| bill.tariff.name.push('!'),
    ];
    for change in changes {
        let mut other = bill.clone();
        change(&mut other);
        let given = given_of(&events, Some(other));
        assert_eq!(given.verify(&given.bytes), Err(Disproved::Bill));
    }
}

#[test]
fn an_event_that_is_left_out_is_missed() {
    let given = given();
    let whole = Receipt::parse(&given.bytes).unwrap();
    for left_out in 0..whole.events.len() {
        let mut receipt = whole.clone();
        receipt.events.remove(left_out);
        let held = given.verify(&receipt.to_bytes().unwrap());
        // Without the last one the rest is a history: that of a bill that was corrected since.
        let expected = if left_out + 1 == whole.events.len() { "bill" } else { "stream" };
        match held {
            Err(Disproved::Stream { .. }) => assert_eq!(expected, "stream"),
            Err(Disproved::Bill) => assert_eq!(expected, "bill"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn page_and_picture_say_the_bill_and_load_nothing() {
    let receipt = Receipt::parse(&given().bytes).unwrap();
    for lang in [Lang::Sw, Lang::En] {
        for text in [page(&receipt, lang).unwrap(), picture(&receipt, lang).unwrap()] {
            for part in ["TZS 7,500", "TZS 8,000", "Kariakoo &amp; co", "03/03/2026 10:20:00", "<path d="] {
                assert!(text.contains(part), "{part} in {text}");
            }
            let text = text.replace("http://www.w3.org/2000/svg", "");
            for word in ["http", "src=", "href=", "<script", "<form", "+255"] {
                assert!(!text.contains(word), "{word}");
            }
        }
    }
    assert!(page(&receipt, Lang::Sw).unwrap().contains("JUMLA"));
    assert!(page(&receipt, Lang::En).unwrap().contains("TOTAL"));
}
