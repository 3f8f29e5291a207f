//! Secrets that we share with providers: those that stand in a path, so that whoever knows one may post there, and the one
//! that calls of Bill Pay are signed with.
//!
//! They come from a setting, or from a file in the keys directory (0600), one on a line, made at first start. The first is
//! the one to give out, the others are still accepted: so a provider's registration may change while callbacks to the old
//! address are on their way. A change of the file is seen by running processes within seconds.
//!
//! Compared are keyed hashes, so how long it takes says nothing about how much of a guess was right.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};

/// Random bytes of a new secret.
const RANDOM: usize = 32;
/// Fewer characters can be guessed.
const SHORTEST: usize = 16;
/// More have no place in a path.
const LONGEST: usize = 256;
/// How old the reading of the file may be.
const REREAD: Duration = Duration::from_secs(5);
/// How soon it is read again for the sake of one that is not known yet.
const REREAD_FOR_UNKNOWN: Duration = Duration::from_millis(500);

/// Which path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretName {
    /// Outcomes of payments.
    Callback,
    /// What became of messages.
    Delivery,
    /// Calls of Bill Pay: it signs them, and stands in no path.
    Bill,
}

impl SecretName {
    /// The file in the keys directory.
    #[must_use]
    pub const fn file(self) -> &'static str {
        match self {
            Self::Callback => "callback",
            Self::Delivery => "delivery",
            Self::Bill => "bill",
        }
    }

    /// The setting that takes the place of the file.
    #[must_use]
    pub const fn setting(self) -> &'static str {
        match self {
            Self::Callback => "AZAMPAY_CALLBACK_SECRET",
            Self::Delivery => "SMS_DELIVERY_SECRET",
            Self::Bill => "AZAMPAY_BILL_SECRET",
        }
    }

    /// The path up to its secret; of Bill Pay, up to what is called.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Callback => "/api/v1/payments/callback/",
            Self::Delivery => "/api/v1/sms/delivery/",
            Self::Bill => "/api/merchant/",
        }
    }
}

/// Why there are no secrets.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read or written.
    #[error("{} cannot be used", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A secret is no secret. It is not shown.
    #[error("a secret of {0} is not 16 to 256 visible characters, in a path of A-Z a-z 0-9 - _")]
    Form(&'static str),
    /// There is none.
    #[error("{0} holds no secret")]
    None(&'static str),
    /// They come from a setting, which is changed where it is set.
    #[error("{0} is set: change it there")]
    Set(&'static str),
    /// The random source failed.
    #[error("the random source failed")]
    Random,
}

#[derive(Debug, Clone)]
enum Source {
    Setting,
    File(PathBuf),
}

struct Reading {
    secrets: Vec<String>,
    at: Instant,
}

/// The secrets of one path.
pub struct PathSecrets {
    name: SecretName,
    source: Source,
    key: hmac::Key,
    reading: RwLock<Reading>,
}

impl std::fmt::Debug for PathSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PathSecrets").field("name", &self.name).finish_non_exhaustive()
    }
}

impl PathSecrets {
    /// The secrets of a path: those of the setting (comma separated), else those of the file beside the keys, which is made
    /// if it is not there.
    ///
    /// # Errors
    /// The file cannot be used, or what is given is no secret.
    pub fn open(keys: &Path, name: SecretName, setting: Option<&str>) -> Result<Self, SecretError> {
        let key =
            hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).map_err(|_| SecretError::Random)?;
        let (source, secrets) = match setting {
            Some(text) => (Source::Setting, parse(name, name.setting(), text.split(','))?),
            None => {
                let path = keys.join(name.file());
                if !path.exists() {
                    write(&path, &[fresh()?], true)?;
                }
                let secrets = read(name, &path)?;
                (Source::File(path), secrets)
            }
        };
        Ok(Self { name, source, key, reading: RwLock::new(Reading { secrets, at: Instant::now() }) })
    }

    /// The secret to give out.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn current(&self) -> Result<String, SecretError> {
        self.secrets()?.into_iter().next().ok_or(SecretError::None(self.name.file()))
    }

    /// The path to give out, with its secret.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn current_path(&self) -> Result<String, SecretError> {
        Ok(format!("{}{}", self.name.path(), self.current()?))
    }

    /// Every secret that is accepted, the one to give out first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn secrets(&self) -> Result<Vec<String>, SecretError> {
        match &self.source {
            Source::Setting => Ok(self.known()),
            Source::File(path) => read(self.name, path),
        }
    }

    /// Puts a new secret before the others, which are still accepted. Returns the new one.
    ///
    /// # Errors
    /// They come from a setting, or the file cannot be written.
    pub fn rotate(&self) -> Result<String, SecretError> {
        let new = fresh()?;
        let mut secrets = self.secrets()?;
        secrets.insert(0, new.clone());
        self.replace(&secrets)?;
        Ok(new)
    }

    /// Accepts no secret any more but the one to give out. Returns how many were dropped.
    ///
    /// # Errors
    /// They come from a setting, or the file cannot be written.
    pub fn drop_old(&self) -> Result<usize, SecretError> {
        let mut secrets = self.secrets()?;
        let old = secrets.len().saturating_sub(1);
        secrets.truncate(1);
        self.replace(&secrets)?;
        Ok(old)
    }

    /// Every secret that is accepted, read again if the last reading is old.
    pub(crate) fn accepted(&self) -> Vec<String> {
        self.reread(REREAD);
        self.known()
    }

    /// Whether this is a secret of the path.
    pub(crate) fn accept(&self, given: &str) -> bool {
        self.reread(REREAD);
        if self.is_known(given) {
            return true;
        }
        // It may have been made a moment ago.
        self.reread(REREAD_FOR_UNKNOWN) && self.is_known(given)
    }

    /// Looks at every secret, whichever fits.
    fn is_known(&self, given: &str) -> bool {
        let fits = |secret: &String| {
            let tag = hmac::sign(&self.key, secret.as_bytes());
            hmac::verify(&self.key, given.as_bytes(), tag.as_ref()).is_ok()
        };
        self.known().iter().fold(false, |known, secret| fits(secret) | known)
    }

    fn known(&self) -> Vec<String> {
        self.reading.read().unwrap_or_else(PoisonError::into_inner).secrets.clone()
    }

    /// Reads the file again if the last reading is older than that; whether it did. One that cannot be read changes nothing.
    fn reread(&self, oldest: Duration) -> bool {
        let Source::File(path) = &self.source else { return false };
        let is_old = |reading: &Reading| reading.at.elapsed() >= oldest;
        if !is_old(&self.reading.read().unwrap_or_else(PoisonError::into_inner)) {
            return false;
        }
        let mut reading = self.reading.write().unwrap_or_else(PoisonError::into_inner);
        if is_old(&reading) {
            reading.at = Instant::now();
            match read(self.name, path) {
                Ok(secrets) => reading.secrets = secrets,
                Err(error) => tracing::warn!(%error, "the secrets of a path could not be read again"),
            }
        }
        true
    }

    fn replace(&self, secrets: &[String]) -> Result<(), SecretError> {
        match &self.source {
            Source::Setting => Err(SecretError::Set(self.name.setting())),
            Source::File(path) => write(path, secrets, false),
        }
    }
}

