//! What a rental costs. Pure arithmetic over whole seconds and whole shillings, with its trace.
//!
//! Usage is charged per started unit in blocks of 24 hours from the start, each block capped; being late costs a
//! fee per started 24 hours after the due time; a bank that does not come back costs its replacement. Times are
//! truncated to the whole second before they are subtracted. VAT is included in every price and is taken out
//! half up: `amount × p ÷ (100 + p)`.

mod step;

use serde::{Deserialize, Serialize};

use crate::{Money, Time, tariff::Terms};

const MINUTE: i64 = 60;
/// Twenty-four hours in seconds: a block of usage and a day of lateness.
pub const DAY: i64 = 24 * 60 * MINUTE;

/// A kind of income.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// For using the bank.
    Usage,
    /// For bringing it late.
    Late,
    /// For not bringing it.
    Replacement,
}

/// An amount for each kind of income.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ByKind {
    /// For using the bank.
    pub usage: Money,
    /// For bringing it late.
    pub late: Money,
    /// For not bringing it.
    pub replacement: Money,
}

impl ByKind {
    /// Nothing of any kind.
    pub const ZERO: ByKind = ByKind { usage: Money::ZERO, late: Money::ZERO, replacement: Money::ZERO };

    /// The sum over all kinds.
    #[must_use]
    pub const fn total(self) -> Money {
        self.usage.plus(self.late).plus(self.replacement)
    }

    /// Kind by kind, the sum.
    #[must_use]
    pub const fn plus(self, other: ByKind) -> ByKind {
        ByKind {
            usage: self.usage.plus(other.usage),
            late: self.late.plus(other.late),
            replacement: self.replacement.plus(other.replacement),
        }
    }

    /// Kind by kind, what is left after taking `other` away, never below zero.
    #[must_use]
    pub const fn less(self, other: ByKind) -> ByKind {
        ByKind {
            usage: self.usage.less(other.usage),
            late: self.late.less(other.late),
            replacement: self.replacement.less(other.replacement),
        }
    }
}

/// Amounts with the VAT inside them: what was posted for a charge, and what a reversal takes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Posted {
    /// The amounts, VAT included.
    pub amounts: ByKind,
    /// The VAT in each of them.
    pub vat: ByKind,
}

impl Posted {
    /// Nothing.
    pub const ZERO: Posted = Posted { amounts: ByKind::ZERO, vat: ByKind::ZERO };

    /// The sum of two postings.
    #[must_use]
    pub const fn plus(self, other: Posted) -> Posted {
        Posted { amounts: self.amounts.plus(other.amounts), vat: self.vat.plus(other.vat) }
    }

    /// What is left of a posting after a reversal.
    #[must_use]
    pub const fn less(self, other: Posted) -> Posted {
        Posted { amounts: self.amounts.less(other.amounts), vat: self.vat.less(other.vat) }
    }

    /// Only the replacement part.
    #[must_use]
    pub const fn replacement_only(self) -> Posted {
        Posted {
            amounts: ByKind { usage: Money::ZERO, late: Money::ZERO, replacement: self.amounts.replacement },
            vat: ByKind { usage: Money::ZERO, late: Money::ZERO, replacement: self.vat.replacement },
        }
    }
}

/// The rule that a line of a charge's trace comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The whole rental was at most the free minutes long.
    FreeMinutes,
    /// The bank never left, or came back while it was being released.
    NotTaken,
    /// Usage of one block of 24 hours.
    Usage,
    /// The fee for started days after the due time.
    LateFee,
    /// What the cap at the replacement fee cuts from late fees.
    CapOnLate,
    /// What the cap at the replacement fee cuts from usage.
    CapOnUsage,
    /// The bank counts as sold.
    ReplacementFee,
    /// Usage or late fee that was charged before, at the report of the loss.
    ChargedBefore,
    /// Two members of staff said what it costs.
    SetByStaff,
}

/// One step of the calculation. The amounts of all lines add up to the charge's total.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Line {
    /// The rule applied.
    pub rule: Rule,
    /// Start of the interval it covers.
    pub from: Time,
    /// End of the interval it covers.
    pub to: Time,
    /// Units, days or pieces counted.
    pub units: i64,
    /// Price of one of them in shillings.
    pub unit_price: Money,
    /// What it adds, in shillings; a cap's line is negative.
    pub amount: i64,
}

