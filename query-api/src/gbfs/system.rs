//! The files that say whose system this is, and what can be rented in it.

use serde_json::{Value, json};

use super::{Feed, LANGUAGES, name, said};

/// The one type of vehicle.
pub(super) const POWER_BANK: &str = "power_bank";

pub(super) fn discovery(base: &str) -> Value {
    let feeds: Vec<Value> = Feed::ALL
        .into_iter()
        .map(|feed| json!({"name": feed.name(), "url": format!("{base}/gbfs/3/{}.json", feed.name())}))
        .collect();
    json!({ "feeds": feeds })
}

pub(super) fn information() -> Value {
    json!({
        "system_id": "chajipoa_tz",
        "languages": LANGUAGES,
        "name": name("ChajiPoa"),
        "operator": name("ChajiPoa"),
        "opening_hours": "24/7",
        "url": "https://chajipoa.co.tz",
        "feed_contact_email": "support@chajipoa.co.tz",
        "timezone": "Africa/Dar_es_Salaam",
    })
}

pub(super) fn vehicle_types(plan: Option<&str>) -> Value {
    let mut bank = json!({
        "vehicle_type_id": POWER_BANK,
        "form_factor": "other",
        "propulsion_type": "electric",
        // The specification wants a range of everything electric. A bank carries nobody.
        "max_range_meters": 0,
        "rider_capacity": 0,
        "wheel_count": 0,
        "name": said("Power bank", "Chaji ya kubebeka"),
        "description": said(
            "A power bank for phones. It moves nobody: take it at one station, give it back at any other.",
            "Chaji ya simu. Ichukue kituo kimoja, irudishe kituo chochote.",
        ),
        "return_constraint": "any_station",
    });
    if let (Some(plan), Some(bank)) = (plan, bank.as_object_mut()) {
        bank.insert("default_pricing_plan_id".to_owned(), json!(plan));
        bank.insert("pricing_plan_ids".to_owned(), json!([plan]));
    }
    json!({"vehicle_types": [bank]})
}
