//! Strict input: what a path does not know it refuses, what is out of range it refuses too.

use actix_web::{HttpRequest, web};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::problem::Problem;

/// The query string as a `T`, which has to deny unknown fields itself.
///
/// # Errors
/// 400 with what does not fit.
pub fn query<T: DeserializeOwned>(request: &HttpRequest) -> Result<T, Problem> {
    web::Query::<T>::from_query(request.query_string())
        .map(web::Query::into_inner)
        .map_err(|error| Problem::malformed(error.to_string()))
}

/// The UUID in the path under this name.
///
/// # Errors
/// 400 where it is no UUID.
pub fn path_id(request: &HttpRequest, name: &str) -> Result<Uuid, Problem> {
    let text = request.match_info().get(name).unwrap_or_default();
    text.parse().map_err(|_| Problem::malformed(format!("{name} in the path is no UUID")))
}
