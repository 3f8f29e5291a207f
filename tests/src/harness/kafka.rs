//! Kafka for tests: the shared broker with a topic per test, or a broker of one's own that may be hurt.
#![allow(clippy::panic, clippy::expect_used, reason = "without its broker a test has failed")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A broker. A private one is killed and removed when the value is dropped.
#[derive(Debug)]
pub struct Kafka {
    brokers: String,
    private: Option<Private>,
}

/// A topic name that no other test has.
pub type TestTopic = String;

#[derive(Debug)]
struct Private {
    folder: tempfile::TempDir,
    port: String,
}

impl Kafka {
    /// The broker that `scripts/with-services.sh` started; `None`, said aloud, where there is none.
    ///
    /// # Panics
    /// With `CI=true` and no broker: there a skipped test is a failed one.
    #[must_use]
    pub fn shared() -> Option<Self> {
        let brokers = std::env::var("CHAJIPOA_TEST_KAFKA").ok().filter(|brokers| !brokers.is_empty());
        if brokers.is_none() {
            assert!(
                std::env::var("CI").as_deref() != Ok("true"),
                "CHAJIPOA_TEST_KAFKA is not set and CI=true"
            );
            eprintln!("SKIPPED: no Kafka (CHAJIPOA_TEST_KAFKA is not set)");
        }
        brokers.map(|brokers| Self { brokers, private: None })
    }

    /// A broker of one's own, empty, that can be killed and wiped; `None` where there is no Kafka at all.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn private() -> Option<Self> {
        Self::shared()?;
        let folder = tempfile::tempdir().expect("a folder for the broker");
        let brokers = script(&["start", text(folder.path()), "0"]);
        let port = brokers.rsplit(':').next().unwrap_or_default().to_owned();
        Some(Self { brokers, private: Some(Private { folder, port }) })
    }

    /// `host:port`, as `KAFKA_BROKERS` wants it.
    #[must_use]
    pub fn brokers(&self) -> &str {
        &self.brokers
    }

    /// Where a private broker keeps its log and its files.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.own().folder.path()
    }

    /// A name for a topic that no other test has.
    #[must_use]
    pub fn fresh_topic(&self) -> TestTopic {
        format!("chajipoa.ledger.v1.{}", super::postgres::unique())
    }

    /// kill -9. Only of a private broker.
    pub fn kill(&self) {
        script(&["kill", text(self.own().folder.path())]);
    }

    /// Starts a stopped or killed private broker again on the same port, and waits until it answers.
    pub fn start(&self) {
        let own = self.own();
        script(&["start", text(own.folder.path()), &own.port]);
    }

    /// Kills a private broker and removes everything it held. [`Kafka::start`] brings it back empty.
    pub fn wipe(&self) {
        script(&["wipe", text(self.own().folder.path())]);
    }

    fn own(&self) -> &Private {
        self.private.as_ref().expect("only a private broker may be hurt")
    }
}

impl Drop for Kafka {
    fn drop(&mut self) {
        if let Some(own) = &self.private {
            // The folder goes in any case; a broker that is still there shows in the next run's ports.
            let _ = run(&["kill", text(own.folder.path())]);
        }
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

fn script(arguments: &[&str]) -> String {
    run(arguments).unwrap_or_else(|said| panic!("scripts/kafka.sh {arguments:?} failed:\n{said}"))
}

/// What the script printed, or what it complained about.
fn run(arguments: &[&str]) -> Result<String, String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../scripts/kafka.sh");
    let output = Command::new(&path)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{}: {error}", path.display()))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}
