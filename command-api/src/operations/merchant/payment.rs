//! `POST /api/merchant/payment`: somebody has paid a bill number.
//!
//! The command's id follows from AzamPay's reference alone: told again, it is answered the same; told again with anything
//! changed, it is refused.

use actix_web::web::{Data as Shared, Payload};
use actix_web::{HttpRequest, HttpResponse};
use domain::event::Provider;
use domain::values::ProviderReference;
use edge::http::Context;
use edge::{Identity, Problem, Role};
use ledger::callback::{Callback, Direction, HeardBy, SaidStatus};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::timeout;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{DONE, PATIENCE, SignedCall, failed, payee, proven};
use crate::CommandApi;
use crate::bill_pay::whole_shillings;
use crate::operations::data;
use crate::submit::{Asked, Data, answered};

/// What was paid; other members are not looked at.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct BillPayment {
    /// AzamPay's own id of the transaction.
    #[serde(rename = "PgReferenceId")]
    #[schema(example = "bb79c24fea7f44a4a1907c62d5f3e96f")]
    pg_reference_id: String,
    #[serde(rename = "BillIdentifier")]
    #[schema(example = "84821553027")]
    bill_identifier: String,
    /// Whole shillings, as a number or a text.
    #[serde(rename = "Amount")]
    #[schema(example = 20000)]
    amount: Value,
    /// The wallet: Mpesa, Tigo, Airtel, Halopesa or Azampesa.
    #[serde(rename = "FspCode")]
    #[schema(example = "Mpesa")]
    fsp_code: String,
}

/// That it is recorded.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct BillReceipt {
    /// Ours; `status-check` takes it.
    #[schema(example = "0190a6f0-0000-7000-8000-000000000005")]
    pub(super) merchant_reference_id: String,
    #[schema(example = "Success")]
    pub(super) status: &'static str,
    #[schema(example = 0)]
    pub(super) status_code: i32,
    #[schema(example = "Received.")]
    pub(super) message: &'static str,
}

/// Records a payment to a bill number, once for each reference of AzamPay's: debts first, the rest is the deposit.
#[utoipa::path(
    post, path = "/api/merchant/payment", tag = "providers",
    request_body(content = SignedCall<BillPayment>, example = json!({"Data": {"FspReferenceId": "MPE20260301123456",
        "PgReferenceId": "bb79c24fea7f44a4a1907c62d5f3e96f", "Amount": 20000, "BillIdentifier": "84821553027",
        "PaymentDesc": "Deposit", "FspCode": "Mpesa", "Country": "Tanzania", "TimeStamp": "2026-03-01T12:00:00Z",
        "BillType": "Deposit", "AdditionalProperties": {}},
        "Hash": "ca3f49b2ee7740bf68062445ee7027d33baa4dbb0e456cdc7534ddd34bf19fb1"})),
    responses(
        (status = 200, description = "recorded, now or before", body = BillReceipt,
         example = json!({"MerchantReferenceId": "0190a6f0-0000-7000-8000-000000000005", "Status": "Success", "StatusCode": 0,
             "Message": "Received."})),
        (status = 400, description = "malformed, or hash_wrong"),
        (status = 401, description = "no good token of AzamPay's"),
        (status = 404, description = "nobody's bill number"),
        (status = 409, description = "this reference was told of another payment"),
        (status = 413, description = "larger than 8 KiB"),
        (status = 422, description = "a rule refuses"),
        (status = 429, description = "too many requests"),
        (status = 503, description = "not known yet: ask, or tell it again"),
    )
)]
pub(crate) async fn post(
    api: Shared<CommandApi>,
    context: Context,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let paid: BillPayment = proven(&api, &request, payload).await?;
    let recording = timeout(PATIENCE, record(&api, &context, &paid)).await;
    let late = |_| Problem::unavailable("outcome_unknown", "it takes longer than usual; ask again", 1);
    let reference = recording.map_err(late).and_then(|recorded| recorded).map_err(failed)?;
    Ok(HttpResponse::Ok().json(BillReceipt {
        merchant_reference_id: reference,
        status: "Success",
        status_code: DONE,
        message: "Received.",
    }))
}

