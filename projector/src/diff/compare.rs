//! The comparison itself: table by table, row by row, and account by account.
//!
//! A version that another fold made may have other columns. Only those that both have are compared; the others are named.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use tokio_postgres::Client;

use super::{AccountDifference, Difference, MoneyDifference, RowDifference, Sides, TableDifference};
use crate::{
    ModelName, ProjectorError,
    control::Version,
    statements::{self, Pairing},
    table::Table,
};

/// How many differing rows of a table are named.
const NAMED: u32 = 20;

/// Compares two versions as they stand in the snapshot of the open transaction.
pub(super) async fn versions_in_tx(
    client: &Client,
    live: &Version,
    beside: &Version,
) -> Result<Difference, ProjectorError> {
    let model = live.model;
    let schemas = (live.schema(), beside.schema());
    let mut tables = Vec::new();
    for table in model.tables() {
        tables.push(table_in_tx(client, (&schemas.0, &schemas.1), table).await?);
    }
    let accounts = match model {
        ModelName::Billing => accounts_in_tx(client, (&schemas.0, &schemas.1)).await?,
        ModelName::Rentals | ModelName::Inventory | ModelName::Cases => Vec::new(),
    };
    let position = live.checkpoint.position;
    Ok(Difference { model, live: live.version, beside: beside.version, position, tables, accounts })
}

async fn accounts_in_tx(
    client: &Client,
    (live, beside): (&str, &str),
) -> Result<Vec<AccountDifference>, ProjectorError> {
    let rows = client.query(&statements::accounts(live, beside), &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(AccountDifference { account: row.try_get(0)?, live: row.try_get(1)?, beside: row.try_get(2)? })
        })
        .collect()
}

async fn columns(client: &Client, schema: &str, table: &str) -> Result<Vec<String>, ProjectorError> {
    let rows = client.query(statements::COLUMNS, &[&schema, &table]).await?;
    Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
}

async fn rows_of(client: &Client, schema: &str, table: &str) -> Result<i64, ProjectorError> {
    Ok(client.query_one(&statements::count(schema, table), &[]).await?.try_get(0)?)
}

async fn table_in_tx(
    client: &Client,
    (live, beside): (&str, &str),
    table: &'static Table,
) -> Result<TableDifference, ProjectorError> {
    let left = columns(client, live, table.name).await?;
    let right = columns(client, beside, table.name).await?;
    let without = |all: &[String], others: &[String]| -> Vec<String> {
        all.iter().filter(|column| !others.contains(column)).cloned().collect()
    };
    let mut found = TableDifference {
        table: table.name,
        live_rows: if left.is_empty() { 0 } else { rows_of(client, live, table.name).await? },
        beside_rows: if right.is_empty() { 0 } else { rows_of(client, beside, table.name).await? },
        differing: 0,
        rows: Vec::new(),
        money: Vec::new(),
        only_live: without(&left, &right),
        only_beside: without(&right, &left),
    };
    let shared = |column: &&&str| left.iter().chain(&right).filter(|known| *known == **column).count() == 2;
    let columns: Vec<&str> = table.columns.iter().filter(shared).copied().collect();
    let key: Vec<&str> = table.columns.iter().take(table.key).copied().collect();
    if key.iter().all(|key| columns.contains(key)) {
        let pairing = Pairing { left: live, right: beside, table: table.name, key: &key, columns: &columns };
        compare(client, &pairing, &shillings(table, &columns), &mut found).await?;
    }
    Ok(found)
}

async fn compare(
    client: &Client,
    pairing: &Pairing<'_>,
    money: &[&str],
    found: &mut TableDifference,
) -> Result<(), ProjectorError> {
    let row = client.query_one(&pairing.compare(money), &[]).await?;
    found.differing = row.try_get(0)?;
    if found.differing == 0 {
        return Ok(());
    }
    let (sums, rows): (Vec<i64>, Vec<i64>) = (row.try_get(1)?, row.try_get(2)?);
    let all = money.iter().zip(sums).zip(rows);
    let all = all.map(|((column, by), rows)| MoneyDifference { column: (*column).to_owned(), rows, by });
    found.money = all.filter(|one| one.rows > 0).collect();
    for row in client.query(&pairing.rows(NAMED), &[]).await? {
        let (live, beside): (Option<Value>, Option<Value>) = (row.try_get(1)?, row.try_get(2)?);
        found.rows.push(RowDifference { key: row.try_get(0)?, columns: apart(live, beside, pairing.key) });
    }
    Ok(())
}

/// The columns in which two rows differ; the key's are in neither.
fn apart(live: Option<Value>, beside: Option<Value>, key: &[&str]) -> BTreeMap<String, Sides> {
    let members = |row: Option<Value>| match row {
        Some(Value::Object(row)) => row,
        Some(_) | None => Map::new(),
    };
    let (live, beside) = (members(live), members(beside));
    let names: BTreeSet<&String> = live.keys().chain(beside.keys()).collect();
    names
        .into_iter()
        .filter(|name| !key.contains(&name.as_str()) && live.get(*name) != beside.get(*name))
        .map(|name| {
            (name.clone(), Sides { live: live.get(name).cloned(), beside: beside.get(name).cloned() })
        })
        .collect()
}

/// The columns that hold shillings: whole numbers that are neither places in the ledger nor lengths of time.
fn shillings<'a>(table: &Table, columns: &[&'a str]) -> Vec<&'a str> {
    let whole: Vec<&str> = table
        .columns
        .iter()
        .zip(table.types)
        .skip(table.key)
        .filter(|(name, ty)| **ty == "bigint" && !is_other(name))
        .map(|(name, _)| *name)
        .collect();
    columns.iter().filter(|column| whole.contains(column)).copied().collect()
}

fn is_other(column: &str) -> bool {
    ["position", "until", "minutes"]
        .iter()
        .any(|word| column == *word || column.ends_with(&format!("_{word}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::table::Row as _;

    #[test]
    fn shillings_are_neither_positions_nor_minutes_nor_codes_of_accounts() {
        let of = |table: &'static Table| shillings(table, table.columns);
        assert_eq!(of(crate::billing::BalanceRow::TABLE), ["balance", "debt"]);
        assert_eq!(of(crate::billing::JournalRow::TABLE)[0], "amount");
        assert!(!of(crate::billing::JournalRow::TABLE).contains(&"debit"), "an account's code");
        let rental = ModelName::Rentals.tables().into_iter().find(|table| table.name == "rental").unwrap();
        assert!(of(rental).contains(&"charge_total") && !of(rental).contains(&"free_minutes"));
    }

    #[test]
    fn only_what_differs_is_named_and_a_missing_row_has_no_value() {
        let row = |balance: i64| Some(json!({"customer_id": 1, "balance": balance, "debt": 0}));
        let differing = apart(row(5), row(6), &["customer_id"]);
        assert_eq!(differing.len(), 1);
        assert_eq!(differing["balance"].by(), Some(1));
        let missing = apart(row(5), None, &["customer_id"]);
        assert_eq!(missing["debt"], Sides { live: Some(json!(0)), beside: None });
        assert_eq!(missing["debt"].by(), None);
    }
}
