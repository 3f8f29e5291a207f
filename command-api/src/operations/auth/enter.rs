//! The customer of a number that was shown to be somebody's: by a code that came to it, or because the network says so.

use domain::Claim;
use domain::customer::Status;
use domain::phone::Phone;
use edge::http::Context;
use edge::{Identity, Problem};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::CommandApi;
use crate::batcher::Outcome;
use crate::operations::data;
use crate::personal::derived_id;
use crate::submit::{Asked, Data, answered};

/// The customer of a number, registered if there is none, and verified. The ids are those of the two commands.
///
/// # Errors
/// The problem to answer with.
pub(crate) async fn enter(
    api: &CommandApi,
    context: &Context,
    (phone, name): (&Phone, Option<&str>),
    [registering, verifying]: [Uuid; 2],
) -> Result<Uuid, Problem> {
    let index = api.sealer().keys().blind_index(phone.as_str());
    let claim = Claim { kind: Claim::PHONE, value: index };
    let customer = match api.present().holder(&claim).await? {
        Some(customer) => customer,
        None => register(api, context, (phone, name), registering, &claim).await?,
    };
    let known = api.present().customer(customer).await?;
    if known.is_none_or(|known| known.status == Status::Unverified) {
        let data = data([("customer_id", Some(json!(customer)))]);
        send(api, context, ("VerifyCustomer", data), verifying).await?;
    }
    Ok(customer)
}

async fn register(
    api: &CommandApi,
    context: &Context,
    (phone, name): (&Phone, Option<&str>),
    id: Uuid,
    claim: &Claim,
) -> Result<Uuid, Problem> {
    let data = data([("phone", Some(json!(phone.as_str()))), ("name", name.map(|name| json!(name)))]);
    match send(api, context, ("RegisterCustomer", data), id).await {
        Ok(()) => Ok(derived_id(id, &api.sealer().keys())),
        // Somebody registered the number at this moment.
        Err(problem) if problem.code() == "phone_taken" => {
            let holder = api.present().holder(claim).await?;
            holder.ok_or_else(|| Problem::unavailable("unavailable", "try again", 1))
        }
        Err(problem) => Err(problem),
    }
}

async fn send(
    api: &CommandApi,
    context: &Context,
    (kind, data): (&'static str, Map<String, Value>),
    id: Uuid,
) -> Result<(), Problem> {
    let system = Identity::system(crate::SYSTEM);
    let asked = Asked { id: Some(id), kind: kind.into(), occurred_at: None, data: Data::Made(data) };
    let outcome: Outcome = api.submit(&system, context, asked).await?;
    answered(outcome, &system, None).map(drop)
}
