//! `sandbox.json`: every cabinet with its secret and its physical content.
//!
//! Keeps true: only its owner may read it; it is written whole under another name and then renamed, so a process that ends
//! at any moment leaves a whole file. It is not synced to the disk: this is a toy.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::cabinet::Cabinet;

const NAME: &str = "sandbox.json";

/// What is kept of a cabinet.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) secret: String,
    pub(super) gateway: Option<String>,
    pub(super) cabinet: Cabinet,
}

#[derive(Serialize, Deserialize)]
struct Whole {
    cabinets: Vec<Kept>,
}

/// Where the cabinets are kept.
#[derive(Debug)]
pub(super) struct File(PathBuf);

impl File {
    /// The file in this folder, which is made if it is not there.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub(super) fn in_folder(folder: &Path) -> io::Result<File> {
        fs::create_dir_all(folder)?;
        Ok(File(folder.join(NAME)))
    }

    /// What was kept; nothing where there is no file.
    ///
    /// # Errors
    /// It cannot be read, or is none of ours.
    pub(super) fn read(&self) -> io::Result<Vec<Kept>> {
        let text = match fs::read(&self.0) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let whole: Whole = serde_json::from_slice(&text).map_err(|error| {
            io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", self.0.display()))
        })?;
        Ok(whole.cabinets)
    }

    /// Keeps these.
    ///
    /// # Errors
    /// The file cannot be written; the old one stands.
    pub(super) fn write(&self, cabinets: Vec<Kept>) -> io::Result<()> {
        let text = serde_json::to_vec(&Whole { cabinets }).map_err(io::Error::other)?;
        let new = self.0.with_extension("json.new");
        let mut file =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(&text)?;
        fs::rename(&new, &self.0)
    }
}
