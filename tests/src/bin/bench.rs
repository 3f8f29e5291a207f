//! `make bench`: the ratio table, measured on this machine.

use std::error::Error as _;
use std::process::ExitCode;

use clap::Parser as _;
use tests::bench::options::Options;

// The services' own: what runs inside of the bench is measured as it runs in them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = Options::parse();
    let finished = tokio::select! {
        finished = tests::bench::run(&options) => finished,
        // What was made for the run is dropped, and so removed, on the way out.
        _ = tokio::signal::ctrl_c() => return ExitCode::FAILURE,
    };
    let Err(error) = finished else { return ExitCode::SUCCESS };
    eprintln!("bench: {error}");
    let mut cause = error.source();
    while let Some(inner) = cause {
        eprintln!("bench: because: {inner}");
        cause = inner.source();
    }
    ExitCode::FAILURE
}
