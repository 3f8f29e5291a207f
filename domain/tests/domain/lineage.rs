//! What is recorded of the ledger itself, and of the books as a whole.

use domain::{
    Event, State,
    event::{LedgerRestored, PeriodClosed},
    ids::{LINEAGE, PERIODS},
    values::Reason,
};

use super::given::*;

fn restored(epoch: i32) -> LedgerRestored {
    LedgerRestored { epoch, restored_to: 41, reason: Reason::parse("disk lost").unwrap() }
}

#[test]
fn a_restore_begins_an_epoch_and_epochs_only_rise() {
    let mut w = World::town();
    w.recorded(restored(2));
    w.recorded(restored(3));
    assert_eq!(w.log.last().unwrap().event.event_type(), "LedgerRestored");
    let State::Lineage(lineage) = w.state(LINEAGE.id).clone() else { panic!("another state") };
    assert_eq!(lineage.epoch, 3);
    let again = Event::from(restored(3));
    State::evolve(Some(State::Lineage(lineage)), LINEAGE.kind, &again, w.now).unwrap_err();
}

#[test]
fn a_close_moves_the_end_of_the_closed_days() {
    let mut w = World::town();
    for until in ["2026-01-31", "2026-02-28"] {
        w.recorded(PeriodClosed {
            from: None,
            until: until.parse().unwrap(),
            closed_by: finance().subject,
            position: 9,
            accounts: Vec::new(),
            checkpoint: None,
        });
    }
    assert_eq!(w.log.last().unwrap().event.event_type(), "PeriodClosed");
    let State::Periods(periods) = w.state(PERIODS.id) else { panic!("another state") };
    assert_eq!(periods.closed_until, "2026-02-28".parse().ok());
}
