//! The process's log: JSON lines on standard error, `RUST_LOG` chooses, `info` by default: with a line for each request
//! (target `request`), but in `up`, where a person looks on.
//!
//! Nothing personal is ever given to it: no phone, no name, no token.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

/// What is logged unless `RUST_LOG` says otherwise: of the libraries below us only what went wrong.
const DEFAULT: &str = "info,actix_server=warn,refinery_core=warn,tokio_postgres=warn";
/// The same without a line for each request, where a person looks on.
const QUIET: &str = "info,request=warn,actix_server=warn,refinery_core=warn,tokio_postgres=warn";

/// Starts the log; a second call in one process does nothing. `quiet` leaves the requests out, unless `RUST_LOG` chooses.
///
/// # Errors
/// `RUST_LOG` cannot be read.
pub fn start(quiet: bool) -> Result<(), ParseError> {
    let chosen = std::env::var(EnvFilter::DEFAULT_ENV).unwrap_or_default();
    let standard = if quiet { QUIET } else { DEFAULT };
    let filter = if chosen.is_empty() { EnvFilter::new(standard) } else { EnvFilter::try_new(chosen)? };
    let started = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
    if started.is_err() {
        tracing::debug!("the log was already started");
    }
    Ok(())
}