fn fresh() -> Result<String, SecretError> {
    let mut bytes = [0; RANDOM];
    SystemRandom::new().fill(&mut bytes).map_err(|_| SecretError::Random)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

fn parse<'a>(
    name: SecretName,
    named: &'static str,
    texts: impl Iterator<Item = &'a str>,
) -> Result<Vec<String>, SecretError> {
    let fits = |text: &str| {
        (SHORTEST..=LONGEST).contains(&text.len())
            && text.bytes().all(|byte| match name {
                SecretName::Callback | SecretName::Delivery => {
                    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
                }
                SecretName::Bill => byte.is_ascii_graphic(),
            })
    };
    let texts = texts.map(str::trim).filter(|text| !text.is_empty());
    let secrets: Vec<String> = texts
        .map(|text| if fits(text) { Ok(text.to_owned()) } else { Err(SecretError::Form(named)) })
        .collect::<Result<_, _>>()?;
    if secrets.is_empty() { Err(SecretError::None(named)) } else { Ok(secrets) }
}

fn read(name: SecretName, path: &Path) -> Result<Vec<String>, SecretError> {
    let text =
        fs::read_to_string(path).map_err(|source| SecretError::File { path: path.to_owned(), source })?;
    parse(name, name.file(), text.lines())
}

/// Writes the file whole under another name, then puts it in its place: only where nothing is, if it is to be made.
fn write(path: &Path, secrets: &[String], make: bool) -> Result<(), SecretError> {
    let draft = path.with_extension(format!("{}.new", fresh()?));
    let written = || -> io::Result<()> {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(format!("{}\n", secrets.join("\n")).as_bytes())?;
        file.sync_all()?;
        if !make {
            return fs::rename(&draft, path);
        }
        let linked = fs::hard_link(&draft, path);
        fs::remove_file(&draft)?;
        match linked {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            linked => linked,
        }
    };
    written().map_err(|source| SecretError::File { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_made_once_and_both_hold_until_the_old_one_is_dropped() {
        let keys = tempfile::tempdir().unwrap();
        let open = || PathSecrets::open(keys.path(), SecretName::Callback, None).unwrap();
        let secrets = open();
        let old = secrets.current().unwrap();
        assert_eq!(open().current().unwrap(), old);
        let new = secrets.rotate().unwrap();
        assert_ne!(new, old);
        let running = open();
        assert_eq!(running.current_path().unwrap(), format!("/api/v1/payments/callback/{new}"));
        assert!(running.accept(&old) && running.accept(&new));
        assert_eq!(secrets.drop_old().unwrap(), 1);
        let running = open();
        assert!(running.accept(&new) && !running.accept(&old) && !running.accept(""));
        assert!(!running.accept(&new[1..]) && !running.accept(&format!("{new}x")));
    }

    #[test]
    fn a_setting_takes_the_place_of_the_file_and_short_ones_are_none() {
        let keys = tempfile::tempdir().unwrap();
        let open = |text: &str| PathSecrets::open(keys.path(), SecretName::Delivery, Some(text));
        let secrets = open("0123456789abcdef, abcdefabcdefabcdef").unwrap();
        assert_eq!(secrets.current().unwrap(), "0123456789abcdef");
        assert!(secrets.accept("abcdefabcdefabcdef"));
        assert!(matches!(secrets.rotate(), Err(SecretError::Set("SMS_DELIVERY_SECRET"))));
        for bad in ["", ",", "short", "0123456789abcdef/..", "0123456789abcdef,x"] {
            assert!(open(bad).is_err(), "{bad}");
        }
        assert!(!keys.path().join("delivery").exists());
    }

    #[test]
    fn a_million_guesses_are_none() {
        let keys = tempfile::tempdir().unwrap();
        let secrets = PathSecrets::open(keys.path(), SecretName::Callback, None).unwrap();
        let right = secrets.current().unwrap();
        let known = right.len() - 5;
        let start = &right[..known];
        let hits = (0..1_000_000).filter(|number| {
            // Even of somebody who knows all but the end.
            let guess = format!("{start}{number:05x}");
            guess != right && secrets.accept(&guess)
        });
        assert_eq!(hits.count(), 0);
        assert!(secrets.accept(&right));
    }
}
