//! The five wallets, by the names that each interface of AzamPay has for them. Pure.

use domain::event::Provider;

/// The wallet's name at the checkout.
pub(crate) const fn checkout_name(provider: Provider) -> &'static str {
    match provider {
        Provider::Mpesa => "Mpesa",
        Provider::Mixx => "Tigo",
        Provider::Airtel => "Airtel",
        Provider::Halopesa => "Halopesa",
        Provider::Azampesa => "Azampesa",
    }
}

/// The wallet's name for pay-outs; none where nothing can be paid out to.
#[must_use]
pub(crate) const fn bank_name(provider: Provider) -> Option<&'static str> {
    match provider {
        Provider::Mixx => Some("tigo"),
        Provider::Airtel => Some("airtel"),
        Provider::Azampesa => Some("azampesa"),
        Provider::Mpesa | Provider::Halopesa => None,
    }
}

/// Whether a refund to this wallet is a call; otherwise a person makes it.
#[must_use]
pub(crate) const fn pays_out(provider: Provider) -> bool {
    bank_name(provider).is_some()
}

/// The wallet that a callback means by this word; spelling and brand vary, letters and digits count.
#[must_use]
pub(crate) fn operator(word: &str) -> Option<Provider> {
    let letters = word.chars().filter(char::is_ascii_alphanumeric);
    match letters.collect::<String>().to_ascii_lowercase().as_str() {
        "mpesa" | "vodacom" | "vodacommpesa" => Some(Provider::Mpesa),
        "tigo" | "tigopesa" | "mixx" | "mixxbyyas" | "yas" => Some(Provider::Mixx),
        "airtel" | "airtelmoney" => Some(Provider::Airtel),
        "halopesa" | "halotel" => Some(Provider::Halopesa),
        "azampesa" => Some(Provider::Azampesa),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Provider; 5] =
        [Provider::Mpesa, Provider::Mixx, Provider::Airtel, Provider::Halopesa, Provider::Azampesa];

    #[test]
    fn every_wallet_is_known_by_each_of_its_names() {
        for provider in ALL {
            assert_eq!(operator(checkout_name(provider)), Some(provider));
            assert_eq!(operator(provider.as_str()), Some(provider));
            assert!(bank_name(provider).is_none_or(|name| operator(name) == Some(provider)));
        }
        assert_eq!(operator("M-PESA"), Some(Provider::Mpesa));
        assert_eq!(operator("Mixx by Yas"), Some(Provider::Mixx));
        assert_eq!(operator("Bank"), None);
        assert_eq!(operator(""), None);
    }

    #[test]
    fn nothing_is_paid_out_to_the_two_that_take_none() {
        let by_hand = ALL.into_iter().filter(|provider| !pays_out(*provider)).collect::<Vec<_>>();
        assert_eq!(by_hand, [Provider::Mpesa, Provider::Halopesa]);
    }
}
