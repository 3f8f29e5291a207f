//! What is told of which events, and that every text fits. The events are the examples that every stored event is read
//! like.

use std::collections::BTreeSet;
use std::fs;

use chrono::TimeDelta;
use domain::customer::Language;
use domain::event::Provider;
use domain::money::MAX_AMOUNT;
use domain::{Event, Money, Time};
use ledger::Position;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::text::template;
use super::*;

const THING: Uuid = Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0007);
/// One segment of GSM 7-bit.
const SEGMENT: usize = 160;

fn at(minutes: i64) -> Time {
    "2026-03-02T06:00:00Z".parse::<Time>().unwrap() + TimeDelta::minutes(minutes)
}

/// Recorded at the zero of these tests, of a fact so many minutes before.
fn told(minutes_ago: i64) -> Told {
    Told { position: Position::new(7), occurred_at: at(-minutes_ago), recorded_at: at(0) }
}

/// The example of an event, with some of its fields made others.
fn event(name: &str, fields: Json) -> Event {
    let path = format!("{}/../schema/events/examples/{name}.v1.json", env!("CARGO_MANIFEST_DIR"));
    let mut value: Json = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    for (field, with) in fields.as_object().unwrap() {
        value[field] = with.clone();
    }
    Event::decode(name, 1, value.to_string().as_bytes()).unwrap()
}

fn of(name: &str, fields: Json) -> Vec<Notice> {
    notices(&event(name, fields), &told(0))
}

fn kinds(notices: &[Notice]) -> Vec<Kind> {
    notices.iter().map(|notice| notice.kind).collect()
}

fn both(kind: Kind) -> [(Kind, Language); 2] {
    [(kind, Language::Sw), (kind, Language::En)]
}

/// The characters of GSM 7-bit that take one place; those of its extension take two and are not used.
fn is_gsm7(character: char) -> bool {
    let others = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà";
    character.is_ascii_alphanumeric() || others.contains(character)
}

/// The longest text that a value of this kind can be.
fn longest(name: &str, language: Language) -> Value {
    let candidates: Vec<Value> = match name {
        "number" => vec![Value::Number(999_999_999_999)],
        "unit_minutes" => vec![Value::Number(1_440)],
        "length" => vec![Value::Seconds(59 * 60 + 9_999 * 3_600)],
        "due_at" | "ended_at" => vec![Value::Time(at(0))],
        "provider" => {
            [Provider::Mpesa, Provider::Mixx, Provider::Airtel, Provider::Halopesa, Provider::Azampesa]
                .map(Value::Provider)
                .to_vec()
        }
        "fiscal_status" => {
            let all = [
                FiscalStatus::NotApplicable,
                FiscalStatus::Pending,
                FiscalStatus::Issued,
                FiscalStatus::Failed,
            ];
            all.map(Value::Fiscal).to_vec()
        }
        "unit_price" | "total" | "deposit" | "debt" | "amount" | "before" | "vat" => {
            vec![Value::Money(Money::new(MAX_AMOUNT).unwrap())]
        }
        other => panic!("a value that nobody measured: {other}"),
    };
    candidates.into_iter().max_by_key(|value| value.written(language).chars().count()).unwrap()
}

fn names(text: &str) -> Vec<String> {
    text.split('{').skip(1).map(|part| part.split_once('}').unwrap().0.to_owned()).collect()
}

#[test]
fn every_text_fits_into_one_segment_with_the_longest_values() {
    for (kind, language) in Kind::ALL.into_iter().flat_map(both) {
        let names = names(template(kind, language));
        let mut facts = json!({});
        names.iter().for_each(|name| facts[name] = json!(longest(name, language)));
        let text = render(kind, language, &serde_json::from_value(facts).unwrap()).unwrap();
        let length = text.chars().count();
        assert!(length <= SEGMENT, "{kind:?} {language:?} has {length}: {text}");
        let strange: String = text.chars().filter(|character| !is_gsm7(*character)).collect();
        assert!(strange.is_empty(), "{kind:?} {language:?} has {strange:?}");
        assert!(text.starts_with("ChajiPoa"), "{text}");
    }
}

#[test]
fn a_code_fits_as_well() {
    let text = include_str!("../../../schema/messages/sw/code.txt").trim_end().replace("{code}", "123456");
    assert!(
        text.chars().count() <= SEGMENT && text.chars().all(is_gsm7) && text.contains("123456"),
        "{text}"
    );
}

#[test]
fn both_languages_say_the_same_with_the_same_values() {
    for kind in Kind::ALL {
        let of = |language| names(template(kind, language)).into_iter().collect::<BTreeSet<_>>();
        assert_eq!(of(Language::Sw), of(Language::En), "{kind:?}");
    }
}

#[test]
fn each_file_is_the_template_of_a_kind_or_of_codes() {
    // Who asks for a code has no language yet.
    for (language, codes) in [("sw", Some("code")), ("en", None)] {
        let path = format!("{}/../schema/messages/{language}", env!("CARGO_MANIFEST_DIR"));
        let files: BTreeSet<String> = fs::read_dir(path)
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        let known = Kind::ALL.into_iter().map(Kind::as_str).chain(codes);
        assert_eq!(files, known.map(|kind| format!("{kind}.txt")).collect());
    }
}

#[test]
fn whatever_an_event_tells_can_be_written() {
    let mut seen = BTreeSet::new();
    for name in Event::TYPES {
        for notice in of(name, json!({})) {
            seen.insert(notice.kind);
            for (kind, language) in both(notice.kind) {
                let text = render(kind, language, &notice.facts).unwrap();
                assert!(!text.contains(['{', '}']), "{text}");
            }
        }
    }
    let never: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| !seen.contains(kind)).collect();
    assert!(never.is_empty(), "no example tells {never:?}");
}

