//! Refunds: asking for one, and the second person's word.

pub(crate) mod approve;
pub(crate) mod reject;
pub(crate) mod request;

use actix_web::HttpRequest;
use actix_web::web::Bytes;
use edge::http::{Context, json_body, path_id};
use edge::{Identity, Problem};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{data, write};
use crate::CommandApi;
use crate::answer::Answer;

/// What the second person says to it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RefundWord)]
pub(crate) struct Word {
    /// In a few words; kept sealed.
    #[serde(default)]
    reason: Option<String>,
}

/// Sends the second person's word about the refund in the path.
async fn say(
    kind: &'static str,
    api: &CommandApi,
    speaker: &Identity,
    context: &Context,
    (request, body): (&HttpRequest, &Bytes),
) -> Result<Answer, Problem> {
    let refund = path_id(request, "id")?;
    let word: Word = json_body(body)?;
    let data =
        data([("refund_id", Some(json!(refund))), ("reason", word.reason.map(|reason| json!(reason)))]);
    let answer = write(api, speaker, context, request.headers(), (kind, data), Some(refund)).await;
    // Whose key seals the reason is looked up before there is a decision: what is not there then is what the path names.
    answer.map_err(|problem| match problem.code() {
        "refund_unknown" => Problem::not_found("there is no such refund"),
        _ => problem,
    })
}
