//! The folder of published checkpoints: `latest`, and `<epoch>/<millions of the size>/<size>` for each of them.
//!
//! Every file is written under another name, synced, and renamed into place; so a reader finds a whole checkpoint or
//! none. Nothing is ever removed; what is old may be moved away by whoever keeps archives, only `latest` is read.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use ledger::tree::{CheckpointText, SignedCheckpoint, SignedNote};

use crate::SealerError;

/// How many sizes one folder holds the files of.
const SIZES: u64 = 1_000_000;

/// A folder that checkpoints are published to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder(PathBuf);

impl Folder {
    /// The folder at this path; it is made when something is published.
    #[must_use]
    pub const fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The file of the last checkpoint.
    #[must_use]
    pub fn latest(&self) -> PathBuf {
        self.0.join("latest")
    }

    /// The file of the checkpoint of a size.
    #[must_use]
    pub fn file_of(&self, epoch: i32, size: u64) -> PathBuf {
        self.0.join(epoch.to_string()).join((size / SIZES).to_string()).join(size.to_string())
    }

    /// The last checkpoint that was published here, if one was.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read_latest(&self) -> Result<Option<String>, SealerError> {
        match fs::read_to_string(self.latest()) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(SealerError::Folder { path: self.latest(), source }),
        }
    }

    /// Publishes a checkpoint: its own file first, then `latest`, which never goes back within an epoch.
    ///
    /// # Errors
    /// A file cannot be written.
    pub(crate) fn publish(&self, checkpoint: &SignedCheckpoint) -> Result<(), SealerError> {
        write(&self.file_of(checkpoint.epoch, checkpoint.size), &checkpoint.note)?;
        let present = self.read_latest()?.and_then(|note| place_of(&note));
        match present {
            Some(present) if present >= (checkpoint.epoch, checkpoint.size) => Ok(()),
            Some(_) | None => write(&self.latest(), &checkpoint.note),
        }
    }
}

/// Epoch and size of a published text, believed as it stands: it only decides which of two is the later.
fn place_of(note: &str) -> Option<(i32, u64)> {
    let text = CheckpointText::parse(SignedNote::parse(note).ok()?.text()).ok()?;
    Some((text.identity()?.epoch, text.size))
}

fn write(path: &Path, text: &str) -> Result<(), SealerError> {
    let failed = |source| SealerError::Folder { path: path.to_owned(), source };
    let folder = path.parent().unwrap_or(path);
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    let write = || {
        fs::create_dir_all(folder)?;
        let mut file = fs::File::create(&draft)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, path)?;
        fs::File::open(folder)?.sync_all()
    };
    write().map_err(failed)
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use ledger::{LedgerIdentity, tree::CheckpointKeys};
    use uuid::Uuid;

    use super::*;

    fn signed(keys: &CheckpointKeys, epoch: i32, size: u64) -> SignedCheckpoint {
        let identity = LedgerIdentity { ledger_id: Uuid::from_u128(42), epoch };
        let text = CheckpointText::new(identity, size, [7; 32]);
        let signer = keys.signer(&text.origin).unwrap();
        let note = SignedNote::sign(text.to_string(), &[&signer]).to_string();
        SignedCheckpoint { epoch, size, root: [7; 32], note, signed_at: SystemTime::UNIX_EPOCH.into() }
    }

    #[test]
    fn every_checkpoint_has_a_file_and_the_latest_never_goes_back() {
        let directory = tempfile::tempdir().unwrap();
        let keys = CheckpointKeys::open_or_create(directory.path()).unwrap();
        let folder = Folder::at(directory.path().join("checkpoints"));
        assert_eq!(folder.read_latest().unwrap(), None);
        for (epoch, size, latest) in
            [(1, 7, (1, 7)), (1, 1_000_900, (1, 1_000_900)), (1, 8, (1, 1_000_900)), (2, 3, (2, 3))]
        {
            let checkpoint = signed(&keys, epoch, size);
            folder.publish(&checkpoint).unwrap();
            assert_eq!(fs::read_to_string(folder.file_of(epoch, size)).unwrap(), checkpoint.note);
            assert_eq!(place_of(&folder.read_latest().unwrap().unwrap()), Some(latest));
        }
        assert!(directory.path().join("checkpoints/1/1/1000900").exists());
        let left = fs::read_dir(directory.path().join("checkpoints/1/0")).unwrap().count();
        assert_eq!(left, 2, "no draft is left");
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let keys = CheckpointKeys::open_or_create(directory.path()).unwrap();
        fs::write(directory.path().join("file"), "x").unwrap();
        let folder = Folder::at(directory.path().join("file"));
        let refused = folder.publish(&signed(&keys, 1, 1)).unwrap_err();
        assert!(refused.to_string().contains("file"), "{refused}");
    }
}
