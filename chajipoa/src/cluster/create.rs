//! Makes the data directory, once.
//!
//! `initdb` works in `data.new`, which gets its name only when it is complete: a first start that was killed begins
//! again instead of leaving half a cluster.

use std::path::Path;

use ring::rand::{SecureRandom, SystemRandom};

use super::account::Account;
use super::binaries::Binaries;
use super::control::run;
use super::error::ClusterError;
use super::files::{during, write_private};
use super::home::Home;

/// The superuser of the cluster; only `migrate` and `up` use it.
pub(super) const SUPERUSER: &str = "postgres";

/// Random bytes of a password: as strong as the keys beside it.
const PASSWORD_BYTES: usize = 24;

/// Runs `initdb` and names our settings file in `postgresql.conf`.
pub(super) fn create(home: &Home, binaries: &Binaries, account: Account) -> Result<(), ClusterError> {
    let data = home.data();
    let new = home.folder().join("data.new");
    if new.exists() {
        during("remove", &new, std::fs::remove_dir_all(&new))?;
    }
    write_private(&home.password_file(), &password()?, account)?;
    let program = binaries.program("initdb");
    let mut command = account.command(&program);
    command
        .arg("-D")
        .arg(&new)
        .args(["-U", SUPERUSER, "--auth=scram-sha-256", "--data-checksums", "--no-instructions"])
        .args(["--encoding=UTF8", "--locale=C.UTF-8"])
        .arg("--pwfile")
        .arg(home.password_file());
    run(command, &program, &home.log())?;
    include_settings(&new.join("postgresql.conf"))?;
    during("make", &data, std::fs::rename(&new, &data))
}

fn include_settings(conf: &Path) -> Result<(), ClusterError> {
    let mut text = during("read", conf, std::fs::read_to_string(conf))?;
    text.push_str("\ninclude 'chajipoa.conf'\n# Your own settings go below this line.\n");
    during("write", conf, std::fs::write(conf, text))
}

/// Hexadecimal, so that it stands in a URL as it is.
fn password() -> Result<String, ClusterError> {
    let mut bytes = [0u8; PASSWORD_BYTES];
    SystemRandom::new().fill(&mut bytes).map_err(|_| ClusterError::NoRandom)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
