//! Finance's reports over a little history whose every figure is known by hand.
//!
//! Asha rents at the first station for 31 minutes: usage 1,000. Juma rents at the second one for 25 hours: usage 5,000 and
//! 1,000, an hour late 1,000; then his station says that it refused him half an hour before: usage 5,500, late 1,000.
//! Asha rents at the second station and never comes back: 96 hours of usage 20,000, three days late 3,000, the bank 45,000;
//! she had 19,000, so she owes 49,000. She brings it after all: 45,000 are taken off, 4,000 stay. She pays 1,000.

use chrono::TimeDelta;
use edge::Role;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{ADMIN, PAYMENTS, Stage, Station, Who};

const FINANCE: Who = (Role::Finance, Uuid::from_u128(0xf1));
const ANALYST: Who = (Role::Analyst, Uuid::from_u128(0xa1));

async fn get(stage: &Stage, path: &str) -> Value {
    let found = stage.get(FINANCE, path).await;
    assert_eq!(found.0, 200, "{path}: {}", found.1);
    serde_json::from_str(&found.1).unwrap()
}

/// The history, and the positions between its steps.
struct Told {
    first: Station,
    second: Station,
    asha: Uuid,
    juma: Uuid,
    before_the_correction: i64,
    before_the_recovery: i64,
}

impl Told {
    async fn on(stage: &Stage) -> Self {
        let (first, second) = (stage.station("instant", 2).await, stage.station("instant", 2).await);
        let (asha, juma) = (stage.customer(1).await, stage.customer(2).await);
        let minutes = |minutes| stage.clock.advance(TimeDelta::minutes(minutes));
        stage.start(asha, &first, 1).await;
        minutes(31);
        stage.give_back(&first, 1).await;
        stage.start(juma, &second, 1).await;
        minutes(25 * 60);
        stage.give_back(&second, 1).await;
        let before_the_correction = stage.last().await;
        let at = (edge::Clock::now(stage.clock.as_ref()) - TimeDelta::minutes(30)).to_rfc3339();
        let refused = json!({"serial": second.devices[0].1, "station_id": second.id, "observed_at": at});
        stage.command(second.who(), "ReportReturnRefused", refused).await;
        let lost = stage.start(asha, &second, 2).await;
        minutes(96 * 60);
        stage.command(ADMIN, "SellDevice", json!({"rental_id": lost})).await;
        let before_the_recovery = stage.last().await;
        minutes(40 * 24 * 60 - 96 * 60);
        let told = Self { first, second, asha, juma, before_the_correction, before_the_recovery };
        told.recover(stage).await;
        told
    }

    /// Within the recovery days by the clock of the station, which was offline since.
    async fn recover(&self, stage: &Stage) {
        let at = (edge::Clock::now(stage.clock.as_ref()) - TimeDelta::days(30)).to_rfc3339();
        let back = json!({
            "serial": self.second.devices[1].1, "station_id": self.second.id, "slot": 2, "observed_at": at
        });
        stage.command(self.second.who(), "DeviceReturned", back).await;
        let payment = edge::Clock::id(&edge::SystemClock);
        let ask = json!({
            "payment_id": payment, "customer_id": self.asha, "amount": 1_000, "purpose": "debt", "provider": "airtel"
        });
        stage.command(ADMIN, "InitiatePayment", ask).await;
        let paid = json!({"payment_id": payment, "amount": 1_000, "provider_reference": "PAID-1"});
        stage.command(PAYMENTS, "PaymentConfirmed", paid).await;
    }
}

fn kind(net: i64, vat: i64) -> Value {
    json!({"net": net, "vat": vat, "gross": net + vat})
}

fn kinds(income: &Value) -> [&Value; 4] {
    [&income["usage"], &income["late"], &income["replacement"], &income["total"]]
}

/// What an account moved on these days, on the side where it grows.
async fn moved(stage: &Stage, code: &str, days: &str) -> i64 {
    let chart = get(stage, &format!("/api/v1/finance/accounts?{days}")).await;
    let items = chart["items"].as_array().unwrap();
    let account = items.iter().find(|item| item["account"] == json!(code)).unwrap();
    account["balance"].as_i64().unwrap() - account["opening_balance"].as_i64().unwrap()
}

