//! Every path through the menu, in both languages, with the longest of everything: each screen is measured.

use std::collections::{BTreeSet, VecDeque};

use chrono::{DateTime, Utc};
use domain::Money;
use domain::customer::Language;
use domain::event::Provider;
use domain::values::{SlotNumber, StationCode};

use super::gsm::{SCREEN, length};
use super::menu::{self, Intent, Next, Place, Stations, inputs, walk, welcome};
use super::page::{self, Facts, page};
use super::words::{self, wallets};

/// `CON ` and `END `.
const MARK: usize = 4;
const PHONE: &str = "+255712345678";

/// Stations of codes that begin with K; nobody has looked for those that begin with U.
struct City;

impl Stations for City {
    fn slots(&self, code: &StationCode) -> Option<Option<u16>> {
        match code.as_str().chars().next() {
            Some('K') => Some(Some(200)),
            Some('U') => None,
            _ => Some(None),
        }
    }
}

fn at(text: &str) -> Next {
    walk(&inputs(text), wallets(PHONE), &City)
}

fn shows(text: &str) -> (Place, bool) {
    match at(text) {
        Next::Show { place, wrong } => (place, wrong),
        other @ (Next::Do(..) | Next::Look(_)) => panic!("{text}: {other:?}"),
    }
}

fn kariakoo() -> StationCode {
    StationCode::parse("KRK").unwrap()
}

fn long_facts(language: Language) -> Facts {
    let moment: DateTime<Utc> = "2026-12-31T20:59:00Z".parse().unwrap();
    let money = Money::new(1_000_000_000).unwrap();
    Facts {
        language,
        balance: money,
        debt: money,
        bill: "84821553027".to_owned(),
        wallets: wallets(PHONE),
        station: Some(page::Station {
            name: "Kituo kikuu cha mabasi ya mwendokasi \u{1f50b} ".repeat(5),
            code: "K".repeat(40),
            rents: false,
            banks: (100..=200).filter_map(SlotNumber::new).collect(),
            free: 200,
        }),
        rental: Some(page::Rental {
            running: Some(page::Running { since: moment, due: moment, price: money, late: true }),
            replacement: money,
        }),
    }
}

fn fits(text: &str) {
    let places = length(text).unwrap_or_else(|| panic!("no letters of GSM: {text}"));
    assert!(places + MARK <= SCREEN, "{places} places:\n{text}");
}

/// Every place that inputs lead to, by trying all of them everywhere.
fn places() -> BTreeSet<String> {
    let tried = ["0", "00", "1", "2", "3", "4", "5", "6", "7", "9", "", "x", "KRK", "5000000", "777"];
    let (mut seen, mut open) = (BTreeSet::new(), VecDeque::from([String::new()]));
    while let Some(text) = open.pop_front() {
        for input in tried {
            let text = if text.is_empty() { input.to_owned() } else { format!("{text}*{input}") };
            match at(&text) {
                Next::Show { place, wrong } => {
                    for language in [Language::Sw, Language::En] {
                        fits(&page(&place, wrong.then_some(words::WRONG), &long_facts(language)));
                    }
                    if seen.insert(format!("{place:?}")) {
                        open.push_back(text);
                    }
                }
                Next::Do(_, place) => {
                    for language in [Language::Sw, Language::En] {
                        fits(&page(&place, Some(words::SLOT_NOT_FREE), &long_facts(language)));
                    }
                }
                Next::Look(code) => panic!("nobody asked for {code:?}"),
            }
        }
    }
    seen
}

#[test]
fn every_path_ends_in_a_screen_that_fits() {
    let seen = places();
    for place in [
        "Main",
        "Balance",
        "Amount",
        "OtherAmount",
        "Wallet(5000000)",
        "FindStation",
        "RentStation",
        "Running",
        "Lost",
        "Language",
        "Station(StationCode(\"KRK\"))",
        "RentSlot(StationCode(\"KRK\"))",
    ] {
        assert!(seen.contains(place), "{place} is not to be reached: {seen:?}");
    }
}

#[test]
fn every_other_screen_fits_too() {
    for language in [Language::Sw, Language::En] {
        for (name, words) in words::ALL {
            assert!(length(words.of(language)).is_some_and(|places| places + MARK <= SCREEN), "{name}");
        }
        for wrong in [None, Some(words::WRONG)] {
            fits(&page(&Place::Register, wrong, &long_facts(language)));
            let mut facts = long_facts(language);
            (facts.rental, facts.station) = (None, None);
            for place in
                [Place::Running, Place::Lost, Place::Station(kariakoo()), Place::RentSlot(kariakoo())]
            {
                fits(&page(&place, wrong, &facts));
            }
        }
        for provider in wallets(PHONE) {
            fits(&page::prompted(menu::MOST, provider, language));
        }
        for releasing in [true, false] {
            fits(&page::rented(SlotNumber::new(200).unwrap(), releasing, language));
        }
    }
}

