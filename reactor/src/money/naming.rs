//! What a callback is judged against: the payment or refund that it names, and whether its signature holds.

use domain::Money;
use domain::event::Provider;
use ledger::seal::SealError;
use tokio_postgres::types::ToSql;

use super::callback::{Collected, PaidOut};
use super::desk::{Desk, wallet_and_amount};
use super::judge::{Asked, Sent, Signature};
use super::letters::Unjudged;
use crate::azampay::Inquiry;
use crate::statements::money as statements;

/// A signature whose key is not to be had after so many attempts does not hold.
const KEY_ATTEMPTS: u32 = 12;

/// A payment that a callback names.
pub(super) struct Named {
    pub(super) asked: Asked,
    pub(super) transaction_id: Option<String>,
}

/// A refund that a callback names.
pub(super) struct Returning {
    pub(super) sent: Sent,
    pub(super) provider: Provider,
    pub(super) reference: Option<String>,
    pub(super) provider_reference: Option<String>,
}

impl Desk {
    pub(super) fn inquires(&self) -> bool {
        self.azampay.as_ref().is_some_and(|azampay| azampay.settings().inquiry != Inquiry::Off)
    }

    pub(super) async fn signature(&self, said: &Collected, attempts: u32) -> Result<Signature, Unjudged> {
        let Some(azampay) = &self.azampay else {
            return Ok(if said.signature.is_some() { Signature::Wrong } else { Signature::None });
        };
        let Some((message, signature)) = &said.signature else {
            // Who has configured the key of an account that signs: what is not signed is not of that account.
            let needed = azampay.settings().callback_key.is_some();
            return Ok(if needed { Signature::Wrong } else { Signature::None });
        };
        match azampay.callback_key().await {
            Ok(key) if key.verifies(message, signature) => Ok(Signature::Holds),
            Ok(_) => Ok(Signature::Wrong),
            Err(why) if attempts < KEY_ATTEMPTS => Err(Unjudged::Later(why)),
            Err(_) => Ok(Signature::Wrong),
        }
    }

    /// The payment that one of these references names, the first that does.
    pub(super) async fn payment_named(&self, references: &[String]) -> Result<Option<Named>, Unjudged> {
        if references.is_empty() {
            return Ok(None);
        }
        let rows = self.client.query(statements::PAYMENTS_NAMED, &[&references]).await?;
        let mut best: Option<(usize, Named)> = None;
        for row in &rows {
            let (provider, amount) = wallet_and_amount("reactor.payment", row.try_get(2)?, row.try_get(3)?)?;
            let (phone, external_id): (Option<&str>, &str) = (row.try_get(4)?, row.try_get(5)?);
            let rank = references.iter().position(|reference| reference == external_id);
            let Some(rank) = rank.filter(|rank| best.as_ref().is_none_or(|(known, _)| rank < known)) else {
                continue;
            };
            let payer = match phone {
                Some(sealed) => match self.phone(row.try_get(1)?, &["phone"], sealed).await {
                    Ok(phone) => phone,
                    Err(SealError::Ledger(error)) => return Err(error.into()),
                    // Damaged, or the keys are being renewed: no other letter has to wait for it.
                    Err(error) => return Err(Unjudged::Later(error.to_string())),
                },
                None => None,
            };
            let asked = Asked { payment_id: row.try_get(0)?, amount, provider, payer };
            best = Some((rank, Named { asked, transaction_id: row.try_get(6)? }));
        }
        Ok(best.map(|(_, named)| named))
    }

    pub(super) async fn refund_named(&self, said: &PaidOut) -> Result<Option<Returning>, Unjudged> {
        let values: [&(dyn ToSql + Sync); 2] = [&said.references, &said.pg_reference];
        let Some(row) = self.client.query_opt(statements::REFUNDS_NAMED, &values).await? else {
            return Ok(None);
        };
        let (provider, amount): (Provider, Money) =
            wallet_and_amount("reactor.refund", row.try_get(2)?, row.try_get(1)?)?;
        Ok(Some(Returning {
            sent: Sent { refund_id: row.try_get(0)?, amount },
            provider,
            reference: row.try_get(3)?,
            provider_reference: row.try_get(4)?,
        }))
    }
}
