//! A place as the screen that shows it. Nothing here is longer than a screen, whatever names and amounts are.

use chrono::{DateTime, Utc};
use domain::customer::Language;
use domain::event::Provider;
use domain::money::grouped;
use domain::values::SlotNumber;
use domain::{Money, timing};

use super::gsm::fit;
use super::menu::{AMOUNTS, Place};
use super::words::{self, Words, wallet};

/// Places for somebody else's text.
const NAME: usize = 30;
/// Places for a station's code.
const CODE: usize = 20;
/// Slots that are listed.
const LISTED: usize = 8;

/// What a screen may show.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) language: Language,
    pub(crate) balance: Money,
    pub(crate) debt: Money,
    /// What others pay to, at any wallet.
    pub(crate) bill: String,
    pub(crate) wallets: [Provider; 5],
    /// The station that the place is about.
    pub(crate) station: Option<Station>,
    /// The rental that is open.
    pub(crate) rental: Option<Rental>,
}

/// A station, as far as it is shown.
#[derive(Debug, Clone)]
pub(crate) struct Station {
    pub(crate) name: String,
    pub(crate) code: String,
    pub(crate) rents: bool,
    /// The slots from which a bank can be taken.
    pub(crate) banks: Vec<SlotNumber>,
    /// How many slots take one back.
    pub(crate) free: usize,
}

/// An open rental, as far as it is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rental {
    /// Nothing while the bank is being released.
    pub(crate) running: Option<Running>,
    /// What a bank costs that does not come back.
    pub(crate) replacement: Money,
}

/// A bank that is out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Running {
    pub(crate) since: DateTime<Utc>,
    pub(crate) due: DateTime<Utc>,
    pub(crate) price: Money,
    pub(crate) late: bool,
}

/// The screen of a place, with a hint in front of it where the last input was wrong.
pub(crate) fn page(place: &Place, hint: Option<Words>, facts: &Facts) -> String {
    let language = facts.language;
    let back = words::BACK.of(language);
    let body = match place {
        Place::Main => words::MAIN.of(language).to_owned(),
        Place::Register => words::REGISTER.of(language).to_owned(),
        Place::Balance => format!("{}\n{back}", balance(facts)),
        Place::Amount => format!("{}\n{back}", amounts(language)),
        Place::OtherAmount => format!("{}\n{back}", words::TYPE_AMOUNT.of(language)),
        Place::Wallet(amount) => format!("{}\n{back}", offered(*amount, facts)),
        Place::FindStation | Place::RentStation => {
            format!("{}\n{back}", words::TYPE_STATION.of(language))
        }
        Place::Station(_) => format!("{}\n{back}", station(facts)),
        Place::RentSlot(_) => format!("{}\n{back}", slots(facts)),
        Place::Running => format!("{}\n{back}", running(facts)),
        Place::Lost => format!("{}\n{back}", lost(facts)),
        Place::Language => format!("{}\n{back}", words::LANGUAGE.of(language)),
    };
    match hint {
        Some(hint) => format!("{}\n{body}", hint.of(language)),
        None => body,
    }
}

/// What is said after a deposit was asked for: the wallet's own prompt comes once this screen is closed.
pub(crate) fn prompted(amount: i64, provider: Provider, language: Language) -> String {
    let (amount, wallet) = (grouped(amount), wallet(provider));
    match language {
        Language::Sw => {
            format!("Utapata ombi la {wallet} kulipa TSh {amount}. Weka PIN yako kwenye ombi hilo tu.")
        }
        Language::En => {
            format!("{wallet} will ask you to pay TSh {amount}. Type your PIN there and nowhere else.")
        }
    }
}

/// What is said after a rental was started or asked for.
pub(crate) fn rented(slot: SlotNumber, releasing: bool, language: Language) -> String {
    let slot = slot.get();
    match (language, releasing) {
        (Language::Sw, true) => format!("Nafasi {slot} inafunguka. Chukua powerbank yako. Asante!"),
        (Language::Sw, false) => format!("Chukua powerbank kwenye nafasi {slot}. Muda umeanza. Asante!"),
        (Language::En, true) => format!("Slot {slot} is opening. Take your powerbank. Thank you!"),
        (Language::En, false) => format!("Take the powerbank in slot {slot}. Time is running. Thank you!"),
    }
}