/// Follows a link through all its pages: what they add up to, and their answer.
async fn clicked(stage: &Stage, link: &Value) -> (i64, i64, Value) {
    let link = link.as_str().unwrap();
    let (mut cursor, mut sum, mut lines) = (String::new(), 0, 0);
    loop {
        let page = get(stage, &format!("{link}&limit=3{cursor}")).await;
        for item in page["items"].as_array().unwrap() {
            sum += item["change"].as_i64().unwrap();
            lines += 1;
            let balance = page["opening_balance"].as_i64().unwrap() + sum;
            assert_eq!(item["balance"], json!(balance), "{link}: {item}");
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return (sum, lines, page),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn income_is_known_to_the_shilling_by_day_station_and_tariff() {
    let stage = Stage::new().await;
    let projector = stage.project().await;
    let told = Told::on(&stage).await;

    let by_station = get(&stage, "/api/v1/finance/revenue?by=station").await;
    let of = |id: Uuid| {
        let items = by_station["items"].as_array().unwrap();
        items
            .iter()
            .find(|item| item["station_id"] == json!(id))
            .unwrap_or_else(|| panic!("{by_station}"))
            .clone()
    };
    let (first, second) = (of(told.first.id), of(told.second.id));
    assert_eq!(kinds(&first), [&kind(847, 153), &kind(0, 0), &kind(0, 0), &kind(847, 153)]);
    // 4,661 and 16,949; 847 and 2,542.
    assert_eq!(kinds(&second), [&kind(21_610, 3_890), &kind(3_389, 611), &kind(0, 0), &kind(24_999, 4_501)]);
    // The whole of Juma's first charge, and Asha's bank.
    assert_eq!(second["reversed"], kind(5_085 + 847 + 38_136, 915 + 153 + 6_864));
    assert_eq!((&first["rentals"], &second["rentals"]), (&json!(1), &json!(2)));

    for by in ["day", "station", "tariff"] {
        let report = get(&stage, &format!("/api/v1/finance/revenue?by={by}")).await;
        assert_eq!(report["totals"]["total"], kind(25_846, 4_654), "{by}");
        assert_eq!(report["totals"]["rentals"], json!(3));
        let groups = report["items"].as_array().unwrap();
        let gross: i64 = groups.iter().map(|group| group["total"]["gross"].as_i64().unwrap()).sum();
        assert_eq!(gross, 30_500, "{by}");
        for (account, kind) in [("4000", "usage"), ("4010", "late"), ("4020", "replacement")] {
            assert_eq!(
                json!(moved(&stage, account, "").await),
                report["totals"][kind]["net"],
                "{by} {account}"
            );
        }
        assert_eq!(json!(moved(&stage, "2100", "").await), report["totals"]["total"]["vat"]);
        for group in groups {
            assert_eq!(json!(clicked(&stage, &group["entries"]["usage"]).await.0), group["usage"]["net"]);
            assert_eq!(json!(clicked(&stage, &group["entries"]["late"]).await.0), group["late"]["net"]);
            assert_eq!(json!(clicked(&stage, &group["entries"]["vat"]).await.0), group["total"]["vat"]);
        }
    }
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_of_a_moment_knows_nothing_later_and_stays_as_it_was() {
    let stage = Stage::new().await;
    let projector = stage.project().await;
    let told = Told::on(&stage).await;
    let as_of = |position: i64| format!("/api/v1/finance/revenue?by=day&as_of=position:{position}");
    let before = get(&stage, &as_of(told.before_the_correction)).await;
    assert_eq!(before["totals"]["total"], kind(847 + 5_085 + 847, 153 + 915 + 153));
    assert_eq!(before["totals"]["reversed"], kind(0, 0));
    // January 5 and 6: the second one began in Dar es Salaam three hours before that of UTC.
    let days: Vec<&Value> = before["items"].as_array().unwrap().iter().map(|item| &item["day"]).collect();
    assert_eq!(days, [&json!("2026-01-05"), &json!("2026-01-06")]);
    let after = get(&stage, &as_of(told.before_the_recovery)).await;
    assert_eq!(after["totals"]["total"], kind(25_846 + 38_136, 4_654 + 6_864));
    let one =
        get(&stage, &format!("{}&from=2026-01-06&to=2026-01-06", as_of(told.before_the_correction))).await;
    assert_eq!(one["totals"]["total"], kind(5_932, 1_068));
    assert_eq!(one["position"], json!(told.before_the_correction));

    // What a link showed then it shows for ever.
    let (sum, lines, page) = clicked(&stage, &one["entries"]["usage"]).await;
    assert_eq!((sum, lines), (5_085, 1));
    assert_eq!((&page["opening_balance"], &page["closing_balance"]), (&json!(847), &json!(5_932)));
    let early = get(&stage, "/api/v1/finance/revenue?by=day&as_of=position:3").await;
    assert_eq!((&early["items"], &early["totals"]["count"]), (&json!([]), &json!(0)));
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_customers_have_and_owe_is_the_accounts_of_deposits_and_receivables() {
    let stage = Stage::new().await;
    let projector = stage.project().await;
    let told = Told::on(&stage).await;
    let deposits = get(&stage, "/api/v1/finance/deposits").await;
    // Juma paid 7,000, got 7,000 back and paid 6,500.
    assert_eq!(deposits["total"], json!(13_500));
    assert_eq!(json!(moved(&stage, "2000", "").await), deposits["total"]);
    let items = deposits["items"].as_array().unwrap();
    assert_eq!(items.len(), 1);
    assert_eq!((&items[0]["customer_id"], &items[0]["balance"]), (&json!(told.juma), &json!(13_500)));
    let (sum, lines, _) = clicked(&stage, &items[0]["entries"]).await;
    assert_eq!((json!(sum), json!(lines)), (json!(13_500), items[0]["count"].clone()));

    let debts = get(&stage, "/api/v1/finance/debts").await;
    assert_eq!(debts["totals"]["debt"], json!(3_000));
    assert_eq!(json!(moved(&stage, "1100", "").await), debts["totals"]["debt"]);
    let asha = &debts["items"][0];
    assert_eq!((&asha["customer_id"], &asha["debt"]), (&json!(told.asha), &json!(3_000)));
    let outstanding: i64 =
        asha["debts"].as_array().unwrap().iter().map(|debt| debt["outstanding"].as_i64().unwrap()).sum();
    assert_eq!(outstanding, 3_000);
    // Sold on January 10, and it is February 15.
    assert_eq!((&debts["on"], &asha["days_31_60"]), (&json!("2026-02-15"), &json!(3_000)), "{debts}");
    for (on, age) in [
        ("2026-02-09", "days_0_30"),
        ("2026-02-10", "days_31_60"),
        ("2026-03-12", "days_61_90"),
        ("2026-04-11", "over_90_days"),
    ] {
        let aged = get(&stage, &format!("/api/v1/finance/debts?on={on}")).await;
        assert_eq!(aged["totals"][age], json!(3_000), "{on}: {aged}");
        let of_age = get(&stage, aged["debtors"][age].as_str().unwrap()).await;
        assert_eq!(of_age["items"].as_array().unwrap().len(), 1);
        let other = get(&stage, &format!("/api/v1/finance/debts?on={on}&age=days_0_30")).await;
        assert_eq!(other["items"].as_array().unwrap().len(), usize::from(age == "days_0_30"));
    }
    let (sum, _, _) = clicked(&stage, &asha["entries"]).await;
    assert_eq!(sum, 3_000);
    // The ledger's clock is the real one, so a position of this story does not lie on one of its days: the day is said.
    let then = format!("/api/v1/finance/debts?on=2026-01-10&as_of=position:{}", told.before_the_recovery);
    let then = get(&stage, &then).await;
    assert_eq!((&then["totals"]["debt"], &then["on"]), (&json!(49_000), &json!("2026-01-10")));
    assert_eq!(then["totals"]["days_0_30"], json!(49_000));
    let none =
        get(&stage, &format!("/api/v1/finance/debts?as_of=position:{}", told.before_the_correction)).await;
    assert_eq!((&none["totals"]["debt"], &none["items"]), (&json!(0), &json!([])));
    assert_eq!(stage.get(FINANCE, "/api/v1/finance/debts?occurred_until=2026-01-15T12:00:00Z").await.0, 400);
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn vat_is_account_2100_and_every_correction_is_listed() {
    let stage = Stage::new().await;
    let projector = stage.project().await;
    Told::on(&stage).await;
    let vat = get(&stage, "/api/v1/finance/vat?period=2026-01").await;
    assert_eq!((&vat["from"], &vat["to"]), (&json!("2026-01-01"), &json!("2026-01-31")));
    let rates = vat["items"].as_array().unwrap();
    let of = |kind: &str| rates.iter().find(|rate| rate["kind"] == json!(kind)).unwrap().clone();
    let usage = of("usage");
    assert_eq!(
        (&usage["rate"], &usage["base"], &usage["vat"]),
        (&json!(18), &json!(22_457), &json!(4_043)),
        "{vat}"
    );
    assert_eq!(vat["totals"]["vat"], vat["account"]["movement"]);
    assert_eq!(json!(moved(&stage, "2100", "from=2026-01-01&to=2026-01-31").await), vat["totals"]["vat"]);
    for rate in rates {
        assert_eq!(json!(clicked(&stage, &rate["entries"]).await.0), rate["vat"], "{rate}");
    }
    let corrections = vat["corrections"].as_array().unwrap();
    assert_eq!(corrections.len(), 2, "{vat}");
    let juma = &corrections[0];
    assert_eq!(juma["event_type"], json!("RentalCorrected"));
    assert_eq!(juma["reversed"], json!({"base": 5_932, "vat": 1_068, "gross": 7_000}));
    assert_eq!(juma["charged"], json!({"base": 5_508, "vat": 992, "gross": 6_500}));
    assert_eq!(corrections[1]["event_type"], json!("ReplacementFeeReversed"));
    let lines = get(&stage, juma["entries"].as_str().unwrap()).await;
    let events: Vec<&str> =
        lines["items"].as_array().unwrap().iter().map(|line| line["event_type"].as_str().unwrap()).collect();
    assert!(events.contains(&"RentalEnded") && events.contains(&"RentalCorrected"), "{events:?}");
    let page = get(&stage, "/api/v1/finance/vat?period=2026-01&limit=1").await;
    let next = page["next_cursor"].as_str().unwrap();
    let rest = get(&stage, &format!("/api/v1/finance/vat?period=2026-01&limit=1&cursor={next}")).await;
    assert_eq!(rest["corrections"][0], corrections[1]);
    assert_eq!(rest["next_cursor"], Value::Null);
    let empty = get(&stage, "/api/v1/finance/vat?from=2025-01-01&to=2025-12-31").await;
    assert_eq!((&empty["items"], &empty["totals"]["vat"]), (&json!([]), &json!(0)));
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_account_clicks_through_at_every_position() {
    let stage = Stage::new().await;
    let projector = stage.project().await;
    let told = Told::on(&stage).await;
    let last = stage.last().await;
    for position in [0, told.before_the_correction, told.before_the_recovery, last - 1, last] {
        let trial = get(&stage, &format!("/api/v1/finance/trial-balance?as_of=position:{position}")).await;
        assert_eq!(trial["total_debit"], trial["total_credit"]);
        let chart = get(&stage, &format!("/api/v1/finance/accounts?as_of=position:{position}")).await;
        assert_eq!(chart["total_debit"], chart["total_credit"]);
        for (account, shown) in
            trial["items"].as_array().unwrap().iter().zip(chart["items"].as_array().unwrap())
        {
            for field in ["account", "count", "first_position", "last_position", "entries"] {
                assert_eq!(account[field], shown[field], "{position} {account}");
            }
            let (sum, lines, page) = clicked(&stage, &account["entries"]).await;
            assert_eq!((json!(sum), json!(lines)), (shown["balance"].clone(), account["count"].clone()));
            let (debit, credit) = (account["debit"].as_i64().unwrap(), account["credit"].as_i64().unwrap());
            assert_eq!(sum.abs(), (debit - credit).abs());
            assert_eq!((&page["position"], &page["closing_balance"]), (&json!(position), &shown["balance"]));
            assert_eq!(page["last_position"], account["last_position"]);
        }
    }
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_later_is_left_out_wherever_both_axes_are_taken() {
    let stage = Stage::new().await;
    let projector = stage.project().await;
    let told = Told::on(&stage).await;
    // The bank was seen 30 days before it was known, on January 16.
    for until in ["2026-01-05T07:31:00Z", "2026-01-12T00:00:00Z", "2026-01-20T00:00:00Z"] {
        let chart = get(&stage, &format!("/api/v1/finance/accounts?occurred_until={until}")).await;
        let trial = get(&stage, &format!("/api/v1/finance/trial-balance?occurred_until={until}")).await;
        for (account, shown) in
            trial["items"].as_array().unwrap().iter().zip(chart["items"].as_array().unwrap())
        {
            assert_eq!((&account["count"], &account["entries"]), (&shown["count"], &shown["entries"]));
            assert_eq!(
                json!(clicked(&stage, &account["entries"]).await.0),
                shown["balance"],
                "{until} {account}"
            );
        }
    }
    let before = get(&stage, "/api/v1/finance/revenue?by=station&occurred_until=2026-01-15T00:00:00Z").await;
    assert_eq!(before["totals"]["replacement"], kind(38_136, 6_864));
    let both = format!("occurred_until=2026-01-20T00:00:00Z&as_of=position:{}", told.before_the_recovery);
    let then = get(&stage, &format!("/api/v1/finance/revenue?by=station&{both}")).await;
    assert_eq!(then["totals"]["replacement"], kind(38_136, 6_864));
    let now = get(&stage, "/api/v1/finance/revenue?by=station&occurred_until=2026-01-20T00:00:00Z").await;
    assert_eq!(now["totals"]["replacement"], kind(0, 0));
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_is_found_by_what_its_lines_are_about() {
    let stage = Stage::new().await;
    let projector = stage.project().await;
    let told = Told::on(&stage).await;
    let all = get(&stage, "/api/v1/finance/journal?limit=500").await;
    let all = all["items"].as_array().unwrap();
    let sold = all.iter().find(|line| line["event_type"] == json!("RentalSold")).unwrap();
    assert_eq!(sold["station_id"], json!(told.second.id));
    assert_eq!((&sold["tariff_version"], &sold["vat_percent"]), (&json!(1), &json!(18)));
    for (field, value) in [
        ("customer_id", json!(told.asha)),
        ("rental_id", sold["rental_id"].clone()),
        ("station_id", json!(told.first.id)),
        ("tariff_id", sold["tariff_id"].clone()),
        ("provider", json!("airtel")),
        ("kind", json!("late")),
        ("event_type", json!("RentalCorrected")),
        ("booking_day", json!("2026-01-06")),
    ] {
        let asked = value.as_str().unwrap();
        let found = get(&stage, &format!("/api/v1/finance/journal?limit=500&{field}={asked}")).await;
        let expected: Vec<&Value> = all.iter().filter(|line| line[field] == value).collect();
        assert!(!expected.is_empty(), "{field}");
        assert_eq!(found["items"].as_array().unwrap().iter().collect::<Vec<_>>(), expected, "{field}");
    }
    let late = get(&stage, "/api/v1/finance/journal?account=4010&limit=500").await;
    assert!(late["items"].as_array().unwrap().iter().all(|line| line["kind"] == json!("late")));
    for bad in [
        "journal?account=7",
        "journal?kind=vat",
        "journal?from=2026-02-01&to=2026-01-01",
        "journal?event_type=Nothing",
        "accounts/2000/entries?account=2000",
        "revenue?by=month",
        "vat?period=2026-1",
        "vat?period=2026-01&from=2026-01-01",
        "debts?age=old",
    ] {
        assert_eq!(stage.get(FINANCE, &format!("/api/v1/finance/{bad}")).await.0, 400, "{bad}");
    }
    assert_eq!(stage.get(FINANCE, "/api/v1/finance/accounts/4711/entries").await.0, 404);
    assert_eq!(stage.get(ANALYST, "/api/v1/finance/revenue?by=day").await.0, 200);
    assert_eq!(stage.get((Role::Support, Uuid::from_u128(5)), "/api/v1/finance/vat").await.0, 403);
    projector.stop().await;
}
