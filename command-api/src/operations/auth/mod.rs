//! Logging in and out: customers by a code, staff by a password, stations by their secret.

mod enter;
pub(crate) mod logout;
pub(crate) mod refresh;
pub(crate) mod register;
pub(crate) mod resend_otp;
pub(crate) mod staff_login;
pub(crate) mod station_token;
pub(crate) mod verify_phone;

pub(crate) use enter::enter;

use actix_web::HttpResponse;
use chrono::{DateTime, SecondsFormat, Utc};
use domain::phone::Phone;
use edge::{Problem, Role};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::Grant;

/// When an app may offer to send another code.
const RESEND_AFTER_SECONDS: u32 = 60;

/// A code is on its way, if the number is somebody's.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CodeSent {
    /// The code counts until then.
    #[schema(format = DateTime, example = "2026-03-02T06:05:00Z")]
    otp_expires_at: String,
    /// After so many seconds another code may be asked for.
    #[schema(example = 60)]
    resend_after_seconds: u32,
}

/// What somebody who logged in is given.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LoggedIn {
    /// Goes into `Authorization: Bearer …`.
    access_token: String,
    /// Good for one use at `auth/refresh`.
    refresh_token: String,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds until the access token ends.
    #[schema(example = 600)]
    expires_in: i64,
    /// Who it is, for customers.
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_id: Option<Uuid>,
    /// Who it is, for staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<Uuid>,
    /// `customer`, or the role of a member of staff.
    #[schema(value_type = String, example = "customer")]
    role: Role,
}

impl LoggedIn {
    fn of(grant: Grant) -> Self {
        let customer = grant.role == Role::Customer;
        Self {
            access_token: grant.access_token,
            refresh_token: grant.refresh_token,
            token_type: "Bearer",
            expires_in: grant.expires_in,
            customer_id: customer.then_some(grant.subject),
            subject: (!customer).then_some(grant.subject),
            role: grant.role,
        }
    }

    /// 200; nobody on the way may keep it.
    fn respond(self) -> HttpResponse {
        HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(self)
    }
}

fn code_sent(expires_at: DateTime<Utc>) -> HttpResponse {
    HttpResponse::Accepted().insert_header(("Cache-Control", "no-store")).json(CodeSent {
        otp_expires_at: expires_at.to_rfc3339_opts(SecondsFormat::Secs, true),
        resend_after_seconds: RESEND_AFTER_SECONDS,
    })
}

fn phone(text: &str) -> Result<Phone, Problem> {
    Phone::parse(text).ok_or_else(|| {
        Problem::malformed("phone is no Tanzanian mobile number; write it like +255712345678 or 0712345678")
    })
}
