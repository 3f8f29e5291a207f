//! An attack, and the dice that draw it.

use uuid::Uuid;

use super::scene::Ground;

/// What is done to the database, and what has to be named.
#[derive(Debug, Clone)]
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    pub(crate) sql: String,
    /// The first position that does not hold any more; none where it is about no position.
    pub(crate) at: Option<i64>,
}

impl Attack {
    pub(crate) fn at(position: i64, sql: impl Into<String>) -> Option<Self> {
        Some(Self { name: "", sql: sql.into(), at: Some(position) })
    }

    pub(crate) fn nowhere(sql: impl Into<String>) -> Option<Self> {
        Some(Self { name: "", sql: sql.into(), at: None })
    }
}

/// Draws an attack of a kind; none if what was drawn does not fit.
pub(crate) type Kind = fn(&Ground, &mut Dice) -> Option<Attack>;

/// Numbers that follow from a seed (splitmix64).
#[derive(Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5eed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// One of `from..=to`.
    pub(crate) fn number(&mut self, from: i64, to: i64) -> i64 {
        let span = u64::try_from(to - from).unwrap() + 1;
        from + i64::try_from(self.next() % span).unwrap()
    }

    pub(crate) fn one<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        let last = i64::try_from(of.len().checked_sub(1)?).unwrap();
        of.get(usize::try_from(self.number(0, last)).unwrap())
    }

    pub(crate) fn id(&mut self) -> Uuid {
        let random = (u128::from(self.next()) << 64) | u128::from(self.next());
        Uuid::from_u128((random & !(0xf << 76) & !(0x3 << 62)) | (0x7 << 76) | (0x2 << 62))
    }

    /// Another one than this.
    pub(crate) fn other<'a, T: PartialEq>(&mut self, of: &'a [T], than: &T) -> Option<&'a T> {
        self.one(of).filter(|drawn| *drawn != than)
    }
}
