//! Nobody is two persons: every way round it that somebody might try, and that none of them moves money.

use edge::Role;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{ADMIN, Asker, City, Place, Serves, Who, customer, id, rich_customer};

const FIRST: Uuid = Uuid::from_u128(0xf1);
const SECOND: Uuid = Uuid::from_u128(0xf2);
const THIRD: Uuid = Uuid::from_u128(0xf3);

const fn finance(subject: Uuid) -> Who {
    (Role::Finance, subject)
}

const fn admin(subject: Uuid) -> Who {
    (Role::Admin, subject)
}

/// Every event that moves money by hand.
const BY_HAND: [&str; 4] = ["BalanceAdjusted", "DebtWrittenOff", "RentalCorrected", "ReceiptAssigned"];

async fn moved(place: &Place) -> i64 {
    let mut moved = 0;
    for kind in BY_HAND {
        moved += place.events(kind).await;
    }
    moved
}

async fn ask<S: Serves>(asker: &Asker<S>, who: Who, kind: &str, data: Value) -> Value {
    let answer = asker.command(who, kind, data).await.expect(201).json();
    assert_eq!(answer["events"][0]["type"], "ApprovalRequested");
    json!({"approval_id": answer["result"]["approval_id"]})
}

async fn refused<S: Serves>(asker: &Asker<S>, who: Who, kind: &str, data: &Value, code: &str) {
    let answer = asker.command(who, kind, data.clone()).await.expect(422);
    assert_eq!(answer.code(), code, "{kind} by {who:?}");
}

fn adjust(customer_id: Uuid, direction: &str, amount: i64) -> Value {
    json!({"customer_id": customer_id, "direction": direction, "amount": amount, "reason": "Kahawa asked"})
}

/// An ended rental of that customer, and how to give it away.
async fn rental<S: Serves>(asker: &Asker<S>, somebody: Uuid) -> Value {
    let city = City::build(asker, "instant", 1).await;
    let start = json!({"station_id": city.station, "slot": 1});
    let rental = asker.post(customer(somebody), "/api/v1/rentals/start", start).await.expect(201).json();
    let back = json!({"device_id": city.devices[0], "station_id": city.station, "slot": 2});
    asker.command((Role::Station, city.station), "DeviceReturned", back).await.expect(201);
    rental["rental_id"].clone()
}

#[actix_web::test]
async fn whoever_asked_does_not_approve_under_any_role() {
    let place = Place::new().await;
    let asker = place.site(&place.api().await).await;
    let asha = rich_customer(&asker, 21_000_001).await;
    let rental_id = rental(&asker, asha).await;
    let give = ask(&asker, finance(FIRST), "AdjustBalance", adjust(asha, "up", 700)).await;
    let take = ask(&asker, admin(FIRST), "AdjustBalance", adjust(asha, "down", 25_000)).await;
    let correct = json!({"rental_id": rental_id, "total": 900, "reason": "agreed on the phone"});
    let correct = ask(&asker, finance(FIRST), "CorrectRental", correct).await;
    for approval in [&give, &take, &correct] {
        for who in [finance(FIRST), admin(FIRST)] {
            refused(&asker, who, "ApproveAction", approval, "second_person_required").await;
            refused(&asker, who, "RejectAction", approval, "second_person_required").await;
        }
    }
    assert_eq!(moved(&place).await, 0);
    asker.command(finance(SECOND), "ApproveAction", take).await.expect(201);
    let debt = json!({"customer_id": asha, "amount": 5_000, "reason": "cannot pay"});
    let spare = ask(&asker, finance(FIRST), "WriteOffDebt", debt).await;
    refused(&asker, admin(FIRST), "ApproveAction", &spare, "second_person_required").await;
    for approval in [give, correct, spare] {
        asker.command(admin(SECOND), "ApproveAction", approval).await.expect(201);
    }
    assert_eq!(moved(&place).await, 4);
}