/// What a rental costs, by kind, with VAT and trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Charge {
    /// Everything together.
    pub total: Money,
    /// For using the bank.
    pub usage: Money,
    /// For bringing it late.
    pub late: Money,
    /// For not bringing it.
    pub replacement: Money,
    /// The VAT inside the total.
    pub vat: Money,
    /// The VAT inside each kind.
    pub vat_by_kind: ByKind,
    /// How it was calculated.
    pub lines: Vec<Line>,
}

impl Charge {
    fn new(amounts: ByKind, vat_percent: u32, lines: Vec<Line>) -> Charge {
        Charge::posted(Posted { amounts, vat: vat_in(amounts, vat_percent) }, lines)
    }

    /// A charge of exactly these amounts.
    #[must_use]
    pub fn posted(posted: Posted, lines: Vec<Line>) -> Charge {
        let Posted { amounts, vat } = posted;
        Charge {
            total: amounts.total(),
            usage: amounts.usage,
            late: amounts.late,
            replacement: amounts.replacement,
            vat: vat.total(),
            vat_by_kind: vat,
            lines,
        }
    }

    /// The amounts as they are posted.
    #[must_use]
    pub const fn to_posted(&self) -> Posted {
        Posted {
            amounts: ByKind { usage: self.usage, late: self.late, replacement: self.replacement },
            vat: self.vat_by_kind,
        }
    }
}

/// What rating needs to know of a rental.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rated<'a> {
    /// The pinned numbers.
    pub terms: &'a Terms,
    /// The free minutes granted at the start (0 beyond the free rentals of a day).
    pub free_minutes: i64,
    /// When the meter started.
    pub started_at: Time,
    /// When the bank was due, extensions included.
    pub due_at: Time,
}

/// The charge of a rental that never really began.
#[must_use]
pub fn not_taken(at: Time) -> Charge {
    let line = Line { rule: Rule::NotTaken, from: at, to: at, units: 0, unit_price: Money::ZERO, amount: 0 };
    Charge::posted(Posted::ZERO, vec![line])
}

/// The charge that staff set instead of a rated one: all of it usage, its VAT inside.
#[must_use]
pub fn set_by_staff(total: Money, vat_percent: u32, (from, to): (Time, Time)) -> Charge {
    let amounts = ByKind { usage: total, ..ByKind::ZERO };
    let amount = total.shillings();
    let line = Line { rule: Rule::SetByStaff, from, to, units: 1, unit_price: total, amount };
    Charge::new(amounts, vat_percent, vec![line])
}

