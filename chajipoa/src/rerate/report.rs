//! What a pass came to, as JSON, as CSV and in words.

use std::fmt::Write as _;

use chrono::NaiveDate;
use domain::{
    StationId,
    rerating::{Cell, Difference, Earned, Pass, WhatIf},
    tariff::Terms,
};
use serde::Serialize;
use serde_json::{Value, json};

use super::Rerated;

/// So many stations and days are shown in words; CSV and JSON have all.
const SHOWN: usize = 40;

/// A station's day.
#[derive(Serialize)]
struct Row<'a> {
    station_id: StationId,
    station: Option<&'a str>,
    day: NaiveDate,
    rentals: i64,
    not_billed: i64,
    old_total: i64,
    new_total: i64,
    difference: i64,
    old_usage: i64,
    new_usage: i64,
    old_late: i64,
    new_late: i64,
    old_replacement: i64,
    new_replacement: i64,
    old_vat: i64,
    new_vat: i64,
}

fn rows<'a>(pass: &'a Pass, what_if: &'a WhatIf) -> impl Iterator<Item = Row<'a>> {
    what_if.cells().iter().map(|((station_id, day), cell)| Row {
        station_id: *station_id,
        station: pass.station_code(*station_id),
        day: *day,
        rentals: cell.rentals,
        not_billed: cell.not_billed,
        old_total: cell.old.total,
        new_total: cell.new.total,
        difference: cell.difference().total,
        old_usage: cell.old.usage,
        new_usage: cell.new.usage,
        old_late: cell.old.late,
        new_late: cell.new.late,
        old_replacement: cell.old.replacement,
        new_replacement: cell.new.replacement,
        old_vat: cell.old.vat,
        new_vat: cell.new.vat,
    })
}

/// Everything, as JSON.
pub(crate) fn json_of(rerated: &Rerated, terms: Option<&Terms>) -> Value {
    let Rerated { until, pass, took } = rerated;
    let counted = pass.counted();
    let mut whole = json!({
        "position": until.get(), "rentals": counted.rentals, "open": pass.open(), "charges": counted.charges,
        "read_again": counted.recalled, "differences": counted.differences, "found": pass.differences(),
        "seconds": took.as_secs_f64(),
    });
    if let (Some(what_if), Some(terms), Some(whole)) = (pass.what_if(), terms, whole.as_object_mut()) {
        let cells: Vec<Row<'_>> = rows(pass, what_if).collect();
        let total = what_if.total();
        whole.insert("tariff".to_owned(), json!(terms));
        whole.insert("currency".to_owned(), json!("TZS"));
        whole.insert("total".to_owned(), total_json(&total));
        whole.insert("by_station_and_day".to_owned(), json!(cells));
    }
    whole
}

fn total_json(total: &Cell) -> Value {
    json!({
        "rentals": total.rentals, "not_billed": total.not_billed, "old": total.old, "new": total.new,
        "difference": total.difference(),
    })
}

/// One line per station and day.
///
/// # Errors
/// Never in memory; the writer's own error otherwise.
pub(crate) fn csv_of(pass: &Pass, what_if: &WhatIf) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows(pass, what_if) {
        writer.serialize(row)?;
    }
    let bytes = writer.into_inner().map_err(|error| error.into_error())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What was rated and what differs, in words.
pub(crate) fn differences_in_words(rerated: &Rerated) -> String {
    let Rerated { until, pass, took } = rerated;
    let counted = pass.counted();
    let mut text = format!(
        "up to position {}: {} rentals, {} of them open; {} charges computed again in {took:.1?}\n",
        until.get(),
        counted.rentals,
        pass.open(),
        counted.charges
    );
    for difference in pass.differences() {
        let _ = writeln!(text, "{}", in_words(difference));
    }
    let kept = u64::try_from(pass.differences().len()).unwrap_or(u64::MAX);
    if counted.differences > kept {
        let _ = writeln!(text, "… and {} more", counted.differences.saturating_sub(kept));
    }
    match counted.differences {
        0 => text.push_str("no differences: every charge follows from its facts and its tariff"),
        1 => text.push_str("1 difference"),
        many => {
            let _ = write!(text, "{many} differences");
        }
    }
    text
}

fn in_words(difference: &Difference) -> String {
    let Difference { position, rental_id, what, recorded, recomputed } = difference;
    let (recorded, recomputed) = only_what_differs(recorded, recomputed);
    format!(
        "position {position}, rental {rental_id}: {} is recorded as {recorded}; from the facts follows {recomputed}",
        what.as_str()
    )
}

/// Of two objects, the members that are not the same.
fn only_what_differs(one: &Value, other: &Value) -> (Value, Value) {
    let (Value::Object(one), Value::Object(other)) = (one, other) else {
        return (one.clone(), other.clone());
    };
    let of = |these: &serde_json::Map<String, Value>, those: &serde_json::Map<String, Value>| {
        let differs = these.iter().filter(|(name, value)| those.get(*name) != Some(value));
        Value::Object(differs.map(|(name, value)| (name.clone(), value.clone())).collect())
    };
    (of(one, other), of(other, one))
}

/// One part of what was earned.
type PartOf = fn(&Earned) -> i64;

/// What the other tariff would have earned, in words.
pub(crate) fn totals_in_words(pass: &Pass, what_if: &WhatIf) -> String {
    let total = what_if.total();
    let mut text = format!("{:<12} {:>14} {:>14} {:>14}\n", "", "recorded", "this tariff", "difference");
    let kinds: [(&str, PartOf); 5] = [
        ("usage", |earned| earned.usage),
        ("late", |earned| earned.late),
        ("replacement", |earned| earned.replacement),
        ("total", |earned| earned.total),
        ("VAT in it", |earned| earned.vat),
    ];
    let difference = total.difference();
    for (name, of) in kinds {
        let _ = writeln!(
            text,
            "{name:<12} {:>14} {:>14} {:>+14}",
            of(&total.old),
            of(&total.new),
            of(&difference)
        );
    }
    let _ = writeln!(
        text,
        "{} billed rentals, {} of them not billed yet under this tariff",
        total.rentals, total.not_billed
    );
    let _ = writeln!(
        text,
        "\n{:<24} {:<10} {:>8} {:>12} {:>12} {:>12}",
        "station", "day", "rentals", "recorded", "this tariff", "difference"
    );
    for row in rows(pass, what_if).take(SHOWN) {
        let station = row.station.map_or_else(|| row.station_id.to_string(), str::to_owned);
        let _ = writeln!(
            text,
            "{station:<24} {:<10} {:>8} {:>12} {:>12} {:>+12}",
            row.day.to_string(),
            row.rentals,
            row.old_total,
            row.new_total,
            row.difference
        );
    }
    let more = what_if.cells().len().saturating_sub(SHOWN);
    if more > 0 {
        let _ = writeln!(text, "… and {more} more; --csv has all");
    }
    text.trim_end().to_owned()
}