#[test]
fn a_start_is_told_with_its_price_and_the_due_time_is_reminded_of() {
    let fields = json!({"rental_id": THING, "started_at": at(0), "due_at": at(24 * 60)});
    let notices = of("RentalStarted", fields);
    assert_eq!(kinds(&notices), [Kind::RentalStarted, Kind::DueSoon]);
    let [start, due] = notices.as_slice() else { panic!() };
    assert_eq!((start.send_at, start.expires_at), (at(0), at(60)));
    assert_eq!((due.send_at, due.expires_at), (at(23 * 60), at(24 * 60)));
    assert!(notices.iter().all(|notice| notice.entity == THING));
    let text = render(Kind::RentalStarted, Language::Sw, &start.facts).unwrap();
    assert_eq!(
        text,
        "ChajiPoa: Umekodi power bank. TZS 500 kila dakika 30. Irudishe kabla ya 03/03 09:00 kwenye kituo chochote."
    );
    // Too short to be reminded of.
    let short = of("RentalStarted", json!({"started_at": at(0), "due_at": at(60)}));
    assert_eq!(kinds(&short), [Kind::RentalStarted]);
}

#[test]
fn lateness_is_reminded_of_three_times() {
    let notices = of("RentalBecameOverdue", json!({"rental_id": THING, "due_at": at(0)}));
    let times: Vec<_> =
        notices.iter().map(|notice| (notice.kind, notice.send_at, notice.expires_at)).collect();
    let hour = |hours: i64| at(hours * 60);
    assert_eq!(
        times,
        [
            (Kind::Overdue1h, hour(1), hour(13)),
            (Kind::Overdue24h, hour(24), hour(36)),
            (Kind::Overdue48h, hour(48), hour(60)),
        ]
    );
}

#[test]
fn an_extension_a_return_and_a_sale_take_reminders_back() {
    for name in Event::TYPES {
        let settles = settles_reminders(&event(name, json!({})));
        let expected = ["RentalExtended", "RentalEnded", "RentalSold"].contains(name);
        assert_eq!(settles.is_some(), expected, "{name}");
    }
    let extended = of("RentalExtended", json!({"rental_id": THING, "due_at": at(180)}));
    assert_eq!(kinds(&extended), [Kind::DueSoon]);
    assert_eq!(extended[0].send_at, at(120));
}

#[test]
fn a_return_is_told_with_its_price_and_a_receipt_only_where_something_was_charged() {
    let charge = |total: i64, vat: i64| {
        let Event::RentalEnded(example) = event("RentalEnded", json!({})) else { panic!() };
        let mut charge = json!(example.charge);
        (charge["total"], charge["vat"]) = (json!(total), json!(vat));
        json!({
            "rental_id": THING, "charge": charge, "debited": {"deposit": total, "debt": 0},
            "started_at": at(-61), "ended_at": at(0)
        })
    };
    assert_eq!(kinds(&of("RentalEnded", charge(0, 0))), [Kind::RentalEnded]);
    let notices = of("RentalEnded", charge(1_500, 229));
    assert_eq!(kinds(&notices), [Kind::RentalEnded, Kind::Receipt]);
    let texts: Vec<String> =
        notices.iter().map(|notice| render(notice.kind, Language::En, &notice.facts).unwrap()).collect();
    assert_eq!(
        texts,
        [
            "ChajiPoa: The power bank is back. Time 1 h 1 min. Price TZS 1,500: from deposit 1,500, owed 0. Thank you!",
            "ChajiPoa receipt 7 of 02/03 09:00: power bank rental TZS 1,500, VAT 229 included. Fiscal receipt: not applicable.",
        ]
    );
}

#[test]
fn a_refund_of_a_receipt_is_told_to_nobody() {
    for name in ["RefundPaid", "RefundFailed", "RefundRejected"] {
        let own = json!({"customer_id": THING, "receipt_id": null});
        assert_eq!(of(name, own).len(), 1, "{name}");
        assert!(of(name, json!({"customer_id": THING, "receipt_id": THING})).is_empty(), "{name}");
        assert!(of(name, json!({"customer_id": null, "receipt_id": null})).is_empty(), "{name}");
    }
}

#[test]
fn what_is_long_past_when_it_is_told_is_no_news() {
    let ended = event("RentalEnded", json!({}));
    let expires = |minutes_ago| notices(&ended, &told(minutes_ago))[0].expires_at;
    let week = 7 * 24 * 60;
    assert_eq!(expires(0), at(24 * 60));
    assert_eq!(expires(week), at(24 * 60));
    assert!(expires(week + 1) < at(0));
}

#[test]
fn a_correction_that_changes_nothing_is_not_told() {
    let Event::RentalCorrected(example) = event("RentalCorrected", json!({})) else { panic!() };
    let mut charge = json!(example.charge);
    charge["total"] = json!(example.reversed.amounts.total());
    assert!(of("RentalCorrected", json!({"charge": charge})).is_empty());
}

#[test]
fn kinds_have_their_words() {
    for kind in Kind::ALL {
        assert_eq!(Kind::parse(kind.as_str()), Some(kind));
    }
    assert_eq!(Kind::parse("advertisement"), None);
}

#[test]
fn a_value_that_is_missing_is_named() {
    let error = render(Kind::DueSoon, Language::Sw, &Facts::default()).unwrap_err();
    assert_eq!(error.to_string(), "a notice of kind due_soon has no value for due_at");
}
