//! The keys directory: one master key per generation, the key of blind indexes, the key of command hashes.
//!
//! `master/<generation>.key`, `blind.key` (later `blind/<generation>.key`) and `hash.key` hold 32 raw bytes each, mode 0600. A file is made only
//! by `open_or_create`, complete or not at all, and never overwritten. Key bytes are never printed.

use std::{
    collections::BTreeMap,
    fmt, fs, io,
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use ring::{
    hmac,
    rand::{SecureRandom as _, SystemRandom},
};

/// The number of a master key.
pub type Generation = i32;

/// The first generation.
const FIRST: Generation = 1;

/// The length of every key.
pub(crate) const KEY_BYTES: usize = 32;

/// The keys of the directory, in memory.
#[derive(Clone)]
pub struct Keys {
    directory: PathBuf,
    masters: BTreeMap<Generation, [u8; KEY_BYTES]>,
    blind: hmac::Key,
    hash: hmac::Key,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("generations", &self.masters.keys()).finish_non_exhaustive()
    }
}

/// Why the keys directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// A file or directory could not be read or made.
    #[error("{}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A key file does not have 32 bytes.
    #[error("{} does not hold exactly {KEY_BYTES} bytes", .0.display())]
    Length(PathBuf),
    /// A file in `master/` is not named `<number>.key`.
    #[error("{} is not named <generation>.key", .0.display())]
    Name(PathBuf),
    /// A file in `checkpoint/` does not hold an Ed25519 key.
    #[error("{} does not hold an Ed25519 key", .0.display())]
    Checkpoint(PathBuf),
    /// There is no master key.
    #[error("{} holds no master key", .0.display())]
    NoMaster(PathBuf),
    /// The random source failed.
    #[error("the random source failed")]
    Random,
}

impl Keys {
    /// Reads the directory.
    ///
    /// # Errors
    /// When a key is missing or malformed.
    pub fn open(directory: &Path) -> Result<Self, KeysError> {
        let master = directory.join("master");
        let mut masters = BTreeMap::new();
        for entry in fs::read_dir(&master).map_err(|source| file_error(&master, source))? {
            let path = entry.map_err(|source| file_error(&master, source))?.path();
            if path.extension().is_some_and(|extension| extension == "new") {
                continue; // left by a process that was killed while it made a key
            }
            masters.insert(generation_of(&path)?, read_key(&path)?);
        }
        if masters.is_empty() {
            return Err(KeysError::NoMaster(master));
        }
        let newest = masters.last_key_value().map_or(FIRST, |(number, _)| *number);
        let blind = match newest {
            FIRST => directory.join("blind.key"),
            renewed => directory.join(format!("blind/{renewed}.key")),
        };
        Ok(Self {
            directory: directory.to_owned(),
            masters,
            blind: hmac::Key::new(hmac::HMAC_SHA256, &read_key(&blind)?),
            hash: hmac::Key::new(hmac::HMAC_SHA256, &read_key(&directory.join("hash.key"))?),
        })
    }

    /// Reads the directory, after making what is not there yet: the directory (0700), the first master key,
    /// `blind.key` and `hash.key` (0600).
    ///
    /// Two processes may do so at once; both end with the same keys.
    ///
    /// # Errors
    /// When a key cannot be made or read.
    pub fn open_or_create(directory: &Path) -> Result<Self, KeysError> {
        let master = directory.join("master");
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&master)
            .map_err(|source| file_error(&master, source))?;
        let none = !fs::read_dir(&master)
            .map_err(|source| file_error(&master, source))?
            .flatten()
            .any(|entry| entry.path().extension().is_some_and(|extension| extension == "key"));
        if none {
            create_key(&master.join(format!("{FIRST}.key")))?;
        }
        if none || master.join(format!("{FIRST}.key")).exists() {
            create_key(&directory.join("blind.key"))?;
        }
        create_key(&directory.join("hash.key"))?;
        Self::open(directory)
    }

    /// Where the keys lie.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The blind index of a phone number in its canonical form: equal numbers have equal indexes, and without
    /// the key nothing follows from one. Hex of HMAC-SHA-256.
    #[must_use]
    pub fn blind_index(&self, phone: &str) -> String {
        hex::encode(hmac::sign(&self.blind, phone.as_bytes()))
    }

    /// The keyed hash of a command: HMAC-SHA-256.
    #[must_use]
    pub fn keyed_hash(&self, bytes: &[u8]) -> [u8; 32] {
        digest(&hmac::sign(&self.hash, bytes))
    }

    /// These keys and those of the next generation, which lie in `next`.
    pub(crate) fn with_next(&self, next: &Path) -> Result<Self, KeysError> {
        let mut keys = self.clone();
        let (newest, _) = self.newest();
        keys.masters.insert(newest.saturating_add(1), read_key(&next.join("master.key"))?);
        keys.blind = hmac::Key::new(hmac::HMAC_SHA256, &read_key(&next.join("blind.key"))?);
        Ok(keys)
    }

    /// When the newest generation was made, as its file says.
    ///
    /// # Errors
    /// The file cannot be looked at.
    pub fn newest_since(&self) -> Result<std::time::SystemTime, KeysError> {
        let path = self.directory.join(format!("master/{}.key", self.newest().0));
        fs::metadata(&path).and_then(|file| file.modified()).map_err(|source| file_error(&path, source))
    }

    /// The newest generation and its key.
    pub(crate) fn newest(&self) -> (Generation, &[u8; KEY_BYTES]) {
        // `open` refuses an empty directory, so the fallback never stands in for a real key.
        self.masters.last_key_value().map_or((0, &[0; KEY_BYTES]), |(number, key)| (*number, key))
    }

    /// The key of one generation.
    pub(crate) fn master(&self, generation: Generation) -> Option<&[u8; KEY_BYTES]> {
        self.masters.get(&generation)
    }
}

