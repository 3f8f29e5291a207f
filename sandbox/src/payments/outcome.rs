//! What a chosen outcome leads to: what is really charged, and what is told of it. Pure.

use serde::{Deserialize, Serialize};

use crate::courier::Copies;
use crate::settings::PaymentOutcome;

/// By how much a wrong amount is wrong.
const WRONG_BY: u64 = 100;
/// A word that no list of the provider's words has.
const UNKNOWN_WORD: &str = "awaiting_review";

/// What was taken out of a wallet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Charge {
    pub(super) amount: u64,
    pub(super) msisdn: String,
}

/// What is told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Telling {
    pub(super) word: &'static str,
    pub(super) copies: Copies,
    pub(super) late: bool,
}

const TOLD: Telling = Telling { word: "success", copies: Copies::One, late: false };

/// What `outcome` leads to for who was asked for this much.
pub(super) fn of(outcome: PaymentOutcome, amount: u64, msisdn: &str) -> (Option<Charge>, Option<Telling>) {
    let asked = || Charge { amount, msisdn: msisdn.to_owned() };
    match outcome {
        PaymentOutcome::Ask | PaymentOutcome::Never => (None, None),
        PaymentOutcome::Success | PaymentOutcome::LostAnswer => (Some(asked()), Some(TOLD)),
        PaymentOutcome::Failure => (None, Some(Telling { word: "failure", ..TOLD })),
        PaymentOutcome::Late => (Some(asked()), Some(Telling { late: true, ..TOLD })),
        PaymentOutcome::Twice => (Some(asked()), Some(Telling { copies: Copies::Two, ..TOLD })),
        PaymentOutcome::Storm => (Some(asked()), Some(Telling { copies: Copies::Five, ..TOLD })),
        PaymentOutcome::WrongAmount => {
            let charge = Charge { amount: amount.saturating_add(WRONG_BY), ..asked() };
            (Some(charge), Some(TOLD))
        }
        PaymentOutcome::WrongPayer => (Some(Charge { msisdn: neighbour(msisdn), ..asked() }), Some(TOLD)),
        PaymentOutcome::UnknownWord => (Some(asked()), Some(Telling { word: UNKNOWN_WORD, ..TOLD })),
        PaymentOutcome::LostCallback => (Some(asked()), None),
    }
}

/// The number next to this one.
fn neighbour(msisdn: &str) -> String {
    let mut digits: Vec<char> = msisdn.chars().collect();
    if let Some(last) = digits.last_mut() {
        *last = if *last == '9' {
            '0'
        } else {
            char::from_u32(u32::from(*last).saturating_add(1)).unwrap_or('0')
        };
    }
    digits.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHONE: &str = "255754000009";

    #[test]
    fn what_is_charged_and_what_is_told_are_two_things() {
        let (charge, telling) = of(PaymentOutcome::UnknownWord, 5_000, PHONE);
        assert_eq!((charge.unwrap().amount, telling.unwrap().word), (5_000, UNKNOWN_WORD));
        assert_eq!(of(PaymentOutcome::Never, 5_000, PHONE), (None, None));
        let (charge, telling) = of(PaymentOutcome::LostCallback, 5_000, PHONE);
        assert!(charge.is_some() && telling.is_none());
        let (charge, telling) = of(PaymentOutcome::Failure, 5_000, PHONE);
        assert!(charge.is_none() && telling.unwrap().word == "failure");
    }

    #[test]
    fn a_wrong_amount_and_a_wrong_payer_are_wrong() {
        assert_eq!(of(PaymentOutcome::WrongAmount, 5_000, PHONE).0.unwrap().amount, 5_100);
        let charge = of(PaymentOutcome::WrongPayer, 5_000, PHONE).0.unwrap();
        assert_eq!((charge.amount, charge.msisdn.as_str()), (5_000, "255754000000"));
        assert_eq!(neighbour("255754000001"), "255754000002");
    }
}
