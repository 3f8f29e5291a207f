//! What a misbehaving cabinet has to come to, judged by the events of the rental that it concerned.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use uuid::Uuid;

/// The types of events, in order.
pub(super) fn types(events: &[Value]) -> Vec<&str> {
    events.iter().filter_map(|event| event.get("type")?.as_str()).collect()
}

/// The data of the only event of this type.
fn only<'a>(events: &'a [Value], kind: &str) -> Result<&'a Value, String> {
    let mut found = events.iter().filter(|event| event.get("type").is_some_and(|found| found == kind));
    match (found.next().and_then(|event| event.get("data")), found.next()) {
        (Some(data), None) => Ok(data),
        (None, _) => Err(format!("no {kind}")),
        (Some(_), Some(_)) => Err(format!("more than one {kind}")),
    }
}

/// The bank that really left.
pub(super) fn device_of(events: &[Value]) -> Option<Uuid> {
    only(events, "RentalStarted").ok()?.get("device_id")?.as_str()?.parse().ok()
}

fn review(data: &Value, code: &str) -> bool {
    let codes = data.get("review").and_then(Value::as_array);
    codes.is_some_and(|codes| codes.iter().any(|found| found == code))
}

/// Whether a rental came out as this misbehaviour has to: in words how it came out, or what is wrong.
pub(super) fn judge(how: &str, events: &[Value], reserved: Uuid) -> Result<&'static str, String> {
    let (started, ended) = (only(events, "RentalStarted")?, only(events, "RentalEnded")?);
    let unknown = types(events).contains(&"ReleaseOutcomeUnknown");
    let suspect = review(started, "clock_suspect");
    let other = device_of(events) != Some(reserved);
    let wrong = || Err(format!("came out otherwise: {:?} {started} {ended}", types(events)));
    let odd = (unknown, suspect, other && review(started, "other_device"));
    match (how, odd) {
        ("slow", (false, false, false)) => Ok("the rental started when the answer came"),
        ("silent", (true, false, false)) => Ok("the outcome was unknown until the inventory showed it"),
        ("wrong_bank", (false, false, true)) => Ok("the rental is that of the bank that left"),
        ("two_banks", (false, false, false)) => Ok("the second bank was missing and came back"),
        ("offline", (false, false, false)) if kept(ended) => {
            Ok("the return was uploaded later, and billed when it was")
        }
        ("duplicate", (false, false, false)) => Ok("what was sent twice happened once"),
        ("late", (true, false, false)) => Ok("the outcome was unknown until the answer came"),
        ("clock_wrong", (false, true, false)) => {
            Ok("the start is when the answer arrived, and is looked into")
        }
        _ => wrong(),
    }
}

/// Whether a return arrived a good while after the moment that it is billed at.
fn kept(ended: &Value) -> bool {
    let moment = |name: &str| -> Option<DateTime<Utc>> {
        ended.pointer(&format!("/evidence/{name}"))?.as_str()?.parse().ok()
    };
    let billed = moment("observed_at").zip(moment("billed_at")).zip(moment("arrived_at"));
    billed.is_some_and(|((observed, billed), arrived)| {
        billed <= observed && arrived - observed >= TimeDelta::seconds(1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const RESERVED: Uuid = Uuid::from_u128(1);
    const OTHER: Uuid = Uuid::from_u128(2);

    fn story(device: Uuid, codes: &[&str], unknown: bool, uploaded_after: i64) -> Vec<Value> {
        let observed: DateTime<Utc> = "2026-03-02T06:00:00Z".parse().unwrap();
        let evidence = json!({
            "observed_at": observed, "billed_at": observed,
            "arrived_at": observed + TimeDelta::seconds(uploaded_after),
        });
        let started = json!({"type": "RentalStarted", "data": {"device_id": device, "review": codes}});
        let ended = json!({"type": "RentalEnded", "data": {"evidence": evidence}});
        let unknown = unknown.then(|| json!({"type": "ReleaseOutcomeUnknown", "data": {}}));
        unknown.into_iter().chain([started, ended]).collect()
    }

    #[test]
    fn each_misbehaviour_has_one_good_end() {
        let plain = story(RESERVED, &[], false, 0);
        let ends = [
            ("slow", plain.clone()),
            ("two_banks", plain.clone()),
            ("duplicate", plain),
            ("silent", story(RESERVED, &[], true, 0)),
            ("late", story(RESERVED, &[], true, 0)),
            ("wrong_bank", story(OTHER, &["other_device"], false, 0)),
            ("clock_wrong", story(RESERVED, &["clock_suspect"], false, 0)),
            ("offline", story(RESERVED, &[], false, 2)),
        ];
        for (how, good) in &ends {
            assert!(judge(how, good, RESERVED).is_ok(), "{how}");
            let bad = story(OTHER, &["clock_suspect"], true, 2);
            assert!(judge(how, &bad, RESERVED).is_err(), "{how}");
        }
        assert!(judge("offline", &story(RESERVED, &[], false, 0), RESERVED).is_err());
        assert!(judge("silent", &story(RESERVED, &[], false, 0), RESERVED).is_err());
    }

    #[test]
    fn what_happened_twice_is_wrong() {
        let mut twice = story(RESERVED, &[], false, 0);
        twice.extend(story(RESERVED, &[], false, 0));
        assert_eq!(judge("duplicate", &twice, RESERVED), Err("more than one RentalStarted".to_owned()));
    }
}
