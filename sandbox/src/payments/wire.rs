//! The shapes on the provider's wire, their members in its order. Pure.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

/// What the authenticator answers.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TokenAnswer {
    data: Option<Granted>,
    message: &'static str,
    success: bool,
    status_code: u16,
}

/// A token and until when it is good.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Granted {
    pub(super) access_token: String,
    pub(super) expire: String,
}

impl TokenAnswer {
    pub(super) fn granted(granted: Granted) -> Self {
        Self { data: Some(granted), message: "Token generated successfully", success: true, status_code: 200 }
    }

    pub(super) fn refused() -> Self {
        let message = "Provided detail is not valid for this app or secret key has been expired";
        Self { data: None, message, success: false, status_code: 423 }
    }
}

/// What a checkout answers, taken or refused: both are 200.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CheckoutAnswer<'a> {
    success: bool,
    transaction_id: &'a str,
    message: &'static str,
    message_code: u16,
}

impl<'a> CheckoutAnswer<'a> {
    pub(super) fn taken(transaction_id: &'a str) -> Self {
        let message = "Your request has been received and is being processed.";
        Self { success: true, transaction_id, message, message_code: 0 }
    }

    /// The string `null` is what was seen.
    pub(super) fn refused() -> Self {
        let message = "Your request could not be initiated. Please contact system admin. Invalid Vendor";
        Self { success: false, transaction_id: "null", message, message_code: 1000 }
    }
}

/// What is wrong with a body, field by field.
pub(super) type Errors = BTreeMap<&'static str, Vec<String>>;

/// Looks at a body field by field, and remembers what is wrong.
#[derive(Debug, Default)]
pub(super) struct Checks(Errors);

impl Checks {
    /// The value of a field, once it was found good.
    pub(super) fn field<T>(&mut self, name: &'static str, good: Option<T>, why: &str) -> Option<T> {
        if good.is_none() {
            self.0.insert(name, vec![why.to_owned()]);
        }
        good
    }

    pub(super) fn errors(self) -> Errors {
        self.0
    }
}

/// The errors of a body that is no JSON of the right kind.
pub(super) fn unreadable(error: &serde_json::Error) -> Errors {
    Errors::from([("$", vec![format!("The JSON value could not be converted: {error}")])])
}

/// A body that cannot be.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BadFields {
    errors: Errors,
    title: &'static str,
    status: u16,
    #[serde(rename = "type")]
    kind: &'static str,
    trace_id: String,
}

impl BadFields {
    pub(super) fn new(errors: Errors, trace: Uuid) -> Self {
        let trace = trace.simple().to_string();
        Self {
            errors,
            title: "One or more validation errors occurred.",
            status: 400,
            kind: "https://tools.ietf.org/html/rfc9110#section-15.5.1",
            trace_id: format!("00-{trace}-{}-00", trace.get(..16).unwrap_or_default()),
        }
    }
}

/// What anybody without a good token is told.
#[derive(Serialize)]
pub(super) struct NotAuthorized {
    message: &'static str,
    status: &'static str,
}

pub(super) const NOT_AUTHORIZED: NotAuthorized =
    NotAuthorized { message: "Please Provide Valid Authorization", status: "Error" };

/// What a disbursement answers when it is taken.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DisbursementTaken<'a> {
    pub(super) pg_reference_id: &'a str,
    pub(super) message: &'static str,
    pub(super) success: bool,
    pub(super) status_code: u16,
}

/// What a disbursement answers when it is not.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DisbursementRefused {
    pub(super) message: &'static str,
    pub(super) success: bool,
    pub(super) status_code: u16,
}

/// What an inquiry answers; not found is said in the body.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InquiryAnswer {
    pub(super) data: Option<&'static str>,
    pub(super) message: &'static str,
    pub(super) success: bool,
    pub(super) status_code: u16,
}

/// The key that callbacks are signed with.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PublicKey {
    pub(super) success: bool,
    pub(super) format: &'static str,
    pub(super) public_key: &'static str,
}

/// What became of a charge, as it is told.
#[derive(Debug, Clone, Serialize)]
pub(super) struct CollectionCallback<'a> {
    pub(super) message: &'a str,
    pub(super) user: Option<&'a str>,
    pub(super) password: Option<&'a str>,
    #[serde(rename = "clientId")]
    pub(super) client_id: Option<&'a str>,
    pub(super) transactionstatus: &'a str,
    pub(super) operator: &'a str,
    pub(super) reference: &'a str,
    pub(super) externalreference: &'a str,
    pub(super) utilityref: &'a str,
    pub(super) amount: String,
    pub(super) transid: &'a str,
    pub(super) msisdn: &'a str,
    pub(super) mnoreference: &'a str,
    #[serde(rename = "submerchantAcc")]
    pub(super) submerchant_account: Option<&'a str>,
    #[serde(rename = "additionalProperties")]
    pub(super) additional_properties: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) signature: Option<String>,
}

impl CollectionCallback<'_> {
    /// What a signature is over.
    pub(super) fn signed(&self) -> String {
        [self.utilityref, self.externalreference, self.transactionstatus, self.operator].concat()
    }
}

/// What became of a pay-out, as it is told.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DisbursementCallback<'a> {
    pub(super) initiator_reference_id: &'a str,
    pub(super) fsp_reference_id: &'a str,
    pub(super) pg_reference_id: &'a str,
    pub(super) amount: String,
    pub(super) status: &'static str,
    pub(super) message: &'static str,
    pub(super) operator: &'a str,
    pub(super) additional_properties: &'a Value,
}
