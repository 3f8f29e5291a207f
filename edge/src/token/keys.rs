//! The signing keys: files in `$CHAJIPOA_KEYS/token`, PKCS#8 as PEM or DER, named by their `kid`.
//!
//! The key whose name sorts last signs, once everybody has had the time to read it; all verify. A missing first key is made; of several processes
//! that start at once one makes it and all use it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::{fmt, io};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use jsonwebtoken::DecodingKey;
use ring::signature::{Ed25519KeyPair, KeyPair};

use super::files::{create_once, token_directory};
use super::jwks::{Jwk, Jwks};
use super::ring::SETTLING;
use crate::clock::Clock;

/// The `kid` of the first key of an installation.
const FIRST: &str = "0001";

/// A key directory that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A file cannot be read or written.
    #[error("{} cannot be used", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file holds no Ed25519 key.
    #[error("{} holds no Ed25519 key in PKCS#8", path.display())]
    NoKey {
        /// Which file.
        path: PathBuf,
    },
    /// The shared subject's file holds no UUID.
    #[error("{} holds no UUID", path.display())]
    NoSubject {
        /// Which file.
        path: PathBuf,
    },
    /// No key could be made.
    #[error("no key could be made")]
    NotMade,
    /// A key that is not there, or that signs, is not removed.
    #[error("{kid} is no key, or the one that signs now")]
    NotRemovable {
        /// Its name.
        kid: String,
    },
}

pub(super) struct TokenKey {
    pub(super) pair: Ed25519KeyPair,
    /// Since when the file lies there.
    since: DateTime<Utc>,
    pub(super) decoding: DecodingKey,
}

/// All keys of the installation, as last read.
pub struct TokenKeys {
    directory: PathBuf,
    keys: BTreeMap<String, TokenKey>,
}

impl fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenKeys").field("kids", &self.keys.keys()).finish_non_exhaustive()
    }
}

impl TokenKeys {
    /// Reads the keys below `keys` (the directory of `CHAJIPOA_KEYS`), making the first if there is none.
    ///
    /// # Errors
    /// The directory or a file in it cannot be used.
    pub fn open_or_create(keys: &Path, clock: &dyn Clock) -> Result<Self, KeyError> {
        let directory = token_directory(keys)?;
        let opened = Self::read(&directory)?;
        if !opened.keys.is_empty() {
            return Ok(opened);
        }
        let path = directory.join(format!("{FIRST}.pem"));
        create_once(&path, new_pem()?.as_bytes(), clock)
            .map_err(|source| KeyError::File { path: path.clone(), source })?;
        Self::read(&directory)
    }

    /// Reads the directory again.
    pub(super) fn reread(&self) -> Result<Self, KeyError> {
        Self::read(&self.directory)
    }

    fn read(directory: &Path) -> Result<Self, KeyError> {
        let at = |source| KeyError::File { path: directory.to_owned(), source };
        let mut keys = BTreeMap::new();
        for entry in fs::read_dir(directory).map_err(at)? {
            let path = entry.map_err(at)?.path();
            let Some(kid) = path.file_stem().and_then(|stem| stem.to_str()) else { continue };
            let pem = match path.extension().and_then(|extension| extension.to_str()) {
                Some("pem") => true,
                Some("der") => false,
                Some(_) | None => continue,
            };
            keys.insert(kid.to_owned(), read_key(&path, pem)?);
        }
        Ok(Self { directory: directory.to_owned(), keys })
    }

    pub(super) fn get(&self, kid: &str) -> Option<&TokenKey> {
        self.keys.get(kid)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The key that signs now: the newest that everybody has had the time to read, else the oldest.
    pub(super) fn signing(&self, now: DateTime<Utc>) -> Option<(&str, &TokenKey)> {
        let settled = |(_, key): &(&String, &TokenKey)| now - key.since >= SETTLING;
        // A first key cannot wait: nobody knows any other.
        let chosen = self.keys.iter().rev().find(settled).or_else(|| self.keys.first_key_value());
        chosen.map(|(kid, key)| (kid.as_str(), key))
    }

    /// The name of the key that signs now.
    #[must_use]
    pub fn signs_now(&self, clock: &dyn Clock) -> Option<&str> {
        self.signing(clock.now()).map(|(kid, _)| kid)
    }

    /// Adds a key, which verifies at once and signs a little later, and returns its name.
    ///
    /// # Errors
    /// It cannot be made or written.
    pub fn add(&self, clock: &dyn Clock) -> Result<String, KeyError> {
        let numbers = self.keys.keys().filter_map(|kid| kid.parse::<u32>().ok());
        let kid = format!("{:04}", numbers.max().unwrap_or(0).saturating_add(1));
        let path = self.directory.join(format!("{kid}.pem"));
        create_once(&path, new_pem()?.as_bytes(), clock)
            .map_err(|source| KeyError::File { path: path.clone(), source })?;
        Ok(kid)
    }

    /// Removes a key: whatever it signed holds no longer.
    ///
    /// # Errors
    /// There is no such key, it is the one that signs, or its file cannot be removed.
    pub fn remove(&self, kid: &str, clock: &dyn Clock) -> Result<(), KeyError> {
        if !self.keys.contains_key(kid) || self.signs_now(clock) == Some(kid) {
            return Err(KeyError::NotRemovable { kid: kid.to_owned() });
        }
        for extension in ["pem", "der"] {
            let path = self.directory.join(format!("{kid}.{extension}"));
            match fs::remove_file(&path) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(KeyError::File { path, source }),
            }
        }
        Ok(())
    }

    /// The public keys.
    pub fn jwks(&self) -> Jwks {
        let jwk = |(kid, key): (&String, &TokenKey)| {
            Jwk::ed25519(kid.clone(), URL_SAFE_NO_PAD.encode(key.pair.public_key().as_ref()))
        };
        Jwks { keys: self.keys.iter().map(jwk).collect() }
    }
}

fn new_pem() -> Result<String, KeyError> {
    let random = ring::rand::SystemRandom::new();
    let der = Ed25519KeyPair::generate_pkcs8(&random).map_err(|_| KeyError::NotMade)?;
    let body = STANDARD.encode(der.as_ref());
    let lines: Vec<_> = body.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    Ok(format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n")))
}

fn read_key(path: &Path, pem: bool) -> Result<TokenKey, KeyError> {
    let bytes = fs::read(path).map_err(|source| KeyError::File { path: path.to_owned(), source })?;
    let no_key = || KeyError::NoKey { path: path.to_owned() };
    let der = if pem { pem_body(&bytes).ok_or_else(no_key)? } else { bytes };
    let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).map_err(|_| no_key())?;
    let decoding = DecodingKey::from_ed_der(pair.public_key().as_ref());
    let since = fs::metadata(path).and_then(|file| file.modified());
    let since = since.map_err(|source| KeyError::File { path: path.to_owned(), source })?.into();
    Ok(TokenKey { pair, since, decoding })
}

fn pem_body(bytes: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let body: String = text.lines().map(str::trim).filter(|line| !line.starts_with("-----")).collect();
    STANDARD.decode(body).ok()
}
