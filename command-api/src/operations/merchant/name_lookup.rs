//! `POST /api/merchant/name-lookup`: whose bill number it is.

use actix_web::web::{Data as Shared, Payload};
use actix_web::{HttpRequest, HttpResponse};
use edge::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{DONE, SignedCall, failed, payee, proven};
use crate::CommandApi;
use crate::bill_pay::{masked_name, masked_phone};
use crate::submit::sealing;

/// Which bill number; other members are not looked at.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct BillQuestion {
    #[serde(rename = "BillIdentifier")]
    #[schema(example = "84821553027")]
    bill_identifier: String,
}

/// Whose it is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct BillAnswer {
    /// Masked: enough to notice a wrong digit.
    #[schema(example = "As** Mu***")]
    name: String,
    /// What the customer owes, in whole shillings; any amount may be paid.
    #[schema(example = 0)]
    bill_amount: i64,
    #[schema(example = "84821553027")]
    bill_identifier: String,
    #[schema(example = "Success")]
    status: &'static str,
    #[schema(example = "Any amount is added to the deposit.")]
    message: &'static str,
    #[schema(example = 0)]
    status_code: i32,
}

/// Says whose bill number it is, masked.
#[utoipa::path(
    post, path = "/api/merchant/name-lookup", tag = "providers",
    request_body(content = SignedCall<BillQuestion>, example = json!({"Data": {"BillIdentifier": "84821553027", "Currency": "TZS",
        "Language": "sw", "Country": "Tanzania", "TimeStamp": "2026-03-01T12:00:00Z", "BillType": "Deposit",
        "AdditionalProperties": {}}, "Hash": "711bd3c3e54488523683182aa01c8a83544e45b7ba2c45652e039bf830e5daf2"})),
    responses(
        (status = 200, description = "somebody's", body = BillAnswer,
         example = json!({"Name": "As** Mu***", "BillAmount": 0, "BillIdentifier": "84821553027", "Status": "Success",
             "Message": "Any amount is added to the deposit.", "StatusCode": 0})),
        (status = 400, description = "malformed, or hash_wrong"),
        (status = 401, description = "no good token of AzamPay's"),
        (status = 404, description = "nobody's"),
        (status = 413, description = "larger than 8 KiB"),
        (status = 429, description = "too many requests"),
        (status = 503, description = "the ledger is away"),
    )
)]
pub(crate) async fn post(
    api: Shared<CommandApi>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let asked: BillQuestion = proven(&api, &request, payload).await?;
    let customer = payee(&api, &asked.bill_identifier).await?;
    let id = customer.id.0;
    let open = async |field: &str, sealed: &str| {
        api.sealer().unseal(id, field, sealed).await.map_err(|error| failed(sealing(&error)))
    };
    let name = match &customer.name {
        Some(name) => open("name", &name.sealed).await?.map(|name| masked_name(&name)),
        None => open("phone", &customer.phone.sealed).await?.map(|phone| masked_phone(&phone)),
    };
    Ok(HttpResponse::Ok().json(BillAnswer {
        name: name.unwrap_or_default(),
        bill_amount: customer.purse.debt.shillings(),
        bill_identifier: asked.bill_identifier,
        status: "Success",
        message: "Any amount is added to the deposit.",
        status_code: DONE,
    }))
}
