//! A gateway as small as can be: what reads goes to one service, what writes to another, as in production.
//!
//! It looks at the first line of a request, asks the service to close the connection after its answer, and passes
//! everything else on as it comes; so each connection carries one request, live streams included.
#![allow(clippy::expect_used, reason = "a gateway that cannot listen fails the test")]

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The head of a request is no longer.
const HEAD: usize = 64 * 1024;
const END_OF_LINE: &[u8] = b"\r\n";

/// A gateway. Dropping it ends it.
#[derive(Debug)]
pub struct Gateway {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Gateway {
    /// A gateway before the service that writes and the one that reads, each `http://host:port`.
    ///
    /// # Panics
    /// When no port can be had.
    pub async fn before(writes: &str, reads: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let host = |url: &str| url.trim_start_matches("http://").to_owned();
        let (writes, reads) = (host(writes), host(reads));
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (writes, reads) = (writes.clone(), reads.clone());
                tokio::spawn(async move {
                    // A connection that breaks has broken for both sides, who notice.
                    let _ = pass(client, &writes, &reads).await;
                });
            }
        });
        Self { address, task }
    }

    /// Where it answers.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(mut client: TcpStream, writes: &str, reads: &str) -> std::io::Result<()> {
    let mut head = Vec::new();
    let end = loop {
        if let Some(at) = head.windows(END_OF_LINE.len()).position(|bytes| bytes == END_OF_LINE) {
            break at + END_OF_LINE.len();
        }
        if head.len() > HEAD || client.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    };
    let (line, rest) = head.split_at(end);
    let mut service = TcpStream::connect(if line.starts_with(b"GET ") { reads } else { writes }).await?;
    service.write_all(line).await?;
    service.write_all(b"Connection: close\r\n").await?;
    service.write_all(rest).await?;
    copy_bidirectional(&mut client, &mut service).await.map(drop)
}
