//! One request to a provider and its answer, for all of them.

use std::time::Duration;

use edge::settings::{self, SettingError};
use reqwest::{RequestBuilder, StatusCode};

use crate::error::ReactorError;
use crate::message::Delivery;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest sender id that networks take.
const LONGEST_SENDER: usize = 11;

/// A client that asks once: a repeat by itself would be a second message.
pub(super) fn client() -> Result<reqwest::Client, ReactorError> {
    reqwest::Client::builder()
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .build()
        .map_err(ReactorError::Client)
}

/// Sends a request and reads its whole answer, or says what is known without one.
pub(super) async fn exchange(request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), Delivery> {
    let response = match request.send().await {
        Ok(response) => response,
        Err(error) if error.is_connect() => {
            return Err(Delivery::refused_for_now("the provider cannot be reached"));
        }
        Err(error) if error.is_builder() => {
            return Err(Delivery::refused("the request cannot be written"));
        }
        Err(_) => return Err(Delivery::Unknown),
    };
    let status = response.status();
    match response.bytes().await {
        Ok(body) => Ok((status, body.to_vec())),
        Err(_) => Err(Delivery::Unknown),
    }
}

/// What the status alone says; nothing where the body decides.
pub(super) fn judged_by_status(status: StatusCode) -> Option<Delivery> {
    let answered = || format!("the provider answered {}", status.as_u16());
    match status {
        StatusCode::REQUEST_TIMEOUT => Some(Delivery::Unknown),
        // A key that is put right, a bill that is paid, a limit that passes: later it may go.
        StatusCode::UNAUTHORIZED | StatusCode::PAYMENT_REQUIRED | StatusCode::TOO_MANY_REQUESTS => {
            Some(Delivery::refused_for_now(answered()))
        }
        status if status.is_client_error() => Some(Delivery::refused(answered())),
        status if !status.is_success() => Some(Delivery::Unknown),
        _ => None,
    }
}

/// A sender name, which networks cut or refuse when it is too long.
pub(super) fn sender(name: &'static str) -> Result<Option<String>, SettingError> {
    let sender = settings::text(name)?;
    if sender.as_ref().is_some_and(|sender| sender.chars().count() > LONGEST_SENDER) {
        let reason = format!("at most {LONGEST_SENDER} characters");
        return Err(SettingError::Wrong { name, reason });
    }
    Ok(sender)
}

/// A number as providers write it who know no plus sign.
pub(super) fn without_plus(number: &str) -> &str {
    number.strip_prefix('+').unwrap_or(number)
}

/// What every provider is held to, whatever it is asked.
#[cfg(test)]
pub(super) mod trials {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;
    use crate::message::{Messenger, Text};

    pub(in crate::sms) const TEXT: Text<'_> =
        Text { to: "+255700000001", text: "Namba: 123 456 & ukweli", reference: "7-receipt" };

    pub(in crate::sms) fn surely_refused(delivery: &Delivery, for_now: bool) -> bool {
        matches!(delivery, Delivery::Refused { for_now: known, .. } if *known == for_now)
    }

    /// A listener that takes one request and answers with these bytes, then hangs up; what it was asked.
    async fn asked(messenger: impl FnOnce(String) -> Box<dyn Messenger>, answer: &str) -> (Delivery, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answer = answer.to_owned();
        let provider = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !whole(&request) {
                let mut bytes = vec![0; 4_096];
                let read = socket.read(&mut bytes).await.unwrap();
                assert!(read > 0, "the request was cut");
                request.extend_from_slice(&bytes[..read]);
            }
            socket.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8(request).unwrap()
        });
        let delivery = messenger(url).send(&TEXT).await;
        (delivery, provider.await.unwrap())
    }

    fn whole(request: &[u8]) -> bool {
        let text = String::from_utf8_lossy(request).to_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        length.is_none_or(|length| body.len() >= length.trim().parse::<usize>().unwrap())
    }

    /// What a provider asks, with an answer of this status and body.
    pub(in crate::sms) async fn answered(
        messenger: impl FnOnce(String) -> Box<dyn Messenger>,
        status: u16,
        body: &str,
    ) -> (Delivery, String) {
        let length = body.len();
        let answer =
            format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
        asked(messenger, &answer).await
    }

    /// A provider that is away got nothing; one that hangs up, at whatever place, may have sent it.
    pub(in crate::sms) async fn lost_answers(messenger: impl Fn(String) -> Box<dyn Messenger>) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        assert!(surely_refused(&messenger(url).send(&TEXT).await, true));
        for cut in ["", "HTTP/1.1 200 OK\r\ncont", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"mess"] {
            assert_eq!(asked(&messenger, cut).await.0, Delivery::Unknown, "{cut:?}");
        }
        for (status, body) in [
            (200, ""),
            (200, "<html>"),
            (201, "[]"),
            (200, "{}"),
            (302, ""),
            (408, ""),
            (500, "{}"),
            (502, "<html>"),
            (503, ""),
        ] {
            assert_eq!(answered(&messenger, status, body).await.0, Delivery::Unknown, "{status} {body}");
        }
        for (status, for_now) in [(400, false), (403, false), (404, false), (401, true), (429, true)] {
            let (delivery, _) = answered(&messenger, status, "The supplied authentication is invalid").await;
            assert!(surely_refused(&delivery, for_now), "{status}: {delivery:?}");
        }
    }
}
