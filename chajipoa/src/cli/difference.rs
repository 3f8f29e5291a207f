//! What a comparison of two versions of a read model found, as JSON and in words.

use projector::{AccountDifference, Difference, MoneyDifference, RowDifference, Sides, TableDifference};
use serde_json::{Map, Value, json};

/// Everything, for programs.
pub(super) fn json(difference: &Difference) -> Value {
    let account = |one: &AccountDifference| json!({"account": one.account, "live": one.live, "beside": one.beside, "by": one.by()});
    json!({
        "model": difference.model.as_str(), "live": difference.live, "beside": difference.beside,
        "position": difference.position.get(), "equal": difference.is_none(),
        "tables": difference.tables.iter().map(table_json).collect::<Vec<_>>(),
        "accounts": difference.accounts.iter().map(account).collect::<Vec<_>>(),
        "currency": "TZS",
    })
}

fn table_json(table: &TableDifference) -> Value {
    let money = |one: &MoneyDifference| json!({"column": one.column, "rows": one.rows, "by": one.by});
    json!({
        "table": table.table, "live_rows": table.live_rows, "beside_rows": table.beside_rows,
        "differing": table.differing,
        "rows": table.rows.iter().map(row_json).collect::<Vec<_>>(),
        "money": table.money.iter().map(money).collect::<Vec<_>>(),
        "only_live": table.only_live, "only_beside": table.only_beside,
    })
}

fn row_json(row: &RowDifference) -> Value {
    let side = |(column, sides): (&String, &Sides)| {
        (column.clone(), json!({"live": sides.live, "beside": sides.beside, "by": sides.by()}))
    };
    json!({"key": row.key, "columns": row.columns.iter().map(side).collect::<Map<_, _>>()})
}

/// What differs, for people.
pub(super) fn words(difference: &Difference) -> String {
    let (model, live, beside) = (difference.model, difference.live, difference.beside);
    let position = difference.position;
    let mut lines =
        vec![format!("{model}: version {live} (live) and version {beside}, both at position {position}")];
    for table in &difference.tables {
        table_lines(table, &mut lines);
    }
    for one in &difference.accounts {
        let by = match one.by() {
            0 => "the same".to_owned(),
            by => format!("{by:+} TZS"),
        };
        lines.push(format!("  account {}: {} and {} TZS, {by}", one.account, one.live, one.beside));
    }
    lines.push(if difference.is_none() { "no difference".to_owned() } else { "they differ".to_owned() });
    lines.join("\n")
}

fn table_lines(table: &TableDifference, lines: &mut Vec<String>) {
    let (live, beside, differing) = (table.live_rows, table.beside_rows, table.differing);
    lines.push(format!("  {:<16} {live} rows, {beside} rows, {differing} differ", table.table));
    for (side, columns) in [("live", &table.only_live), ("beside", &table.only_beside)] {
        if !columns.is_empty() {
            lines.push(format!("    only {side}, not compared: {}", columns.join(", ")));
        }
    }
    for one in &table.money {
        lines.push(format!("    {}: {} rows differ, {:+} TZS in all", one.column, one.rows, one.by));
    }
    for row in &table.rows {
        let columns: Vec<String> = row.columns.iter().map(|(name, sides)| column(name, sides)).collect();
        lines.push(format!("    {}: {}", row.key, columns.join(", ")));
    }
    let named = i64::try_from(table.rows.len()).unwrap_or(i64::MAX);
    if differing > named {
        lines.push(format!("    and {} more", differing.saturating_sub(named)));
    }
}

fn column(name: &str, sides: &Sides) -> String {
    let side = |value: &Option<Value>| value.as_ref().map_or("no row".to_owned(), Value::to_string);
    let by = sides.by().map_or(String::new(), |by| format!(" ({by:+})"));
    format!("{name} {} → {}{by}", side(&sides.live), side(&sides.beside))
}
