//! The provider's bad days on the wire itself.

use actix_web::http::header::ContentType;
use actix_web::{HttpRequest, HttpResponse};
use edge::pace;

use crate::api::World;
use crate::connection::{self, NEVER};
use crate::settings::Fault;

const PAGE: &str = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n";

/// What is answered in place of an answer; nothing where there is one, of success or refusal.
pub(super) async fn instead(fault: Fault, world: &World, request: &HttpRequest) -> Option<HttpResponse> {
    match fault {
        Fault::Normal | Fault::Refused => None,
        Fault::Error500 => Some(error_500()),
        Fault::Html => Some(HttpResponse::Ok().content_type(ContentType::html()).body(PAGE)),
        Fault::Empty => Some(HttpResponse::Ok().finish()),
        Fault::LostAnswer => Some(connection::cut(request)),
        Fault::Never => {
            world.until_stopped(pace::rest(NEVER)).await;
            Some(connection::cut(request))
        }
    }
}

pub(super) fn error_500() -> HttpResponse {
    HttpResponse::InternalServerError().content_type(ContentType::html()).body(PAGE)
}
