//! Getting in and out: codes, sessions, staff, stations.

use std::sync::Arc;

use actix_web::http::Method;
use chrono::TimeDelta;
use command_api::Settings;
use command_api::access::{CodeLimits, Staff, StaffRole};
use edge::{Clock as _, FixedClock, Role, SystemClock};
use futures_util::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{ADMIN, Answered, Asker, City, Place, Serves};

const REGISTER: &str = "/api/v1/auth/register";
const VERIFY: &str = "/api/v1/auth/verify-phone";
const REFRESH: &str = "/api/v1/auth/refresh";
const LOGOUT: &str = "/api/v1/auth/logout";
const PROFILE: &str = "/api/v1/users/profile";
const PHONE: &str = "+255712000001";

/// Logs in by code and returns what comes with it.
pub(crate) async fn log_in<S: Serves>(place: &Place, asker: &Asker<S>, phone: &str) -> Value {
    asker.open(REGISTER, json!({"phone": phone, "name": "Asha"})).await.expect(202);
    let code = place.code(phone).await;
    asker.open(VERIFY, json!({"phone": phone, "code": code})).await.expect(200).json()
}

fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_else(|| panic!("no {field} in {value}")).to_owned()
}

async fn profile<S: Serves>(asker: &Asker<S>, token: &str) -> Answered {
    asker.bearing(Some(token), Method::GET, PROFILE, json!({})).await
}

/// A code that is not this one.
fn another(code: &str) -> String {
    let number: u32 = code.parse().unwrap();
    format!("{:06}", (number + 1) % 1_000_000)
}

#[actix_web::test]
async fn the_first_right_code_registers_and_the_next_logs_the_same_customer_in() {
    let place = Place::new().await;
    let api = place.api().await;
    let asker = place.site(&api).await;
    let sent = asker.open(REGISTER, json!({"phone": "0712000001", "name": "Asha"})).await.expect(202);
    assert!(sent.json()["otp_expires_at"].is_string() && sent.json()["resend_after_seconds"].is_number());
    assert_eq!(api_position(&place).await, 0, "nothing reaches the ledger yet");
    let code = place.code(PHONE).await;
    let answer = asker.open(VERIFY, json!({"phone": PHONE, "code": code})).await.expect(200);
    assert_eq!(answer.position, Some(api_position(&place).await), "what is read next knows the customer");
    let first = answer.json();
    assert_eq!((&first["token_type"], &first["expires_in"]), (&json!("Bearer"), &json!(600)));
    let mut mine = profile(&asker, &text(&first, "access_token")).await.expect(200).json();
    let bill = mine.as_object_mut().unwrap().remove("bill_number").unwrap();
    assert!(bill.as_str().is_some_and(|bill| bill.len() == 11 && !bill.contains("712000001")), "{bill}");
    let wanted = json!({
        "customer_id": first["customer_id"], "phone": PHONE, "name": "Asha", "language": "sw", "status": "active"
    });
    assert_eq!(mine, wanted);
    let again = log_in(&place, &asker, PHONE).await;
    assert_eq!(again["customer_id"], first["customer_id"]);
}

#[actix_web::test]
async fn asking_for_a_code_looks_the_same_for_every_number() {
    let place = Place::new().await;
    let api = place.api_at(Arc::new(FixedClock::at(SystemClock.now()))).await;
    let asker = place.site(&api).await;
    log_in(&place, &asker, PHONE).await;
    let known = asker.open(REGISTER, json!({"phone": PHONE})).await.expect(202);
    let unknown = asker.open(REGISTER, json!({"phone": "+255712000002"})).await.expect(202);
    assert_eq!(known.text, unknown.text);
    let resent = asker.open("/api/v1/auth/resend-otp", json!({"phone": "+255712000003"})).await.expect(202);
    assert_eq!(resent.text, known.text);
}

