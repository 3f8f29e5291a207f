//! The end of a rebuild, table by table on two connections, so that the last model to be done does not leave a core idle:
//! the rows that are left, then keys, indexes and statistics.

use std::{cmp::Reverse, collections::VecDeque, sync::Mutex};

use futures_util::{SinkExt as _, future::try_join};
use tokio_postgres::Client;

use crate::{
    ModelName, ProjectorError,
    control::filled,
    history, statements,
    table::{CopyRows, Table},
};

/// A sample for the planner: some thousand rows tell keys that are unique and times that are even well enough, and ten
/// times as many would cost as much as the indexes. Autovacuum takes its own, in its own time.
const STATISTICS: &str = "SET default_statistics_target = 20";

/// What is left to do for a table.
struct Job {
    table: &'static Table,
    rows: CopyRows,
    sql: String,
}

/// What is left to do for all of them.
pub(super) struct Jobs {
    schema: String,
    waiting: Mutex<VecDeque<Job>>,
}

impl Jobs {
    /// For the tables of a version, the one with the most rows first: the rows that were not copied yet, and all the rows
    /// that there are.
    pub(super) fn new(
        (model, version): (ModelName, i16),
        has_keys: bool,
        left: Vec<(CopyRows, u64)>,
    ) -> Self {
        let keys = if has_keys { String::new() } else { history::keys(model) };
        let sql = format!("{keys}\n{}", model.sql().indexes);
        let mut jobs: Vec<(Job, u64)> = model
            .tables()
            .into_iter()
            .zip(left)
            .map(|(table, (rows, count))| {
                let analyze = format!("ANALYZE {{schema}}.{}", table.name);
                let all = about(&sql, table).chain([analyze.as_str()]).collect::<Vec<_>>().join(";");
                (Job { table, rows, sql: filled(&all, model, version) }, count)
            })
            .collect();
        jobs.sort_by_key(|(_, count)| Reverse(*count));
        let waiting = Mutex::new(jobs.into_iter().map(|(job, _)| job).collect());
        Self { schema: model.schema(version), waiting }
    }

    /// Does them on both connections.
    pub(super) async fn run(self, clients: (&Client, &Client)) -> Result<(), ProjectorError> {
        try_join(self.lane(clients.0), self.lane(clients.1)).await?;
        Ok(())
    }

    async fn lane(&self, client: &Client) -> Result<(), ProjectorError> {
        client.batch_execute(STATISTICS).await?;
        while let Some(mut job) = self.next() {
            if job.rows.rows() > 0 {
                copy_in(client, &self.schema, job.table, &mut job.rows).await?;
            }
            client.batch_execute(&job.sql).await?;
        }
        Ok(client.batch_execute("RESET default_statistics_target").await?)
    }

    fn next(&self) -> Option<Job> {
        self.waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop_front()
    }
}

/// The statements that are about a table.
fn about<'a>(sql: &'a str, table: &'static Table) -> impl Iterator<Item = &'a str> {
    let name = format!("{{schema}}.{} ", table.name);
    sql.split(';').filter(move |statement| statement.contains(&name))
}

/// Copies what was gathered, and leaves nothing.
pub(super) async fn copy_in(
    client: &Client,
    schema: &str,
    table: &'static Table,
    copy: &mut CopyRows,
) -> Result<(), ProjectorError> {
    let given = copy.rows();
    let sink = client.copy_in(&statements::copy(schema, table)).await?;
    let mut sink = std::pin::pin!(sink);
    for part in copy.take() {
        sink.send(part).await?;
    }
    let written = sink.finish().await?;
    if written == given { Ok(()) } else { Err(ProjectorError::Written { table: table.name, given, written }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The statements of each job.
    fn made(model: ModelName, has_keys: bool, rows: impl Fn(usize) -> u64) -> Vec<String> {
        let left = (0..model.tables().len()).map(|table| (CopyRows::new(), rows(table))).collect();
        let jobs = Jobs::new((model, 7), has_keys, left);
        std::iter::from_fn(|| jobs.next()).map(|job| job.sql).collect()
    }

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
            let made = made(model, false, |_| 0);
            assert_eq!(made.len(), model.tables().len());
            assert_eq!(made.iter().flat_map(|one| one.split(';')).count(), all.len() + made.len());
        }
    }

    #[test]
    fn the_largest_table_is_first_and_keys_are_made_once() {
        let second = ModelName::Billing.tables().get(1).map(|table| table.name).unwrap();
        let made = made(ModelName::Billing, true, |table| u64::from(table == 1));
        assert!(made.first().unwrap().ends_with(&format!("ANALYZE billing_v7.{second}")), "{made:?}");
        assert!(made.iter().all(|one| !one.contains("PRIMARY KEY")), "{made:?}");
        assert!(made.iter().any(|one| one.contains("journal_by_debit")), "{made:?}");
    }
}
