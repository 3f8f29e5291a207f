//! Where the cluster lives: in `pg/` of the given folder, or, when the user `postgres` cannot reach that, in
//! `/var/lib/chajipoa/<hash of the folder's path>`; then `pg` is a file that says where.

use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::account::Account;
use super::error::ClusterError;
use super::files::{during, read_if_there, write_private};

/// Where clusters go that cannot live in their checkout.
const ELSEWHERE: &str = "/var/lib/chajipoa";

/// The cluster's folder and what lies in it.
#[derive(Debug, Clone)]
pub(super) struct Home {
    folder: PathBuf,
}

impl Home {
    /// The folder that an earlier start chose, if there is one.
    pub(super) fn known(local: &Path) -> Result<Option<Self>, ClusterError> {
        let marker = local.join("pg");
        if marker.is_dir() {
            return Ok(Some(Self { folder: during("find", &marker, marker.canonicalize())? }));
        }
        Ok(read_if_there(&marker)?.map(|folder| Self { folder: PathBuf::from(folder) }))
    }

    /// The folder that an earlier start chose, else a new one that `account` can use.
    pub(super) fn find_or_make(local: &Path, account: Account) -> Result<Self, ClusterError> {
        during("make", local, std::fs::create_dir_all(local))?;
        if let Some(home) = Self::known(local)? {
            make(&home.folder, account)?;
            if account.can_use(&home.folder) {
                return Ok(home);
            }
            // A checkout that was moved or closed off after its first start still holds the data.
            if home.data().exists() {
                return Err(ClusterError::Unreachable { wanted: home.folder.clone(), fallback: home.folder });
            }
        }
        Self::choose(local, account)
    }

    fn choose(local: &Path, account: Account) -> Result<Self, ClusterError> {
        let inside = during("find", local, local.canonicalize())?.join("pg");
        if !inside.is_file() {
            make(&inside, account)?;
            if account.can_use(&inside) {
                return Ok(Self { folder: inside });
            }
            during("remove", &inside, std::fs::remove_dir(&inside))?;
        }
        let elsewhere = Path::new(ELSEWHERE).join(short_hash(&inside));
        make(&elsewhere, account)?;
        if !account.can_use(&elsewhere) {
            return Err(ClusterError::Unreachable { wanted: inside, fallback: elsewhere });
        }
        write_private(&inside, &format!("{}\n", elsewhere.display()), Account::Ours)?;
        Ok(Self { folder: elsewhere })
    }

    /// The folder itself.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The data directory.
    pub(super) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// The port, kept so that addresses stay the same over restarts.
    pub(super) fn port_file(&self) -> PathBuf {
        self.folder.join("port")
    }

    /// The superuser's password.
    pub(super) fn password_file(&self) -> PathBuf {
        self.folder.join("password")
    }

    /// What the server has to say.
    pub(super) fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// The file whose lock says who owns the cluster.
    pub(super) fn lock_file(&self) -> PathBuf {
        self.folder.join("owner")
    }
}

/// Makes the folder and gives it to the account. Parents above it stay enterable for everyone.
fn make(folder: &Path, account: Account) -> Result<(), ClusterError> {
    if let Some(parent) = folder.parent() {
        during("make", parent, std::fs::DirBuilder::new().recursive(true).mode(0o755).create(parent))?;
    }
    if !folder.is_dir() {
        during("make", folder, std::fs::DirBuilder::new().mode(0o700).create(folder))?;
    }
    during("close", folder, std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)))?;
    account.own(folder)
}

/// Twelve hexadecimal digits of the path: enough that two checkouts of one machine do not meet.
fn short_hash(path: &Path) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, path.as_os_str().as_encoded_bytes());
    digest.as_ref().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_checkouts_have_two_names_and_each_always_the_same() {
        let one = short_hash(Path::new("/srv/one/.local/pg"));
        assert_eq!(one.len(), 12);
        assert_eq!(one, short_hash(Path::new("/srv/one/.local/pg")));
        assert_ne!(one, short_hash(Path::new("/srv/two/.local/pg")));
    }
}
