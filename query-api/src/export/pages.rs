//! The rows of a view at a position, page by page of their key, each page one short statement.
//!
//! What a row was at a position never changes any more, so pages that are read one after the other fit together. Each
//! says which version of the read model it was read from; another one ends the export.

use ledger::Ledger;
use tokio_postgres::{Row, types::ToSql};

use crate::statements::exported;

use super::{
    Dataset, ExportError,
    cell::{Cell, Column},
    dataset::Rows,
};

/// Rows of a page.
const PAGE: i64 = 5_000;
/// Rows of a page where every page costs a look at everything.
const WHOLE_PAGE: i64 = 50_000;
/// Keys that are counted at a time.
const COUNTED: i64 = 200_000;

/// A view that is being read.
pub(super) struct Pages {
    ledger: Ledger,
    dataset: &'static Dataset,
    position: i64,
    version: i16,
    columns: Vec<Column>,
    /// The last key that was read, as text.
    after: Option<Vec<String>>,
    ended: bool,
}

/// The live version of a read model and where it stands.
pub(super) async fn live(ledger: &Ledger, dataset: &'static Dataset) -> Result<(i16, i64), ExportError> {
    let client = ledger.pool().get().await?;
    let row = client.query_opt(exported::LIVE, &[&dataset.model()]).await?;
    let row = row.ok_or(ExportError::NotBuilt(dataset.model()))?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}

impl Pages {
    /// Begins at the first row.
    pub(super) async fn begin(
        ledger: Ledger,
        dataset: &'static Dataset,
        position: i64,
    ) -> Result<Self, ExportError> {
        let (version, held) = live(&ledger, dataset).await?;
        if position > held {
            return Err(ExportError::NotThere { model: dataset.model(), asked: position, held });
        }
        let client = ledger.pool().get().await?;
        let described = client.prepare(&format!("SELECT * FROM read_model.{} LIMIT 0", dataset.name)).await?;
        let columns = described.columns().iter().map(Column::of).collect::<Result<_, _>>()?;
        drop(client);
        Ok(Self { ledger, dataset, position, version, columns, after: None, ended: false })
    }

    pub(super) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// How many rows there are.
    pub(super) async fn count(&self) -> Result<i64, ExportError> {
        let (mut rows, mut after) = (0_i64, None);
        loop {
            let sql = self.counting(after.is_some());
            let found = self.query(&sql, after.as_deref()).await?;
            let Some(row) = found.first() else { return Ok(rows) };
            let counted: i64 = row.try_get(0)?;
            rows = rows.saturating_add(counted);
            if counted < COUNTED {
                return Ok(rows);
            }
            let key = (1..=self.dataset.key.len()).map(|column| row.try_get(column));
            after = Some(key.collect::<Result<Vec<String>, _>>()?);
        }
    }

    /// The next rows; none at the end.
    pub(super) async fn next(&mut self) -> Result<Vec<Vec<Cell>>, ExportError> {
        if self.ended {
            return Ok(Vec::new());
        }
        let found = self.query(&self.paging(), self.after.as_deref()).await?;
        let rows = found.iter().map(|row| self.cells(row)).collect::<Result<Vec<_>, _>>()?;
        self.ended = i64::try_from(rows.len()).is_ok_and(|rows| rows < self.page());
        self.after = rows.last().map(|row| self.key(row));
        Ok(rows)
    }

    fn cells(&self, row: &Row) -> Result<Vec<Cell>, ExportError> {
        let version: Option<i16> = row.try_get(self.columns.len())?;
        if version != Some(self.version) {
            return Err(ExportError::Switched(self.dataset.model()));
        }
        self.columns.iter().enumerate().map(|(at, column)| column.read(row, at)).collect()
    }

    fn key(&self, row: &[Cell]) -> Vec<String> {
        let cell = |name: &str| self.columns.iter().zip(row).find(|(column, _)| column.name == name);
        self.dataset.key.iter().filter_map(|name| cell(name)).map(|(_, cell)| cell.text()).collect()
    }

    async fn query(&self, sql: &str, after: Option<&[String]>) -> Result<Vec<Row>, ExportError> {
        let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&self.position];
        for key in after.unwrap_or_default() {
            parameters.push(key);
        }
        // Not prepared for long: the views may be made anew at any time.
        let client = self.ledger.pool().get().await?;
        Ok(client.query(sql, &parameters).await?)
    }

    const fn page(&self) -> i64 {
        match self.dataset.rows {
            Rows::MadeWhole(_) => WHOLE_PAGE,
            Rows::Events | Rows::Written | Rows::Versions(_) | Rows::Made(_) => PAGE,
        }
    }

    fn known(&self) -> String {
        let columns: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
        self.dataset.known(&columns.join(", "))
    }

    /// A condition on the key, for all pages but the first.
    fn beyond(&self, later: bool) -> String {
        if !later {
            return String::new();
        }
        let kind =
            |name: &str| self.columns.iter().find(|column| column.name == name).map_or("text", Column::sql);
        let given =
            self.dataset.key.iter().zip(2..).map(|(name, number)| format!("${number}::text::{}", kind(name)));
        format!("WHERE ({}) > ({})", self.keys("k", ""), given.collect::<Vec<_>>().join(", "))
    }

    fn keys(&self, of: &str, after: &str) -> String {
        let keys = self.dataset.key.iter().map(|key| format!("{of}.{key}{after}"));
        keys.collect::<Vec<_>>().join(", ")
    }

    fn paging(&self) -> String {
        let columns = self.columns.iter().map(|column| format!("k.{}", column.name));
        format!(
            "SELECT {}, (SELECT p.version FROM ledger.projection p WHERE p.name = '{}' AND p.live) AS of_version \
             FROM {} k {} ORDER BY {} LIMIT {}",
            columns.collect::<Vec<_>>().join(", "),
            self.dataset.model(),
            self.known(),
            self.beyond(self.after.is_some()),
            self.keys("k", ""),
            self.page(),
        )
    }

    /// How many keys follow, at most so many at a time, and the last of them.
    fn counting(&self, later: bool) -> String {
        format!(
            "WITH part AS MATERIALIZED (SELECT {keys} FROM {known} k {beyond} ORDER BY {keys} LIMIT {COUNTED}) \
             SELECT (SELECT count(*) FROM part), {text} FROM (SELECT * FROM part l ORDER BY {last} LIMIT 1) l",
            keys = self.keys("k", ""),
            known = self.known(),
            beyond = self.beyond(later),
            text = self.keys("l", "::text"),
            last = self.keys("l", " DESC"),
        )
    }
}
