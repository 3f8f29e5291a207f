//! Tanzanian mobile numbers, in the one form that is kept: `+2557XXXXXXXX`.

/// A mobile number in E.164.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Phone(String);

impl Phone {
    /// Parses `+255…`, `255…`, `0…` or nine digits; only mobile prefixes (`6[0-35-9]`, `7\d`) count.
    #[must_use]
    pub fn parse(text: &str) -> Option<Phone> {
        let digits = match text.strip_prefix('+') {
            Some(rest) => rest.strip_prefix("255")?,
            None if text.len() == 12 => text.strip_prefix("255")?,
            None if text.len() == 10 => text.strip_prefix('0')?,
            None => text,
        };
        let mobile = match digits.as_bytes() {
            [b'6', second, rest @ ..] => rest.len() == 7 && matches!(second, b'0'..=b'3' | b'5'..=b'9'),
            [b'7', rest @ ..] => rest.len() == 8,
            [..] => false,
        };
        (mobile && digits.bytes().all(|b| b.is_ascii_digit())).then(|| Phone(format!("+255{digits}")))
    }

    /// The number in E.164.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_mobile_number_becomes_the_same() {
        for text in ["+255712345678", "255712345678", "0712345678", "712345678"] {
            assert_eq!(Phone::parse(text).unwrap().as_str(), "+255712345678");
        }
    }

    #[test]
    fn what_is_no_tanzanian_mobile_number_is_refused() {
        for text in
            ["", "+254712345678", "0412345678", "07123456789", "+25571234567", "64x345678", "0642345678"]
        {
            assert_eq!(Phone::parse(text), None, "{text}");
        }
    }
}
