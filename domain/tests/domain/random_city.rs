//! Random commands in a small town: whatever is asked, in whatever order, what must hold holds.
//!
//! `given` checks after every decision; here are the sequences, an independent count of everybody's money, and the
//! replay of the whole story.

use std::collections::HashMap;

use chrono::TimeDelta;
use domain::{Decision, Event, event::PaidFrom, rental::Stage};
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::given::*;

/// What somebody asks for. Small numbers, so that they meet.
#[derive(Debug, Clone)]
enum Ask {
    Wait { seconds: i64 },
    Start { who: u128, at: u128, slot: u16 },
    Confirm { rental: u128, bank: u128, slot: u16, back: Option<i64> },
    Fail { rental: u128 },
    Unknown { rental: u128 },
    Cancel { rental: u128, seen: Option<i64> },
    Extend { rental: u128, minutes: i64 },
    Overdue { rental: u128 },
    Sell { rental: u128 },
    Lost { rental: u128 },
    Return { bank: u128, at: u128, slot: u16, back: Option<i64>, absent: Option<i64> },
    AgentReturn { bank: u128, at: u128, slot: u16 },
    Attempt { bank: u128, at: u128, back: i64 },
    Pay { who: u128, amount: i64 },
    Refund { who: u128, amount: i64 },
    RefundStep { what: &'static str, refund: u128 },
    ChargeBack { payment: u128, amount: i64 },
    Receive { from: u128, amount: i64 },
    Assign { receipt: u128, who: u128 },
    PayBack { receipt: u128 },
    Suspend { who: u128, again: bool },
    Dock { bank: u128, at: u128, slot: u16 },
    Move { what: &'static str, bank: u128 },
    Missing { bank: u128, back: Option<i64> },
    Battery { bank: u128, percent: u8 },
    Slot { what: &'static str, at: u128, slot: u16 },
}

fn ask() -> impl Strategy<Value = Ask> {
    let rental = || 1_u128..=12;
    let bank = || 1_u128..=5;
    let place = || (1_u128..=3, 1_u16..=4);
    let back = || {
        prop_oneof![
            2 => Just(None),
            3 => (0_i64..=900).prop_map(Some),
            2 => (0_i64..=9_000).prop_map(Some),
            1 => (-600_i64..=20 * 86_400).prop_map(Some),
        ]
    };
    let wait = prop_oneof![1_i64..=120, 60_i64..=7_200, 3_600_i64..=200_000, Just(40 * 86_400)];
    let moves = prop_oneof![Just("UndockDevice"), Just("StartMaintenance"), Just("CompleteMaintenance")];
    let refund_step = prop_oneof![
        Just("ApproveRefund"),
        Just("RejectRefund"),
        Just("RecordRefundSubmitted"),
        Just("RefundConfirmed"),
        Just("RefundDeclined"),
        Just("MarkRefundUnknown"),
    ];
    let slots =
        prop_oneof![Just("DisableSlot"), Just("EnableSlot"), Just("ClearSlotFault"), Just("ReportSlotFault")];
    prop_oneof![
        8 => wait.prop_map(|seconds| Ask::Wait { seconds }),
        9 => (1_u128..=4, place()).prop_map(|(who, (at, slot))| Ask::Start { who, at, slot }),
        7 => (rental(), bank(), 1_u16..=4, back())
            .prop_map(|(rental, bank, slot, back)| Ask::Confirm { rental, bank, slot, back }),
        2 => rental().prop_map(|rental| Ask::Fail { rental }),
        2 => rental().prop_map(|rental| Ask::Unknown { rental }),
        2 => (rental(), back()).prop_map(|(rental, seen)| Ask::Cancel { rental, seen }),
        2 => (rental(), 1_i64..=3_000).prop_map(|(rental, minutes)| Ask::Extend { rental, minutes }),
        1 => rental().prop_map(|rental| Ask::Overdue { rental }),
        2 => rental().prop_map(|rental| Ask::Sell { rental }),
        2 => rental().prop_map(|rental| Ask::Lost { rental }),
        12 => (bank(), place(), back(), back())
            .prop_map(|(bank, (at, slot), back, absent)| Ask::Return { bank, at, slot, back, absent }),
        1 => (bank(), place()).prop_map(|(bank, (at, slot))| Ask::AgentReturn { bank, at, slot }),
        4 => (bank(), 1_u128..=3, 0_i64..=9_000).prop_map(|(bank, at, back)| Ask::Attempt { bank, at, back }),
        6 => (1_u128..=4, 1_i64..=60_000).prop_map(|(who, amount)| Ask::Pay { who, amount }),
        4 => (1_u128..=4, 1_i64..=40_000).prop_map(|(who, amount)| Ask::Refund { who, amount }),
        8 => (refund_step, 1_u128..=6).prop_map(|(what, refund)| Ask::RefundStep { what, refund }),
        2 => (1_u128..=6, 1_i64..=40_000).prop_map(|(payment, amount)| Ask::ChargeBack { payment, amount }),
        2 => (1_u128..=5, 1_i64..=40_000).prop_map(|(from, amount)| Ask::Receive { from, amount }),
        2 => (1_u128..=4, 1_u128..=4).prop_map(|(receipt, who)| Ask::Assign { receipt, who }),
        2 => (1_u128..=4).prop_map(|receipt| Ask::PayBack { receipt }),
        1 => (1_u128..=4, any::<bool>()).prop_map(|(who, again)| Ask::Suspend { who, again }),
        2 => (bank(), place()).prop_map(|(bank, (at, slot))| Ask::Dock { bank, at, slot }),
        2 => (moves, bank()).prop_map(|(what, bank)| Ask::Move { what, bank }),
        1 => (bank(), back()).prop_map(|(bank, back)| Ask::Missing { bank, back }),
        2 => (bank(), 0_u8..=100).prop_map(|(bank, percent)| Ask::Battery { bank, percent }),
        3 => (slots, place()).prop_map(|(what, (at, slot))| Ask::Slot { what, at, slot }),
    ]
}

/// One of the rentals that were asked for so far.
fn rental_number(wanted: u128, started: u128) -> u128 {
    if started == 0 { 1 } else { wanted % started + 1 }
}

fn put(w: &mut World, ask: &Ask, started: &mut u128) -> Option<Then> {
    let ago = |w: &World, back: &Option<i64>| back.map(|back| w.now - TimeDelta::seconds(back));
    let named =
        |rental: &u128, started: u128| json!({ "rental_id": rental_id(rental_number(*rental, started)) });
    Some(match ask {
        Ask::Wait { seconds } => {
            w.now += TimeDelta::seconds(*seconds);
            return None;
        }
        Ask::Start { who, at, slot } => {
            let then = w.start(*started + 1, *who, *at, *slot);
            *started += u128::from(then.is_recorded());
            then
        }
        Ask::Confirm { rental, bank, slot, back } => {
            let mut data = named(rental, *started);
            data["device_id"] = json!(device_id(*bank));
            data["slot"] = json!(slot);
            let stated = ago(w, back);
            let at = station_of(w, rental_number(*rental, *started))?;
            w.when_at(at, "ConfirmRelease", data, stated)
        }
        Ask::Fail { rental } => {
            let at = station_of(w, rental_number(*rental, *started))?;
            w.when(at, "ReportReleaseFailure", named(rental, *started))
        }
        Ask::Unknown { rental } => w.when(system(), "ReportReleaseUnknown", named(rental, *started)),
        Ask::Cancel { rental, seen } => {
            let mut data = named(rental, *started);
            data["seen_in_slot_at"] = json!(ago(w, seen));
            w.when(system(), "CancelRelease", data)
        }
        Ask::Extend { rental, minutes } => w.extend(rental_number(*rental, *started), *minutes),
        Ask::Overdue { rental } => w.overdue(rental_number(*rental, *started)),
        Ask::Sell { rental } => w.sell(rental_number(*rental, *started)),
        Ask::Lost { rental } => w.report_lost(rental_number(*rental, *started)),
        Ask::Return { bank, at, slot, back, absent } => match (ago(w, back), absent) {
            (None, _) => w.returned(*bank, *at, *slot),
            (Some(seen), None) => w.seen(*bank, *at, *slot, seen),
            (Some(seen), Some(absent)) => {
                w.seen_since(*bank, *at, *slot, seen - TimeDelta::seconds(absent.abs()), seen)
            }
        },
        Ask::AgentReturn { bank, at, slot } => {
            let data = json!({ "device_id": device_id(*bank), "station_id": station_id(*at), "slot": slot });
            w.when(agent(), "DeviceReturned", data)
        }
        Ask::Attempt { bank, at, back } => {
            let moment = w.now - TimeDelta::seconds(*back);
            w.attempt(*bank, *at, moment)
        }
        Ask::Pay { who, amount } => {
            w.pays(*who, *amount);
            return None;
        }
        Ask::Refund { who, amount } => {
            let refund_id = refund_id(numbered(w, "RefundRequested", "ReceiptRefundRequested") + 1);
            let customer_id = customer_id(*who);
            let data = json!({
                "refund_id": refund_id, "customer_id": customer_id, "amount": amount, "provider": "airtel",
            });
            w.when(customer(*who), "RequestDepositRefund", data)
        }
        Ask::RefundStep { what, refund } => w.refund_step(what, *refund),
        Ask::ChargeBack { payment, amount } => {
            let paid = settled(w).nth(usize::try_from(*payment).unwrap())?;
            let reference = format!("CB-{}", w.log.len());
            let data = json!({ "payment_id": paid, "amount": amount, "provider_reference": reference });
            w.when(payments(), "RecordChargeback", data)
        }
        Ask::Receive { from, amount } => {
            let number = numbered(w, "ReceiptUnmatched", "ReceiptUnmatched") + 1;
            let data = json!({
                "receipt_id": receipt_id(number), "provider": "mixx", "amount": amount, "payer": phone(*from),
                "provider_reference": format!("U-{number}"), "reason": "unknown_reference",
            });
            w.when(payments(), "RecordUnmatchedReceipt", data)
        }
        Ask::Assign { receipt, who } => {
            let data = json!({
                "receipt_id": receipt_id(*receipt), "customer_id": customer_id(*who), "reason": sealed("theirs"),
            });
            let then = w.when(finance(), "AssignReceipt", data);
            let Ok(Decision::Recorded { result, .. }) = &then.outcome else { return Some(then) };
            let asked: serde_json::Value = serde_json::from_str(result).unwrap();
            w.when(second_finance(), "ApproveAction", json!({ "approval_id": asked["approval_id"] }))
        }
        Ask::PayBack { receipt } => {
            let refund_id = refund_id(numbered(w, "RefundRequested", "ReceiptRefundRequested") + 1);
            let data = json!({
                "receipt_id": receipt_id(*receipt), "refund_id": refund_id, "reason": sealed("not theirs"),
            });
            w.when(finance(), "RefundReceipt", data)
        }
        Ask::Suspend { who, again } => {
            let name = if *again { "ReinstateCustomer" } else { "SuspendCustomer" };
            w.when(support(), name, json!({ "customer_id": customer_id(*who) }))
        }
        Ask::Dock { bank, at, slot } => w.dock(*bank, *at, *slot),
        Ask::Move { what, bank } => w.when(agent(), what, json!({ "device_id": device_id(*bank) })),
        Ask::Missing { bank, back } => {
            let stated = ago(w, back).filter(|stated| *stated >= w.now - TimeDelta::minutes(60));
            w.when_at(agent(), "ReportDeviceMissing", json!({ "device_id": device_id(*bank) }), stated)
        }
        Ask::Battery { bank, percent } => {
            let data = json!({ "device_id": device_id(*bank), "battery_percent": percent });
            w.when(system(), "ReportBattery", data)
        }
        Ask::Slot { what, at, slot } => {
            w.when(agent(), what, json!({ "station_id": station_id(*at), "slot": slot }))
        }
    })
}

/// How many events of these two types there are.
fn numbered(w: &World, one: &str, other: &str) -> u128 {
    let of = |fact: &&domain::Fact| [one, other].contains(&fact.event.event_type());
    u128::try_from(w.log.iter().filter(of).count()).unwrap()
}

/// The payments that are settled.
fn settled(w: &World) -> impl Iterator<Item = Uuid> {
    w.log.iter().filter_map(|fact| {
        if let Event::PaymentSettled(paid) = &fact.event { Some(paid.payment_id.0) } else { None }
    })
}

/// The station that speaks for a rental.
fn station_of(w: &World, rental: u128) -> Option<domain::Actor> {
    let rental = w.rentals().find(|known| known.id.0 == rental_id(rental))?;
    Some(domain::Actor { role: domain::Role::Station, subject: rental.station_id.0 })
}

/// What an event besides rentals gives a customer, or takes.
#[expect(clippy::wildcard_enum_match_arm, reason = "a new event that moves money fails the comparison")]
fn moved(event: &Event) -> Option<(Uuid, i64)> {
    let of = |customer: Option<domain::CustomerId>, amount: i64| customer.map(|id| (id.0, amount));
    match event {
        Event::PaymentSettled(fact) => of(Some(fact.customer_id), fact.amount.shillings()),
        Event::PaymentChargedBack(fact) => of(Some(fact.customer_id), -fact.amount.shillings()),
        Event::ReceiptAssigned(fact) => of(Some(fact.customer_id), fact.amount.shillings()),
        Event::RefundRequested(fact) => of(Some(fact.customer_id), -fact.amount.shillings()),
        Event::RefundRejected(fact) => of(fact.customer_id, fact.amount.shillings()),
        Event::RefundFailed(fact) => of(fact.customer_id, fact.amount.shillings()),
        Event::RefundPaid(fact) if fact.paid_from != PaidFrom::Transit => {
            of(fact.customer_id, -fact.amount.shillings())
        }
        _ => None,
    }
}

/// What everybody paid less what their rentals cost, counted without purses and books.
fn check_money(w: &World) {
    let mut net: HashMap<Uuid, i64> = HashMap::new();
    for fact in &w.log {
        if let Some((customer, amount)) = moved(&fact.event) {
            *net.entry(customer).or_default() += amount;
        }
    }
    for rental in w.rentals() {
        if let Stage::Closed { whole, standing, .. } = &rental.stage {
            assert_eq!(whole.total, standing.amounts.total());
            *net.entry(rental.customer_id.0).or_default() -= whole.total.shillings();
        }
    }
    for number in 1..=4 {
        let net = net.get(&customer_id(number)).copied().unwrap_or(0);
        assert_eq!(w.purse(number), (net.max(0), (-net).max(0)), "customer {number}");
    }
    assert_eq!(w.trial_balance().values().sum::<i64>(), 0);
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn i6_i9_whatever_is_asked_money_is_conserved_and_nothing_is_in_two_rentals(
        asks in proptest::collection::vec(ask(), 1..=70),
    ) {
        let mut w = World::town();
        let mut started = 0;
        for ask in &asks {
            // The same once more, under a new id: `given` has checked that it is already done if it was recorded.
            put(&mut w, ask, &mut started);
        }
        check_money(&w);
        w.check_replay();
    }
}
