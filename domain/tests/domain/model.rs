//! Slow and simple: what a rental costs, counted second by second, and what the facts of a rental come to. Written
//! from DOMAIN.md alone, to be compared with the real thing.

use domain::tariff::Terms;

pub(crate) const DAY_SECONDS: i64 = 24 * 60 * 60;

/// What a rental is rated by, in seconds since its start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slow {
    pub(crate) terms: Terms,
    pub(crate) free_minutes: i64,
    pub(crate) due: i64,
}

/// Usage, late, replacement.
pub(crate) type Bill = (i64, i64, i64);

impl Slow {
    /// Each second that begins a unit costs its price, until the block of its day is full.
    fn usage(&self, length: i64) -> i64 {
        if length <= self.free_minutes * 60 {
            return 0;
        }
        let unit = self.terms.unit_minutes * 60;
        let (mut total, mut block) = (0, 0);
        for second in 0..length {
            if second % DAY_SECONDS == 0 {
                total += block;
                block = 0;
            }
            if (second % DAY_SECONDS) % unit == 0 {
                block = (block + self.terms.unit_price.shillings()).min(self.terms.daily_cap.shillings());
            }
        }
        total + block
    }

    /// Each second that begins a day of lateness costs the fee.
    fn late(&self, length: i64) -> i64 {
        let begun = (self.due..length).step_by(usize::try_from(DAY_SECONDS).unwrap()).count();
        i64::try_from(begun).unwrap() * self.terms.late_fee_per_day.shillings()
    }

    /// Shilling by shilling: what is above the cap goes off late as long as there is any, then off usage.
    pub(crate) fn returned(&self, length: i64) -> Bill {
        let (mut usage, mut late) = (self.usage(length), self.late(length));
        let cap = self.terms.replacement_fee.shillings();
        let off_late = (usage + late - cap).clamp(0, late);
        late -= off_late;
        usage -= (usage + late - cap).max(0);
        (usage, late, 0)
    }

    pub(crate) fn sold(&self, length: i64) -> Bill {
        let (usage, late, _) = self.returned(length);
        (usage, late, self.terms.replacement_fee.shillings())
    }
}

/// VAT inside an amount: the nearest whole shilling, the upper one of two equally near.
pub(crate) fn vat(amount: i64, percent: i64) -> i64 {
    let base = 100 + percent;
    let below = amount * percent / base;
    if 2 * (amount * percent - below * base) >= base { below + 1 } else { below }
}

/// What is known of one rental, in seconds since its start, in no order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    /// Observed, and last seen absent.
    pub(crate) returns: Vec<(i64, Option<i64>)>,
    pub(crate) attempts: Vec<i64>,
    pub(crate) reported: Option<i64>,
    /// Whether the deadline command was sent.
    pub(crate) sell: bool,
}

impl Known {
    /// The earliest billed end of a return, moved to the earliest attempt that counts, as long as one does.
    fn end(&self) -> Option<i64> {
        let bound = |(observed, absent): &(i64, Option<i64>)| match absent {
            None => *observed,
            Some(absent) => (*absent).max(observed - 3_600).max(0),
        };
        let mut end = self.returns.iter().map(bound).min()?;
        loop {
            let counting = |attempt: &&i64| **attempt >= 0 && **attempt < end && end - **attempt <= 3_600;
            match self.attempts.iter().filter(counting).min() {
                Some(earlier) => end = *earlier,
                None => return Some(end),
            }
        }
    }

    /// What the rental costs, or `None` while it runs.
    pub(crate) fn bill(&self, rated: &Slow) -> Option<Bill> {
        let deadline = rated.due + rated.terms.sale_after_minutes * 60;
        let sale = self.reported.unwrap_or(deadline).min(deadline);
        let sold = || rated.sold(sale);
        let Some(end) = self.end() else {
            return (self.sell || self.reported.is_some()).then(sold);
        };
        if end < sale {
            return Some(rated.returned(end));
        }
        if end - sale > rated.terms.recovery_days * DAY_SECONDS {
            return Some(sold());
        }
        let to = if sale < deadline { end.min(deadline) } else { sale };
        Some(rated.returned(to))
    }
}
