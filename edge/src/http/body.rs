//! JSON bodies.

use serde::Deserialize;

use crate::problem::Problem;

/// The whole body as a `T`, which has to deny unknown fields itself. An empty body reads as `{}`.
///
/// # Errors
/// 400 with the place that does not fit.
pub fn json_body<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Problem> {
    let body: &'a [u8] = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| Problem::malformed(error.to_string()))
}
