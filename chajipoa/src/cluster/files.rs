//! Reading and writing the cluster's small files, with errors that name the path.
//!
//! A file is written whole under another name and renamed, so a crash leaves the old one or the new one.

use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::account::Account;
use super::error::ClusterError;

/// Names what was tried, and where, in the error.
pub(super) fn during<T>(
    what: &'static str,
    path: &Path,
    result: std::io::Result<T>,
) -> Result<T, ClusterError> {
    result.map_err(|source| ClusterError::File { what, path: path.to_owned(), source })
}

/// The file's text without surrounding space, or nothing when there is no such file.
pub(super) fn read_if_there(path: &Path) -> Result<Option<String>, ClusterError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => during("read", path, Err(error)),
    }
}

/// Writes a file that only its owner may read, owned by `owner`.
pub(super) fn write_private(path: &Path, text: &str, owner: Account) -> Result<(), ClusterError> {
    let new = path.with_extension("new");
    remove_if_there(&new)?;
    let mut options = std::fs::OpenOptions::new();
    let mut file = during("write", &new, options.write(true).create_new(true).mode(0o600).open(&new))?;
    during("write", &new, file.write_all(text.as_bytes()))?;
    during("write", &new, file.sync_all())?;
    owner.own(&new)?;
    during("write", path, std::fs::rename(&new, path))
}

/// Removes a file; it is fine if it is not there.
pub(super) fn remove_if_there(path: &Path) -> Result<(), ClusterError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => during("remove", path, Err(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}
