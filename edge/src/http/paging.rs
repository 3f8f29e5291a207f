//! Paging: `limit` (default 50, at most 500, refused beyond), an opaque `cursor`, `next_cursor`.
//!
//! A cursor is the last row's key as JSON in base64url. It is opaque to clients and never trusted: what
//! it holds is read as strictly as any other input.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::problem::Problem;

/// The longest cursor that is looked at.
const LONGEST_CURSOR: usize = 1_024;

/// How many items a page holds at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(u16);

impl Limit {
    /// The largest limit.
    pub const MAX: u16 = 500;

    /// The number of items.
    pub fn get(self) -> u16 {
        self.0
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(50)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let limit = u16::deserialize(deserializer)?;
        if (1..=Self::MAX).contains(&limit) {
            Ok(Self(limit))
        } else {
            Err(D::Error::custom("limit is from 1 to 500"))
        }
    }
}

/// Where the page before ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct Cursor(String);

impl Cursor {
    /// The cursor after this key.
    pub fn after(key: &impl Serialize) -> Self {
        Self(URL_SAFE_NO_PAD.encode(serde_json::to_vec(key).unwrap_or_default()))
    }

    /// The key it stands for.
    ///
    /// # Errors
    /// 400 where it is not one of ours.
    pub fn key<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let wrong = || Problem::malformed("the cursor was not given out here");
        if self.0.len() > LONGEST_CURSOR {
            return Err(wrong());
        }
        let bytes = URL_SAFE_NO_PAD.decode(&self.0).map_err(|_| wrong())?;
        serde_json::from_slice(&bytes).map_err(|_| wrong())
    }
}

/// One page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Page<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// Where the next page starts; null at the end.
    pub next_cursor: Option<Cursor>,
}

impl<T> Page<T> {
    /// A page from `limit + 1` rows or fewer: the one too many tells that there is more.
    pub fn cut<K: Serialize>(mut rows: Vec<T>, limit: Limit, key: impl Fn(&T) -> K) -> Self {
        let size = usize::from(limit.get());
        let more = rows.len() > size;
        rows.truncate(size);
        let next_cursor = rows.last().filter(|_| more).map(|last| Cursor::after(&key(last)));
        Self { items: rows, next_cursor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_a_forged_one_does_not() {
        assert_eq!(Cursor::after(&("a", 7)).key::<(String, i64)>().unwrap(), ("a".to_owned(), 7));
        assert_eq!(Cursor("e30".to_owned()).key::<(String, i64)>().unwrap_err().code(), "malformed");
        assert_eq!(Cursor("%".to_owned()).key::<i64>().unwrap_err().code(), "malformed");
    }

    #[test]
    fn the_last_page_has_no_cursor() {
        let limit: Limit = serde_json::from_str("2").unwrap();
        let page = Page::cut(vec![1, 2, 3], limit, |row| *row);
        assert_eq!((page.items, page.next_cursor.unwrap().key::<i32>().unwrap()), (vec![1, 2], 2));
        assert_eq!(Page::cut(vec![1, 2], limit, |row| *row).next_cursor, None);
    }

    #[test]
    fn a_limit_out_of_range_is_refused() {
        for bad in ["0", "501", "-1", "\"x\""] {
            assert!(serde_json::from_str::<Limit>(bad).is_err(), "{bad}");
        }
    }
}
