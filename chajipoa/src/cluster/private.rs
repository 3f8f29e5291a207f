//! The cluster as its owner sees it: open, ask for its address, stop.

use std::fs::{File, TryLockError};
use std::io::{Seek, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use super::account::Account;
use super::binaries::Binaries;
use super::control;
use super::create::{SUPERUSER, create};
use super::error::ClusterError;
use super::files::{during, read_if_there, write_private};
use super::home::Home;
use super::settings;

/// A running private cluster. Dropping it stops the server; [`PrivateCluster::stop`] also says whether that worked.
#[derive(Debug)]
pub struct PrivateCluster {
    home: Home,
    binaries: Binaries,
    account: Account,
    connection: Connection,
    /// Held as long as we live; the kernel lets go of it when we die.
    _lock: File,
    adopted: bool,
    stopped: bool,
}

/// How to reach a private cluster as its superuser.
#[derive(Clone)]
pub struct Connection {
    port: u16,
    password: String,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Connection").field("port", &self.port).finish_non_exhaustive()
    }
}

impl Connection {
    /// The superuser's URL for a database of the cluster. `postgres` always exists.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{SUPERUSER}:{}@127.0.0.1:{}/{database}", self.password, self.port)
    }

    /// The port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Reads where the cluster of `local` answers, without starting it: for the tool beside a running `up`.
    /// Nothing when no cluster was ever made there.
    ///
    /// # Errors
    /// A file of the cluster is there and cannot be read.
    pub fn of(local: &Path) -> Result<Option<Self>, ClusterError> {
        match Home::known(local)? {
            Some(home) => Self::read(&home),
            None => Ok(None),
        }
    }

    fn read(home: &Home) -> Result<Option<Self>, ClusterError> {
        let port = read_if_there(&home.port_file())?.and_then(|port| port.parse().ok());
        let password = read_if_there(&home.password_file())?;
        Ok(port.zip(password).map(|(port, password)| Self { port, password }))
    }
}

impl PrivateCluster {
    /// Opens the cluster of the folder `local` (`.local` in a checkout): made on first use, adopted when it runs,
    /// else started. Returns when it accepts connections.
    ///
    /// # Errors
    /// Postgres is missing, another process owns the cluster, or it does not start; each says what to do.
    pub fn open(local: &Path) -> Result<Self, ClusterError> {
        let account = Account::find()?;
        let home = Home::find_or_make(local, account)?;
        let lock = take(&home)?;
        let data = home.data();
        let binaries = match read_if_there(&data.join("PG_VERSION"))? {
            Some(major) => Binaries::of(&data, &major)?,
            None => Binaries::newest()?,
        };
        if !data.exists() {
            create(&home, &binaries, account)?;
        }
        let adopted = control::postmaster(&data).is_some();
        let connection = if adopted { running(&home)? } else { start(&home, &binaries, account)? };
        Ok(Self { home, binaries, account, connection, _lock: lock, adopted, stopped: false })
    }

    /// How to reach it as its superuser.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Whether it ran already, left over from a process that was killed.
    #[must_use]
    pub fn adopted(&self) -> bool {
        self.adopted
    }

    /// The server's log.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.home.log()
    }

    /// Starts the server again, on the same port, if it has ended since.
    ///
    /// # Errors
    /// As [`PrivateCluster::open`].
    pub fn ensure_running(&mut self) -> Result<(), ClusterError> {
        if control::postmaster(&self.home.data()).is_none() {
            control::start(&self.home, &self.binaries, self.account)?;
        }
        Ok(())
    }

    /// Stops the server: sessions are ended, a checkpoint is written.
    ///
    /// # Errors
    /// `pg_ctl` could not be run, or the server did not stop in time.
    pub fn stop(mut self) -> Result<(), ClusterError> {
        self.stop_now()
    }

    /// What a kill of this process does: the lock is gone, the server runs on.
    #[cfg(test)]
    pub(super) fn abandon(mut self) {
        self.stopped = true;
    }

    fn stop_now(&mut self) -> Result<(), ClusterError> {
        self.stopped = true;
        match control::postmaster(&self.home.data()) {
            Some(_) => control::stop(&self.home, &self.binaries, self.account),
            None => Ok(()),
        }
    }
}

impl Drop for PrivateCluster {
    fn drop(&mut self) {
        if self.stopped {
            return;
        }
        if let Err(error) = self.stop_now() {
            tracing::error!(%error, "the private cluster was left running; the next start adopts it");
        }
    }
}

/// Takes the lock that makes us the owner, and writes down who we are for whoever comes second.
fn take(home: &Home) -> Result<File, ClusterError> {
    let path = home.lock_file();
    let options = File::options().read(true).write(true).create(true).truncate(false).open(&path);
    let mut file = during("open", &path, options)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let holder = read_if_there(&path)?.unwrap_or_default();
            return Err(ClusterError::InUse { home: home.folder().to_owned(), holder });
        }
        Err(TryLockError::Error(error)) => return during("lock", &path, Err(error)),
    }
    during("write", &path, file.set_len(0))?;
    during("write", &path, file.rewind())?;
    during("write", &path, writeln!(file, "{}", std::process::id()))?;
    Ok(file)
}

/// The address of a server that runs already.
fn running(home: &Home) -> Result<Connection, ClusterError> {
    Connection::read(home)?.ok_or_else(|| {
        let missing = std::io::Error::other("the server runs, but its port or password file is gone");
        ClusterError::File { what: "adopt the cluster in", path: home.folder().to_owned(), source: missing }
    })
}

/// Starts the server on its kept port, or on another one if somebody else has that by now.
fn start(home: &Home, binaries: &Binaries, account: Account) -> Result<Connection, ClusterError> {
    let kept = read_if_there(&home.port_file())?.and_then(|port| port.parse().ok());
    let port = match kept.and_then(free) {
        Some(port) => port,
        None => new_port(home)?,
    };
    write_private(&home.port_file(), &format!("{port}\n"), account)?;
    write_private(&home.data().join("chajipoa.conf"), &settings::text(port), account)?;
    control::start(home, binaries, account)?;
    running(home)
}

fn free(port: u16) -> Option<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()?;
    listener.local_addr().ok().map(|address| address.port())
}

fn new_port(home: &Home) -> Result<u16, ClusterError> {
    let none = || std::io::Error::other("127.0.0.1 has no free port");
    during("find a port for", home.folder(), free(0).ok_or_else(none))
}
