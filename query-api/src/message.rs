//! Where a payment or a refund stands, in words a customer understands, in Swahili and in English.
//!
//! What they may do next is in it, above all whether to pay again; nothing of how we found out.

use serde::Serialize;
use utoipa::ToSchema;

use crate::read::Failure;

/// A sentence in both languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Message {
    #[schema(example = "Malipo yamepokelewa. Asante!")]
    sw: &'static str,
    #[schema(example = "Your payment has arrived. Thank you!")]
    en: &'static str,
}

const fn said(sw: &'static str, en: &'static str) -> Message {
    Message { sw, en }
}

/// What a payment's status says to whoever pays.
pub(crate) fn of_payment(status: &str) -> Result<Message, Failure> {
    Ok(match status {
        "initiated" => said(
            "Ombi la malipo linatumwa kwenye simu yako.",
            "The payment request is on its way to your phone.",
        ),
        "prompted" => said(
            "Angalia simu yako na uweke PIN ili kukamilisha malipo.",
            "Look at your phone and enter your PIN to complete the payment.",
        ),
        "unknown" => said(
            "Tunasubiri jibu kutoka kwa mtandao wako. Tafadhali usilipe tena kwa sasa.",
            "We are waiting for an answer from your operator. Please do not pay again yet.",
        ),
        "declined" => said(
            "Malipo hayakukamilika na hatujapokea pesa. Unaweza kujaribu tena.",
            "The payment was not completed and we received no money. You can try again.",
        ),
        "expired" => said(
            "Muda wa malipo umeisha na hatujapokea pesa. Unaweza kuanza malipo mapya.",
            "The payment ran out of time and we received no money. You can start a new one.",
        ),
        "settled" => said("Malipo yamepokelewa. Asante!", "Your payment has arrived. Thank you!"),
        "partly_refunded" => {
            said("Sehemu ya malipo haya imerudishwa kwako.", "A part of this payment was given back to you.")
        }
        "refunded" => said("Malipo haya yamerudishwa kwako.", "This payment was given back to you."),
        "charged_back" => said(
            "Mtandao wako umerudisha malipo haya, kwa hiyo yameondolewa kwenye salio lako.",
            "Your operator took this payment back, so it was taken from your balance.",
        ),
        _ => return Err(Failure::Damaged("a payment in a state that nobody knows")),
    })
}

/// What a refund's status says to whoever gets it.
pub(crate) fn of_refund(status: &str) -> Result<Message, Failure> {
    Ok(match status {
        "requested" => said("Ombi lako la kurudishiwa pesa linakaguliwa.", "Your refund is being looked at."),
        "approved" => said(
            "Ombi lako limekubaliwa. Pesa itatumwa kwenye simu yako.",
            "Your refund is approved. The money will be sent to your phone.",
        ),
        "submitted" => said("Pesa inatumwa kwenye simu yako.", "The money is being sent to your phone."),
        "unknown" => said(
            "Tunathibitisha na mtandao wako kama pesa imefika.",
            "We are checking with your operator whether the money has arrived.",
        ),
        "paid" => said("Pesa imetumwa kwenye simu yako.", "The money was sent to your phone."),
        "rejected" => said(
            "Ombi halikukubaliwa. Pesa imerudi kwenye salio lako.",
            "The refund was not approved. The money is back in your balance.",
        ),
        "failed" => said(
            "Pesa haikuweza kutumwa. Imerudi kwenye salio lako.",
            "The money could not be sent. It is back in your balance.",
        ),
        _ => return Err(Failure::Damaged("a refund in a state that nobody knows")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_words_of_its_own_in_both_languages() {
        let payments = [
            "initiated",
            "prompted",
            "unknown",
            "declined",
            "expired",
            "settled",
            "partly_refunded",
            "refunded",
            "charged_back",
        ];
        let refunds = ["requested", "approved", "submitted", "unknown", "paid", "rejected", "failed"];
        let of_payments = payments.map(|status| of_payment(status).unwrap());
        let of_refunds = refunds.map(|status| of_refund(status).unwrap());
        let all: Vec<Message> = of_payments.into_iter().chain(of_refunds).collect();
        for (number, message) in all.iter().enumerate() {
            assert!(
                message.sw != message.en && message.sw.len() > 10 && message.en.len() > 10,
                "{message:?}"
            );
            let others = all.get(number + 1..).unwrap_or_default();
            assert!(
                others.iter().all(|other| other.sw != message.sw && other.en != message.en),
                "{message:?}"
            );
        }
        assert!(of_payment("half").is_err() && of_refund("half").is_err());
    }
}
