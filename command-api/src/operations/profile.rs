//! `GET, PUT, DELETE /api/v1/users/profile`: how a customer is called and spoken to, and the end of it.
//!
//! It is read from the ledger itself and unsealed here, so a change is seen by the next reading.

use actix_web::web::{Bytes, Data as Shared};
use actix_web::{HttpRequest, HttpResponse};
use domain::customer::{Customer, Language, Status};
use edge::http::{Context, json_body, ledger_position, query};
use edge::{Identity, Problem, Role};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{data, on_behalf_of, write};
use crate::CommandApi;
use crate::bill_pay::bill_number;
use crate::submit::sealing;

/// Whose profile.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Whose {
    /// Whose; staff only.
    customer_id: Option<Uuid>,
}

/// A customer's profile.
#[derive(Serialize, ToSchema)]
pub(crate) struct Profile {
    customer_id: Uuid,
    #[schema(example = "+255712345678")]
    phone: Option<String>,
    #[schema(example = "Asha")]
    name: Option<String>,
    /// What anybody may pay to at a wallet, for this customer's deposit.
    #[schema(example = "84821553027")]
    bill_number: Option<String>,
    /// `sw` or `en`.
    #[schema(value_type = String, example = "sw")]
    language: Language,
    /// `unverified`, `active`, `suspended` or `closed`.
    #[schema(value_type = String, example = "active")]
    status: Status,
}

/// What is to change; absent members stay.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Update {
    #[schema(example = "Asha Mushi")]
    name: Option<String>,
    /// `sw` or `en`.
    #[schema(value_type = Option<String>, example = "en")]
    language: Option<Value>,
}

/// A customer's profile.
#[utoipa::path(
    get, path = "/api/v1/users/profile", tag = "access", params(Whose),
    responses(
        (status = 200, description = "the profile", body = Profile,
         example = json!({"customer_id": "0190a6f0-0000-7000-8000-000000000004", "phone": "+255712345678", "name": "Asha",
             "bill_number": "84821553027", "language": "sw", "status": "active"})),
        (status = 400, description = "malformed"), (status = 401, description = "no good token"),
        (status = 403, description = "not for this role"), (status = 404, description = "no such customer"),
        (status = 429, description = "too many requests"), (status = 503, description = "the ledger is away"),
    ),
    security(("bearer" = ["customer", "support", "finance", "admin"]))
)]
pub(crate) async fn get(
    api: Shared<CommandApi>,
    speaker: Identity,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    speaker.must_be(&[Role::Customer, Role::Support, Role::Finance, Role::Admin])?;
    respond(&api, whose(&speaker, &request)?).await
}

/// Changes name or language.
#[utoipa::path(
    put, path = "/api/v1/users/profile", tag = "access", params(Whose),
    request_body(content = Update, example = json!({"name": "Asha Mushi", "language": "en"})),
    responses(
        (status = 200, description = "the profile as it is now", body = Profile,
         example = json!({"customer_id": "0190a6f0-0000-7000-8000-000000000004", "phone": "+255712345678", "name": "Asha Mushi",
             "bill_number": "84821553027", "language": "en", "status": "active"})),
        (status = 400, description = "malformed"), (status = 401, description = "no good token"),
        (status = 403, description = "not for this role"), (status = 404, description = "no such customer"),
        (status = 409, description = "the id was used for another request"),
        (status = 422, description = "customer_closed"),
        (status = 429, description = "too many requests"), (status = 503, description = "send the same id again"),
    ),
    security(("bearer" = ["customer", "admin"]))
)]
pub(crate) async fn put(
    api: Shared<CommandApi>,
    speaker: Identity,
    context: Context,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let customer = whose(&speaker, &request)?;
    let update: Update = json_body(&body)?;
    let data = data([
        ("customer_id", Some(json!(customer))),
        ("name", update.name.map(Value::String)),
        ("language", update.language),
    ]);
    let command = ("UpdateProfile", data);
    write(&api, &speaker, &context, request.headers(), command, Some(customer)).await?;
    respond(&api, customer).await
}

/// Erases a customer: their key is destroyed, and nobody can tell any more who they were. What is left to settle has to be
/// settled first.
#[utoipa::path(
    delete, path = "/api/v1/users/profile", tag = "access", params(Whose),
    responses(
        (status = 200, description = "erased", body = crate::documents::CommandAnswer,
         example = json!({"command_id": "0190a6f0-0000-7000-8000-000000000007", "outcome": "recorded", "position": 1042,
             "events": [{"type": "CustomerErased", "position": 1042}],
             "result": {"customer_id": "0190a6f0-0000-7000-8000-000000000004", "status": "closed"},
             "customer_id": "0190a6f0-0000-7000-8000-000000000004", "status": "closed"})),
        (status = 400, description = "malformed"), (status = 401, description = "no good token"),
        (status = 403, description = "not for this role"), (status = 404, description = "no such customer"),
        (status = 409, description = "the id was used for another request"),
        (status = 422, description = "a rental, a debt, a deposit or a payment stands in the way"),
        (status = 429, description = "too many requests"), (status = 503, description = "send the same id again"),
    ),
    security(("bearer" = ["customer", "admin"]))
)]
pub(crate) async fn delete(
    api: Shared<CommandApi>,
    speaker: Identity,
    context: Context,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let customer = whose(&speaker, &request)?;
    let command = ("EraseCustomer", data([("customer_id", Some(json!(customer)))]));
    let answer = write(&api, &speaker, &context, request.headers(), command, Some(customer)).await?;
    let body = crate::submit::rendered(answer.render_flat())?;
    Ok(crate::submit::respond(&answer, actix_web::http::StatusCode::OK, body))
}

fn whose(speaker: &Identity, request: &HttpRequest) -> Result<Uuid, Problem> {
    let named: Whose = query(request)?;
    let customer = on_behalf_of(speaker, named.customer_id)?;
    if speaker.role == Role::Customer && customer != speaker.subject {
        return Err(absent());
    }
    Ok(customer)
}

async fn respond(api: &CommandApi, customer: Uuid) -> Result<HttpResponse, Problem> {
    let position = api.present().position().await?;
    let customer = api.present().customer(customer).await?.ok_or_else(absent)?;
    let profile = unsealed(api, &customer).await?;
    let mut response = HttpResponse::Ok();
    response.insert_header(ledger_position(position.get()));
    Ok(response.insert_header(("Cache-Control", "no-store")).json(profile))
}

/// Of somebody erased nothing is opened: a late command may have had another key made for them, and this process may hold
/// the destroyed one for some seconds.
async fn unsealed(api: &CommandApi, customer: &Customer) -> Result<Profile, Problem> {
    let id = customer.id.0;
    let (language, status) = (customer.language, customer.status);
    if status == Status::Closed {
        return Ok(Profile { customer_id: id, phone: None, name: None, bill_number: None, language, status });
    }
    let open = async |field: &str, sealed: &str| {
        api.sealer().unseal(id, field, sealed).await.map_err(|error| sealing(&error))
    };
    let name = match &customer.name {
        Some(name) => open("name", &name.sealed).await?,
        None => None,
    };
    let phone = open("phone", &customer.phone.sealed).await?;
    let keys = api.sealer().keys();
    let bill_number = phone.as_deref().and_then(|phone| bill_number(phone, &keys));
    Ok(Profile { customer_id: id, phone, name, bill_number, language, status })
}

fn absent() -> Problem {
    Problem::not_found("there is no such customer, or it is not you")
}
