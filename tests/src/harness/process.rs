//! The real binary as a process: started, waited for, killed, started again on the same port.
#![allow(clippy::panic, clippy::expect_used, reason = "a service that cannot be run fails the test")]

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use super::wait::{wait_for, wait_until};

/// A debug build on two busy cores.
const START_LIMIT: Duration = Duration::from_secs(60);
/// What a service may take to end by itself.
const STOP_LIMIT: Duration = Duration::from_secs(30);
/// What a service prints when it accepts connections.
const LISTENING: &str = "listening on ";

/// What to run, and with which environment. A process can be started from it any number of times.
#[derive(Debug, Clone)]
pub struct Spec {
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
}

impl Spec {
    /// `chajipoa ARGUMENTS…`, listening on any free port of 127.0.0.1.
    #[must_use]
    pub fn new(arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        Self { arguments, environment: Vec::new() }
            .env("CHAJIPOA_BIND", "127.0.0.1:0")
            .env("CHAJIPOA_SANDBOX_BIND", "127.0.0.1:0")
            .env("RUST_LOG", "info")
    }

    /// Sets a variable; the last value of a name counts.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// Runs it to its end and returns whether it succeeded and everything it printed.
    #[must_use]
    pub fn run(&self) -> (ExitStatus, String) {
        let output = self.command().stdin(Stdio::null()).output().expect("the binary can be run");
        let said = [output.stdout, output.stderr].concat();
        (output.status, String::from_utf8_lossy(&said).into_owned())
    }

    /// Starts it and waits until it listens.
    pub async fn start(&self) -> Process {
        let mut process = self.launch();
        process.wait_listening().await;
        process
    }

    /// Starts it and does not wait; for a service that is to fail or to stand by.
    #[must_use]
    pub fn launch(&self) -> Process {
        let logs = tempfile::tempdir().expect("a folder for the log");
        let mut process = Process { spec: self.clone(), child: None, address: None, logs, starts: 0 };
        process.spawn();
        process
    }

    /// Nothing of the tests' own environment that a service would understand reaches it.
    fn command(&self) -> Command {
        let mut command = Command::new(binary());
        for (name, _) in std::env::vars() {
            if name.starts_with("CHAJIPOA_") || name.starts_with("DATABASE_") || name == "KAFKA_BROKERS" {
                command.env_remove(name);
            }
        }
        command.args(&self.arguments).envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// A running service. Dropping it kills it.
#[derive(Debug)]
pub struct Process {
    spec: Spec,
    child: Option<Child>,
    address: Option<String>,
    logs: tempfile::TempDir,
    starts: u32,
}

impl Process {
    /// `http://127.0.0.1:PORT`.
    ///
    /// # Panics
    /// When it does not listen yet.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address.as_deref().expect("the service listens"))
    }

    /// The process id while it runs.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Waits until it says where it listens.
    ///
    /// # Panics
    /// When it ends before, or takes too long; with its log.
    pub async fn wait_listening(&mut self) {
        let log = self.log_file();
        let found = wait_for("the service listens", START_LIMIT, async || {
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            if let Some(address) = listening(&said) {
                return Some(Ok(address));
            }
            self.ended().map(Err)
        });
        match found.await {
            Ok(address) => self.address = Some(address),
            Err(status) => panic!("the service ended with {status}:\n{}", self.log()),
        }
    }

    /// Waits until `/health` answers 200.
    ///
    /// # Panics
    /// When that takes longer than `limit`.
    pub async fn wait_ready(&self, limit: Duration) {
        let url = format!("{}/health", self.url());
        let client = reqwest::Client::new();
        wait_until("the service is healthy", limit, async || {
            let answer = client.get(&url).timeout(Duration::from_secs(5)).send().await;
            answer.is_ok_and(|answer| answer.status().is_success())
        })
        .await;
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.as_mut().and_then(|child| child.try_wait().expect("its state can be asked"))
    }

    /// Waits until it has ended by itself.
    ///
    /// # Panics
    /// When that takes longer than `limit`.
    pub async fn wait_ended(&mut self, limit: Duration) -> ExitStatus {
        wait_for("the service ends", limit, async || self.ended()).await
    }

    /// kill -9, at once, and waits until it is gone. Asking twice is fine.
    pub fn kill9(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself; then there is nothing to kill.
            let _ = child.kill();
            child.wait().expect("it is our child");
        }
    }

    /// Asks it to stop, waits, and returns how it ended.
    ///
    /// # Panics
    /// When it does not end in time; with its log.
    pub async fn stop(&mut self) -> ExitStatus {
        self.signal("TERM");
        let status = self.wait_ended(STOP_LIMIT).await;
        self.child = None;
        status
    }

    /// Sends a signal by name, such as `STOP`, `CONT`, `TERM`.
    ///
    /// # Panics
    /// When it does not run.
    pub fn signal(&self, name: &str) {
        let id = self.id().expect("the service runs").to_string();
        let status = Command::new("kill").args(["-s", name, &id]).status().expect("kill can be run");
        assert!(status.success(), "kill -s {name} {id} failed");
    }

    /// Starts it again after it ended or was killed, on the address it had, and waits until it listens.
    pub async fn restart(&mut self) {
        self.kill9();
        if let Some(address) = self.address.take() {
            self.spec = self.spec.clone().env("CHAJIPOA_BIND", address);
        }
        self.spawn();
        self.wait_listening().await;
    }

    /// Everything it has printed since it was last started.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.logs.path().join(format!("{}.log", self.starts))
    }

    fn spawn(&mut self) {
        self.starts = self.starts.saturating_add(1);
        let log = File::create(self.log_file()).expect("a log");
        let errors = log.try_clone().expect("a log");
        let mut command = self.spec.command();
        command.stdin(Stdio::null()).stdout(log).stderr(errors);
        self.child = Some(command.spawn().expect("the binary can be run"));
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- chajipoa {}:\n{}", self.spec.arguments.join(" "), self.log());
        }
        self.kill9();
    }
}

/// The address behind the last `listening on `.
fn listening(said: &str) -> Option<String> {
    let after = said.rsplit_once(LISTENING)?.1;
    let address: String =
        after.chars().take_while(|&letter| letter.is_ascii_digit() || ".:".contains(letter)).collect();
    // A line that is still being written may lack the end of the port.
    let complete = after.len() > address.len();
    complete.then_some(address)
}

/// The `chajipoa` binary: `CHAJIPOA_BIN`, else the one that cargo put beside this test's folder.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("CHAJIPOA_BIN") {
        return PathBuf::from(path);
    }
    let own = std::env::current_exe().expect("this test has a path");
    let found = own.ancestors().skip(1).map(|folder| folder.join("chajipoa")).find(|path| is_program(path));
    found.unwrap_or_else(|| panic!("no chajipoa beside {}: cargo build -p chajipoa", own.display()))
}

fn is_program(path: &Path) -> bool {
    path.is_file()
}

#[cfg(test)]
mod tests {
    use super::listening;

    #[test]
    fn the_address_is_read_once_its_line_is_complete() {
        assert_eq!(listening("starting\nlistening on 127.0.0.1:4711\n"), Some("127.0.0.1:4711".to_owned()));
        assert_eq!(
            listening("{\"message\":\"listening on 127.0.0.1:4711\"}"),
            Some("127.0.0.1:4711".to_owned())
        );
        assert_eq!(listening("listening on 127.0.0.1:47"), None);
        assert_eq!(listening("starting\n"), None);
    }
}
