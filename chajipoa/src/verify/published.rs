//! Checkpoints outside the database: files that whoever alters the database cannot reach.

use std::io;
use std::path::{Path, PathBuf};

use ledger::tree::{CheckpointText, SignedNote};

use super::error::VerifyError;

/// A checkpoint's file. Larger ones are none.
const MAX_BYTES: u64 = 1 << 20;

/// A checkpoint from outside the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Where it was found.
    pub path: PathBuf,
    /// The note and what it says; none if the file is no checkpoint.
    pub(super) said: Option<(SignedNote, CheckpointText)>,
}

impl Published {
    /// A checkpoint with this text.
    #[must_use]
    pub fn new(path: PathBuf, text: &str) -> Self {
        let note = SignedNote::parse(text).ok();
        let said = note.and_then(|note| {
            let text = CheckpointText::parse(note.text()).ok()?;
            Some((note, text))
        });
        Self { path, said }
    }
}

/// Reads these files.
///
/// # Errors
/// One cannot be read.
pub fn read_files(paths: &[PathBuf]) -> Result<Vec<Published>, VerifyError> {
    paths.iter().map(|path| read(path)).collect()
}

/// Reads every checkpoint of a folder; none if there is no such folder. Names that begin with a dot or end with `.new`
/// are files that are being written.
///
/// # Errors
/// The folder or a file in it cannot be read.
pub fn read_folder(folder: &Path) -> Result<Vec<Published>, VerifyError> {
    let failed = |source| VerifyError::File { path: folder.to_owned(), source };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut published = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if path.is_file() && !name.starts_with('.') && !name.ends_with(".new") {
            published.push(read(&path)?);
        }
    }
    published.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(published)
}

fn read(path: &Path) -> Result<Published, VerifyError> {
    let failed = |source| VerifyError::File { path: path.to_owned(), source };
    let length = std::fs::metadata(path).map_err(failed)?.len();
    let text = if length > MAX_BYTES {
        String::new()
    } else {
        String::from_utf8_lossy(&std::fs::read(path).map_err(failed)?).into_owned()
    };
    Ok(Published::new(path.to_owned(), &text))
}
