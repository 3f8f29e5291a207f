//! Checkpoints outside the database: files that whoever alters the database cannot reach.

use std::io;
use std::path::{Path, PathBuf};

use ledger::tree::{CheckpointText, SignedNote};

use super::error::VerifyError;

/// How many checkpoints of a folder are read: a newer one is over everything that an older one is over.
const MOST: usize = 10_000;
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

/// Reads the checkpoints of a folder and of the folders in it, the newest if there are very many; none if there is no
/// such folder. Names that begin with a dot or end with `.new` are files that are being written.
///
/// # Errors
/// The folder or a file in it cannot be read.
pub fn read_folder(folder: &Path) -> Result<Vec<Published>, VerifyError> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let failed = |source| VerifyError::File { path: folder.clone(), source };
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(failed(error)),
        };
        for entry in entries {
            let path = entry.map_err(failed)?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if path.is_dir() {
                folders.push(path);
            } else if !name.starts_with('.') && !name.ends_with(".new") {
                files.push((rank(&path), path));
            }
        }
    }
    files.sort();
    let old = files.len().saturating_sub(MOST);
    files.iter().skip(old).map(|(_, path)| read(path)).collect()
}

/// Files are named after their sizes, below a folder named after their epoch; `latest` comes last.
fn rank(path: &Path) -> (u64, u64) {
    let number = |path: Option<&Path>| path?.file_name()?.to_str()?.parse().ok();
    let epoch = number(path.parent().and_then(Path::parent)).unwrap_or(u64::MAX);
    (epoch, number(Some(path)).unwrap_or(u64::MAX))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_read_as_the_sealer_leaves_it() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read_folder(&folder.path().join("nothing")).unwrap(), []);
        let below = folder.path().join("1/0");
        std::fs::create_dir_all(&below).unwrap();
        for name in ["9", "10", ".hidden", "11.77.new"] {
            std::fs::write(below.join(name), "no note").unwrap();
        }
        std::fs::write(folder.path().join("latest"), "no note").unwrap();
        let read = read_folder(folder.path()).unwrap();
        let names: Vec<_> = read.iter().map(|one| one.path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["9", "10", "latest"]);
        assert!(read.iter().all(|one| one.said.is_none()));
    }
}
