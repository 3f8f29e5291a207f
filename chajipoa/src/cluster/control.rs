//! Starting and stopping the server, and telling whether it runs.
//!
//! A process is this cluster's postmaster when its working directory is the data directory. Its number alone says
//! nothing: after a reboot another process may have it, and Postgres would refuse to start because of that.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::account::Account;
use super::binaries::Binaries;
use super::error::ClusterError;
use super::files::{during, remove_if_there};
use super::home::Home;

/// Recovery after a crash with 8 GB of log to replay takes minutes on a slow disk.
const START_LIMIT_SECONDS: &str = "600";
/// A fast stop waits for one checkpoint.
const STOP_LIMIT_SECONDS: &str = "120";
/// Backends of a killed postmaster notice its death within a second.
const LEFTOVER_LIMIT: Duration = Duration::from_secs(10);
/// How often the process table is looked at while waiting.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// The number of the running postmaster of this data directory.
pub(super) fn postmaster(data: &Path) -> Option<u32> {
    let text = std::fs::read_to_string(data.join("postmaster.pid")).ok()?;
    let number: u32 = text.lines().next()?.trim().parse().ok()?;
    works_in(number, data).then_some(number)
}

fn works_in(process: u32, data: &Path) -> bool {
    std::fs::read_link(format!("/proc/{process}/cwd")).is_ok_and(|folder| folder == data)
}

/// Starts the server and waits until it accepts connections. `pg_ctl` puts it into its own session.
pub(super) fn start(home: &Home, binaries: &Binaries, account: Account) -> Result<(), ClusterError> {
    let data = home.data();
    wait_for_leftovers(&data)?;
    remove_if_there(&data.join("postmaster.pid"))?;
    let program = binaries.program("pg_ctl");
    let mut command = account.command(&program);
    command.arg("start").arg("-D").arg(&data).arg("-l").arg(home.log());
    command.args(["-w", "-s", "-t", START_LIMIT_SECONDS]);
    run(command, &program, &home.log())
}

/// Fast stop: sessions are ended, a checkpoint is written.
pub(super) fn stop(home: &Home, binaries: &Binaries, account: Account) -> Result<(), ClusterError> {
    let program = binaries.program("pg_ctl");
    let mut command = account.command(&program);
    command.arg("stop").arg("-D").arg(home.data()).args(["-m", "fast", "-w", "-s", "-t", STOP_LIMIT_SECONDS]);
    run(command, &program, &home.log())
}

/// Runs one of Postgres' programs to its end. Its words go to a file and not a pipe: the server it starts inherits
/// them, and a pipe would stay open as long as the server lives.
pub(super) fn run(mut command: Command, program: &Path, log: &Path) -> Result<(), ClusterError> {
    let output = OutputFile::create(log)?;
    command.stdout(output.handle()?).stderr(output.handle()?);
    let status =
        command.status().map_err(|source| ClusterError::Spawn { program: program.to_owned(), source })?;
    if status.success() {
        return Ok(());
    }
    let said = output.text();
    Err(ClusterError::Program {
        program: program.to_owned(),
        log: log.to_owned(),
        output: last_lines(&said, log),
    })
}

/// What a program said, beside the server's log.
struct OutputFile {
    path: PathBuf,
    file: std::fs::File,
}

impl OutputFile {
    fn create(log: &Path) -> Result<Self, ClusterError> {
        let path = log.with_extension("last-command");
        let file = during("write", &path, std::fs::File::create(&path))?;
        Ok(Self { path, file })
    }

    fn handle(&self) -> Result<Stdio, ClusterError> {
        during("write", &self.path, self.file.try_clone()).map(Stdio::from)
    }

    fn text(&self) -> String {
        let mut text = String::new();
        // Without its words the error still names the program and the log.
        let _ = std::fs::File::open(&self.path).and_then(|mut file| file.read_to_string(&mut text));
        text
    }
}

/// The program's words and the end of the server's log.
fn last_lines(said: &str, log: &Path) -> String {
    const LINES: usize = 12;
    let logged = std::fs::read_to_string(log).unwrap_or_default();
    let tail = |text: &str| {
        let lines: Vec<&str> = text.lines().collect();
        let from = lines.len().saturating_sub(LINES);
        lines.into_iter().skip(from).map(|line| format!("  {line}\n")).collect::<String>()
    };
    format!("{}{}", tail(said), tail(&logged))
}

/// Waits until no process works in the data directory any more.
pub(super) fn wait_for_leftovers(data: &Path) -> Result<(), ClusterError> {
    let end = Instant::now() + LEFTOVER_LIMIT;
    while someone_works_in(data) {
        if Instant::now() >= end {
            return Err(ClusterError::Leftover { data: data.to_owned() });
        }
        pause();
    }
    Ok(())
}

fn someone_works_in(data: &Path) -> bool {
    let Ok(processes) = std::fs::read_dir("/proc") else { return false };
    let mut numbers = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.any(|number| works_in(number, data))
}

#[expect(
    clippy::disallowed_methods,
    reason = "between two looks at a condition that has a limit, on a blocking thread"
)]
fn pause() {
    std::thread::sleep(LOOK_AGAIN);
}
