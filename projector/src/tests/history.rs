//! What a row was: every event that changes it leaves one version behind.

use proptest::prelude::*;

use super::{
    Folds, given,
    properties::{cut, life},
};
use crate::{
    Fact,
    inventory::{DeviceStatus, SlotRow},
    table::{Changing, Keyed},
};

/// Asserts of every table with a past that its versions, at every position, are what a fold up to there makes.
fn assert_versions(parts: &Folds, facts: &[Fact]) {
    fn same<R: Changing>(known: &Keyed<R>, folded: &Keyed<R>, position: i64) {
        assert_eq!(known.rows_at(position), folded.rows(), "{} at {position}", R::TABLE.name);
    }
    let mut folded = Folds::new();
    for fact in facts {
        folded.apply(std::slice::from_ref(fact)).unwrap();
        let position = fact.position.get();
        same(&parts.rentals.rental, &folded.rentals.rental, position);
        same(&parts.billing.charge, &folded.billing.charge, position);
        same(&parts.billing.payment, &folded.billing.payment, position);
        same(&parts.billing.receipt, &folded.billing.receipt, position);
        same(&parts.billing.refund, &folded.billing.refund, position);
        same(&parts.billing.approval, &folded.billing.approval, position);
        same(&parts.billing.statement_break, &folded.billing.statement_break, position);
        same(&parts.inventory.station, &folded.inventory.station, position);
        same(&parts.inventory.slot, &folded.inventory.slot, position);
        same(&parts.inventory.device, &folded.inventory.device, position);
    }
}

fn in_batches(facts: &[Fact], sizes: &[usize]) -> Folds {
    let mut parts = Folds::new();
    for batch in cut(facts, sizes) {
        parts.apply(batch).unwrap();
    }
    parts
}

proptest! {
    #[test]
    fn a_row_as_known_at_a_position_is_what_a_fold_up_to_there_makes(
        lengths in prop::collection::vec(1_i64..12_000, 0..8),
        last_is_lost: bool,
        sizes in prop::collection::vec(0_usize..6, 0..12),
    ) {
        let facts = life(&lengths, last_is_lost);
        assert_versions(&in_batches(&facts, &sizes), &facts);
    }

    #[test]
    fn so_is_a_row_of_payments_and_refunds(sizes in prop::collection::vec(0_usize..4, 0..12)) {
        let facts = super::money::after_deposit(super::money::everything());
        assert_versions(&in_batches(&facts, &sizes), &facts);
    }
}

#[test]
fn every_version_says_which_event_made_it_and_which_ended_it() {
    let facts = life(&[10], false);
    let folds = Folds::of(&facts);
    let past = folds.inventory.device.past().ended();
    let versions: Vec<_> =
        past.iter().map(|(until, version)| (version.row.position, *until, version.row.status)).collect();
    let mut expected = None;
    for (position, until, _) in &versions {
        assert!(position < until);
        assert!(expected.is_none_or(|expected| expected == *position), "a hole before {position}");
        expected = Some(*until);
    }
    let present = super::only(&folds.inventory.device);
    assert_eq!(expected, Some(present.position));
    assert_eq!(versions.first().unwrap().2, DeviceStatus::Provisioned);
    for (_, version) in past {
        let made = facts.iter().find(|fact| fact.position.get() == version.row.position).unwrap();
        assert_eq!(version.occurred_at, made.occurred_at);
    }
}

#[test]
fn an_event_that_changes_a_row_twice_leaves_one_version() {
    let mut table: Keyed<SlotRow> = Keyed::default();
    let key = (given::station().0, 1);
    table.tables().for_each(|table| table.remember(1));
    table.want(key);
    let at = |table: &mut Keyed<SlotRow>, position| {
        table.tables().for_each(|table| table.at(position, given::at(position)));
    };
    at(&mut table, 1);
    let row = SlotRow { station_id: key.0, slot: 1, faulty: false, disabled: false, position: 1 };
    table.insert(row.clone()).unwrap();
    table.change(key).unwrap().disabled = true;
    assert!(table.past().ended().is_empty(), "what one event makes and changes is one version");
    at(&mut table, 2);
    table.change(key).unwrap().faulty = true;
    table.change(key).unwrap().disabled = false;
    table.put(SlotRow { faulty: true, position: 0, ..row.clone() }).unwrap();
    let disabled = SlotRow { disabled: true, ..row.clone() };
    let ended: Vec<_> = table.past().ended().iter().map(|(until, v)| (*until, v.row.clone())).collect();
    assert_eq!(ended, [(2, disabled)]);
    assert_eq!(super::only(&table), SlotRow { faulty: true, position: 2, ..row });
}
