//! A broker for the run.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::error::BenchError;

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

    /// Forgets every topic.
    pub(super) fn wipe(&mut self) -> Result<(), BenchError> {
        let folder = self.folder.to_string_lossy();
        script(&["wipe", &folder])?;
        self.brokers = script(&["start", &folder, "0"])?;
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