impl Rated<'_> {
    /// The charge of a bank that came back at `end`.
    #[must_use]
    pub fn returned(&self, end: Time) -> Charge {
        let (amounts, lines) = self.capped(end);
        Charge::new(amounts, self.terms.vat_percent, lines)
    }

    /// The charge of a bank that counts as sold since `at`.
    #[must_use]
    pub fn sold(&self, at: Time) -> Charge {
        let (mut amounts, mut lines) = self.capped(at);
        amounts.replacement = self.terms.replacement_fee;
        lines.push(Line {
            rule: Rule::ReplacementFee,
            from: at,
            to: at,
            units: 1,
            unit_price: self.terms.replacement_fee,
            amount: self.terms.replacement_fee.shillings(),
        });
        Charge::new(amounts, self.terms.vat_percent, lines)
    }

    /// What a bank that was reported lost and came back at `end` costs beyond what was `charged` at the report:
    /// usage and late of the whole time, less what was posted. Returns the further charge and the whole one.
    #[must_use]
    pub fn recovered_after_report(&self, end: Time, charged: Posted) -> (Charge, Charge) {
        let whole = self.returned(end);
        let further = further(whole.to_posted(), charged);
        let mut lines = whole.lines.clone();
        lines.push(Line {
            rule: Rule::ChargedBefore,
            from: self.started_at,
            to: end,
            units: 1,
            unit_price: Money::ZERO,
            amount: further.amounts.total().shillings().saturating_sub(whole.total.shillings()),
        });
        (Charge::posted(further, lines), whole)
    }

    /// Usage and late up to `end`, cut at the replacement fee: late first, then usage.
    fn capped(&self, end: Time) -> (ByKind, Vec<Line>) {
        let (usage, mut lines) = self.usage(end);
        let late = self.late(end, &mut lines);
        let over = usage.plus(late).less(self.terms.replacement_fee);
        let cut_late = over.min(late);
        let cut_usage = over.less(cut_late);
        for (rule, cut) in [(Rule::CapOnLate, cut_late), (Rule::CapOnUsage, cut_usage)] {
            if !cut.is_zero() {
                let amount = cut.shillings().saturating_neg();
                lines.push(Line { rule, from: self.started_at, to: end, units: 1, unit_price: cut, amount });
            }
        }
        let amounts =
            ByKind { usage: usage.less(cut_usage), late: late.less(cut_late), replacement: Money::ZERO };
        (amounts, lines)
    }

    fn usage(&self, end: Time) -> (Money, Vec<Line>) {
        let length = seconds_between(self.started_at, end);
        if length <= self.free_minutes.saturating_mul(MINUTE) {
            let free = Line {
                rule: Rule::FreeMinutes,
                from: self.started_at,
                to: end,
                units: 0,
                unit_price: Money::ZERO,
                amount: 0,
            };
            return (Money::ZERO, vec![free]);
        }
        let unit = self.terms.unit_minutes.saturating_mul(MINUTE).max(1);
        let mut lines = Vec::new();
        let mut total = Money::ZERO;
        let mut from = 0;
        while from < length {
            let to = from.saturating_add(DAY).min(length);
            let units = div_ceil(to.saturating_sub(from), unit);
            let amount = self.terms.unit_price.times(units).min(self.terms.daily_cap);
            total = total.plus(amount);
            lines.push(Line {
                rule: Rule::Usage,
                from: after(self.started_at, from),
                to: after(self.started_at, to),
                units,
                unit_price: self.terms.unit_price,
                amount: amount.shillings(),
            });
            // Past the replacement fee the cap decides alone; a century need not be counted day by day.
            if total > self.terms.replacement_fee {
                break;
            }
            from = to;
        }
        (total, lines)
    }

    fn late(&self, end: Time, lines: &mut Vec<Line>) -> Money {
        let late_by = seconds_between(self.due_at, end);
        if late_by <= 0 {
            return Money::ZERO;
        }
        let days = div_ceil(late_by, DAY);
        let fee = self.terms.late_fee_per_day.times(days);
        lines.push(Line {
            rule: Rule::LateFee,
            from: self.due_at,
            to: end,
            units: days,
            unit_price: self.terms.late_fee_per_day,
            amount: fee.shillings(),
        });
        fee
    }
}

/// The whole less what was charged. Where the cap makes the whole's late fee smaller than what was charged, the
/// difference comes off usage, so that the two charges together are exactly the whole; VAT is never more than the
/// amount it is in.
fn further(whole: Posted, charged: Posted) -> Posted {
    let excess = charged.amounts.late.less(whole.amounts.late);
    let excess_vat = charged.vat.late.less(whole.vat.late);
    let mut rest = whole.less(charged);
    rest.amounts.usage = rest.amounts.usage.less(excess);
    rest.vat.usage = rest.vat.usage.less(excess_vat).min(rest.amounts.usage);
    rest
}

/// The VAT inside each amount, half up.
#[must_use]
pub fn vat_in(amounts: ByKind, percent: u32) -> ByKind {
    ByKind {
        usage: vat_of(amounts.usage, percent),
        late: vat_of(amounts.late, percent),
        replacement: vat_of(amounts.replacement, percent),
    }
}

fn vat_of(amount: Money, percent: u32) -> Money {
    let rate = i128::from(percent);
    let base = rate.saturating_add(100);
    let doubled = i128::from(amount.shillings()).saturating_mul(rate).saturating_mul(2).saturating_add(base);
    // `base` is at least 100, so the division is defined; the result is below the amount, so it fits.
    let vat = doubled.checked_div(base.saturating_mul(2)).unwrap_or(0);
    i64::try_from(vat).ok().and_then(Money::new).unwrap_or(Money::ZERO)
}

/// Whole seconds from one moment to another, each truncated to its second first.
#[must_use]
pub fn seconds_between(from: Time, to: Time) -> i64 {
    to.timestamp().saturating_sub(from.timestamp())
}

fn after(start: Time, seconds: i64) -> Time {
    chrono::TimeDelta::try_seconds(seconds).and_then(|delta| start.checked_add_signed(delta)).unwrap_or(start)
}

fn div_ceil(value: i64, by: i64) -> i64 {
    value.saturating_add(by.saturating_sub(1)).checked_div(by).unwrap_or(0)
}