#[actix_web::test]
async fn a_shared_subject_is_one_person_and_so_is_the_customer_it_is_about() {
    let place = Place::new().await;
    let asker = place.site(&place.api().await).await;
    let asha = rich_customer(&asker, 21_000_002).await;
    // Tokens that the tool prints without a subject share one, whatever their role.
    let give = ask(&asker, finance(ADMIN.1), "AdjustBalance", adjust(asha, "up", 700)).await;
    refused(&asker, ADMIN, "ApproveAction", &give, "second_person_required").await;
    // A member of staff who is the customer.
    for role in [Role::Finance, Role::Admin] {
        refused(&asker, (role, asha), "ApproveAction", &give, "second_person_required").await;
        refused(&asker, (role, asha), "RejectAction", &give, "second_person_required").await;
    }
    let own = ask(&asker, finance(asha), "AdjustBalance", adjust(asha, "up", 9_000)).await;
    refused(&asker, admin(asha), "ApproveAction", &own, "second_person_required").await;
    // The customer has no say, and neither has anybody whose role has none.
    for role in [Role::Customer, Role::Support, Role::Agent, Role::Analyst, Role::Payments, Role::Station] {
        asker.command((role, asha), "ApproveAction", give.clone()).await.expect(403);
        asker.command((role, SECOND), "ApproveAction", give.clone()).await.expect(403);
    }
    assert_eq!(moved(&place).await, 0);
}

#[actix_web::test]
async fn neither_a_batch_nor_a_borrowed_id_makes_a_second_person() {
    let place = Place::new().await;
    let asker = place.site(&place.api().await).await;
    let asha = rich_customer(&asker, 21_000_003).await;
    let asked = id();
    let give = adjust(asha, "up", 700);
    let answer =
        asker.command_as(asked, finance(FIRST), "AdjustBalance", give.clone()).await.expect(201).json();
    let approval = json!({"approval_id": answer["result"]["approval_id"]});
    // Asking for the same again, in one upload with the approval of both.
    let lines = [
        json!({"command_id": id(), "type": "AdjustBalance", "data": give}),
        json!({"command_id": id(), "type": "ApproveAction", "data": approval}),
    ];
    let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let answer = asker.request(Some(finance(FIRST)), "/api/v1/commands/batch", None, body).await.expect(200);
    assert_eq!(answer.text.matches("\"outcome\":\"recorded\"").count(), 1, "{}", answer.text);
    assert!(answer.text.contains("second_person_required"), "{}", answer.text);
    // The second person repeats the first one's command: it stays the first one's.
    let reused = asker.command_as(asked, finance(SECOND), "AdjustBalance", give.clone()).await.expect(409);
    assert_eq!(reused.code(), "idempotency_key_reused");
    // The first person repeats the second one's approval.
    let yes = id();
    let answer = asker.command_as(yes, finance(SECOND), "ApproveAction", approval.clone()).await.expect(201);
    let reused = asker.command_as(yes, finance(FIRST), "ApproveAction", approval.clone()).await.expect(409);
    assert_eq!(reused.code(), "idempotency_key_reused");
    let replay = asker.command_as(yes, finance(SECOND), "ApproveAction", approval).await.expect(201);
    assert!(replay.replay && replay.text == answer.text, "one effect: {}", replay.text);
    assert_eq!(moved(&place).await, 1);
}

#[actix_web::test]
async fn of_two_who_asked_for_the_same_each_needs_another_for_their_own() {
    let place = Place::new().await;
    let asker = place.site(&place.api().await).await;
    let asha = rich_customer(&asker, 21_000_004).await;
    let rental_id = rental(&asker, asha).await;
    let correct = json!({"rental_id": rental_id, "total": 900, "reason": "agreed on the phone"});
    let one = ask(&asker, finance(FIRST), "CorrectRental", correct.clone()).await;
    let two = ask(&asker, finance(SECOND), "CorrectRental", correct).await;
    refused(&asker, finance(FIRST), "ApproveAction", &one, "second_person_required").await;
    refused(&asker, finance(SECOND), "ApproveAction", &two, "second_person_required").await;
    asker.command(finance(FIRST), "ApproveAction", two).await.expect(201);
    // The first request is judged on what has become of the rental: it stands like that already.
    for who in [finance(SECOND), finance(THIRD)] {
        refused(&asker, who, "ApproveAction", &one, "correction_changes_nothing").await;
    }
    asker.command(finance(THIRD), "RejectAction", one).await.expect(201);
    assert_eq!(moved(&place).await, 1);
}

