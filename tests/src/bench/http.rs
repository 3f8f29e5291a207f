//! A connection to a service: HTTP/1.1, kept alive, as little work for each request as possible.
//!
//! The load generator shares the machine with what it measures, so requests are bytes that were written before and
//! answers are read no further than needed. It understands what our services send: a length, no chunks.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::error::BenchError;

/// Room for one answer without growing.
const ROOM: usize = 8 * 1024;

/// A connection with the answer it read last.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    answer: Vec<u8>,
}

/// So much of an answer is shown that should not have come.
const SHOWN: usize = 2_000;

/// An answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reply<'a> {
    pub(super) status: u16,
    head: &'a [u8],
    pub(super) body: &'a [u8],
}

impl Connection {
    pub(super) async fn open(address: SocketAddr) -> Result<Self, BenchError> {
        let stream =
            TcpStream::connect(address).await.map_err(BenchError::io(format!("connect to {address}")))?;
        stream.set_nodelay(true).map_err(BenchError::io("set_nodelay"))?;
        Ok(Self { stream, answer: Vec::with_capacity(ROOM) })
    }

    /// So many connections.
    pub(super) async fn several(address: SocketAddr, count: usize) -> Result<Vec<Self>, BenchError> {
        let mut all = Vec::with_capacity(count);
        for _ in 0..count {
            all.push(Self::open(address).await?);
        }
        Ok(all)
    }

    /// Sends a request and reads its answer.
    pub(super) async fn exchange(&mut self, request: &[u8]) -> Result<Reply<'_>, BenchError> {
        self.stream.write_all(request).await.map_err(BenchError::io("send a request"))?;
        self.answer.clear();
        let mut frame = None;
        loop {
            self.answer.reserve(ROOM);
            let read =
                self.stream.read_buf(&mut self.answer).await.map_err(BenchError::io("read an answer"))?;
            if read == 0 {
                return Err(BenchError::wrong("the service closed a connection"));
            }
            if frame.is_none() {
                frame = Frame::read(&self.answer)?;
            }
            if let Some(frame) = frame.filter(|frame| self.answer.len() >= frame.end) {
                return frame.reply(&self.answer);
            }
        }
    }

    /// Sends a request whose answer must have this status.
    pub(super) async fn expect(&mut self, request: &[u8], status: u16) -> Result<Reply<'_>, BenchError> {
        let reply = self.exchange(request).await?;
        if reply.status == status { Ok(reply) } else { Err(unexpected(&reply)) }
    }
}

/// What an answer says that should not have come.
pub(super) fn unexpected(reply: &Reply<'_>) -> BenchError {
    let body: String = String::from_utf8_lossy(reply.body).chars().take(SHOWN).collect();
    BenchError::wrong(format!("answered {}: {body}", reply.status))
}

/// Where an answer's parts lie.
#[derive(Debug, Clone, Copy)]
struct Frame {
    status: u16,
    body: usize,
    end: usize,
}

impl Frame {
    /// Nothing while the head is incomplete.
    fn read(answer: &[u8]) -> Result<Option<Self>, BenchError> {
        let Some(head_end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
        let head = answer.get(..head_end).unwrap_or_default();
        let status = head.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
        let length = header(head, "content-length").and_then(|value| value.parse::<usize>().ok());
        match (status, length) {
            (Some(status), Some(length)) => {
                let body = head_end.saturating_add(4);
                Ok(Some(Self { status, body, end: body.saturating_add(length) }))
            }
            _ => Err(BenchError::wrong(format!("not an answer: {}", String::from_utf8_lossy(head)))),
        }
    }

    fn reply(self, answer: &[u8]) -> Result<Reply<'_>, BenchError> {
        let parts = answer.get(..self.body).zip(answer.get(self.body..self.end));
        let (head, body) = parts.ok_or_else(|| BenchError::wrong("an answer was cut"))?;
        Ok(Reply { status: self.status, head, body })
    }
}

impl Reply<'_> {
    /// A header's value as a number.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        header(self.head, name)?.parse().ok()
    }

    /// The text of a JSON field, found without reading the rest.
    pub(super) fn text(&self, field: &str) -> Option<&str> {
        let body = std::str::from_utf8(self.body).ok()?;
        let (_, after) = body.split_once(field)?;
        after.strip_prefix("\":\"")?.split_once('"').map(|(value, _)| value)
    }
}

fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a str> {
    let lines = head.split(|byte| *byte == b'\n').skip(1);
    lines
        .filter_map(|line| std::str::from_utf8(line).ok()?.split_once(':'))
        .find_map(|(key, value)| key.eq_ignore_ascii_case(name).then(|| value.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_in_its_parts() {
        let answer = b"HTTP/1.1 201 Created\r\nContent-Length: 20\r\nledger-position: 17\r\n\r\n{\"rental_id\":\"abc\"}\n";
        let frame = Frame::read(answer).unwrap().unwrap();
        assert_eq!(frame.end, answer.len());
        let reply = frame.reply(answer).unwrap();
        assert_eq!((reply.status, reply.number("Ledger-Position")), (201, Some(17)));
        assert_eq!(reply.text("rental_id"), Some("abc"));
        assert!(Frame::read(b"HTTP/1.1 200 OK\r\n").unwrap().is_none());
    }
}
