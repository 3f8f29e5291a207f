//! What a filled version needs before it can be read: keys, indexes and statistics, table by table on two connections,
//! so that the last model to be done does not leave a core idle.

use std::{cmp::Reverse, collections::VecDeque, sync::Mutex};

use futures_util::future::try_join;
use tokio_postgres::Client;

use crate::{ModelName, ProjectorError, control::filled, history, table::Table};

/// A sample for the planner: some thousand rows tell keys that are unique and times that are even well enough, and ten
/// times as many would cost as much as the indexes. Autovacuum takes its own, in its own time.
const STATISTICS: &str = "SET default_statistics_target = 20";

/// The statements for each table, the one with the most rows first.
pub(super) fn statements(
    (model, version): (ModelName, i16),
    has_keys: bool,
    rows: &[u64],
) -> VecDeque<String> {
    let keys = if has_keys { String::new() } else { history::keys(model) };
    let sql = format!("{keys}\n{}", model.sql().indexes);
    let mut tables: Vec<(&'static Table, u64)> =
        model.tables().into_iter().zip(rows.iter().copied().chain(std::iter::repeat(0))).collect();
    tables.sort_by_key(|(_, rows)| Reverse(*rows));
    let of = |(table, _): (&'static Table, u64)| {
        let analyze = format!("ANALYZE {{schema}}.{}", table.name);
        let all = about(&sql, table).chain([analyze.as_str()]).collect::<Vec<_>>().join(";");
        filled(&all, model, version)
    };
    tables.into_iter().map(of).collect()
}

/// The statements that are about a table.
fn about<'a>(sql: &'a str, table: &'static Table) -> impl Iterator<Item = &'a str> {
    let name = format!("{{schema}}.{} ", table.name);
    sql.split(';').filter(move |statement| statement.contains(&name))
}

/// Runs them on both connections.
pub(super) async fn run(
    clients: (&Client, &Client),
    statements: VecDeque<String>,
) -> Result<(), ProjectorError> {
    let statements = Mutex::new(statements);
    try_join(lane(clients.0, &statements), lane(clients.1, &statements)).await?;
    Ok(())
}

async fn lane(client: &Client, statements: &Mutex<VecDeque<String>>) -> Result<(), ProjectorError> {
    client.batch_execute(STATISTICS).await?;
    while let Some(next) = next(statements) {
        client.batch_execute(&next).await?;
    }
    Ok(client.batch_execute("RESET default_statistics_target").await?)
}

fn next(statements: &Mutex<VecDeque<String>>) -> Option<String> {
    statements.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop_front()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statement_is_about_one_table() {
        for model in ModelName::ALL {
            let sql = format!("{}\n{}", history::keys(model), model.sql().indexes);
            let all: Vec<&str> = sql.split(';').filter(|statement| !statement.trim().is_empty()).collect();
            for statement in &all {
                let tables = model.tables();
                let of = tables.iter().filter(|table| about(statement, table).count() == 1).count();
                assert_eq!(of, 1, "{statement}");
            }
            let made = statements((model, 7), false, &[]);
            assert_eq!(made.len(), model.tables().len());
            assert_eq!(made.iter().flat_map(|one| one.split(';')).count(), all.len() + made.len());
        }
    }

    #[test]
    fn the_largest_table_is_first_and_keys_are_made_once() {
        let rows = vec![0, 5];
        let second = ModelName::Billing.tables().get(1).map(|table| table.name).unwrap();
        let made = statements((ModelName::Billing, 7), true, &rows);
        assert!(made.front().unwrap().ends_with(&format!("ANALYZE billing_v7.{second}")), "{made:?}");
        assert!(made.iter().all(|one| !one.contains("PRIMARY KEY")), "{made:?}");
        assert!(made.iter().any(|one| one.contains("journal_by_debit")), "{made:?}");
    }
}
