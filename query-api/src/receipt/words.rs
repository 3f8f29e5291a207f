//! What a receipt says to people, in Swahili and in English.

use chrono::{DateTime, Utc};
use domain::money::grouped;
use domain::rating::{Line, Rule};
use domain::timing;
use serde::Deserialize;

use super::{figures::Figures, format::Receipt};

/// The language of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Lang {
    /// Swahili.
    #[default]
    Sw,
    /// English.
    En,
}

impl Lang {
    /// Its tag.
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::Sw => "sw",
            Self::En => "en",
        }
    }

    const fn say(self, sw: &'static str, en: &'static str) -> &'static str {
        match self {
            Self::Sw => sw,
            Self::En => en,
        }
    }
}

/// A line of a receipt: what it is, and what it says.
pub(super) struct Said {
    pub(super) name: String,
    pub(super) value: String,
}

fn said(name: impl Into<String>, value: impl Into<String>) -> Said {
    Said { name: name.into(), value: value.into() }
}

pub(super) const fn title(lang: Lang) -> &'static str {
    lang.say("Risiti ya kukodi power bank", "Receipt for a power bank rental")
}

/// What was rented, and when.
pub(super) fn facts(bill: &Figures, lang: Lang) -> Vec<Said> {
    vec![
        said(lang.say("Namba ya kukodi", "Rental"), bill.rental_id.to_string()),
        said(lang.say("Hali", "Status"), status(&bill.status, lang)),
        said(lang.say("Ilichukuliwa", "Taken"), moment(bill.started_at)),
        said(lang.say("Ilitakiwa kurudi", "Due back"), moment(bill.due_at)),
        said(lang.say("Mwisho wa malipo", "Billed to"), moment(bill.ended_at)),
        said(
            lang.say("Bei", "Tariff"),
            format!("{} ({} {})", bill.tariff.name, lang.say("toleo", "version"), bill.tariff.version),
        ),
    ]
}

/// What it costs: the steps of the calculation, then the sums.
pub(super) fn amounts(bill: &Figures, lang: Lang) -> (Vec<Said>, Vec<Said>) {
    let steps = bill.lines.iter().map(|line| step(line, lang)).collect();
    let vat = format!("{} {}%", lang.say("Ndani yake VAT", "VAT included"), bill.tariff.vat_percent);
    let mut sums = vec![
        said(lang.say("JUMLA", "TOTAL"), shillings(bill.total)),
        said(vat, shillings(bill.vat)),
        said(lang.say("Kutoka kwenye amana", "Taken from your deposit"), shillings(bill.from_deposit)),
        said(lang.say("Iliongezwa kwenye deni", "Added to your debt"), shillings(bill.to_debt)),
    ];
    for earlier in &bill.corrected {
        let name = lang.say("Bili ya awali iliyosahihishwa", "Earlier bill, corrected");
        sums.push(said(format!("{name} ({})", earlier.position), shillings(earlier.total)));
    }
    (steps, sums)
}

/// What is proven.
pub(super) fn proof(receipt: &Receipt, lang: Lang) -> String {
    let size = receipt.checkpoint.lines().nth(1).unwrap_or_default();
    let position = receipt.bill.position;
    match lang {
        Lang::Sw => format!(
            "Bili hii ni tukio namba {position} kwenye daftari la ChajiPoa, na imo katika daftari lililotiwa saini likiwa na \
             matukio {size}. Mtu yeyote anaweza kuithibitisha bila kutuuliza: pakua risiti hii kama JSON na tumia \
             \u{201c}chajipoa receipt verify\u{201d}."
        ),
        Lang::En => format!(
            "This bill is event {position} of ChajiPoa's ledger, and is in the ledger that was signed with {size} events. \
             Anybody can check it without asking us: download this receipt as JSON and use \
             \u{201c}chajipoa receipt verify\u{201d}."
        ),
    }
}

/// What stands beside the code.
pub(super) const fn code(lang: Lang) -> &'static str {
    lang.say(
        "Msimbo huu una namba ya tukio, alama yake na mzizi wa daftari lililotiwa saini.",
        "The code holds the event's position, its hash and the root of the signed ledger.",
    )
}

fn status(status: &str, lang: Lang) -> &'static str {
    match status {
        "ended" => lang.say("Imerudishwa", "Returned"),
        "sold" => lang.say("Haikurudishwa, imeuzwa", "Not returned, sold"),
        "recovered" => lang.say("Imerudishwa baada ya kuuzwa", "Returned after it was sold"),
        _ => "",
    }
}

fn step(line: &Line, lang: Lang) -> Said {
    let times = format!("{} × {}", line.units, shillings(line.unit_price.shillings()));
    let name = rule(line.rule, lang);
    let name = match line.units {
        0 => name.to_owned(),
        _ => format!("{name} ({times})"),
    };
    said(format!("{name}, {} – {}", moment(line.from), moment(line.to)), shillings(line.amount))
}

fn rule(rule: Rule, lang: Lang) -> &'static str {
    match rule {
        Rule::FreeMinutes => lang.say("Dakika za bure", "Free minutes"),
        Rule::NotTaken => lang.say("Haikuchukuliwa", "Not taken"),
        Rule::Usage => lang.say("Matumizi", "Usage"),
        Rule::LateFee => lang.say("Kuchelewa kurudisha", "Late return"),
        Rule::CapOnLate => lang.say("Kikomo cha kuchelewa", "Cap on late fees"),
        Rule::CapOnUsage => lang.say("Kikomo cha matumizi", "Cap on usage"),
        Rule::ReplacementFee => lang.say("Fidia ya power bank", "Replacement"),
        Rule::SetByStaff => lang.say("Imewekwa na wafanyakazi wetu", "Set by our staff"),
        Rule::ChargedBefore => lang.say("Iliyokwisha kutozwa", "Charged before"),
    }
}

/// A moment in Dar es Salaam.
fn moment(at: DateTime<Utc>) -> String {
    timing::local(at).format("%d/%m/%Y %H:%M:%S").to_string()
}

/// `TZS 12,345`.
fn shillings(amount: i64) -> String {
    format!("TZS {}", grouped(amount))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_grouped_and_signed() {
        for (amount, written) in
            [(0, "TZS 0"), (999, "TZS 999"), (1_000, "TZS 1,000"), (-45_000, "TZS -45,000")]
        {
            assert_eq!(shillings(amount), written);
        }
        assert_eq!(shillings(1_234_567), "TZS 1,234,567");
    }

    #[test]
    fn a_moment_is_that_of_dar_es_salaam() {
        assert_eq!(moment("2026-03-01T21:00:01Z".parse().unwrap()), "02/03/2026 00:00:01");
    }

    #[test]
    fn every_status_has_words_of_its_own_in_both_languages() {
        for lang in [Lang::Sw, Lang::En] {
            let words = ["ended", "sold", "recovered"].map(|of| status(of, lang));
            assert!(
                words.iter().all(|word| !word.is_empty()) && words[0] != words[1] && words[1] != words[2]
            );
        }
    }
}
