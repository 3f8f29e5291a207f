//! The five wallets, under each of their names, and the numbers they belong to.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A wallet; the ledger's word for it in our own JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Wallet {
    Mpesa,
    Mixx,
    Airtel,
    Halopesa,
    Azampesa,
}

const ALL: [Wallet; 5] = [Wallet::Mpesa, Wallet::Mixx, Wallet::Airtel, Wallet::Halopesa, Wallet::Azampesa];

impl Wallet {
    /// By the name a checkout gives it, in any case.
    pub(super) fn of_checkout(name: &str) -> Option<Wallet> {
        ALL.into_iter().find(|wallet| wallet.operator().eq_ignore_ascii_case(name))
    }

    /// By the name a disbursement gives it. Two wallets cannot be paid to.
    pub(super) fn of_bank(name: &str) -> Option<Wallet> {
        let payable = |wallet: &Wallet| !matches!(wallet, Wallet::Mpesa | Wallet::Halopesa);
        Wallet::of_checkout(name).filter(payable)
    }

    /// The provider's name of it.
    pub(super) fn operator(self) -> &'static str {
        match self {
            Wallet::Mpesa => "Mpesa",
            Wallet::Mixx => "Tigo",
            Wallet::Airtel => "Airtel",
            Wallet::Halopesa => "Halopesa",
            Wallet::Azampesa => "Azampesa",
        }
    }

    /// The ledger's name of it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Wallet::Mpesa => "mpesa",
            Wallet::Mixx => "mixx",
            Wallet::Airtel => "airtel",
            Wallet::Halopesa => "halopesa",
            Wallet::Azampesa => "azampesa",
        }
    }
}

/// A Tanzanian mobile number as `255…`, from `255…`, `0…` or nine digits; a `+` is not taken.
pub(super) fn msisdn(written: &str) -> Option<String> {
    let national = match (written.len(), written) {
        (12, long) => long.strip_prefix("255")?,
        (10, local) => local.strip_prefix('0')?,
        (9, bare) => bare,
        _ => return None,
    };
    let mobile = national.starts_with(['6', '7']) && national.bytes().all(|digit| digit.is_ascii_digit());
    mobile.then(|| format!("255{national}"))
}

/// The same as people write it: with a `+`, or with what a `+` becomes in a query.
pub(super) fn msisdn_of_person(written: &str) -> Option<String> {
    let written = written.trim();
    msisdn(written.strip_prefix('+').unwrap_or(written))
}

/// Whole shillings, from a number or a numeric string; `5000.0` is whole.
pub(super) fn whole(amount: &Value) -> Option<u64> {
    let written = match amount {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let (shillings, cents) = written.split_once('.').unwrap_or((&written, "0"));
    let whole = !cents.is_empty() && cents.bytes().all(|digit| digit == b'0');
    let digits = shillings.bytes().all(|digit| digit.is_ascii_digit());
    shillings.parse().ok().filter(|_| whole && digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_wallet_has_three_names() {
        assert_eq!(Wallet::of_checkout("Tigo"), Some(Wallet::Mixx));
        assert_eq!(Wallet::of_bank("tigo"), Some(Wallet::Mixx));
        assert_eq!(serde_json::to_value(Wallet::Mixx).unwrap(), json!("mixx"));
        for wallet in ALL {
            assert_eq!(serde_json::to_value(wallet).unwrap(), json!(wallet.word()));
        }
        for unpayable in ["mpesa", "Halopesa", "crdb", ""] {
            assert_eq!(Wallet::of_bank(unpayable), None, "{unpayable}");
        }
    }

    #[test]
    fn a_number_is_taken_in_three_forms() {
        for written in ["255754000001", "0754000001", "754000001"] {
            assert_eq!(msisdn(written).as_deref(), Some("255754000001"), "{written}");
        }
        for wrong in ["+255754000001", "254754000001", "2557540000011", "25575400000x", "0154000001", ""] {
            assert_eq!(msisdn(wrong), None, "{wrong}");
        }
        assert_eq!(msisdn_of_person(" 255754000001").as_deref(), Some("255754000001"));
    }

    #[test]
    fn an_amount_is_whole_shillings() {
        for (written, amount) in
            [(json!(1000), 1000), (json!("1000"), 1000), (json!(5000.0), 5000), (json!("7.00"), 7)]
        {
            assert_eq!(whole(&written), Some(amount), "{written}");
        }
        for wrong in
            [json!(1.5), json!(-1), json!("1,000"), json!("+5"), json!("5."), json!(null), json!(true)]
        {
            assert_eq!(whole(&wrong), None, "{wrong}");
        }
    }
}
