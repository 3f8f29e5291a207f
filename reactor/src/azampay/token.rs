//! AzamPay's token: asked for when it is needed, kept until its own `expire`, dropped on a 401.
//!
//! One request for a token is on its way at a time; whoever needs one meanwhile waits for it. The token is opaque and is
//! never printed.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use domain::Time;
use tokio::sync::Mutex;

use super::{Fields, reply};

/// A token with less time left is not used.
const MARGIN: TimeDelta = TimeDelta::seconds(30);

/// A token, and until when it holds.
#[derive(Clone)]
pub(super) struct Token {
    text: String,
    ends: Time,
}

/// The token that is held, if one is.
#[derive(Default)]
pub(super) struct Held(Mutex<Option<Token>>);

impl Held {
    /// The held token, or a new one from `ask`. `spoilt` was refused and is not given again.
    pub(super) async fn get(
        &self,
        now: Time,
        spoilt: Option<&str>,
        ask: impl AsyncFnOnce() -> Result<Token, String>,
    ) -> Result<String, String> {
        let mut held = self.0.lock().await;
        let holds = |token: &&Token| token.ends - now > MARGIN && Some(token.text.as_str()) != spoilt;
        if let Some(token) = held.as_ref().filter(holds) {
            return Ok(token.text.clone());
        }
        *held = None;
        let token = ask().await?;
        Ok(held.insert(token).text.clone())
    }
}

/// What the answer to a request for a token holds.
///
/// # Errors
/// Why there is no token, in words fit to be logged.
pub(super) fn read(status: u16, body: &[u8]) -> Result<Token, String> {
    let said = Fields::read(body);
    let data = said.as_ref().and_then(|said| said.inner("data"));
    let token = data.as_ref().and_then(|data| data.text("accessToken"));
    match (status, token) {
        (200..=299, Some(text)) => {
            let expire = data.and_then(|data| data.text("expire"));
            // Without a moment it serves this one call.
            Ok(Token { text, ends: expire.and_then(|text| moment(&text)).unwrap_or(DateTime::UNIX_EPOCH) })
        }
        _ => {
            let message = said.and_then(|said| said.text("message").or_else(|| said.text("title")));
            let message = message.map_or_else(|| "without words".to_owned(), |text| reply::plain(&text));
            Err(format!("no token: the provider answered {status}, {message}"))
        }
    }
}

/// A moment as AzamPay writes it: RFC 3339, sometimes without its zone, which then is UTC.
fn moment(text: &str) -> Option<DateTime<Utc>> {
    let zoned = DateTime::parse_from_rfc3339(text).map(|moment| moment.to_utc());
    zoned.ok().or_else(|| text.parse::<NaiveDateTime>().ok().map(|moment| moment.and_utc()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        text.parse().unwrap()
    }

    #[test]
    fn the_end_of_a_token_is_its_own() {
        let body = br#"{"data":{"accessToken":"t","expire":"2023-03-02T04:21:29Z"},"success":true,"statusCode":200}"#;
        assert_eq!(read(200, body).ok().unwrap().ends, at("2023-03-02T04:21:29Z"));
        assert_eq!(moment("2023-03-02T04:21:29.5"), Some(at("2023-03-02T04:21:29.5Z")));
        assert_eq!(moment("2023-03-02T07:21:29+03:00"), Some(at("2023-03-02T04:21:29Z")));
        assert_eq!(moment("tomorrow"), None);
    }

    #[test]
    fn bad_credentials_and_garbage_are_no_token() {
        let locked = br#"{"data":null,"message":"Provided detail is not valid for this app","success":false,"statusCode":423}"#;
        let why = read(423, locked).err().unwrap();
        assert_eq!(why, "no token: the provider answered 423, Provided detail is not valid for this app");
        for (status, body) in [(200, ""), (200, "<html>"), (200, r#"{"data":{}}"#), (500, "x"), (400, "{}")] {
            assert!(read(status, body.as_bytes()).is_err(), "{status} {body}");
        }
    }

    #[tokio::test]
    async fn a_token_is_asked_for_once_until_it_ends_or_is_refused() {
        let held = Held::default();
        let now = at("2026-03-02T06:00:00Z");
        let ask = |text: &str| Token { text: text.to_owned(), ends: now + TimeDelta::minutes(10) };
        let (a, b, c) = (ask("a"), ask("b"), ask("c"));
        assert_eq!(held.get(now, None, async || Ok(a)).await.unwrap(), "a");
        assert_eq!(held.get(now, None, async || Err("not asked".to_owned())).await.unwrap(), "a");
        assert_eq!(held.get(now, Some("a"), async || Ok(b)).await.unwrap(), "b");
        // Somebody else was refused with the old one: the new one stays.
        assert_eq!(held.get(now, Some("a"), async || Err("not asked".to_owned())).await.unwrap(), "b");
        let late = now + TimeDelta::minutes(10) - MARGIN;
        assert_eq!(held.get(late, None, async || Ok(c)).await.unwrap(), "c");
        assert!(held.get(late, Some("c"), async || Err("away".to_owned())).await.is_err());
    }
}
