//! A broker for the run.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use ledger::feed::TOPIC;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::error::RDKafkaErrorCode;

use super::error::BenchError;
use super::load::PATIENCE;
use crate::harness::wait_until;

/// What a ledger leaves in the broker. The next one is another.
const TOPICS: [&str; 2] = [TOPIC, "chajipoa.checkpoints.v1"];
/// How long one look at the topics may take.
const LOOK: Duration = Duration::from_secs(5);

/// A real broker of one's own. Dropping it kills it.
pub(super) struct Broker {
    folder: PathBuf,
    pub(super) brokers: String,
}

impl Broker {
    /// Starts one with its data below `folder`.
    pub(super) fn start(folder: &Path) -> Result<Self, BenchError> {
        let folder = folder.join("kafka");
        let brokers = script(&["start", &folder.to_string_lossy(), "0"])?;
        Ok(Self { folder, brokers })
    }

    /// Forgets the topics of the ledger and of its checkpoints. The broker goes on: one that has just started spends its first half minute
    /// compiling itself, on the cores that are measured.
    pub(super) async fn forget(&self) -> Result<(), BenchError> {
        let client: AdminClient<_> = ClientConfig::new().set("bootstrap.servers", &self.brokers).create()?;
        for gone in client.delete_topics(&TOPICS, &AdminOptions::new()).await? {
            match gone {
                Ok(_) | Err((_, RDKafkaErrorCode::UnknownTopicOrPartition)) => {}
                Err((name, code)) => {
                    return Err(BenchError::wrong(format!("the topic {name} was not deleted: {code}")));
                }
            }
        }
        wait_until("the topics are gone", PATIENCE, async || {
            let found = client.inner().fetch_metadata(None, LOOK);
            found.is_ok_and(|found| found.topics().iter().all(|topic| !TOPICS.contains(&topic.name())))
        })
        .await;
        Ok(())
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Err(error) = script(&["kill", &self.folder.to_string_lossy()]) {
            eprintln!("bench: the broker was left running: {error}");
        }
    }
}

fn script(arguments: &[&str]) -> Result<String, BenchError> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../scripts/kafka.sh");
    let output = Command::new(&path)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(BenchError::io(format!("run {}", path.display())))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    Err(BenchError::wrong(String::from_utf8_lossy(&output.stderr).into_owned()))
}