#[actix_web::test]
async fn what_was_rejected_or_does_not_fit_any_more_is_not_approved() {
    let place = Place::new().await;
    let asker = place.site(&place.api().await).await;
    let asha = rich_customer(&asker, 21_000_005).await;
    let take = ask(&asker, finance(FIRST), "AdjustBalance", adjust(asha, "down", 24_000)).await;
    asker.command(finance(SECOND), "ApproveAction", take).await.expect(201);
    let debt = json!({"customer_id": asha, "amount": 4_000, "reason": "cannot pay"});
    let spare = ask(&asker, finance(FIRST), "WriteOffDebt", debt.clone()).await;
    let late = ask(&asker, finance(FIRST), "WriteOffDebt", debt).await;
    asker.command(finance(SECOND), "RejectAction", spare.clone()).await.expect(201);
    for who in [finance(SECOND), finance(THIRD), admin(THIRD)] {
        refused(&asker, who, "ApproveAction", &spare, "approval_decided").await;
    }
    let give = ask(&asker, finance(FIRST), "AdjustBalance", adjust(asha, "up", 1)).await;
    asker.command(finance(SECOND), "ApproveAction", give).await.expect(201);
    refused(&asker, finance(SECOND), "ApproveAction", &late, "debt_smaller").await;
    refused(&asker, finance(SECOND), "ApproveAction", &json!({"approval_id": id()}), "approval_unknown")
        .await;
    assert_eq!(moved(&place).await, 2);
}

#[actix_web::test]
async fn refunds_and_skips_have_no_side_door() {
    let place = Place::new().await;
    let asker = place.site(&place.api().await).await;
    let asha = rich_customer(&asker, 21_000_006).await;
    let give = ask(&asker, finance(SECOND), "AdjustBalance", adjust(asha, "up", 30_000)).await;
    asker.command(finance(THIRD), "ApproveAction", give).await.expect(201);
    let refund_id = id();
    let large = json!({"refund_id": refund_id, "customer_id": asha, "amount": 40_000, "provider": "airtel"});
    let asked = asker.command(admin(FIRST), "RequestDepositRefund", large).await.expect(201).json();
    assert_eq!(asked["result"]["status"], "requested");
    let (by_refund, by_approval) = (json!({"refund_id": refund_id}), json!({"approval_id": refund_id}));
    for who in [finance(FIRST), admin(FIRST), finance(asha), admin(asha)] {
        refused(&asker, who, "ApproveRefund", &by_refund, "second_person_required").await;
        refused(&asker, who, "ApproveAction", &by_approval, "second_person_required").await;
        let path = format!("/api/v1/refunds/{refund_id}/approve");
        let answer = asker.post(who, &path, json!({})).await.expect(422);
        assert_eq!(answer.code(), "second_person_required");
    }
    let skip = json!({"projection": "billing", "position": 1, "reason": "broken"});
    let skip = ask(&asker, admin(FIRST), "SkipProjectionEvent", skip).await;
    for who in [admin(FIRST), finance(FIRST)] {
        refused(&asker, who, "ApproveAction", &skip, "second_person_required").await;
    }
    assert_eq!((place.events("RefundApproved").await, place.events("ProjectionEventSkipped").await), (0, 0));
}

#[actix_web::test]
async fn i12_why_a_rental_was_corrected_is_sealed() {
    let place = Place::new().await;
    let asker = place.site(&place.api().await).await;
    let asha = rich_customer(&asker, 21_000_007).await;
    let rental_id = rental(&asker, asha).await;
    let correct = json!({"rental_id": rental_id, "total": 1_180, "reason": "Kahawa lost it in Tanga"});
    let approval = ask(&asker, finance(FIRST), "CorrectRental", correct.clone()).await;
    let answer = asker.command(finance(SECOND), "ApproveAction", approval).await.expect(201).json();
    let result = &answer["result"];
    assert_eq!((&result["charge"]["total"], &result["charge"]["vat"]), (&json!(1_180), &json!(180)));
    assert_eq!((&result["balance"], &result["rental_id"]), (&json!(18_820), &rental_id));
    let again = asker.command(finance(FIRST), "CorrectRental", correct).await.expect(200).json();
    assert_eq!(again["outcome"], "already_done");
    for bad in [
        json!({"rental_id": rental_id, "reason": "x"}),
        json!({"rental_id": rental_id, "total": 1, "ended_at": "2026-01-01T00:00:00Z", "reason": "x"}),
        json!({"rental_id": rental_id, "total": -1, "reason": "x"}),
        json!({"rental_id": rental_id, "total": 1}),
    ] {
        asker.command(finance(FIRST), "CorrectRental", bad).await.expect(400);
    }
    let unknown = json!({"rental_id": id(), "total": 1, "reason": "Kahawa"});
    refused(&asker, finance(FIRST), "CorrectRental", &unknown, "rental_unknown").await;
    let owner = crate::harness::connect(&place.owner_url).await;
    for row in owner.query("SELECT payload FROM ledger.event", &[]).await.unwrap() {
        let payload = String::from_utf8(row.get(0)).unwrap();
        assert!(!payload.contains("Kahawa"), "{payload}");
    }
}
