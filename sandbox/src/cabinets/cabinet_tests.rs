//! What a cabinet does when it is asked to release, given a bank, or told to misbehave: without a link, a clock or a wait.

use chrono::TimeDelta;

use super::*;
use crate::settings::Settings;

const NOW: i64 = 1_780_000_000;

fn moment(how: Option<How>) -> Moment {
    let now = DateTime::from_timestamp(NOW, 0).unwrap();
    Moment { now, how, timing: Settings::default().cabinets }
}

fn cabinet(banks: &[(u16, Option<&str>)]) -> Cabinet {
    let slots = banks.iter().map(|(number, serial)| {
        (*number, Slot { serial: serial.map(str::to_owned), battery_percent: Some(80), ..Slot::default() })
    });
    Cabinet::new(Uuid::from_u128(1), slots.collect())
}

fn release(attempt: u128, slot: u16) -> Release {
    let answer_by = Some(moment(None).now + TimeDelta::seconds(60));
    Release { attempt_id: Uuid::from_u128(attempt), rental_id: Uuid::from_u128(9), slot, answer_by }
}

fn said(cabinet: &Cabinet) -> Vec<Value> {
    cabinet.outbox().map(Letter::body).collect()
}

fn serials(cabinet: &Cabinet) -> Vec<Option<&str>> {
    cabinet.slots.values().map(|slot| slot.serial.as_deref()).collect()
}

#[test]
fn a_release_lets_the_bank_out_and_confirms_it_with_an_id_of_the_attempt() {
    let mut cabinet = cabinet(&[(1, Some("CP-1")), (2, Some("CP-2"))]);
    cabinet.absorb(&release(7, 1), &moment(None));
    assert_eq!(serials(&cabinet), [None, Some("CP-2")]);
    assert_eq!(
        said(&cabinet),
        [json!({
            "command_id": answer_id(Uuid::from_u128(7)), "type": "ConfirmRelease",
            "occurred_at": moment(None).now,
            "data": {"rental_id": Uuid::from_u128(9), "serial": "CP-1", "slot": 1},
        })]
    );
    assert_ne!(answer_id(Uuid::from_u128(7)), answer_id(Uuid::from_u128(8)));
}

#[test]
fn an_attempt_heard_again_ejects_no_second_bank_and_repeats_its_answer() {
    let mut cabinet = cabinet(&[(1, Some("CP-1")), (2, Some("CP-2"))]);
    cabinet.absorb(&release(7, 1), &moment(None));
    let first = said(&cabinet);
    cabinet.absorb(&release(7, 1), &moment(None));
    assert_eq!(said(&cabinet), first, "what still waits is not said twice");

    cabinet.settled(answer_id(Uuid::from_u128(7)));
    cabinet.insert(bank("CP-9"), 1, Uuid::from_u128(3), &moment(None)).unwrap();
    cabinet.settled(Uuid::from_u128(3));
    cabinet.absorb(&release(7, 1), &moment(Some(How::ClockWrong)));
    assert_eq!(said(&cabinet), first, "byte for byte what was said before");
    assert_eq!(serials(&cabinet), [Some("CP-9"), Some("CP-2")]);
}

#[test]
fn what_cannot_be_opened_is_a_failure_and_moves_nothing() {
    for (slot, reason) in [(1, "slot_empty"), (2, "slot_faulty"), (3, "slot_unknown")] {
        for how in [None, Some(How::Silent), Some(How::WrongBank)] {
            let mut cabinet = cabinet(&[(1, None), (2, Some("CP-2")), (4, Some("CP-4"))]);
            cabinet.slots.get_mut(&2).unwrap().fault = Some("jammed".to_owned());
            cabinet.absorb(&release(7, slot), &moment(how));
            let said = said(&cabinet);
            assert_eq!(said[0]["type"], "ReportReleaseFailure");
            assert_eq!(said[0]["data"], json!({"rental_id": Uuid::from_u128(9), "reason": reason}));
            assert_eq!(serials(&cabinet), [None, Some("CP-2"), Some("CP-4")]);
        }
    }
}

#[test]
fn a_release_that_comes_too_late_is_not_acted_upon() {
    let mut cabinet = cabinet(&[(1, Some("CP-1"))]);
    let mut release = release(7, 1);
    release.answer_by = Some(moment(None).now - TimeDelta::seconds(1));
    cabinet.absorb(&release, &moment(None));
    cabinet.absorb(&release, &moment(None));
    assert_eq!((said(&cabinet), serials(&cabinet)), (Vec::new(), vec![Some("CP-1")]));
}

#[test]
fn a_silent_cabinet_lets_the_bank_out_and_never_says_so() {
    let mut cabinet = cabinet(&[(1, Some("CP-1"))]);
    cabinet.absorb(&release(7, 1), &moment(Some(How::Silent)));
    cabinet.absorb(&release(7, 1), &moment(None));
    assert_eq!((said(&cabinet), serials(&cabinet)), (Vec::new(), vec![None]));
    assert_eq!(cabinet.inventory(&moment(None))["slots"], json!([{"slot": 1}]));
}

#[test]
fn the_wrong_bank_leaves_and_is_confirmed_as_what_it_is() {
    let mut cabinet = cabinet(&[(1, Some("CP-1")), (2, Some("CP-2"))]);
    cabinet.absorb(&release(7, 1), &moment(Some(How::WrongBank)));
    assert_eq!(serials(&cabinet), [Some("CP-1"), None]);
    let said = said(&cabinet);
    assert_eq!((&said[0]["data"]["serial"], &said[0]["data"]["slot"]), (&json!("CP-2"), &json!(2)));
}

