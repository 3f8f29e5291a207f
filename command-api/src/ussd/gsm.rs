//! What a screen can show: the alphabet of GSM (3GPP TS 23.038) and how much room a text takes in it.

/// The most that a screen holds.
#[cfg(test)]
pub(crate) const SCREEN: usize = 160;

/// The letters that take one place, beside the ASCII ones.
const ONE: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà";
/// Those that take two.
const TWO: &str = "^{}\\[~]|€";

/// The places that a character takes; none if there is no such character.
pub(crate) fn places(character: char) -> Option<usize> {
    match character {
        'a'..='z' | 'A'..='Z' | '0'..='9' => Some(1),
        other if ONE.contains(other) => Some(1),
        other if TWO.contains(other) => Some(2),
        _ => None,
    }
}

/// The places that a text takes; none where it cannot be shown as it is.
#[cfg(test)]
pub(crate) fn length(text: &str) -> Option<usize> {
    text.chars().map(places).sum()
}

/// A text of somebody else's as it can be shown on one line, in so many places: what has no letter becomes `?`, and what is
/// too long ends with a dot.
pub(crate) fn fit(text: &str, room: usize) -> String {
    let shown = |character: char| match character {
        '\n' | '\r' | '\t' => ' ',
        other if places(other) == Some(1) => other,
        '[' | '{' => '(',
        ']' | '}' => ')',
        _ => '?',
    };
    let shown: Vec<char> = text.chars().map(shown).collect();
    if shown.len() <= room {
        return shown.into_iter().collect();
    }
    let kept: String = shown.into_iter().take(room.saturating_sub(1)).collect();
    format!("{}.", kept.trim_end())
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn a_text_is_measured_in_places() {
        assert_eq!(length("Salio: 1,000\n"), Some(13));
        assert_eq!(length("[x]"), Some(5));
        assert_eq!(length("ŵ"), None);
    }

    #[test]
    fn somebody_elses_text_fits() {
        assert_eq!(fit("Kariakoo", 8), "Kariakoo");
        assert_eq!(fit("Kariakoo Sokoni", 10), "Kariakoo.");
        assert_eq!(fit("Mlimani\n[City] ŵ", 40), "Mlimani (City) ?");
    }
}