#[actix_web::test]
async fn what_is_no_tanzanian_mobile_number_gets_no_code() {
    let place = Place::new().await;
    let asker = place.site(&place.api().await).await;
    for phone in ["+254712345678", "0222123456", "+2556412345678", "", "0712 000 001"] {
        let answer = asker.open(REGISTER, json!({"phone": phone})).await.expect(400);
        assert_eq!(answer.code(), "malformed", "{phone}");
    }
    asker.open(REGISTER, json!({"phone": PHONE, "pin": 1})).await.expect(400);
    asker.open(VERIFY, json!({"phone": PHONE, "code": "12345"})).await.expect(400);
}

#[actix_web::test]
async fn three_wrong_tries_spend_a_code() {
    let place = Place::new().await;
    let asker = place.site(&place.api().await).await;
    asker.open(REGISTER, json!({"phone": PHONE})).await.expect(202);
    let code = place.code(PHONE).await;
    for left in [2, 1, 0] {
        let wrong = asker.open(VERIFY, json!({"phone": PHONE, "code": another(&code)})).await.expect(422);
        assert_eq!((wrong.code().as_str(), &wrong.json()["tries_left"]), ("code_wrong", &json!(left)));
    }
    let late = asker.open(VERIFY, json!({"phone": PHONE, "code": code})).await.expect(422);
    assert_eq!(late.code(), "code_expired");
    let never = asker.open(VERIFY, json!({"phone": "+255712000009", "code": code})).await.expect(422);
    assert_eq!(never.code(), "code_expired", "a number that never asked");
}

#[actix_web::test]
async fn a_thousand_guesses_at_once_count_as_a_thousand() {
    let place = Place::new().await;
    let asker = place.site(&place.api().await).await;
    asker.open(REGISTER, json!({"phone": PHONE})).await.expect(202);
    let code = place.code(PHONE).await;
    let guess = another(&code);
    let guesses = (0..1_000).map(|_| asker.open(VERIFY, json!({"phone": PHONE, "code": guess})));
    let answers = join_all(guesses).await;
    let wrong = answers.iter().filter(|answer| answer.code() == "code_wrong").count();
    assert_eq!(wrong, 3);
    assert!(answers.iter().all(|answer| answer.status == 422 || answer.status == 503), "{answers:?}");
    assert_eq!(
        asker.open(VERIFY, json!({"phone": PHONE, "code": code})).await.expect(422).code(),
        "code_expired"
    );
}

#[actix_web::test]
async fn a_right_code_counts_once_however_often_it_comes() {
    let place = Place::new().await;
    let asker = place.site(&place.api().await).await;
    asker.open(REGISTER, json!({"phone": PHONE})).await.expect(202);
    let body = json!({"phone": PHONE, "code": place.code(PHONE).await});
    let answers = join_all((0..8).map(|_| asker.open(VERIFY, body.clone()))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "{answers:?}");
}

#[actix_web::test]
async fn a_code_ends_after_five_minutes_and_a_newer_one_ends_the_older() {
    let place = Place::new().await;
    let clock = Arc::new(FixedClock::at(SystemClock.now()));
    let asker = place.site(&place.api_at(clock.clone()).await).await;
    asker.open(REGISTER, json!({"phone": PHONE})).await.expect(202);
    let first = place.code(PHONE).await;
    clock.advance(TimeDelta::seconds(300));
    let late = asker.open(VERIFY, json!({"phone": PHONE, "code": first})).await.expect(422);
    assert_eq!(late.code(), "code_expired");
    asker.open(REGISTER, json!({"phone": PHONE})).await.expect(202);
    let second = place.code(PHONE).await;
    clock.advance(TimeDelta::seconds(1));
    asker.open("/api/v1/auth/resend-otp", json!({"phone": PHONE})).await.expect(202);
    let third = place.code(PHONE).await;
    assert_ne!(second, third);
    let old = asker.open(VERIFY, json!({"phone": PHONE, "code": second})).await.expect(422);
    assert_eq!(old.code(), "code_wrong");
    clock.advance(TimeDelta::seconds(299));
    asker.open(VERIFY, json!({"phone": PHONE, "code": third})).await.expect(200);
}

