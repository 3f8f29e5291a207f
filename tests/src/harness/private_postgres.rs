//! A Postgres of one's own that may be hurt: stopped like a power cut, and started again on the same port.
#![allow(clippy::panic, clippy::expect_used, reason = "without its server a test has failed")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::Postgres;

/// A private cluster; stopped and removed when the value is dropped.
#[derive(Debug)]
pub struct PrivatePostgres {
    _folder: tempfile::TempDir,
    home: PathBuf,
    url: String,
}

impl PrivatePostgres {
    /// Makes and starts one.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the cluster");
        let home = PathBuf::from(script("home", folder.path()));
        let url = script("start", &home);
        Self { _folder: folder, home, url }
    }

    /// Its databases.
    #[must_use]
    pub fn cluster(&self) -> Postgres {
        Postgres::at(&self.url)
    }

    /// Where it keeps its data and its log.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// What a power cut leaves: no checkpoint, no goodbye.
    pub fn crash(&self) {
        script("crash", &self.home);
    }

    /// Starts it again.
    ///
    /// # Panics
    /// When it comes up on another port: then nobody would find it.
    pub fn restart(&self) {
        assert_eq!(script("start", &self.home), self.url);
    }
}

impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        if let Err(said) = run("wipe", &self.home) {
            eprintln!("{said}");
        }
    }
}

fn script(what: &str, folder: &Path) -> String {
    run(what, folder).unwrap_or_else(|said| panic!("scripts/pg.sh {what} failed:\n{said}"))
}

/// What the script printed, or what it complained about.
fn run(what: &str, folder: &Path) -> Result<String, String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../scripts/pg.sh");
    // The server keeps the script's outputs open for as long as it lives: files, not pipes.
    let said = tempfile::NamedTempFile::new().map_err(|error| error.to_string())?;
    let complained = tempfile::NamedTempFile::new().map_err(|error| error.to_string())?;
    let status = Command::new(&path)
        .arg(what)
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(said.reopen().map_err(|error| error.to_string())?)
        .stderr(complained.reopen().map_err(|error| error.to_string())?)
        .status()
        .map_err(|error| format!("{}: {error}", path.display()))?;
    let read = |file: &tempfile::NamedTempFile| std::fs::read_to_string(file.path()).unwrap_or_default();
    if status.success() { Ok(read(&said).trim().to_owned()) } else { Err(read(&complained)) }
}