async fn record(api: &CommandApi, context: &Context, paid: &BillPayment) -> Result<String, Problem> {
    let amount = whole_shillings(&paid.amount)
        .ok_or_else(|| Problem::malformed("Amount is no positive number of whole shillings"))?;
    let provider = wallet(&paid.fsp_code)
        .ok_or_else(|| Problem::malformed("FspCode is none of Mpesa, Tigo, Airtel, Halopesa, Azampesa"))?;
    let reference = ProviderReference::parse(&paid.pg_reference_id)
        .ok_or_else(|| Problem::malformed("PgReferenceId is 1 to 128 visible characters"))?;
    let customer = payee(api, &paid.bill_identifier).await?;
    let data = data([
        ("customer_id", Some(json!(customer.id))),
        ("provider", Some(json!(provider))),
        ("amount", Some(json!(amount))),
        ("provider_reference", Some(json!(reference))),
    ]);
    let speaker = Identity { role: Role::Payments, ..Identity::system(crate::SYSTEM) };
    let id = Some(command_id(api, &reference));
    let asked = Asked { id, kind: "PaymentConfirmed".into(), occurred_at: None, data: Data::Made(data) };
    let answer = answered(api.submit(&speaker, context, asked).await?, &speaker, None)?;
    note(api, paid, provider, amount).await;
    let ours = answer.result_text("payment_id").or_else(|| answer.result_text("receipt_id"));
    ours.ok_or_else(Problem::internal)
}

/// Notes what the provider said, for reconciliation. The payment is recorded: a note that fails is only a line that the daily
/// report lacks.
async fn note(api: &CommandApi, paid: &BillPayment, provider: Provider, amount: i64) {
    let said = Callback {
        heard_by: HeardBy::BillPay,
        direction: Direction::Collection,
        provider: Some(provider.as_str()),
        provider_reference: Some(&paid.pg_reference_id),
        external_reference: None,
        amount: Some(amount),
        status: SaidStatus::Success,
        verdict: Some("bill payment"),
        heard_at: api.clock().now(),
    };
    let noted = async {
        let client = api.ledger().pool().get().await?;
        said.note(&**client).await
    };
    if let Err(error) = noted.await {
        tracing::warn!(%error, "a bill payment could not be noted for reconciliation");
    }
}

/// The id of the command that a transaction of AzamPay's leads to.
fn command_id(api: &CommandApi, reference: &ProviderReference) -> Uuid {
    let hash = api.sealer().keys().keyed_hash(format!("bill payment|{}", reference.as_str()).as_bytes());
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// The wallet of a code, however it is spelt.
fn wallet(code: &str) -> Option<Provider> {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    match plain.to_ascii_lowercase().as_str() {
        "mpesa" | "vodacom" => Some(Provider::Mpesa),
        "tigo" | "tigopesa" | "mixx" | "mixxbyyas" | "yas" => Some(Provider::Mixx),
        "airtel" | "airtelmoney" => Some(Provider::Airtel),
        "halopesa" | "halotel" => Some(Provider::Halopesa),
        "azampesa" => Some(Provider::Azampesa),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wallet_has_many_spellings() {
        for (code, provider) in [
            ("Mpesa", Some(Provider::Mpesa)),
            ("M-PESA", Some(Provider::Mpesa)),
            ("Tigo", Some(Provider::Mixx)),
            ("Airtel Money", Some(Provider::Airtel)),
            ("HaloPesa", Some(Provider::Halopesa)),
            ("Azampesa", Some(Provider::Azampesa)),
            ("CRDB", None),
            ("", None),
        ] {
            assert_eq!(wallet(code), provider, "{code}");
        }
    }
}