#[actix_web::test]
async fn a_number_has_five_codes_a_day() {
    let place = Place::new().await;
    let clock = Arc::new(FixedClock::at("2026-03-02T10:00:00Z".parse().unwrap()));
    let asker = place.site(&place.api_at(clock.clone()).await).await;
    for _ in 0..5 {
        asker.open(REGISTER, json!({"phone": PHONE})).await.expect(202);
    }
    let sixth = asker.open(REGISTER, json!({"phone": PHONE})).await.expect(429);
    assert!(sixth.retry_after);
    assert_eq!(sixth.json()["limited"], "number");
    asker.open(REGISTER, json!({"phone": "+255712000002"})).await.expect(202);
    clock.advance(TimeDelta::hours(12));
    asker.open(REGISTER, json!({"phone": PHONE})).await.expect(202);
}

#[actix_web::test]
async fn a_block_of_numbers_and_all_of_them_together_have_a_limit() {
    let place = Place::new().await;
    let codes = CodeLimits { per_prefix_and_hour: 2, messages_a_day: 4, ..CodeLimits::default() };
    let api = place.api_with(Settings { codes, ..Settings::default() }).await;
    let asker = place.site(&api).await;
    let ask = async |phone: &str| asker.open(REGISTER, json!({"phone": phone})).await;
    for phone in ["+255712000001", "+255712000002"] {
        ask(phone).await.expect(202);
    }
    let third = ask("+255712000003").await.expect(429);
    assert_eq!(third.json()["limited"], "prefix");
    ask("+255713000001").await.expect(202);
    ask("+255713000002").await.expect(202);
    let fifth = ask("+255714000001").await.expect(429);
    assert_eq!((&fifth.json()["limited"], fifth.retry_after), (&json!("all"), true));
    assert_eq!(place.messages("+255712000003").await.len(), 0, "what is refused sends nothing");
}

#[actix_web::test]
async fn codes_asked_for_at_once_are_five_as_well() {
    let place = Place::new().await;
    let asker = place.site(&place.api().await).await;
    let answers = join_all((0..40).map(|_| asker.open(REGISTER, json!({"phone": PHONE})))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 202).count(), 5);
    assert_eq!(place.messages(PHONE).await.len(), 5);
}

#[actix_web::test]
async fn nothing_of_a_code_lies_in_clear() {
    let place = Place::new().await;
    let asker = place.site(&place.api().await).await;
    asker.open(REGISTER, json!({"phone": PHONE, "name": "Mwanaidi"})).await.expect(202);
    let code = place.code(PHONE).await;
    let owner = crate::harness::connect(&place.owner_url).await;
    let rows = owner
        .query("SELECT c::text FROM access.code c UNION ALL SELECT m::text FROM access.message m", &[])
        .await
        .unwrap();
    assert_eq!(rows.len(), 2);
    for row in rows {
        let stored: String = row.get(0);
        for clear in [PHONE, "712000001", "Mwanaidi", code.as_str()] {
            assert!(!stored.contains(clear), "{clear} in {stored}");
        }
    }
    asker.open(VERIFY, json!({"phone": PHONE, "code": code})).await.expect(200);
    let left: i64 = owner.query_one("SELECT count(*) FROM access.code", &[]).await.unwrap().get(0);
    assert_eq!(left, 0, "a used code is forgotten");
}

#[actix_web::test]
async fn a_refresh_token_is_good_once_and_a_reused_one_ends_the_family() {
    let place = Place::new().await;
    let asker = place.site(&place.api().await).await;
    let first = log_in(&place, &asker, PHONE).await;
    let refresh = async |token: &str| asker.open(REFRESH, json!({"refresh_token": token})).await;
    let second = refresh(&text(&first, "refresh_token")).await.expect(200).json();
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    profile(&asker, &text(&second, "access_token")).await.expect(200);
    let reused = refresh(&text(&first, "refresh_token")).await.expect(401);
    assert_eq!(reused.code(), "refresh_token_reused");
    assert_eq!(refresh(&text(&second, "refresh_token")).await.expect(401).code(), "refresh_token_invalid");
    for tokens in [&first, &second] {
        profile(&asker, &text(tokens, "access_token")).await.expect(401);
    }
    assert_eq!(refresh("nonsense").await.expect(401).code(), "refresh_token_invalid");
}

