//! A refund as it is shown.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use tokio_postgres::Row;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    message::{Message, of_refund},
    read::Failure,
    rental::CURRENCY,
};

/// One refund.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct RefundView {
    pub(crate) refund_id: Uuid,
    /// `requested`, `approved`, `rejected`, `submitted`, `unknown`, `failed` or `paid`.
    #[schema(example = "paid")]
    status: String,
    amount: i64,
    #[schema(example = "TZS")]
    currency: &'static str,
    /// `mpesa`, `mixx`, `airtel`, `halopesa` or `azampesa`.
    provider: String,
    /// The payment that it gives back.
    payment_id: Option<Uuid>,
    pub(crate) requested_at: DateTime<Utc>,
    approved_at: Option<DateTime<Utc>>,
    submitted_at: Option<DateTime<Utc>>,
    paid_at: Option<DateTime<Utc>>,
    /// The same in words for the customer.
    message: Message,
    #[serde(flatten)]
    #[schema(inline)]
    handling: Option<Handling>,
    #[serde(skip)]
    pub(crate) customer: Option<Uuid>,
}

/// What only those see who handle refunds.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = RefundHandling)]
struct Handling {
    /// Whose it is; none for that of a receipt.
    customer_id: Option<Uuid>,
    /// The receipt that it pays back.
    receipt_id: Option<Uuid>,
    requested_by: Uuid,
    /// The second person; none where none was needed.
    approved_by: Option<Uuid>,
    /// Whether staff pay it out: its wallet takes no money from the provider.
    by_hand: bool,
    /// The reference that the provider was given.
    reference: Option<String>,
    /// The provider's own.
    provider_reference: Option<String>,
    /// Why it was rejected: `staff`, `rental_open` or `debt`.
    cause: Option<String>,
    /// Why it failed or nobody knows, in the provider's words.
    reason: Option<String>,
    /// Why a person has to look at it.
    #[schema(value_type = Vec<String>)]
    review: Value,
}

/// Wallets that providers do not pay out to, as SQL.
macro_rules! by_hand {
    () => {
        "('mpesa', 'halopesa')"
    };
}
pub(crate) use by_hand;

impl RefundView {
    /// Reads a row, with what only those see who handle refunds.
    pub(crate) fn read(row: &Row, handles: bool) -> Result<Option<Self>, Failure> {
        let Some(refund_id) = row.try_get("refund_id")? else { return Ok(None) };
        let status: String = row.try_get("status")?;
        let customer: Option<Uuid> = row.try_get("customer_id")?;
        let handling = if handles { Some(handling(row, customer)?) } else { None };
        Ok(Some(Self {
            refund_id,
            message: of_refund(&status)?,
            status,
            amount: row.try_get("amount")?,
            currency: CURRENCY,
            provider: row.try_get("provider")?,
            payment_id: row.try_get("payment_id")?,
            requested_at: row.try_get("requested_at")?,
            approved_at: row.try_get("approved_at")?,
            submitted_at: row.try_get("submitted_at")?,
            paid_at: row.try_get("paid_at")?,
            handling,
            customer,
        }))
    }
}

fn handling(row: &Row, customer_id: Option<Uuid>) -> Result<Handling, Failure> {
    Ok(Handling {
        customer_id,
        receipt_id: row.try_get("receipt_id")?,
        requested_by: row.try_get("requested_by")?,
        approved_by: row.try_get("approved_by")?,
        by_hand: row.try_get("by_hand")?,
        reference: row.try_get("reference")?,
        provider_reference: row.try_get("provider_reference")?,
        cause: row.try_get("cause")?,
        reason: row.try_get("reason")?,
        review: row.try_get("review")?,
    })
}

#[cfg(test)]
mod tests {
    use domain::{event::Provider, refund::is_manual};

    #[test]
    fn the_wallets_that_are_paid_by_hand_are_those_of_the_domain() {
        let all = [Provider::Mpesa, Provider::Mixx, Provider::Airtel, Provider::Halopesa, Provider::Azampesa];
        let manual: Vec<String> =
            all.into_iter().filter(|one| is_manual(*one)).map(|one| format!("'{}'", one.as_str())).collect();
        assert_eq!(by_hand!(), format!("({})", manual.join(", ")));
    }
}
