//! `POST /api/v1/auth/verify-phone`: the code that came, against tokens. The first right code of a number registers and
//! verifies its customer.
//!
//! The commands' ids follow from the code, so that a request that was cut and sent again has one effect. A code whose
//! commands could not be recorded counts again.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data as Shared};
use edge::http::{Context, json_body, ledger_position};
use edge::{Problem, Role};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{LoggedIn, enter, phone};
use crate::CommandApi;
use crate::access::{Proof, away};
use crate::personal::derived_id;

const DIGITS: usize = 6;

/// What came, and where.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Verify {
    /// The number.
    #[schema(example = "+255712345678")]
    phone: String,
    /// The six digits of the message.
    #[schema(example = "123456")]
    code: String,
}

/// Logs in with a code.
#[utoipa::path(
    post, path = "/api/v1/auth/verify-phone", tag = "access",
    request_body(content = Verify, example = json!({"phone": "+255712345678", "code": "123456"})),
    responses(
        (status = 200, description = "logged in", body = LoggedIn,
         example = json!({"access_token": "eyJhbGciOiJFZERTQSIsImtpZCI6IjAwMDEifQ.eyJyb2xlIjoiY3VzdG9tZXIifQ.c2lnbmF0dXJl",
             "refresh_token": "Z4f0Yt1mJp6c0m0wFq1o2c2mB1v0hS1cJcKx8l3nXhQ", "token_type": "Bearer", "expires_in": 600,
             "customer_id": "0190a6f0-0000-7000-8000-000000000004", "role": "customer"})),
        (status = 400, description = "malformed"),
        (status = 422, description = "code_wrong with the tries that are left, or code_expired"),
        (status = 429, description = "too many requests"),
        (status = 503, description = "not now; the same code may be tried again"),
    )
)]
pub(crate) async fn post(
    api: Shared<CommandApi>,
    context: Context,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let asked: Verify = json_body(&body)?;
    let phone = phone(&asked.phone)?;
    if asked.code.len() != DIGITS || !asked.code.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Problem::malformed("code is the six digits of the message"));
    }
    let proof = api.codes().check(&phone, &asked.code).await?;
    let entering = async {
        let ids = [1, 2].map(|number| step(&api, &proof, number));
        let customer = enter(&api, &context, (&phone, proof.name.as_deref()), ids).await?;
        let position = api.present().position().await?;
        let grant = api.sessions().open(Role::Customer, customer).await.map_err(away)?;
        Ok((grant, position))
    };
    match entering.await {
        Ok((grant, position)) => {
            api.codes().forget(&proof).await;
            let mut response = LoggedIn::of(grant).respond();
            // What is read next can stand for the registration.
            let (name, value) = ledger_position(position.get());
            response.headers_mut().insert(name, value);
            Ok(response)
        }
        Err(problem) => {
            api.codes().reopen(&proof).await;
            Err(problem)
        }
    }
}

/// The id of the nth command that a code leads to.
fn step(api: &CommandApi, proof: &Proof, number: u128) -> Uuid {
    derived_id(Uuid::from_u128(proof.code_id.as_u128() ^ number), &api.sealer().keys())
}
