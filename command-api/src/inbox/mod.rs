//! What providers send us unasked: who may send it, and how it is kept before the answer.
//!
//! Nothing is judged here; the reactor reads what was kept ([`ledger::inbox`]).

mod mailbox;
mod password;
mod path_secrets;
mod secret_file;

pub(crate) use mailbox::Mailbox;
pub(crate) use password::without_password;
pub use path_secrets::{PathSecrets, SecretError, SecretName};

use actix_web::web::{Bytes, Payload};
use edge::Problem;

/// The largest body that is taken.
pub(crate) const MAX_BODY: usize = 8 * 1024;

/// The body of a request whose sender was let in.
///
/// # Errors
/// 413 where it is larger than [`MAX_BODY`], 400 where it does not come whole.
pub(crate) async fn body(payload: Payload) -> Result<Bytes, Problem> {
    match payload.to_bytes_limited(MAX_BODY).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => Err(Problem::malformed("the body did not come whole")),
        Err(_) => Err(Problem::body_too_large()),
    }
}
