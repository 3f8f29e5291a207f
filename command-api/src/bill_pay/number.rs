//! Bill numbers: `8`, nine digits, a check digit.
//!
//! A customer is found by their phone and by nothing else that is short. So the nine digits are those of the phone, shuffled
//! by a permutation of all nine-digit numbers under the key of this installation: whoever reads a bill number does not learn
//! the phone, we find the phone again, and no table is needed. The key is the one that is never renewed, so a number that
//! was printed stays good. It belongs to the phone: once a customer is erased it leads nowhere, and it leads to whoever
//! registers with that phone next. The phone itself, as people write it, is taken as a bill number too.
//!
//! The permutation is a Feistel network over four and five decimal digits with HMAC-SHA-256. The check digit is Damm's: it
//! finds every single wrong digit and every swap of neighbours.

use domain::phone::Phone;
use ledger::seal::Keys;

const MARK: &str = "8";
const LENGTH: usize = 11;
const LEFT: u64 = 10_000;
const RIGHT: u64 = 100_000;
const ROUNDS: u8 = 10;

/// Damm's quasigroup of order ten.
const DAMM: [[u8; 10]; 10] = [
    [0, 3, 1, 7, 5, 9, 8, 6, 4, 2],
    [7, 0, 9, 2, 1, 5, 4, 8, 6, 3],
    [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
    [1, 7, 5, 0, 9, 8, 3, 4, 2, 6],
    [6, 1, 2, 3, 0, 4, 5, 9, 7, 8],
    [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
    [5, 8, 6, 9, 7, 2, 0, 1, 3, 4],
    [8, 9, 4, 5, 3, 6, 2, 0, 1, 7],
    [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
    [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
];

/// The bill number of a phone in E.164; none for what is no number of ours.
pub(crate) fn bill_number(phone: &str, keys: &Keys) -> Option<String> {
    let digits: u64 = phone.strip_prefix("+255").filter(|digits| digits.len() == 9)?.parse().ok()?;
    let (mut left, mut right) = split(digits)?;
    for round in 0..ROUNDS {
        if round % 2 == 0 {
            left = left.checked_add(mixed(round, right, keys))?.checked_rem(LEFT)?;
        } else {
            right = right.checked_add(mixed(round, left, keys))?.checked_rem(RIGHT)?;
        }
    }
    let number = format!("{MARK}{left:04}{right:05}");
    let check = check_digit(&number)?;
    Some(format!("{number}{check}"))
}

/// The phone that a bill number stands for: the number itself, or the phone as people write it.
pub(crate) fn phone_of(bill: &str, keys: &Keys) -> Option<Phone> {
    let bill: String = bill.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    if bill.len() != LENGTH {
        return Phone::parse(&bill);
    }
    // With its check digit, a right number comes to nought.
    if !bill.starts_with(MARK) || check_digit(&bill)? != 0 {
        return None;
    }
    let (mut left, mut right) = split(bill.get(1..10)?.parse().ok()?)?;
    for round in (0..ROUNDS).rev() {
        if round % 2 == 0 {
            left = less(left, mixed(round, right, keys), LEFT)?;
        } else {
            right = less(right, mixed(round, left, keys), RIGHT)?;
        }
    }
    Phone::parse(&format!("{left:04}{right:05}"))
}

fn split(digits: u64) -> Option<(u64, u64)> {
    Some((digits.checked_div(RIGHT)?, digits.checked_rem(RIGHT)?))
}

fn less(from: u64, by: u64, modulus: u64) -> Option<u64> {
    from.checked_add(modulus)?.checked_sub(by.checked_rem(modulus)?)?.checked_rem(modulus)
}

fn mixed(round: u8, half: u64, keys: &Keys) -> u64 {
    let hash = keys.keyed_hash(format!("bill number|{round}|{half}").as_bytes());
    hash.iter().take(6).fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

fn check_digit(digits: &str) -> Option<u8> {
    digits.bytes().try_fold(0_u8, |interim, byte| {
        let digit = byte.checked_sub(b'0')?;
        DAMM.get(usize::from(interim))?.get(usize::from(digit)).copied()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn keys() -> Keys {
        Keys::open_or_create(tempfile::tempdir().unwrap().path()).unwrap()
    }

    #[test]
    fn a_bill_number_leads_back_to_its_phone_and_does_not_show_it() {
        let (keys, other) = (keys(), keys());
        let mut seen = BTreeSet::new();
        for number in 0..2_000 {
            let phone = format!("+2557{:08}", number * 7_919);
            let bill = bill_number(&phone, &keys).unwrap();
            assert!(bill.len() == 11 && bill.starts_with('8'));
            assert_eq!(phone_of(&bill, &keys).unwrap().as_str(), phone);
            assert_ne!(Some(&bill), bill_number(&phone, &other).as_ref());
            assert!(seen.insert(bill));
        }
    }

    #[test]
    fn a_wrong_digit_or_swapped_neighbours_are_no_bill_number() {
        let keys = keys();
        let bill = bill_number("+255712345678", &keys).unwrap();
        for place in 0..bill.len() {
            for digit in b'0'..=b'9' {
                let mut wrong = bill.clone().into_bytes();
                wrong[place] = digit;
                let wrong = String::from_utf8(wrong).unwrap();
                assert_eq!(phone_of(&wrong, &keys).is_some(), wrong == bill, "{wrong}");
            }
            let mut swapped = bill.clone().into_bytes();
            if place > 0 && swapped[place] != swapped[place - 1] {
                swapped.swap(place, place - 1);
                assert!(phone_of(&String::from_utf8(swapped).unwrap(), &keys).is_none());
            }
        }
    }

    #[test]
    fn the_phone_itself_is_a_bill_number_too() {
        let keys = keys();
        for bill in ["0712345678", "255712345678", "+255712345678", "712345678", "0712 345 678"] {
            assert_eq!(phone_of(bill, &keys).unwrap().as_str(), "+255712345678");
        }
        for bad in ["", "8", "12345678901", "81234567890123", "x1234567890", "8123456789\u{661}"] {
            assert!(phone_of(bad, &keys).is_none(), "{bad}");
        }
    }
}
