//! A statement that was made from a ledger and then spoilt in known places: the comparison finds exactly those.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta};
use domain::values::ProviderReference;
use proptest::prelude::*;

use super::*;

const PROVIDERS: [Provider; 5] =
    [Provider::Mpesa, Provider::Mixx, Provider::Airtel, Provider::Halopesa, Provider::Azampesa];

/// How a line was spoilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spoilt {
    Not,
    Dropped,
    Amount,
    Status,
    Twice,
    /// The ledger knows it under neither reference.
    Foreign,
    /// The ledger knows it and thinks that it came to nothing.
    Unsettled,
}

#[derive(Debug, Clone, Copy)]
struct Thing {
    collection: bool,
    receipt: bool,
    provider: usize,
    amount: i64,
    minute: i64,
    spoilt: Spoilt,
}

fn any_thing() -> impl Strategy<Value = Thing> {
    let spoilt = prop_oneof![
        6 => Just(Spoilt::Not),
        1 => Just(Spoilt::Dropped),
        1 => Just(Spoilt::Amount),
        1 => Just(Spoilt::Status),
        1 => Just(Spoilt::Twice),
        1 => Just(Spoilt::Foreign),
        1 => Just(Spoilt::Unsettled),
    ];
    (any::<bool>(), any::<bool>(), 0_usize..5, 1_i64..100_000, 0_i64..1_440, spoilt).prop_map(
        |(collection, receipt, provider, amount, minute, spoilt)| Thing {
            collection,
            receipt,
            provider,
            amount,
            minute,
            spoilt,
        },
    )
}

fn at(minute: i64) -> Time {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap() + TimeDelta::minutes(minute)
}

fn period() -> Period {
    Period { from: at(0), until: at(1_439) }
}

fn id(number: usize) -> Uuid {
    Uuid::from_u128(u128::try_from(number).unwrap() + 1)
}

fn reference(text: &str) -> Option<ProviderReference> {
    ProviderReference::parse(text)
}

/// The ledger and the statement of some things.
struct Scene {
    book: Book,
    lines: Vec<Line>,
    wanted: HashMap<(BreakCause, Option<String>), usize>,
}

impl Scene {
    fn of(things: &[Thing]) -> Self {
        let mut scene = Self { book: Book::default(), lines: Vec::new(), wanted: HashMap::new() };
        for (number, thing) in things.iter().enumerate() {
            scene.ledger(number, thing);
            scene.statement(number, thing);
        }
        scene
    }

    fn ledger(&mut self, number: usize, thing: &Thing) {
        if thing.spoilt == Spoilt::Foreign {
            return;
        }
        let moved = thing.spoilt != Spoilt::Unsettled;
        let provider = PROVIDERS[thing.provider];
        let (theirs, ours) = (format!("T{number}"), format!("X{number}"));
        let what = match (thing.collection, thing.receipt && moved) {
            (true, true) => What::Receipt,
            (true, false) => What::Payment,
            (false, _) => What::Refund,
        };
        let by = moved.then(|| theirs.clone());
        let held = Held { what, id: id(number), amount: thing.amount, moved, by };
        if thing.collection {
            if what == What::Payment {
                self.book.asked.insert(ours, held.clone());
            }
            if moved {
                self.book.received.insert((provider, theirs.clone()), held);
            }
        } else {
            self.book.refunds.insert((provider, ours), held);
        }
        if moved {
            let kind = if thing.collection { Kind::Collection } else { Kind::Disbursement };
            self.book.moved.push(Movement {
                what,
                id: id(number),
                kind,
                provider,
                reference: Some(theirs),
                amount: thing.amount,
                at: at(thing.minute),
            });
        }
    }

    fn statement(&mut self, number: usize, thing: &Thing) {
        let theirs = format!("T{number}");
        let line = Line {
            number: u32::try_from(number).unwrap() + 2,
            kind: if thing.collection { Kind::Collection } else { Kind::Disbursement },
            provider: PROVIDERS[thing.provider],
            transaction_id: reference(&theirs),
            external_reference: reference(&format!("X{number}")),
            amount: thing.amount + i64::from(thing.spoilt == Spoilt::Amount),
            succeeded: thing.spoilt != Spoilt::Status,
            completed_at: at(thing.minute),
        };
        let mut want = |cause| *self.wanted.entry((cause, Some(theirs.clone()))).or_default() += 1;
        match thing.spoilt {
            Spoilt::Not => self.lines.push(line),
            Spoilt::Dropped => {
                let inside = (10..=1_429).contains(&thing.minute);
                let by_hand = !thing.collection && domain::refund::is_manual(PROVIDERS[thing.provider]);
                if inside && !by_hand {
                    want(BreakCause::MissingAtProvider);
                }
            }
            Spoilt::Amount => {
                want(BreakCause::AmountDiffers);
                self.lines.push(line);
            }
            Spoilt::Status | Spoilt::Unsettled => {
                want(BreakCause::StatusDiffers);
                self.lines.push(line);
            }
            Spoilt::Twice => {
                want(BreakCause::Duplicate);
                self.lines.extend([line.clone(), line]);
            }
            Spoilt::Foreign => {
                want(BreakCause::MissingInLedger);
                self.lines.push(line);
            }
        }
    }
}

