//! Manners every HTTP path has: request id, traceparent, problem documents, strict input, paging,
//! positions in headers, and the server they run in. It knows no path of the product's own.

mod body;
mod context;
mod input;
mod limits;
mod middleware;
pub mod paging;
mod position;
mod server;
mod traceparent;

pub use body::json_body;
pub use context::{Context, Operation};
pub use input::{path_id, query};
pub use limits::{Limits, NoRate, Rate, Rates, Standing, client_address};
pub use middleware::Manners;
pub use paging::{Cursor, Limit, Page};
pub use position::{LEDGER_MIN_POSITION, LEDGER_POSITION, MinPosition, ledger_position};
pub(crate) use server::__path_jwks;
pub use server::{MAX_BODY, ServerOptions, Serving, Site, serve};
pub use traceparent::Traceparent;

#[cfg(test)]
mod tests;