fn balance(facts: &Facts) -> String {
    let (balance, debt) = (money(facts.balance), money(facts.debt));
    match facts.language {
        Language::Sw => format!("Salio: {balance}\nDeni: {debt}\nNamba ya malipo: {}", facts.bill),
        Language::En => format!("Balance: {balance}\nDebt: {debt}\nBill number: {}", facts.bill),
    }
}

fn amounts(language: Language) -> String {
    let listed = (1..).zip(AMOUNTS).map(|(number, amount)| format!("\n{number} TSh {}", grouped(amount)));
    let listed: String = listed.collect();
    format!("{}{listed}\n5 {}", words::AMOUNT.of(language), words::OTHER.of(language))
}

fn offered(amount: i64, facts: &Facts) -> String {
    let listed =
        (1..).zip(facts.wallets).map(|(number, provider)| format!("\n{number} {}", wallet(provider)));
    let listed: String = listed.collect();
    let amount = grouped(amount);
    match facts.language {
        Language::Sw => format!("Lipa TSh {amount} kwa:{listed}"),
        Language::En => format!("Pay TSh {amount} with:{listed}"),
    }
}

fn station(facts: &Facts) -> String {
    let language = facts.language;
    let Some(Station { name, code, rents, banks, free }) = &facts.station else {
        return words::CLOSED.of(language).to_owned();
    };
    let (name, code, banks) = (fit(name, NAME), fit(code, CODE), banks.len());
    let last = if *rents { words::RENT_HERE } else { words::CLOSED }.of(language);
    match language {
        Language::Sw => format!("{name}\n{code}\nPowerbank: {banks}\nNafasi wazi: {free}\n{last}"),
        Language::En => format!("{name}\n{code}\nPowerbanks: {banks}\nFree slots: {free}\n{last}"),
    }
}

fn slots(facts: &Facts) -> String {
    let language = facts.language;
    let Some(station) = &facts.station else { return words::CLOSED.of(language).to_owned() };
    if station.banks.is_empty() {
        return words::NO_BANKS.of(language).to_owned();
    }
    let listed: Vec<String> = station.banks.iter().take(LISTED).map(|slot| slot.get().to_string()).collect();
    let more = if station.banks.len() > LISTED { ".." } else { "" };
    let name = fit(&station.name, 24);
    format!("{name}. {}\n{}{more}", words::TYPE_SLOT.of(language), listed.join(" "))
}

fn running(facts: &Facts) -> String {
    let language = facts.language;
    let Some(rental) = &facts.rental else { return words::NO_RENTAL.of(language).to_owned() };
    let Some(Running { since, due, price, late }) = rental.running else {
        return words::RELEASING.of(language).to_owned();
    };
    let (since, due, price) = (moment(since), moment(due), money(price));
    match (language, late) {
        (Language::Sw, false) => format!("Tangu {since}\nHadi sasa {price}\nRudisha kabla ya {due}"),
        (Language::Sw, true) => format!("Tangu {since}\nHadi sasa {price}\nUMECHELEWA tangu {due}"),
        (Language::En, false) => format!("Since {since}\nSo far {price}\nReturn before {due}"),
        (Language::En, true) => format!("Since {since}\nSo far {price}\nLATE since {due}"),
    }
}

fn lost(facts: &Facts) -> String {
    let language = facts.language;
    let Some(rental) = &facts.rental else { return words::NO_RENTAL.of(language).to_owned() };
    let (fee, yes) = (money(rental.replacement), words::YES_LOST.of(language));
    match language {
        Language::Sw => format!("Powerbank iliyopotea inagharimu {fee} pamoja na kodi hadi sasa.\n{yes}"),
        Language::En => format!("A lost powerbank costs {fee} beside the rent so far.\n{yes}"),
    }
}

fn money(amount: Money) -> String {
    format!("TSh {}", grouped(amount.shillings()))
}

fn moment(at: DateTime<Utc>) -> String {
    timing::local(at).format("%d/%m %H:%M").to_string()
}
