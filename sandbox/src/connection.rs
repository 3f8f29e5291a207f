//! A client's connection, cut on purpose: how an answer gets lost on its way.

use std::any::Any;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd as _;
use std::time::Duration;

use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream as Accepted;
use actix_web::{HttpRequest, HttpResponse};

/// How long a connection is held that is never answered: longer than any client waits.
pub(crate) const NEVER: Duration = Duration::from_secs(600);

/// A second handle on the connection that a request came over.
struct Cuttable(TcpStream);

/// Remembers each connection, so that its requests can cut it.
pub(crate) fn remember(connection: &dyn Any, data: &mut Extensions) {
    let accepted = connection.downcast_ref::<Accepted>();
    if let Some(Ok(handle)) = accepted.map(|accepted| accepted.as_fd().try_clone_to_owned()) {
        data.insert(Cuttable(TcpStream::from(handle)));
    }
}

/// Cuts the connection of this request. What is answered afterwards reaches nobody.
pub(crate) fn cut(request: &HttpRequest) -> HttpResponse {
    if let Some(Err(error)) =
        request.conn_data::<Cuttable>().map(|Cuttable(connection)| connection.shutdown(Shutdown::Both))
    {
        tracing::debug!(%error, "the connection was gone already");
    }
    HttpResponse::InternalServerError().finish()
}
