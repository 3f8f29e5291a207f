//! The words of the screens that are the same for everybody, in Swahili and English.

use domain::customer::Language;
use domain::event::Provider;

/// A text in both languages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words {
    pub(crate) sw: &'static str,
    pub(crate) en: &'static str,
}

impl Words {
    /// In one of them.
    pub(crate) const fn of(self, language: Language) -> &'static str {
        match language {
            Language::Sw => self.sw,
            Language::En => self.en,
        }
    }
}

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident: $sw:literal, $en:literal;)*) => {
        $($(#[$doc])* pub(crate) const $name: Words = Words { sw: $sw, en: $en };)*
        /// Every one, to be measured.
        #[cfg(test)]
        pub(crate) const ALL: &[(&str, Words)] = &[$((stringify!($name), $name)),*];
    };
}

words! {
    MAIN: "ChajiPoa\n1 Salio\n2 Weka pesa\n3 Tafuta kituo\n4 Kodi powerbank\n5 Kodi yangu\n6 Nimeipoteza\n7 Language",
        "ChajiPoa\n1 Balance\n2 Deposit\n3 Find a station\n4 Rent a powerbank\n5 My rental\n6 I lost it\n7 Lugha";
    WRONG: "Si sahihi, jaribu tena.", "Not valid, try again.";
    BACK: "0 Rudi", "0 Back";
    AMOUNT: "Weka kiasi gani?", "How much?";
    OTHER: "Kiasi kingine", "Another amount";
    TYPE_AMOUNT: "Andika kiasi, TSh 500 hadi 5,000,000", "Type an amount, TSh 500 to 5,000,000";
    TYPE_STATION: "Andika namba ya kituo, kama ilivyo kwenye kabati", "Type the station's code, as it stands on the cabinet";
    TYPE_SLOT: "Andika namba ya nafasi yenye powerbank:", "Type the number of a slot with a powerbank:";
    NO_BANKS: "Hakuna powerbank hapa sasa.", "No powerbank here at present.";
    CLOSED: "Kituo hakitoi powerbank sasa.", "It does not rent out at present.";
    RENT_HERE: "1 Kodi hapa", "1 Rent here";
    NO_RENTAL: "Huna powerbank uliyokodi.", "You have no powerbank out.";
    RELEASING: "Powerbank inatoka. Ichukue kwenye nafasi.", "The powerbank is coming out. Take it from its slot.";
    YES_LOST: "1 Ndiyo, nimeipoteza", "1 Yes, I lost it";
    LANGUAGE: "1 Kiswahili\n2 English", "1 Kiswahili\n2 English";
    REGISTER: "Karibu ChajiPoa! Namba hii haijasajiliwa. Kusajili ni bure.\n1 Nisajili\n2 Hapana\n3 English",
        "Welcome to ChajiPoa! This number is not registered. It is free.\n1 Register me\n2 No\n3 Kiswahili";
    REGISTERED: "Umesajiliwa ChajiPoa. Piga tena kuweka pesa na kukodi.", "You are registered. Dial again to deposit and rent.";
    GOODBYE: "Karibu tena.", "See you.";
    LOST: "Tumepokea. Ukiipata irudishe kituo chochote ndani ya siku 30.",
        "We have noted it. If you find it, return it at any station within 30 days.";
    SPEAKS: "Sasa tunaongea Kiswahili.", "We speak English now.";
    // What a rule refuses.
    SLOT_NOT_FREE: "Nafasi hiyo haina powerbank ya kukodi.", "That slot has no powerbank to rent.";
    HAS_DEBT: "Una deni. Weka pesa kwanza kulilipa.", "You have a debt. Deposit first to pay it.";
    DEPOSIT_SHORT: "Salio halitoshi kwa amana. Weka pesa kwanza.", "Your balance is below the deposit. Deposit first.";
    HAS_RENTAL: "Una powerbank uliyokodi tayari. Irudishe kwanza.", "You have a powerbank already. Return it first.";
    NOT_ACTIVE: "Akaunti yako imesimamishwa. Wasiliana nasi.", "Your account is suspended. Please contact us.";
    STATION_SHUT: "Kituo hakitoi powerbank sasa. Jaribu kingine.", "This station does not rent out now. Try another.";
    NOT_LOST_NOW: "Powerbank hii haiwezi kuripotiwa imepotea sasa.", "This powerbank cannot be reported lost now.";
    MANY_PROMPTS: "Umeomba mara nyingi mno. Jaribu tena baada ya saa moja.", "Too many requests. Try again in an hour.";
    REFUSED: "Ombi halikukubaliwa. Jaribu tena au wasiliana nasi.", "It was not accepted. Try again or contact us.";
    LATER: "Samahani, huduma haipatikani sasa. Jaribu tena baadaye.", "Sorry, this does not work now. Please try again later.";
}

/// What people call a wallet.
pub(crate) const fn wallet(provider: Provider) -> &'static str {
    match provider {
        Provider::Mpesa => "M-Pesa",
        Provider::Mixx => "Mixx by Yas",
        Provider::Airtel => "Airtel Money",
        Provider::Halopesa => "HaloPesa",
        Provider::Azampesa => "AzamPesa",
    }
}

/// Every wallet, the one that goes with the number's prefix first: numbers are portable, so it is only a default.
pub(crate) fn wallets(phone: &str) -> [Provider; 5] {
    let mut all = [Provider::Mpesa, Provider::Mixx, Provider::Airtel, Provider::Halopesa, Provider::Azampesa];
    let own = match phone.get(4..6).unwrap_or_default() {
        "65" | "67" | "71" | "77" => Provider::Mixx,
        "68" | "69" | "78" => Provider::Airtel,
        "61" | "62" => Provider::Halopesa,
        _ => Provider::Mpesa,
    };
    all.sort_by_key(|provider| *provider != own);
    all
}
