//! A member `password` is never kept: providers have been seen to send one.

use actix_web::web::Bytes;
use serde_json::Value;

const NEVER_KEPT: &str = "password";

/// The body as it may be kept: JSON without any member `password`, at any depth and however it is spelt; everything else as
/// it came.
pub(crate) fn without_password(body: Bytes) -> Bytes {
    let Ok(mut value) = serde_json::from_slice::<Value>(&body) else { return body };
    if strip(&mut value) { Bytes::from(value.to_string()) } else { body }
}

/// Whether anything was removed.
fn strip(value: &mut Value) -> bool {
    match value {
        Value::Object(members) => {
            let before = members.len();
            members.retain(|name, _| !name.eq_ignore_ascii_case(NEVER_KEPT));
            let here = members.len() < before;
            members.values_mut().fold(here, |stripped, member| strip(member) | stripped)
        }
        Value::Array(items) => items.iter_mut().fold(false, |stripped, item| strip(item) | stripped),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(text: &'static str) -> String {
        String::from_utf8(without_password(Bytes::from_static(text.as_bytes())).to_vec()).unwrap()
    }

    #[test]
    fn a_password_goes_wherever_it_stands() {
        assert_eq!(kept(r#"{"amount":"60000","password":"x"}"#), r#"{"amount":"60000"}"#);
        assert_eq!(kept(r#"{"PassWord":null,"a":[{"password":1,"b":2}]}"#), r#"{"a":[{"b":2}]}"#);
        assert_eq!(kept(r#"{"pass\u0077ord":"x","a":1,"password":"y"}"#), r#"{"a":1}"#);
    }

    #[test]
    fn everything_else_stays_as_it_came() {
        for text in [r#"{ "b" : 1.50, "a": "password" }"#, "password=x", "", "{\"password\":", "[1, 2]"] {
            assert_eq!(kept(text), text);
        }
    }
}
