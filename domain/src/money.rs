//! Whole Tanzanian shillings. Never negative, never a fraction, never a float.
//!
//! One amount that enters the system is at most [`MAX_AMOUNT`]; sums of them stay far below what the integer
//! holds, so addition saturates at a bound that nobody can reach rather than asking every caller to handle
//! an overflow that cannot be.

use serde::{Deserialize, Deserializer, Serialize, de::Error};

/// The largest amount that is accepted from outside: a billion shillings.
pub const MAX_AMOUNT: i64 = 1_000_000_000;

/// An amount of whole shillings, zero or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Money(i64);

impl Money {
    /// Nothing.
    pub const ZERO: Money = Money(0);

    /// An amount, if it is one: `0 ≤ shillings`.
    #[must_use]
    pub const fn new(shillings: i64) -> Option<Money> {
        if shillings < 0 { None } else { Some(Money(shillings)) }
    }

    /// An amount known when the program is written. Negative literals become zero.
    #[must_use]
    pub const fn tzs(shillings: u32) -> Money {
        #[expect(clippy::as_conversions, reason = "u32 always fits; From is not const")]
        Money(shillings as i64)
    }

    /// The whole shillings.
    #[must_use]
    pub const fn shillings(self) -> i64 {
        self.0
    }

    /// Whether there is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum.
    #[must_use]
    pub const fn plus(self, other: Money) -> Money {
        Money(self.0.saturating_add(other.0))
    }

    /// What is left after taking `other` away, never below zero.
    #[must_use]
    pub const fn less(self, other: Money) -> Money {
        if other.0 >= self.0 { Money(0) } else { Money(self.0 - other.0) }
    }

    /// The difference, if it is not negative.
    #[must_use]
    pub const fn checked_less(self, other: Money) -> Option<Money> {
        Money::new(self.0.saturating_sub(other.0))
    }

    /// So many times the amount.
    #[must_use]
    pub const fn times(self, count: i64) -> Money {
        let product = self.0.saturating_mul(count);
        if product < 0 { Money(0) } else { Money(product) }
    }
}

/// Shillings as people read them: thousands apart, `-45,000`.
#[must_use]
pub fn grouped(shillings: i64) -> String {
    let digits = shillings.unsigned_abs().to_string();
    let mut written = String::from(if shillings < 0 { "-" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && digits.len().saturating_sub(index).is_multiple_of(3) {
            written.push(',');
        }
        written.push(digit);
    }
    written
}

impl std::iter::Sum for Money {
    fn sum<I: Iterator<Item = Money>>(iter: I) -> Money {
        iter.fold(Money::ZERO, Money::plus)
    }
}

impl std::fmt::Display for Money {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let shillings = i64::deserialize(deserializer)?;
        Money::new(shillings).ok_or_else(|| D::Error::custom("an amount is never negative"))
    }
}

/// An amount as it may come from outside: 1 to [`MAX_AMOUNT`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Amount(Money);

impl Amount {
    /// The amount.
    #[must_use]
    pub const fn money(self) -> Money {
        self.0
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let shillings = i64::deserialize(deserializer)?;
        if !(1..=MAX_AMOUNT).contains(&shillings) {
            return Err(D::Error::custom(format!("an amount is 1 to {MAX_AMOUNT} whole shillings")));
        }
        Ok(Amount(Money(shillings)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shillings_are_grouped_by_thousands_and_signed() {
        for (shillings, written) in
            [(0, "0"), (999, "999"), (1_000, "1,000"), (-45_000, "-45,000"), (1_234_567, "1,234,567")]
        {
            assert_eq!(grouped(shillings), written);
        }
    }

    #[test]
    fn money_is_never_negative_and_never_a_fraction() {
        assert_eq!(Money::new(-1), None);
        assert!(serde_json::from_str::<Money>("-1").is_err());
        assert!(serde_json::from_str::<Money>("1.5").is_err());
        assert!(serde_json::from_str::<Money>("\"1\"").is_err());
        assert_eq!(Money::tzs(5).less(Money::tzs(9)), Money::ZERO);
    }

    #[test]
    fn an_amount_from_outside_is_at_least_one_and_bounded() {
        assert!(serde_json::from_str::<Amount>("0").is_err());
        assert!(serde_json::from_str::<Amount>("1000000001").is_err());
        assert!(serde_json::from_str::<Amount>("99999999999999999999").is_err());
        assert_eq!(serde_json::from_str::<Amount>("1").unwrap().money(), Money::tzs(1));
    }
}
