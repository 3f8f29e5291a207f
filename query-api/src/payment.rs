//! A payment as it is shown.

use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio_postgres::Row;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    message::{Message, of_payment},
    read::Failure,
    rental::CURRENCY,
};

/// One payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct PaymentView {
    pub(crate) payment_id: Uuid,
    /// `initiated`, `prompted`, `unknown`, `declined`, `expired`, `settled`, `partly_refunded`, `refunded` or
    /// `charged_back`.
    pub(crate) status: String,
    /// `deposit` or `debt`.
    pub(crate) purpose: String,
    pub(crate) amount: i64,
    #[schema(example = "TZS")]
    pub(crate) currency: &'static str,
    /// `mpesa`, `mixx`, `airtel`, `halopesa` or `azampesa`.
    pub(crate) provider: String,
    pub(crate) initiated_at: DateTime<Utc>,
    pub(crate) settled_at: Option<DateTime<Utc>>,
    /// The same in words for the customer.
    pub(crate) message: Message,
    /// The reference that the provider was given; for payments, finance and admin only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) external_id: Option<String>,
    #[serde(skip)]
    pub(crate) customer_id: Uuid,
}

impl PaymentView {
    /// Reads a row, with the reference only for those who may see it.
    pub(crate) fn read(row: &Row, with_reference: bool) -> Result<Option<Self>, Failure> {
        let Some(payment_id) = row.try_get("payment_id")? else { return Ok(None) };
        let external_id: Option<String> = row.try_get("external_id")?;
        let status: String = row.try_get("status")?;
        Ok(Some(Self {
            payment_id,
            message: of_payment(&status)?,
            status,
            purpose: row.try_get("purpose")?,
            amount: row.try_get("amount")?,
            currency: CURRENCY,
            provider: row.try_get("provider")?,
            initiated_at: row.try_get("initiated_at")?,
            settled_at: row.try_get("settled_at")?,
            external_id: external_id.filter(|_| with_reference),
            customer_id: row.try_get("customer_id")?,
        }))
    }
}