#[actix_web::test]
async fn a_refresh_token_sent_many_times_at_once_makes_one_successor() {
    let place = Place::new().await;
    let asker = place.site(&place.api().await).await;
    let first = log_in(&place, &asker, PHONE).await;
    let body = json!({"refresh_token": text(&first, "refresh_token")});
    let answers = join_all((0..8).map(|_| asker.open(REFRESH, body.clone()))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "{answers:?}");
    profile(&asker, &text(&first, "access_token")).await.expect(401);
}

#[actix_web::test]
async fn logging_out_ends_the_session_by_either_token() {
    let place = Place::new().await;
    let asker = place.site(&place.api().await).await;
    let one = log_in(&place, &asker, PHONE).await;
    let other = log_in(&place, &asker, PHONE).await;
    asker.bearing(Some(&text(&one, "access_token")), Method::POST, LOGOUT, json!({})).await.expect(204);
    profile(&asker, &text(&one, "access_token")).await.expect(401);
    let refresh = json!({"refresh_token": text(&one, "refresh_token")});
    asker.open(REFRESH, refresh).await.expect(401);
    profile(&asker, &text(&other, "access_token")).await.expect(200);
    asker.open(LOGOUT, json!({"refresh_token": text(&other, "refresh_token")})).await.expect(204);
    profile(&asker, &text(&other, "access_token")).await.expect(401);
    asker.open(LOGOUT, json!({})).await.expect(401);
}

#[actix_web::test]
async fn suspension_ends_sessions_at_once_here_and_soon_in_other_processes() {
    let place = Place::new().await;
    let api = place.api().await;
    let asker = place.site(&api).await;
    let mine = log_in(&place, &asker, PHONE).await;
    let reason = json!({"customer_id": mine["customer_id"], "reason": "complaint"});
    asker.command(ADMIN, "SuspendCustomer", reason).await.expect(201);
    profile(&asker, &text(&mine, "access_token")).await.expect(401);
    asker.open(REFRESH, json!({"refresh_token": text(&mine, "refresh_token")})).await.expect(401);
    let again = log_in(&place, &asker, PHONE).await;
    let seen = profile(&asker, &text(&again, "access_token")).await.expect(200).json();
    assert_eq!(seen["status"], "suspended", "they may look, pay and return");
}

#[actix_web::test]
async fn an_ended_session_is_found_by_a_process_that_did_not_end_it() {
    let place = Place::new().await;
    let asker = place.site(&place.api().await).await;
    let mine = log_in(&place, &asker, PHONE).await;
    let other = place.with_own_verifier();
    let second = other.site(&other.api().await).await;
    profile(&second, &text(&mine, "access_token")).await.expect(200);
    asker.bearing(Some(&text(&mine, "access_token")), Method::POST, LOGOUT, json!({})).await.expect(204);
    for _ in 0..200 {
        if profile(&second, &text(&mine, "access_token")).await.status == 401 {
            return;
        }
        edge::pace::rest(std::time::Duration::from_millis(50)).await;
    }
    panic!("the other process never learned of it");
}

fn staff(place: &Place) -> Staff {
    Staff::new(place.ledger().pool().clone(), Arc::new(SystemClock))
}

async fn staff_login<S: Serves>(asker: &Asker<S>, name: &str, password: &str) -> Answered {
    asker.open("/api/v1/auth/staff/login", json!({"username": name, "password": password})).await
}