/// The bytes of an HMAC-SHA-256 tag.
pub(crate) fn digest(tag: &hmac::Tag) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(tag.as_ref());
    bytes
}

fn generation_of(path: &Path) -> Result<Generation, KeysError> {
    path.file_name()
        .and_then(|name| name.to_str())
        .and_then(|name| name.strip_suffix(".key"))
        .and_then(|number| number.parse().ok())
        .filter(|generation| *generation >= FIRST)
        .ok_or_else(|| KeysError::Name(path.to_owned()))
}

fn read_key(path: &Path) -> Result<[u8; KEY_BYTES], KeysError> {
    let bytes = fs::read(path).map_err(|source| file_error(path, source))?;
    bytes.try_into().map_err(|_| KeysError::Length(path.to_owned()))
}

/// Makes a key file of random bytes unless it exists.
pub(crate) fn create_key(path: &Path) -> Result<(), KeysError> {
    let mut key = [0; KEY_BYTES];
    SystemRandom::new().fill(&mut key).map_err(|_| KeysError::Random)?;
    create_once(path, &key)
}

/// Makes a private file unless it exists: written under another name, synced, then linked into place, so that
/// nobody ever reads half a key and nobody's key is overwritten.
pub(crate) fn create_once(path: &Path, content: &[u8]) -> Result<(), KeysError> {
    if path.exists() {
        return Ok(());
    }
    let mut suffix = [0; 8];
    SystemRandom::new().fill(&mut suffix).map_err(|_| KeysError::Random)?;
    let draft = path.with_extension(format!("{}.new", hex::encode(suffix)));
    let made = write_key(&draft, content).and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    });
    let removed = fs::remove_file(&draft);
    made.and(removed).map_err(|source| file_error(path, source))?;
    sync_directory(path.parent().unwrap_or(path))
}

/// Makes what was linked into or removed from a directory survive a crash.
pub(crate) fn sync_directory(directory: &Path) -> Result<(), KeysError> {
    fs::File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(|source| file_error(directory, source))
}

fn write_key(path: &Path, key: &[u8]) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(key)?;
    file.sync_all()
}

pub(crate) fn file_error(path: &Path, source: io::Error) -> KeysError {
    KeysError::File { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn keys_are_made_once_private_and_read_again() {
        let directory = tempfile::tempdir().unwrap();
        let made = Keys::open_or_create(directory.path()).unwrap();
        let again = Keys::open_or_create(directory.path()).unwrap();
        assert_eq!(made.blind_index("+255700000001"), again.blind_index("+255700000001"));
        assert_ne!(made.blind_index("+255700000001"), made.blind_index("+255700000002"));
        assert_eq!(made.keyed_hash(b"x"), again.keyed_hash(b"x"));
        for name in ["master/1.key", "blind.key", "hash.key"] {
            let mode = fs::metadata(directory.path().join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        assert_eq!(fs::read_dir(directory.path().join("master")).unwrap().count(), 1, "no draft is left");
    }

    #[test]
    fn a_missing_or_damaged_key_is_named() {
        let directory = tempfile::tempdir().unwrap();
        assert!(matches!(Keys::open(directory.path()), Err(KeysError::File { .. })));
        Keys::open_or_create(directory.path()).unwrap();
        fs::write(directory.path().join("blind.key"), b"short").unwrap();
        assert!(matches!(Keys::open(directory.path()), Err(KeysError::Length(_))));
    }

    #[test]
    fn the_newest_generation_is_the_highest_number() {
        let directory = tempfile::tempdir().unwrap();
        Keys::open_or_create(directory.path()).unwrap();
        fs::create_dir(directory.path().join("blind")).unwrap();
        fs::write(directory.path().join("blind/10.key"), [9; 32]).unwrap();
        fs::write(directory.path().join("master/10.key"), [7; 32]).unwrap();
        fs::write(directory.path().join("master/9.key"), [8; 32]).unwrap();
        let keys = Keys::open(directory.path()).unwrap();
        assert_eq!(keys.newest(), (10, &[7; 32]));
        assert_eq!(keys.master(9), Some(&[8; 32]));
        assert!(!format!("{keys:?}").contains("[7"));
    }
}
