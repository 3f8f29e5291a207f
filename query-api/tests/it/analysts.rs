//! What analysts read: the worked questions of `docs/analysts.md` over a history small enough to answer by hand, and the
//! data dictionary. Run as `chajipoa_analyst`, with its limits.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use edge::Role;
use ledger::migrate::ServiceRole;
use serde_json::json;
use tokio_postgres::{Client, SimpleQueryMessage};
use uuid::Uuid;

use crate::{
    database::{connect, url_for},
    harness::{ADMIN, Stage},
};

const QUESTIONS: &str = include_str!("../../../docs/analysts.md");
const DICTIONARY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/data-dictionary.md");

const KARIAKOO: Uuid = Uuid::from_u128(0x51);
const POSTA: Uuid = Uuid::from_u128(0x52);
const BANKS: [Uuid; 3] = [Uuid::from_u128(0xb1), Uuid::from_u128(0xb2), Uuid::from_u128(0xb3)];

/// The questions of the page by number, each with its SQL.
fn questions() -> BTreeMap<u32, &'static str> {
    let sections = QUESTIONS.split("\n## ").filter_map(|section| {
        let number = section.split_once(". ")?.0.parse().ok()?;
        Some((number, section.split_once("```sql\n")?.1.split_once("```")?.0))
    });
    sections.collect()
}

/// The rows of a statement as text, cells apart by a bar; `-` is null.
async fn rows(client: &Client, sql: &str) -> Vec<String> {
    let messages = client.simple_query(sql).await.unwrap_or_else(|error| panic!("{error:?}: {sql}"));
    let text = |message: SimpleQueryMessage| {
        let SimpleQueryMessage::Row(row) = message else { return None };
        let cells: Vec<&str> = (0..row.len()).map(|column| row.get(column).unwrap_or("-")).collect();
        Some(cells.join("|"))
    };
    messages.into_iter().filter_map(text).collect()
}

/// A rental of so many minutes whose bank is given back into a slot.
async fn ride(stage: &Stage, customer: Uuid, from: (Uuid, u16), minutes: i64, to: (Uuid, u16), bank: usize) {
    start(stage, customer, from).await;
    stage.clock.advance(TimeDelta::minutes(minutes));
    give_back(stage, to, bank).await;
}

async fn start(stage: &Stage, customer: Uuid, (station, slot): (Uuid, u16)) -> Uuid {
    let data = json!({"customer_id": customer, "station_id": station, "slot": slot});
    let answer = stage.command((Role::Customer, customer), "StartRental", data).await;
    answer["result"]["rental_id"].as_str().unwrap().parse().unwrap()
}

async fn give_back(stage: &Stage, (station, slot): (Uuid, u16), bank: usize) {
    let data = json!({"device_id": BANKS[bank], "station_id": station, "slot": slot});
    stage.command((Role::Station, station), "DeviceReturned", data).await;
}

/// Two stations and three banks; five rentals, of which one never ends; one bank that goes missing.
///
/// | when (UTC, 3 h behind the business day's clock) | what | costs | VAT in it |
/// |---|---|---|---|
/// | 5 Jan 07:00–08:00 | first customer, bank 1, Kariakoo → Posta | 1,000 | 153 |
/// | 5 Jan 08:00–09:30 | second customer, bank 1, Posta → Kariakoo | 1,500 | 229 |
/// | 5 Jan 09:00–10:00 | first customer, bank 2, Kariakoo → Kariakoo | 1,000 | 153 |
/// | 15 Jan 07:00 | bank 3 is missing, ten days after it joined | | |
/// | 15 Jan 07:00–19 Jan 07:00 | third customer, bank 2, from Kariakoo, never back: 4 caps of 5,000, 3 × 1,000 late, 45,000 | 68,000 | 3,051 + 458 + 6,864 |
/// | 2 Feb 07:00–09:00 | first customer, bank 1, Kariakoo → Posta | 2,000 | 305 |
async fn known_history(stage: &Stage) {
    for (id, code, name) in [(KARIAKOO, "KRK", "Kariakoo"), (POSTA, "PST", "Posta")] {
        let data = json!({
            "station_id": id, "code": code, "name": name, "latitude": -6.8, "longitude": 39.27, "slots": 4,
            "release_mode": "instant"
        });
        stage.command(ADMIN, "RegisterStation", data).await;
    }
    for (number, (bank, at)) in BANKS.into_iter().zip([(KARIAKOO, 1), (KARIAKOO, 2), (POSTA, 1)]).enumerate()
    {
        let serial = format!("PB-{}", number + 1);
        stage.command(ADMIN, "RegisterDevice", json!({"device_id": bank, "serial": serial})).await;
        let dock = json!({"device_id": bank, "station_id": at.0, "slot": at.1, "battery_percent": 90});
        stage.command(ADMIN, "DockDevice", dock).await;
    }
    let (first, second) = (stage.customer(1).await, stage.customer(2).await);
    ride(stage, first, (KARIAKOO, 1), 60, (POSTA, 2), 0).await;
    start(stage, second, (POSTA, 2)).await;
    stage.clock.advance(TimeDelta::minutes(60));
    start(stage, first, (KARIAKOO, 2)).await;
    stage.clock.advance(TimeDelta::minutes(30));
    give_back(stage, (KARIAKOO, 1), 0).await;
    stage.clock.advance(TimeDelta::minutes(30));
    give_back(stage, (KARIAKOO, 2), 1).await;

    stage.clock.advance(TimeDelta::hours(9 * 24 + 21));
    stage.command(ADMIN, "ReportDeviceMissing", json!({"device_id": BANKS[2]})).await;
    let third = stage.customer(3).await;
    let never_back = start(stage, third, (KARIAKOO, 2)).await;
    stage.clock.advance(TimeDelta::days(4));
    stage.command(ADMIN, "SellDevice", json!({"rental_id": never_back})).await;
    stage.clock.advance(TimeDelta::days(14));
    ride(stage, first, (KARIAKOO, 1), 120, (POSTA, 2), 0).await;
}

