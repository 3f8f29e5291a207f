//! Who runs Postgres: ourselves, or, since Postgres refuses root, the user `postgres`.
//!
//! Does not look names up through the network: the account is a system account and stands in `/etc/passwd`.

use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::error::ClusterError;
use super::files::during;

/// The user under which Postgres' programs run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Account {
    /// We are not root: they run as we do.
    Ours,
    /// We are root: they run as `postgres`.
    Postgres {
        /// Its user number.
        uid: u32,
        /// Its group number.
        gid: u32,
    },
}

impl Account {
    /// Finds out who we are and, as root, who `postgres` is.
    pub(super) fn find() -> Result<Self, ClusterError> {
        let own = Path::new("/proc/self");
        if during("ask who runs", own, std::fs::metadata(own))?.uid() != 0 {
            return Ok(Self::Ours);
        }
        let passwd = Path::new("/etc/passwd");
        let text = during("read", passwd, std::fs::read_to_string(passwd))?;
        Self::in_passwd(&text).ok_or(ClusterError::NoAccount)
    }

    fn in_passwd(text: &str) -> Option<Self> {
        let line = text.lines().find(|line| line.starts_with("postgres:"))?;
        let mut fields = line.split(':').skip(2);
        let uid = fields.next()?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some(Self::Postgres { uid, gid })
    }

    /// A command that runs under this account, away from our folder (which it may not be allowed to enter) and with
    /// none of the libpq variables of whoever started us.
    pub(super) fn command(self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir("/").stdin(Stdio::null()).env("LC_ALL", "C");
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("PG")) {
                command.env_remove(name);
            }
        }
        if let Self::Postgres { uid, gid } = self {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Gives a file or folder to this account.
    pub(super) fn own(self, path: &Path) -> Result<(), ClusterError> {
        match self {
            Self::Ours => Ok(()),
            Self::Postgres { uid, gid } => during("give away", path, chown(path, Some(uid), Some(gid))),
        }
    }

    /// Whether this account can write into the folder, its parents included.
    pub(super) fn can_use(self, folder: &Path) -> bool {
        let test = Path::new("/usr/bin/test");
        let status = self.command(test).arg("-w").arg(folder).stdout(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_is_read_from_its_line_and_from_no_other() {
        let text = "root:x:0:0:root:/root:/bin/bash\npostgresql:x:7:8::/:/bin/sh\npostgres:x:101:104:,,,:/var:/bin/sh\n";
        assert_eq!(Account::in_passwd(text), Some(Account::Postgres { uid: 101, gid: 104 }));
        assert_eq!(Account::in_passwd("root:x:0:0:root:/root:/bin/bash\n"), None);
        assert_eq!(Account::in_passwd("postgres:x:none:104::/:/bin/sh\n"), None);
    }
}
