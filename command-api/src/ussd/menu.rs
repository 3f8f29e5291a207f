//! The walk through the menu: every input so far, from the beginning, to a screen or to something to do.

use domain::customer::Language;
use domain::event::Provider;
use domain::values::{SlotNumber, StationCode};

/// Inputs of a session; more are nobody's.
pub(crate) const MOST_INPUTS: usize = 40;
/// The amounts to choose from.
pub(crate) const AMOUNTS: [i64; 4] = [5_000, 10_000, 20_000, 50_000];
/// What may be typed instead.
pub(crate) const LEAST: i64 = 500;
/// The most that a wallet pays at once.
pub(crate) const MOST: i64 = 5_000_000;

const BACK: &str = "0";
const HOME: &str = "00";

/// A screen that waits for an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Main,
    Balance,
    Amount,
    OtherAmount,
    Wallet(i64),
    FindStation,
    Station(StationCode),
    RentStation,
    RentSlot(StationCode),
    Running,
    Lost,
    Language,
    /// For somebody who is no customer yet.
    Register,
}

/// What somebody wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Intent {
    Deposit {
        amount: i64,
        provider: Provider,
    },
    Rent {
        code: StationCode,
        slot: SlotNumber,
    },
    ReportLost,
    Speak(Language),
    Register(Language),
    /// They do not want to be a customer.
    Leave,
}

/// Where a walk ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Next {
    /// A screen; `wrong`: the last input was none of its choices.
    Show { place: Place, wrong: bool },
    /// To be done; if a rule refuses for this very input, the place is where another may be tried.
    Do(Intent, Place),
    /// Whether there is a station of this code has to be known first.
    Look(StationCode),
}

/// What one input leads to at a place.
enum Step {
    Onward(Place),
    Act(Intent),
    Wrong,
    Look(StationCode),
}

/// What is known of stations: how many slots one has, `Some(None)` where there is none, `None` where nobody has looked.
pub(crate) trait Stations {
    fn slots(&self, code: &StationCode) -> Option<Option<u16>>;
}

/// The inputs in the text of a session.
pub(crate) fn inputs(text: &str) -> Vec<&str> {
    if text.is_empty() { Vec::new() } else { text.split('*').map(str::trim).collect() }
}

/// Walks a customer's inputs. `wallets` in the order in which they are offered.
pub(crate) fn walk(inputs: &[&str], wallets: [Provider; 5], stations: &impl Stations) -> Next {
    let mut trail = vec![Place::Main];
    let mut wrong = false;
    for (number, input) in inputs.iter().enumerate() {
        let place = trail.last().cloned().unwrap_or(Place::Main);
        wrong = false;
        match *input {
            HOME => trail.truncate(1),
            BACK if trail.len() > 1 => drop(trail.pop()),
            input => match step(&place, input, wallets, stations) {
                Step::Onward(next) => trail.push(next),
                Step::Act(intent) if number.saturating_add(1) == inputs.len() => {
                    return Next::Do(intent, place);
                }
                // Had it been done, the session would have ended.
                Step::Act(_) => {}
                Step::Wrong => wrong = true,
                Step::Look(code) => return Next::Look(code),
            },
        }
    }
    Next::Show { place: trail.pop().unwrap_or(Place::Main), wrong }
}

/// Walks the inputs of somebody who is no customer yet, and the language they chose.
pub(crate) fn welcome(inputs: &[&str]) -> (Next, Language) {
    let (mut language, mut wrong) = (Language::Sw, false);
    for (number, input) in inputs.iter().enumerate() {
        let last = number.saturating_add(1) == inputs.len();
        wrong = false;
        match *input {
            "1" if last => return (Next::Do(Intent::Register(language), Place::Register), language),
            "2" if last => return (Next::Do(Intent::Leave, Place::Register), language),
            "3" => language = other(language),
            BACK | HOME => {}
            _ => wrong = true,
        }
    }
    (Next::Show { place: Place::Register, wrong }, language)
}

/// The other language.
pub(crate) const fn other(language: Language) -> Language {
    match language {
        Language::Sw => Language::En,
        Language::En => Language::Sw,
    }
}

fn step(place: &Place, input: &str, wallets: [Provider; 5], stations: &impl Stations) -> Step {
    match place {
        Place::Main => main(input),
        Place::Amount => amount(input),
        Place::OtherAmount => match digits(input) {
            Some(amount @ LEAST..=MOST) => Step::Onward(Place::Wallet(amount)),
            Some(_) | None => Step::Wrong,
        },
        Place::Wallet(amount) => match chosen(input).and_then(|number| wallets.get(number).copied()) {
            Some(provider) => Step::Act(Intent::Deposit { amount: *amount, provider }),
            None => Step::Wrong,
        },
        Place::FindStation => station(input, stations, Place::Station),
        Place::RentStation => station(input, stations, Place::RentSlot),
        Place::Station(code) => match input {
            "1" => Step::Onward(Place::RentSlot(code.clone())),
            _ => Step::Wrong,
        },
        Place::RentSlot(code) => slot(code, input, stations),
        Place::Lost => match input {
            "1" => Step::Act(Intent::ReportLost),
            _ => Step::Wrong,
        },
        Place::Language => match input {
            "1" => Step::Act(Intent::Speak(Language::Sw)),
            "2" => Step::Act(Intent::Speak(Language::En)),
            _ => Step::Wrong,
        },
        Place::Balance | Place::Running | Place::Register => Step::Wrong,
    }
}

fn main(input: &str) -> Step {
    Step::Onward(match input {
        "1" => Place::Balance,
        "2" => Place::Amount,
        "3" => Place::FindStation,
        "4" => Place::RentStation,
        "5" => Place::Running,
        "6" => Place::Lost,
        "7" => Place::Language,
        _ => return Step::Wrong,
    })
}

fn amount(input: &str) -> Step {
    match chosen(input) {
        Some(number) if number == AMOUNTS.len() => Step::Onward(Place::OtherAmount),
        Some(number) => {
            AMOUNTS.get(number).map_or(Step::Wrong, |amount| Step::Onward(Place::Wallet(*amount)))
        }
        None => Step::Wrong,
    }
}

fn station(input: &str, stations: &impl Stations, place: fn(StationCode) -> Place) -> Step {
    let Some(code) = StationCode::parse(&input.to_ascii_uppercase()) else { return Step::Wrong };
    match stations.slots(&code) {
        None => Step::Look(code),
        Some(None) => Step::Wrong,
        Some(Some(_)) => Step::Onward(place(code)),
    }
}

fn slot(code: &StationCode, input: &str, stations: &impl Stations) -> Step {
    let Some(slots) = stations.slots(code) else { return Step::Look(code.clone()) };
    let number = digits(input).and_then(|number| u16::try_from(number).ok()).and_then(SlotNumber::new);
    match number {
        Some(slot) if slots.is_some_and(|slots| slot.get() <= slots) => {
            Step::Act(Intent::Rent { code: code.clone(), slot })
        }
        Some(_) | None => Step::Wrong,
    }
}

/// A choice as a place in a list.
fn chosen(input: &str) -> Option<usize> {
    let number = digits(input)?;
    usize::try_from(number).ok()?.checked_sub(1)
}

/// A whole number that is written in digits alone; spaces and commas between them do not count.
fn digits(input: &str) -> Option<i64> {
    let plain: String = input.chars().filter(|c| !matches!(c, ' ' | ',')).collect();
    (!plain.is_empty() && plain.len() <= 9 && plain.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| plain.parse().ok())?
}