/// What the questions come to, worked out by hand.
fn answers() -> BTreeMap<u32, Vec<String>> {
    // Three days with rentals. Banks there: on 5 Jan 3 from 10:00, on 15 Jan 3 until 10:00 and 2 after it, on 2 Feb 1.
    // Rented: 5 Jan 1 from 10:00 to 12:30 and 1 from 12:00 to 13:00, 15 Jan 1 from 10:00, 2 Feb 1 from 10:00 to 12:00.
    let by_hour = (0..24).map(|hour| match hour {
        0..=9 => format!("{hour}|0.00|4.00|0.0000"),
        10 | 11 => format!("{hour}|3.00|6.00|0.5000"),
        12 => format!("{hour}|2.50|6.00|0.4167"),
        _ => format!("{hour}|1.00|6.00|0.1667"),
    });
    let listed = |rows: &[&str]| rows.iter().map(|row| (*row).to_owned()).collect();
    BTreeMap::from([
        (1, by_hour.collect()),
        (
            2,
            listed(&[
                "PB-2|sold|2|24000|45000|10526|58474",
                "PB-1|docked|3|4500|0|687|3813",
                "PB-3|lost|0|0|0|0|0",
            ]),
        ),
        (3, listed(&["KRK|PST|2|60|90.0", "KRK|KRK|1|60|60.0", "PST|KRK|1|90|90.0"])),
        // Of three one is lost after ten days, of the two left one after fourteen; the third is still there.
        (4, listed(&["0|3|0|1.0000", "10|3|1|0.6667", "14|2|1|0.3333"])),
        (5, listed(&["2026-01|3|0|3|1.0000", "2026-01|3|1|1|0.3333"])),
        // 1,000 + 1,500 + 1,000 + 68,000 less 153 + 229 + 153 + 10,373; 2,000 less 305.
        (6, listed(&["2026-01|60592|10908", "2026-02|1695|305"])),
        (7, listed(&["KRK|Kariakoo|4|1|0.2500", "PST|Posta|1|0|0.0000"])),
    ])
}