#[test]
fn two_banks_leave_and_one_is_confirmed() {
    let mut cabinet = cabinet(&[(1, Some("CP-1")), (2, Some("CP-2")), (3, Some("CP-3"))]);
    cabinet.absorb(&release(7, 1), &moment(Some(How::TwoBanks)));
    assert_eq!(serials(&cabinet), [None, None, Some("CP-3")]);
    assert_eq!(said(&cabinet).len(), 1);
    assert_eq!(said(&cabinet)[0]["data"]["serial"], "CP-1");
}

#[test]
fn slow_and_late_answers_wait_but_tell_when_it_happened() {
    for (how, seconds) in [(How::Slow, 20), (How::Late, 70)] {
        let mut cabinet = cabinet(&[(1, Some("CP-1"))]);
        cabinet.absorb(&release(7, 1), &moment(Some(how)));
        let letter = cabinet.outbox().next().unwrap();
        assert_eq!(letter.not_before, moment(None).now + TimeDelta::seconds(seconds));
        assert_eq!(letter.occurred_at, Some(moment(None).now));
        assert_eq!(serials(&cabinet), [None]);
    }
}

#[test]
fn a_return_names_the_interval_in_which_the_bank_came() {
    let mut cabinet = cabinet(&[(1, None)]);
    cabinet.insert(bank("CP-9"), 1, Uuid::from_u128(3), &moment(None)).unwrap();
    let now = moment(None).now;
    assert_eq!(
        said(&cabinet),
        [json!({"command_id": Uuid::from_u128(3), "type": "DeviceReturned", "data": {
            "serial": "CP-9", "station_id": Uuid::from_u128(1), "slot": 1, "battery_percent": 40,
            "observed_at": now, "last_seen_absent_at": now - TimeDelta::seconds(1),
        }})]
    );
}

#[test]
fn a_bank_that_comes_back_at_once_was_absent_no_earlier_than_it_left() {
    let mut cabinet = cabinet(&[(1, Some("CP-1"))]);
    cabinet.eject(1, &moment(None));
    cabinet.insert(bank("CP-1"), 1, Uuid::from_u128(3), &moment(None)).unwrap();
    assert_eq!(said(&cabinet)[0]["data"]["last_seen_absent_at"], json!(moment(None).now));
}

#[test]
fn an_interval_never_ends_before_it_begins_when_the_clock_was_wrong_between() {
    let mut cabinet = cabinet(&[(1, Some("CP-1"))]);
    cabinet.eject(1, &moment(Some(How::ClockWrong)));
    cabinet.insert(bank("CP-1"), 1, Uuid::from_u128(3), &moment(None)).unwrap();
    let data = &said(&cabinet)[0]["data"];
    assert_eq!(data["last_seen_absent_at"], data["observed_at"]);
}

#[test]
fn a_wrong_clock_is_three_hours_ahead_everywhere() {
    let mut cabinet = cabinet(&[(1, Some("CP-1")), (2, None)]);
    let wrong = moment(Some(How::ClockWrong));
    let shown = json!(wrong.now + TimeDelta::hours(3));
    cabinet.absorb(&release(7, 1), &wrong);
    cabinet.insert(bank("CP-9"), 2, Uuid::from_u128(3), &wrong).unwrap();
    let said = said(&cabinet);
    assert_eq!(said[0]["occurred_at"], shown);
    assert_eq!(said[1]["data"]["observed_at"], shown);
    assert_eq!(cabinet.inventory(&wrong)["taken_at"], shown);
}

#[test]
fn a_bank_that_finds_no_place_is_reported_as_refused() {
    let mut cabinet = cabinet(&[(1, Some("CP-1")), (2, None)]);
    cabinet.slots.get_mut(&2).unwrap().fault = Some("jammed".to_owned());
    let taken = cabinet.insert(bank("CP-9"), 1, Uuid::from_u128(3), &moment(None));
    assert_eq!(taken, Err(NotInserted::Taken));
    cabinet.slots.insert(3, Slot::default());
    assert_eq!(cabinet.insert(bank("CP-9"), 2, Uuid::from_u128(4), &moment(None)), Err(NotInserted::Faulty));
    assert_eq!(cabinet.insert(bank("CP-9"), 1, Uuid::from_u128(5), &moment(None)), Err(NotInserted::Taken));
    assert_eq!(
        cabinet.insert(bank("CP-9"), 7, Uuid::from_u128(6), &moment(None)),
        Err(NotInserted::NoSuchSlot)
    );
    let said = said(&cabinet);
    let reasons: Vec<&Value> = said.iter().map(|letter| &letter["data"]["reason"]).collect();
    assert_eq!(reasons, ["cabinet_full", "slot_faulty", "slot_taken"]);
    assert!(said.iter().all(|letter| letter["type"] == "ReportReturnRefused"));
    assert_eq!(cabinet.holds("CP-9"), None);
}

#[test]
fn it_remembers_the_newest_attempts_only() {
    let mut cabinet = cabinet(&[(1, None)]);
    for attempt in 1..=205 {
        cabinet.absorb(&release(attempt, 1), &moment(None));
    }
    assert_eq!(cabinet.absorbed.len(), REMEMBERED);
    assert_eq!(cabinet.absorbed[0].attempt_id, Uuid::from_u128(6));
}

fn bank(serial: &str) -> Bank {
    Bank { serial: serial.to_owned(), battery_percent: Some(40) }
}
