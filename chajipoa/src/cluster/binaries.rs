//! Where Postgres' programs are: the newest that Debian installed, or those in `PATH`.

use std::path::{Path, PathBuf};

use super::error::ClusterError;

/// The folder of one Postgres version's programs.
#[derive(Debug, Clone)]
pub(super) struct Binaries {
    folder: PathBuf,
}

impl Binaries {
    /// The newest version, for data that is yet to be made.
    pub(super) fn newest() -> Result<Self, ClusterError> {
        let folder = debian().into_iter().next_back().map(|(_, folder)| folder).or_else(in_path);
        folder.map(|folder| Self { folder }).ok_or(ClusterError::NotInstalled)
    }

    /// The version that made the data, which no other can open.
    pub(super) fn of(data: &Path, major: &str) -> Result<Self, ClusterError> {
        let here = debian().into_iter().find(|(version, _)| version.to_string() == major);
        here.map(|(_, folder)| folder)
            .or_else(in_path)
            .map(|folder| Self { folder })
            .ok_or_else(|| ClusterError::VersionMissing { data: data.to_owned(), needed: major.to_owned() })
    }

    /// The path of one program.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// Debian's versions in ascending order. A folder may lack the server when only the client is installed.
fn debian() -> Vec<(u32, PathBuf)> {
    let Ok(entries) = std::fs::read_dir("/usr/lib/postgresql") else { return Vec::new() };
    let mut found: Vec<(u32, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, folder)| complete(folder))
        .collect();
    found.sort();
    found
}

fn in_path() -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).find(|folder| complete(folder))
}

fn complete(folder: &Path) -> bool {
    ["initdb", "pg_ctl", "postgres"].iter().all(|name| folder.join(name).is_file())
}