async fn analyst(stage: &Stage) -> Client {
    connect(&url_for(&stage.owner_url, ServiceRole::Analyst)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_worked_question_has_the_answer_that_was_worked_out_by_hand() {
    let stage = Stage::new().await;
    known_history(&stage).await;
    let projector = stage.project().await;
    // An answer that stands for all of it.
    assert_eq!(stage.get(ADMIN, "/api/v1/finance/trial-balance").await.0, 200);
    assert_eq!(stage.get(ADMIN, &format!("/api/v1/stations/{POSTA}")).await.0, 200);
    assert_eq!(stage.get(ADMIN, "/api/v1/cases").await.0, 200);
    assert_eq!(stage.get(ADMIN, &format!("/api/v1/users/rentals?customer_id={}", Uuid::nil())).await.0, 200);
    let (client, questions) = (analyst(&stage).await, questions());
    let mut found = BTreeMap::new();
    for (number, sql) in questions {
        found.insert(number, rows(&client, sql).await);
    }
    assert_eq!(found, answers());
    projector.stop().await;
}

/// A view of `read_model`: its name, whether analysts read it, what it is, and its columns with type and meaning.
struct View {
    name: String,
    granted: bool,
    meaning: Option<String>,
    columns: Vec<(String, String, Option<String>)>,
}

async fn views(owner: &Client) -> Vec<View> {
    let sql = "SELECT c.relname::text, has_table_privilege('chajipoa_analyst', c.oid, 'SELECT'), obj_description(c.oid), \
                   a.attname::text, format_type(a.atttypid, a.atttypmod), col_description(c.oid, a.attnum) \
               FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid \
               WHERE n.nspname = 'read_model' AND c.relkind IN ('v', 'r') AND a.attnum > 0 AND NOT a.attisdropped \
               ORDER BY c.relname, a.attnum";
    let mut views: Vec<View> = Vec::new();
    for row in owner.query(sql, &[]).await.unwrap() {
        let name: String = row.get(0);
        if views.last().is_none_or(|view| view.name != name) {
            views.push(View { name, granted: row.get(1), meaning: row.get(2), columns: Vec::new() });
        }
        views.last_mut().unwrap().columns.push((row.get(3), row.get(4), row.get(5)));
    }
    views
}

fn written(views: &[View]) -> String {
    let mut page = "# Data dictionary\n\n\
        Generated from the comments of the catalogue by a test; `UPDATE_GOLDEN=1` writes it anew. What to do with it is in \
        [analysts.md](analysts.md),\nhow to take all rows of a view away in [exports.md](exports.md). Amounts are whole \
        shillings (TZS); an empty value is one that is not known or does\nnot apply.\n"
        .to_owned();
    for (title, granted) in [("For analysts", true), ("For finance", false)] {
        page += &format!("\n## {title}\n");
        for view in views.iter().filter(|view| view.granted == granted && !view.name.ends_with("_version")) {
            page += &format!(
                "\n### {}\n\n{}\n\n| column | type | meaning |\n|---|---|---|\n",
                view.name,
                view.meaning.as_deref().unwrap_or_default()
            );
            for (column, kind, meaning) in &view.columns {
                page += &format!("| `{column}` | {kind} | {} |\n", meaning.as_deref().unwrap_or_default());
            }
        }
    }
    page
}

#[tokio::test(flavor = "multi_thread")]
async fn every_view_and_column_is_explained_and_the_dictionary_says_the_same() {
    let stage = Stage::new().await;
    let projector = stage.project().await;
    let views = views(&connect(&stage.owner_url).await).await;
    for view in &views {
        assert!(view.meaning.is_some(), "{} has no comment", view.name);
        for (column, _, meaning) in &view.columns {
            assert!(meaning.is_some(), "{}.{column} has no comment", view.name);
        }
    }
    let page = written(&views);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(DICTIONARY, &page).unwrap();
    }
    let found = std::fs::read_to_string(DICTIONARY).unwrap_or_default();
    assert!(found == page, "docs/data-dictionary.md is out of date: run this test with UPDATE_GOLDEN=1");
    projector.stop().await;
}

/// What analysts read, exactly; a new view needs a decision.
const GRANTED: &[&str] = &[
    "account",
    "account_day",
    "account_total",
    "balance",
    "billing_position",
    "cases_position",
    "charge",
    "charge_version",
    "daily_station",
    "device",
    "device_version",
    "inventory_position",
    "journal",
    "journey",
    "late_posting",
    "payment",
    "payment_version",
    "refund_course",
    "rental",
    "rental_version",
    "rentals_position",
    "review",
    "slot",
    "slot_version",
    "statement",
    "station",
    "station_version",
    "tariff",
];

/// Columns that may hold words, each with why it names nobody.
const WORDS: &[(&str, &str)] = &[
    ("account.name", "of the chart of accounts"),
    ("charge.lines", "rules, times and amounts"),
    ("device.serial", "printed on a bank"),
    ("station.code", "of a place"),
    ("station.name", "of a place"),
    ("tariff.name", "of a price list"),
    ("tariff.terms", "numbers of a price list"),
];

#[tokio::test(flavor = "multi_thread")]
async fn i12_what_analysts_read_names_nobody() {
    let stage = Stage::new().await;
    known_history(&stage).await;
    let projector = stage.project().await;
    assert_eq!(stage.get(ADMIN, "/api/v1/finance/trial-balance").await.0, 200);
    let views = views(&connect(&stage.owner_url).await).await;
    let granted: Vec<&View> = views.iter().filter(|view| view.granted).collect();
    assert_eq!(granted.iter().map(|view| view.name.as_str()).collect::<Vec<_>>(), GRANTED);
    let client = analyst(&stage).await;
    for view in granted {
        for (column, kind, meaning) in &view.columns {
            let told = meaning.as_deref().unwrap_or_default();
            // One of a fixed list of words, said so in its comment, or named above.
            let fixed = told.contains(" or ")
                || ["kind", "event_type", "code", "provider", "subject_kind", "cause"]
                    .contains(&column.as_str());
            let of = view.name.trim_end_matches("_version");
            let excepted = WORDS.iter().any(|(name, _)| *name == format!("{of}.{column}"));
            let harmless = kind != "text" && kind != "jsonb" && kind != "bytea";
            assert!(harmless || fixed || excepted, "{}.{column} may hold words about a person", view.name);
        }
        // Whatever the catalogue says: neither phone and name of the customers nor anything sealed is in it.
        let all = rows(&client, &format!("SELECT v::text FROM {} v", view.name)).await.join("\n");
        assert!(["Asha", "+255", "255700"].iter().all(|trace| !all.contains(trace)), "{}", view.name);
        assert!(!all.split(['"', ',', '(', ')']).any(is_sealed), "{}", view.name);
    }
    projector.stop().await;
}

/// Whether a text has the form of a sealed value: base64url of the version, a nonce, a ciphertext and a tag.
fn is_sealed(text: &str) -> bool {
    let letters = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    text.len() > 38 && text.starts_with("AQ") && text.chars().all(letters)
}
