//! Secrets as they are made, written down and read: one on a line, readable by their owner only.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::rand::{SecureRandom as _, SystemRandom};

use super::path_secrets::{SecretError, SecretName};

/// Random bytes of a new secret.
const RANDOM: usize = 32;
/// More have no place in a path.
const LONGEST: usize = 256;
/// Fewer characters can be guessed.
const SHORTEST: usize = 16;

/// A new secret.
pub(super) fn fresh() -> Result<String, SecretError> {
    let mut bytes = [0; RANDOM];
    SystemRandom::new().fill(&mut bytes).map_err(|_| SecretError::Random)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Secrets in their form.
pub(super) fn parse<'a>(
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

/// The secrets in a file.
pub(super) fn read(name: SecretName, path: &Path) -> Result<Vec<String>, SecretError> {
    let text =
        fs::read_to_string(path).map_err(|source| SecretError::File { path: path.to_owned(), source })?;
    parse(name, name.file(), text.lines())
}

/// Writes the file whole under another name, then puts it in its place: only where nothing is, if it is to be made.
pub(super) fn write(path: &Path, secrets: &[String], make: bool) -> Result<(), SecretError> {
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
