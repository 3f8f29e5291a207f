//! The keys that sign checkpoints: `checkpoint/<number>.pk8` in the keys directory, Ed25519 in PKCS#8, mode 0600.
//!
//! The highest number signs. A rotation makes the next key, keeps the public half of the former one as
//! `<number>.pub` and removes its private half: what it signed can be checked for ever, and nothing more is signed.

use std::{collections::BTreeMap, fmt, fs, path::Path};

use ring::{rand::SystemRandom, signature::Ed25519KeyPair};

use super::note::{Signer, VerifierKey};
use crate::seal::{
    KeysError,
    keys::{create_once, file_error, sync_directory},
};

/// The folder within the keys directory.
const FOLDER: &str = "checkpoint";

/// The number of the first key.
const FIRST: u32 = 1;

/// The keys that sign checkpoints, and those that did.
pub struct CheckpointKeys {
    number: u32,
    private: Vec<u8>,
    /// Every public key by its number, the present one included.
    public: BTreeMap<u32, [u8; 32]>,
}

impl fmt::Debug for CheckpointKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CheckpointKeys").field("number", &self.number).finish_non_exhaustive()
    }
}

impl CheckpointKeys {
    /// Reads the keys, after making the first one if there is none. Several processes may do so at once.
    ///
    /// # Errors
    /// A key cannot be made or read.
    pub fn open_or_create(directory: &Path) -> Result<Self, KeysError> {
        let folder = directory.join(FOLDER);
        fs::create_dir_all(&folder).map_err(|source| file_error(&folder, source))?;
        if newest(&folder)?.is_none() {
            create_once(&private_file(&folder, FIRST), &new_pair()?)?;
        }
        Self::open(&folder)
    }

    /// Makes the next key and forgets how to sign with the former one. A sealer that runs takes the new one with its
    /// next checkpoint.
    ///
    /// # Errors
    /// A key cannot be made, read or removed.
    pub fn rotate(directory: &Path) -> Result<Self, KeysError> {
        let before = Self::open_or_create(directory)?;
        let folder = directory.join(FOLDER);
        if let Some(public) = before.public.get(&before.number) {
            create_once(&folder.join(format!("{}.pub", before.number)), public)?;
        }
        create_once(&private_file(&folder, before.number.saturating_add(1)), &new_pair()?)?;
        let former = private_file(&folder, before.number);
        fs::remove_file(&former).map_err(|source| file_error(&former, source))?;
        sync_directory(&folder)?;
        Self::open(&folder)
    }

    /// The key that signs, under the name of an origin.
    #[must_use]
    pub fn signer(&self, origin: &str) -> Option<Signer> {
        Signer::new(origin, &self.private)
    }

    /// Every key that signs or has signed, under the name of an origin, the present one first.
    #[must_use]
    pub fn verifiers(&self, origin: &str) -> Vec<VerifierKey> {
        self.public.values().rev().filter_map(|public| VerifierKey::new(origin, *public)).collect()
    }

    fn open(folder: &Path) -> Result<Self, KeysError> {
        let number = newest(folder)?.unwrap_or(FIRST);
        let path = private_file(folder, number);
        let private = fs::read(&path).map_err(|source| file_error(&path, source))?;
        let mut public = former(folder)?;
        let signer = Signer::new("checkpoint", &private).ok_or(KeysError::Checkpoint(path))?;
        public.insert(number, *signer.verifier().public());
        Ok(Self { number, private, public })
    }
}

fn private_file(folder: &Path, number: u32) -> std::path::PathBuf {
    folder.join(format!("{number}.pk8"))
}

fn new_pair() -> Result<Vec<u8>, KeysError> {
    let pair = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| KeysError::Random)?;
    Ok(pair.as_ref().to_vec())
}

/// The highest number of a private key.
fn newest(folder: &Path) -> Result<Option<u32>, KeysError> {
    Ok(numbered(folder, "pk8")?.last_key_value().map(|(number, _)| *number))
}

/// The public keys that signed before.
fn former(folder: &Path) -> Result<BTreeMap<u32, [u8; 32]>, KeysError> {
    let read = |(number, path): (u32, std::path::PathBuf)| {
        let bytes = fs::read(&path).map_err(|source| file_error(&path, source))?;
        let public = bytes.try_into().map_err(|_| KeysError::Checkpoint(path))?;
        Ok((number, public))
    };
    numbered(folder, "pub")?.into_iter().map(read).collect()
}

fn numbered(folder: &Path, extension: &str) -> Result<BTreeMap<u32, std::path::PathBuf>, KeysError> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(|source| file_error(folder, source))? {
        let path = entry.map_err(|source| file_error(folder, source))?.path();
        let named = path.extension().is_some_and(|found| found == extension);
        let number = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse().ok());
        if let Some(number) = number.filter(|_| named) {
            files.insert(number, path);
        }
    }
    Ok(files)
}
