//! Who a bill number belongs to, so far as somebody who pays it may see: enough to notice a wrong digit.

/// Letters of a word that are shown.
const SHOWN: usize = 2;

/// A name with its first letters only.
pub(crate) fn masked_name(name: &str) -> String {
    let masked = |word: &str| {
        let shown: String = word.chars().take(SHOWN).collect();
        let hidden = word.chars().count().saturating_sub(SHOWN);
        format!("{shown}{}", "*".repeat(hidden.min(6)))
    };
    name.split_whitespace().map(masked).collect::<Vec<_>>().join(" ")
}

/// A phone in E.164 with its last digits only.
pub(crate) fn masked_phone(phone: &str) -> String {
    let last = phone.len().saturating_sub(3);
    format!("{}******{}", phone.get(..4).unwrap_or_default(), phone.get(last..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_is_shown() {
        assert_eq!(masked_name("Asha  Mushi"), "As** Mu***");
        assert_eq!(masked_name("Al"), "Al");
        assert_eq!(masked_phone("+255712345678"), "+255******678");
    }
}