#[actix_web::test]
async fn staff_log_in_with_their_password_until_they_are_disabled() {
    let place = Place::new().await;
    let asker = place.site(&place.api().await).await;
    let staff = staff(&place);
    let role = StaffRole::of(Role::Support).unwrap();
    let (subject, password) = staff.add("Neema.K", role, None).await.unwrap();
    assert!(staff.add("neema.k", role, None).await.is_err(), "the name is taken");
    assert!(staff.add("short", role, Some("12345".to_owned())).await.is_err());
    let granted = staff_login(&asker, "neema.k", &password).await.expect(200).json();
    assert_eq!((&granted["role"], &granted["subject"]), (&json!("support"), &json!(subject)));
    let token = text(&granted, "access_token");
    let customer = log_in(&place, &asker, PHONE).await;
    let path = format!("{PROFILE}?customer_id={}", text(&customer, "customer_id"));
    asker.bearing(Some(&token), Method::GET, &path, json!({})).await.expect(200);
    let unknown = staff_login(&asker, "nobody", &password).await.expect(401);
    let wrong = staff_login(&asker, "neema.k", "wrong password").await.expect(401);
    assert_eq!(unknown.code(), wrong.code());
    staff.disable("neema.k").await.unwrap();
    staff_login(&asker, "neema.k", &password).await.expect(401);
    asker.open(REFRESH, json!({"refresh_token": text(&granted, "refresh_token")})).await.expect(401);
    let fresh = staff.reset("neema.k", None).await.unwrap();
    staff_login(&asker, "neema.k", &fresh).await.expect(200);
    assert!(staff.disable("nobody").await.is_err());
}

#[actix_web::test]
async fn wrong_passwords_lock_a_name_out_for_longer_and_longer_whether_anybody_has_it_or_not() {
    let place = Place::new().await;
    let clock = Arc::new(FixedClock::at(SystemClock.now()));
    let asker = place.site(&place.api_at(clock.clone()).await).await;
    let role = StaffRole::of(Role::Admin).unwrap();
    let (_, password) = staff(&place).add("juma", role, None).await.unwrap();
    for name in ["juma", "nobody"] {
        for _ in 0..5 {
            staff_login(&asker, name, "wrong password").await.expect(401);
        }
        assert!(staff_login(&asker, name, "wrong password").await.expect(429).retry_after);
    }
    staff_login(&asker, "juma", &password).await.expect(429);
    clock.advance(TimeDelta::seconds(31));
    staff_login(&asker, "juma", "wrong password").await.expect(401);
    clock.advance(TimeDelta::seconds(31));
    staff_login(&asker, "juma", &password).await.expect(429);
    clock.advance(TimeDelta::seconds(31));
    staff_login(&asker, "juma", &password).await.expect(200);
    staff_login(&asker, "juma", "wrong password").await.expect(401);
}

#[actix_web::test]
async fn a_station_exchanges_its_secret_and_a_new_one_takes_over_with_its_first_use() {
    let place = Place::new().await;
    let asker = place.site(&place.api().await).await;
    let city = City::build(&asker, "confirmed", 1).await;
    let path = format!("/api/v1/stations/{}/secret", city.station);
    let fresh = async || text(&asker.post(ADMIN, &path, json!({})).await.expect(201).json(), "secret");
    let token = async |secret: &str| {
        let body = json!({"station_id": city.station, "secret": secret});
        asker.open("/api/v1/auth/station/token", body).await
    };
    let first = fresh().await;
    let granted = token(&first).await.expect(200).json();
    let qr = format!("/api/v1/stations/{}/qr", city.station);
    let bearer = text(&granted, "access_token");
    asker.bearing(Some(&bearer), Method::POST, &qr, json!({"slot": 1})).await.expect(200);
    let second = fresh().await;
    token(&first).await.expect(200);
    token(&second).await.expect(200);
    assert_eq!(token(&first).await.expect(401).code(), "credentials_wrong");
    let (third, fourth) = (fresh().await, fresh().await);
    token(&third).await.expect(401);
    token(&second).await.expect(200);
    token(&fourth).await.expect(200);
    let absent = format!("/api/v1/stations/{}/secret", SystemClock.id());
    asker.post(ADMIN, &absent, json!({})).await.expect(404);
    let agent = (Role::Agent, Uuid::from_u128(1));
    asker.post(agent, &path, json!({})).await.expect(403);
}

async fn api_position(place: &Place) -> i64 {
    place.ledger().last_position().await.unwrap().get()
}
