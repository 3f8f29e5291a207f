//! A customer's money with us: what lies on deposit, what is owed, what was written off.
//!
//! Charges take the deposit first and leave the rest as debt; money that comes in pays debt first. So nobody's
//! balance goes below zero, and nobody has a deposit and a debt made by the same shilling.

use serde::{Deserialize, Serialize};

use crate::Money;

/// Where a charge was taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Debited {
    /// Taken from the deposit balance.
    pub deposit: Money,
    /// Left as debt.
    pub debt: Money,
}

/// Where money that came back went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Credited {
    /// Paid off debt.
    pub debt: Money,
    /// Restored what had been written off.
    pub write_off: Money,
    /// Added to the deposit balance.
    pub deposit: Money,
}

/// Deposit, debt and write-offs of one customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Purse {
    /// The deposit balance.
    pub balance: Money,
    /// What is owed.
    pub debt: Money,
    /// What was written off and not restored since.
    pub written_off: Money,
}

impl Purse {
    /// An empty purse.
    pub const EMPTY: Purse = Purse { balance: Money::ZERO, debt: Money::ZERO, written_off: Money::ZERO };

    /// Takes a charge: deposit first, the rest becomes debt.
    #[must_use]
    pub fn charge(&mut self, amount: Money) -> Debited {
        let deposit = amount.min(self.balance);
        let debited = Debited { deposit, debt: amount.less(deposit) };
        self.debit(debited);
        debited
    }

    /// Takes in a payment: debt first, the rest to the deposit.
    #[must_use]
    pub fn pay(&mut self, amount: Money) -> Credited {
        let debt = amount.min(self.debt);
        let credited = Credited { debt, write_off: Money::ZERO, deposit: amount.less(debt) };
        self.credit(credited);
        credited
    }

    /// Gives a charge back: debt first, then what was written off, the rest to the deposit.
    #[must_use]
    pub fn refund(&mut self, amount: Money) -> Credited {
        let debt = amount.min(self.debt);
        let rest = amount.less(debt);
        let write_off = rest.min(self.written_off);
        let credited = Credited { debt, write_off, deposit: rest.less(write_off) };
        self.credit(credited);
        credited
    }

    /// Gives up so much of the debt.
    pub fn write_off(&mut self, amount: Money) {
        self.debt = self.debt.less(amount);
        self.written_off = self.written_off.plus(amount);
    }

    /// Applies a recorded debit.
    pub fn debit(&mut self, debited: Debited) {
        self.balance = self.balance.less(debited.deposit);
        self.debt = self.debt.plus(debited.debt);
    }

    /// Applies a recorded credit.
    pub fn credit(&mut self, credited: Credited) {
        self.debt = self.debt.less(credited.debt);
        self.written_off = self.written_off.less(credited.write_off);
        self.balance = self.balance.plus(credited.deposit);
    }
}
