//! Files of the key directory: made once, readable by their owner only.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::keys::KeyError;
use crate::clock::Clock;

pub(super) fn token_directory(keys: &Path) -> Result<PathBuf, KeyError> {
    let directory = keys.join("token");
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&directory)
        .map_err(|source| KeyError::File { path: directory.clone(), source })?;
    Ok(directory)
}

/// Writes `content` to `path` unless something is there; of several writers at once one wins and no
/// reader sees half a file.
pub(super) fn create_once(path: &Path, content: &[u8], clock: &dyn Clock) -> io::Result<()> {
    let draft = path.with_extension(format!("{}.new", clock.id().simple()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(content)?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The one subject that tokens without an own subject share in this installation.
///
/// # Errors
/// The file cannot be written, or holds no UUID.
pub fn default_subject(keys: &Path, clock: &dyn Clock) -> Result<Uuid, KeyError> {
    let path = token_directory(keys)?.join("subject");
    let file = |source| KeyError::File { path: path.clone(), source };
    if !path.exists() {
        create_once(&path, clock.id().to_string().as_bytes(), clock).map_err(file)?;
    }
    let text = fs::read_to_string(&path).map_err(file)?;
    text.trim().parse().map_err(|_| KeyError::NoSubject { path: path.clone() })
}
