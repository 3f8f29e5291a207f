//! What a comparison found.

use std::collections::BTreeMap;

use ledger::Position;
use serde_json::Value;

use crate::ModelName;

/// What two versions of a read model have apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The read model.
    pub model: ModelName,
    /// The live version.
    pub live: i16,
    /// The version beside it.
    pub beside: i16,
    /// The position that both stood at.
    pub position: Position,
    /// Every table.
    pub tables: Vec<TableDifference>,
    /// Of the books: every account.
    pub accounts: Vec<AccountDifference>,
}

impl Difference {
    /// Whether every row of every table is the same, as far as both versions have its columns.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.tables.iter().all(|table| table.differing == 0) && self.accounts.iter().all(|one| one.by() == 0)
    }
}

/// What one table of two versions has apart.
#[derive(Debug, Clone, PartialEq)]
pub struct TableDifference {
    /// The table.
    pub table: &'static str,
    /// Rows of the live version.
    pub live_rows: i64,
    /// Rows of the version beside it.
    pub beside_rows: i64,
    /// Rows that are missing on one side or not the same.
    pub differing: i64,
    /// The first of them.
    pub rows: Vec<RowDifference>,
    /// Every column of shillings that differs.
    pub money: Vec<MoneyDifference>,
    /// Columns that only the live version has: they are not compared.
    pub only_live: Vec<String>,
    /// Columns that only the version beside it has.
    pub only_beside: Vec<String>,
}

/// One row that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct RowDifference {
    /// Its key.
    pub key: String,
    /// Every column in which it differs.
    pub columns: BTreeMap<String, Sides>,
}

/// A value on both sides; `None` where the row is missing.
#[derive(Debug, Clone, PartialEq)]
pub struct Sides {
    /// In the live version.
    pub live: Option<Value>,
    /// In the version beside it.
    pub beside: Option<Value>,
}

impl Sides {
    /// By how much the version beside has more, of numbers.
    #[must_use]
    pub fn by(&self) -> Option<i64> {
        let number = |side: &Option<Value>| side.as_ref().and_then(Value::as_i64);
        number(&self.beside)?.checked_sub(number(&self.live)?)
    }
}

/// A column of shillings that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoneyDifference {
    /// The column.
    pub column: String,
    /// In how many rows.
    pub rows: i64,
    /// By how many shillings all rows of the version beside come to more.
    pub by: i64,
}

/// What stands on an account: debit less credit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountDifference {
    /// The account's code.
    pub account: i64,
    /// In the live version.
    pub live: i64,
    /// In the version beside it.
    pub beside: i64,
}

impl AccountDifference {
    /// By how many shillings the version beside has more.
    #[must_use]
    pub fn by(&self) -> i64 {
        self.beside.saturating_sub(self.live)
    }
}
