//! Amounts as the provider writes them: a number or a text, with or without `.00`.

use serde_json::Value;

/// Digits of the largest amount that is read.
const DIGITS: usize = 12;

/// The amount in whole shillings; none where it is no positive whole number.
pub(crate) fn whole_shillings(amount: &Value) -> Option<i64> {
    let text = match amount {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let (whole, cents) = text.split_once('.').unwrap_or((&text, "0"));
    let plain = !whole.is_empty() && whole.len() <= DIGITS && whole.bytes().all(|byte| byte.is_ascii_digit());
    let round = !cents.is_empty() && cents.bytes().all(|byte| byte == b'0');
    (plain && round).then(|| whole.parse().ok())?.filter(|amount| *amount > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_whole_positive_shillings_are_an_amount() {
        for good in [json!(20_000), json!(20_000.0), json!("20000"), json!("20000.00")] {
            assert_eq!(whole_shillings(&good), Some(20_000), "{good}");
        }
        for bad in
            [json!(0), json!(-5), json!(0.5), json!("1e3"), json!(""), json!("1."), json!(null), json!(1e30)]
        {
            assert_eq!(whole_shillings(&bad), None, "{bad}");
        }
    }
}
