//! Where checkpoints are published: outside the database, so that a restored one is noticed.

use std::path::PathBuf;

use crate::{Folder, TOPIC};

/// A folder, and a topic where there is a Kafka.
#[derive(Debug, Clone)]
pub struct Places {
    /// The folder.
    pub folder: Folder,
    /// The brokers, `host:port,…`.
    pub brokers: Option<String>,
    /// The topic: `chajipoa.checkpoints.v1` unless a test has its own.
    pub topic: String,
}

impl Places {
    /// This folder, and the usual topic of these brokers.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>, brokers: Option<String>) -> Self {
        Self { folder: Folder::at(folder.into()), brokers, topic: TOPIC.to_owned() }
    }
}