fn found(comparison: &Comparison) -> HashMap<(BreakCause, Option<String>), usize> {
    let mut found = HashMap::new();
    let of_lines = comparison.lines.iter().filter_map(|finding| match finding {
        Finding::Differs(difference) => Some(difference),
        Finding::Agrees(_) | Finding::ToBook => None,
    });
    for difference in of_lines.chain(&comparison.missing) {
        *found.entry((difference.cause, difference.reference.clone())).or_default() += 1;
    }
    found
}

proptest! {
    #[test]
    fn exactly_what_was_spoilt_is_found(things in prop::collection::vec(any_thing(), 0..60)) {
        let scene = Scene::of(&things);
        let comparison = compare(&scene.lines, &scene.book, period());
        prop_assert_eq!(comparison.lines.len(), scene.lines.len());
        prop_assert_eq!(found(&comparison), scene.wanted);
    }

    #[test]
    fn the_order_of_the_lines_changes_nothing(
        things in prop::collection::vec(any_thing(), 0..40),
        turn in 0_usize..40,
    ) {
        let mut scene = Scene::of(&things);
        let before = found(&compare(&scene.lines, &scene.book, period()));
        let length = scene.lines.len().max(1);
        scene.lines.rotate_left(turn % length);
        scene.lines.reverse();
        prop_assert_eq!(found(&compare(&scene.lines, &scene.book, period())), before);
    }
}

fn line(kind: Kind, theirs: &str, ours: &str, amount: i64, succeeded: bool) -> Line {
    Line {
        number: 2,
        kind,
        provider: Provider::Airtel,
        transaction_id: reference(theirs),
        external_reference: reference(ours),
        amount,
        succeeded,
        completed_at: at(60),
    }
}

#[test]
fn a_second_transaction_of_a_settled_payment_is_missing_in_the_ledger() {
    let held = Held { what: What::Payment, id: id(1), amount: 500, moved: true, by: Some("T1".to_owned()) };
    let mut book = Book::default();
    book.asked.insert("X1".to_owned(), held.clone());
    book.received.insert((Provider::Airtel, "T1".to_owned()), held);
    let second = line(Kind::Collection, "T2", "X1", 500, true);
    let Comparison { lines, .. } = compare(&[second], &book, period());
    let Finding::Differs(difference) = &lines[0] else { panic!("{lines:?}") };
    assert_eq!(
        (difference.cause, difference.held),
        (BreakCause::MissingInLedger, Some((What::Payment, id(1))))
    );
    // That it came to nothing is no difference: the first one settled the payment.
    let failed = line(Kind::Collection, "T2", "X1", 500, false);
    assert_eq!(compare(&[failed], &book, period()).lines, [Finding::Agrees(None)]);
}

#[test]
fn fees_and_payouts_are_booked_where_they_were_taken() {
    let lines = [
        line(Kind::Fee, "F1", "", 20, true),
        line(Kind::Fee, "F2", "", 20, false),
        line(Kind::Payout, "P1", "", 0, true),
        line(Kind::Payout, "P2", "", 90_000, true),
    ];
    let found = compare(&lines, &Book::default(), period()).lines;
    let nothing = Finding::Agrees(None);
    assert_eq!(found, [Finding::ToBook, nothing.clone(), nothing, Finding::ToBook]);
}

#[test]
fn what_another_statement_has_is_not_missing() {
    let moved = Movement {
        what: What::Refund,
        id: id(7),
        kind: Kind::Disbursement,
        provider: Provider::Airtel,
        reference: None,
        amount: 500,
        at: at(60),
    };
    let mut book = Book { moved: vec![moved], ..Book::default() };
    assert_eq!(compare(&[], &book, period()).missing.len(), 1);
    book.elsewhere.insert(id(7));
    assert!(compare(&[], &book, period()).missing.is_empty());
}
