//! The phones of the city: numbers that only this run uses, and the messages that arrive on them, read from the sandbox.
//!
//! Numbers come from a place of chance that is new with each run, so that running again with the same seed asks no number
//! for a second code of the day. They lie far apart: neighbours share no block of ten thousand, for which codes are limited.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use edge::pace::rest;
use edge::{Clock as _, SystemClock};
use reqwest::Method;
use serde_json::Value;

/// The numbers that begin with +2557.
const NUMBERS: u64 = 100_000_000;
/// From one number to the next: no divisor of the above, and near its golden section.
const STEP: u64 = 61_803_399;
/// How often a phone is looked at for its code, and how long between.
const LOOKS: u32 = 600;
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(10);
/// Digits of a code.
const DIGITS: usize = 6;

/// A phone.
#[derive(Debug, Clone)]
pub(super) struct Phone {
    pub(super) number: String,
    /// The address that its network gave it.
    pub(super) address: String,
}

/// The phones, and where their messages are read.
#[derive(Debug)]
pub(super) struct Phones {
    http: reqwest::Client,
    sandbox: String,
    first: u64,
    given: AtomicU64,
}

impl Phones {
    /// The phones whose messages arrive at this sandbox.
    ///
    /// # Errors
    /// Nobody answers there.
    pub(super) async fn at(sandbox: &str) -> Result<Phones, reqwest::Error> {
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
        let sandbox = sandbox.trim_end_matches('/').to_owned();
        http.get(format!("{sandbox}/health")).send().await?.error_for_status()?;
        let mut random = [0; 8];
        SystemClock.random(&mut random);
        let first = u64::from_be_bytes(random) % NUMBERS;
        Ok(Phones { http, sandbox, first, given: AtomicU64::new(0) })
    }

    /// Asks the sandbox for something, as a person or a test does.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, reqwest::Error> {
        let mut request = self.http.request(method, format!("{}/{path}", self.sandbox));
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await?.error_for_status()?.json().await
    }

    /// A phone that nobody else of this city has.
    pub(super) fn next(&self) -> Phone {
        let given = self.given.fetch_add(1, Ordering::Relaxed);
        let number = self.first.saturating_add(given.wrapping_mul(STEP)) % NUMBERS;
        let [_, a, b, c] = u32::try_from(given).unwrap_or(u32::MAX).to_be_bytes();
        Phone { number: format!("+2557{number:08}"), address: format!("10.{a}.{b}.{c}") }
    }

    /// The code that arrives on a phone after that moment; nothing when none does.
    pub(super) async fn code(
        &self,
        phone: &Phone,
        asked_at: DateTime<Utc>,
    ) -> Result<Option<String>, reqwest::Error> {
        // Messages are numbered by the microsecond of their arrival.
        let (to, after) = (phone.number.trim_start_matches('+'), asked_at.timestamp_micros());
        let url = format!("{}/sms/messages?to={to}&after={after}", self.sandbox);
        for _ in 0..LOOKS {
            let answer: Value = self.http.get(&url).send().await?.json().await?;
            let items = answer.get("items").and_then(Value::as_array);
            let newest = items.and_then(|items| items.last()?.get("text")?.as_str());
            if let Some(code) = newest.and_then(code_in) {
                return Ok(Some(code));
            }
            rest(BETWEEN_LOOKS).await;
        }
        Ok(None)
    }
}

/// The first six digits in a row.
fn code_in(text: &str) -> Option<String> {
    let words = text.split(|letter: char| !letter.is_ascii_digit());
    words.filter(|word| word.len() == DIGITS).map(str::to_owned).next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    #[tokio::test]
    async fn a_big_citys_numbers_are_its_own_and_share_few_blocks() {
        let http = reqwest::Client::new();
        let phones = Phones { http, sandbox: String::new(), first: 99_999_999, given: AtomicU64::new(0) };
        let numbers: BTreeSet<String> = (0..6_000).map(|_| phones.next().number).collect();
        assert_eq!(numbers.len(), 6_000);
        let mut blocks: BTreeMap<&str, u32> = BTreeMap::new();
        for number in &numbers {
            assert_eq!(number.len(), 13, "{number}");
            *blocks.entry(&number[..9]).or_default() += 1;
        }
        assert!(blocks.len() > 500, "{}", blocks.len());
        assert!(blocks.values().all(|count| *count <= 10), "{blocks:?}");
    }

    #[test]
    fn the_code_is_found_in_the_message() {
        let text = "Nambari yako ya ChajiPoa ni 012345. Inadumu dakika 5. Usimpe mtu yeyote.";
        assert_eq!(code_in(text).as_deref(), Some("012345"));
        assert_eq!(code_in("Karibu, 5 au 1234567"), None);
    }
}
