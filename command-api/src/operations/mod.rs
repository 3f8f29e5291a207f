//! The HTTP operations, one file each.

pub(crate) mod auth;
pub(crate) mod batch;
pub(crate) mod commands;
pub(crate) mod end_rental;
pub(crate) mod extend_rental;
pub(crate) mod finance;
pub(crate) mod heartbeat;
pub(crate) mod initiate_payment;
pub(crate) mod inventory;
pub(crate) mod maintenance;
pub(crate) mod merchant;
pub(crate) mod payment_callback;
pub(crate) mod profile;
pub(crate) mod refunds;
pub(crate) mod report_lost;
pub(crate) mod slot_qr;
pub(crate) mod sms_delivery;
pub(crate) mod start_rental;
pub(crate) mod station_secret;
pub(crate) mod ussd;

use actix_web::http::header::HeaderMap;
use edge::http::Context;
use edge::{Identity, Problem};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::CommandApi;
use crate::answer::Answer;
use crate::submit::{Asked, Data, answered, command_id};

/// A REST write: the command of this kind with this data, under the id of the header if there is one.
///
/// # Errors
/// The problem to answer with.
async fn write(
    api: &CommandApi,
    speaker: &Identity,
    context: &Context,
    headers: &HeaderMap,
    (kind, data): (&'static str, Map<String, Value>),
    in_path: Option<Uuid>,
) -> Result<Answer, Problem> {
    let id = command_id(headers, None)?;
    let asked = Asked { id, kind: kind.into(), occurred_at: None, data: Data::Made(data) };
    answered(api.submit(speaker, context, asked).await?, speaker, in_path)
}

/// A command's data from its members; absent ones are left out.
pub(crate) fn data<const N: usize>(members: [(&str, Option<Value>); N]) -> Map<String, Value> {
    let present = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    present.collect()
}

/// Whom a customer's path is about: themselves, or whom staff name.
fn on_behalf_of(speaker: &Identity, named: Option<Uuid>) -> Result<Uuid, Problem> {
    match named {
        Some(customer) => Ok(customer),
        None if speaker.role == edge::Role::Customer => Ok(speaker.subject),
        None => Err(Problem::malformed("customer_id is missing")),
    }
}

/// The station of a path that is for itself and for admin.
///
/// # Errors
/// 400, 403, and 404 for a station that is not there or not theirs.
async fn own_station(
    api: &CommandApi,
    speaker: &Identity,
    request: &actix_web::HttpRequest,
) -> Result<domain::station::Station, Problem> {
    let station_id = edge::http::path_id(request, "id")?;
    speaker.must_be(&[edge::Role::Station, edge::Role::Admin])?;
    let absent = || Problem::not_found("there is no such station, or it is not yours");
    if speaker.role == edge::Role::Station && speaker.subject != station_id {
        return Err(absent());
    }
    api.present().station(station_id).await?.ok_or_else(absent)
}