#[test]
fn what_is_shown_is_what_is_asked_for() {
    let mut facts = long_facts(Language::Sw);
    (facts.balance, facts.debt) = (Money::tzs(12_500), Money::ZERO);
    assert_eq!(
        page(&Place::Balance, None, &facts),
        "Salio: TSh 12,500\nDeni: TSh 0\nNamba ya malipo: 84821553027\n0 Rudi"
    );
    facts.language = Language::En;
    assert_eq!(
        page(&Place::Running, None, &facts),
        "Since 31/12 23:59\nSo far TSh 1,000,000,000\nLATE since 31/12 23:59\n0 Back"
    );
    assert_eq!(
        page(&Place::Amount, Some(words::WRONG), &facts),
        "Not valid, try again.\nHow much?\n1 TSh 5,000\n2 TSh 10,000\n3 TSh 20,000\n4 TSh 50,000\n5 Another amount\n0 Back"
    );
}

#[test]
fn back_and_home_lead_back_and_home() {
    assert_eq!(shows(""), (Place::Main, false));
    assert_eq!(shows("2"), (Place::Amount, false));
    assert_eq!(shows("2*5*7500"), (Place::Wallet(7_500), false));
    assert_eq!(shows("2*5*7,500*0"), (Place::OtherAmount, false));
    assert_eq!(shows("2*5*7500*0*0"), (Place::Amount, false));
    assert_eq!(shows("2*5*7500*00"), (Place::Main, false));
    assert_eq!(shows("0"), (Place::Main, true));
    assert_eq!(shows("1*0*5"), (Place::Running, false));
}

#[test]
fn a_wrong_input_repeats_the_screen_and_the_walk_goes_on_from_there() {
    assert_eq!(shows("20"), (Place::Main, true));
    assert_eq!(shows("20*1"), (Place::Balance, false), "as somebody dials who dials deep");
    assert_eq!(shows("2*9"), (Place::Amount, true));
    assert_eq!(shows("2*5*499"), (Place::OtherAmount, true));
    assert_eq!(shows("2*5*5000001"), (Place::OtherAmount, true));
    assert_eq!(shows("2*5*-500"), (Place::OtherAmount, true));
    assert_eq!(shows("3*nothing"), (Place::FindStation, true));
    assert_eq!(shows("3*nothing*krk"), (Place::Station(kariakoo()), false));
    assert_eq!(shows("4*KRK*201"), (Place::RentSlot(kariakoo()), true));
    assert_eq!(at("3*unknown"), Next::Look(StationCode::parse("UNKNOWN").unwrap()));
}

#[test]
fn what_is_wanted_is_done_once_and_only_by_the_last_input() {
    let deposit = |amount, provider| Next::Do(Intent::Deposit { amount, provider }, Place::Wallet(amount));
    assert_eq!(at("2*1*1"), deposit(5_000, Provider::Mixx));
    assert_eq!(at("2*5*123456*2"), deposit(123_456, Provider::Mpesa));
    let slot = |number| Intent::Rent { code: kariakoo(), slot: SlotNumber::new(number).unwrap() };
    assert_eq!(at("4*krk*7"), Next::Do(slot(7), Place::RentSlot(kariakoo())));
    assert_eq!(at("3*krk*1*7"), Next::Do(slot(7), Place::RentSlot(kariakoo())));
    assert_eq!(at("4*krk*7*8"), Next::Do(slot(8), Place::RentSlot(kariakoo())), "the first was refused");
    assert_eq!(at("6*1"), Next::Do(Intent::ReportLost, Place::Lost));
    assert_eq!(at("7*2"), Next::Do(Intent::Speak(Language::En), Place::Language));
    assert_eq!(shows("6*2"), (Place::Lost, true));
}

#[test]
fn somebody_new_is_asked_first_and_in_their_language() {
    let register = |language| (Next::Do(Intent::Register(language), Place::Register), language);
    assert_eq!(welcome(&[]), (Next::Show { place: Place::Register, wrong: false }, Language::Sw));
    assert_eq!(welcome(&["1"]), register(Language::Sw));
    assert_eq!(welcome(&["3", "1"]), register(Language::En));
    assert_eq!(welcome(&["20", "1"]), register(Language::Sw));
    assert_eq!(welcome(&["3", "3", "x"]), (Next::Show { place: Place::Register, wrong: true }, Language::Sw));
    assert_eq!(welcome(&["2"]).0, Next::Do(Intent::Leave, Place::Register));
}

#[test]
fn the_wallet_of_the_prefix_is_offered_first() {
    for (phone, own) in [
        ("+255741000000", Provider::Mpesa),
        ("+255671000000", Provider::Mixx),
        ("+255781000000", Provider::Airtel),
        ("+255621000000", Provider::Halopesa),
        ("+255731000000", Provider::Mpesa),
    ] {
        let offered = wallets(phone);
        assert_eq!(offered[0], own, "{phone}");
        assert_eq!(offered.iter().map(|one| one.as_str()).collect::<BTreeSet<_>>().len(), 5);
    }
}
