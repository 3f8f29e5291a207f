//! Every statement of the projector, in one place.
//!
//! Statements on a model's tables are made from the table's description, for the schema of one version.

use crate::table::Table;

/// The live version of a read model.
pub(crate) const LIVE: &str = "SELECT version, live, ledger_id, epoch, position, event_id, status, reason \
     FROM ledger.projection WHERE name = $1 AND live";

/// One version of a read model.
pub(crate) const VERSION: &str = "SELECT version, live, ledger_id, epoch, position, event_id, status, reason \
     FROM ledger.projection WHERE name = $1 AND version = $2";

/// The same, locked: whoever writes that version waits.
pub(crate) const VERSION_LOCKED: &str = "SELECT version, live, ledger_id, epoch, position, event_id, status, reason \
     FROM ledger.projection WHERE name = $1 AND version = $2 FOR UPDATE";

/// Every version of a read model, the newest last.
pub(crate) const VERSIONS: &str = "SELECT version, live, ledger_id, epoch, position, event_id, status, reason \
     FROM ledger.projection WHERE name = $1 ORDER BY version";

/// A version that stands before the first event.
pub(crate) const ADD: &str = "INSERT INTO ledger.projection (name, version, live, ledger_id, epoch, position, event_id, status) \
     VALUES ($1, $2, $3, $4, $5, 0, NULL, $6)";

/// Removes a version's row.
pub(crate) const REMOVE: &str = "DELETE FROM ledger.projection WHERE name = $1 AND version = $2 AND NOT live";

/// The fence: moves a position from where it must stand, if the version still is what the writer took it for: live,
/// or not. One row, or roll back (I7).
pub(crate) const MOVE: &str = "UPDATE ledger.projection SET position = $4, event_id = $5 \
     WHERE name = $1 AND version = $2 AND position = $3 AND live = $6";

/// Says how a version is.
pub(crate) const SET_STATUS: &str =
    "UPDATE ledger.projection SET status = $3, reason = $4 WHERE name = $1 AND version = $2";

/// Takes the live flag from whichever version has it.
pub(crate) const RETIRE: &str =
    "UPDATE ledger.projection SET live = false, status = 'retired' WHERE name = $1 AND live";

/// Gives the live flag to a version.
pub(crate) const PROMOTE: &str = "UPDATE ledger.projection SET live = true, status = 'running', reason = NULL \
     WHERE name = $1 AND version = $2";

/// The lock of whoever writes a model's live version; goes with the connection.
pub(crate) const TRY_LOCK: &str = "SELECT pg_try_advisory_lock($1, $2)";

/// Whether somebody in this database has such a lock.
pub(crate) const IS_LOCKED: &str = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted \
     AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
     AND classid::bigint = $1::integer AND objid::bigint = $2::integer)";

/// What a schema says of the fold that fills it.
pub(crate) const FOLD_OF: &str =
    "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = $1";

fn unnest(table: &Table, columns: usize) -> String {
    let arrays: Vec<String> =
        table.types.iter().take(columns).zip(1..).map(|(ty, number)| format!("${number}::{ty}[]")).collect();
    format!("unnest({})", arrays.join(", "))
}

/// Rows by their keys: one array per key column.
pub(crate) fn fetch(schema: &str, table: &Table) -> String {
    let keys: Vec<&str> = table.columns.iter().take(table.key).copied().collect();
    let columns: Vec<String> = table.columns.iter().map(|column| format!("t.{column}")).collect();
    let on: Vec<String> = keys.iter().map(|key| format!("t.{key} = k.{key}")).collect();
    format!(
        "SELECT {} FROM {} AS k({}) JOIN {schema}.{} t ON {}",
        columns.join(", "),
        unnest(table, table.key),
        keys.join(", "),
        table.name,
        on.join(" AND "),
    )
}

/// Writes rows: one array per column.
pub(crate) fn write(schema: &str, table: &Table) -> String {
    let columns = table.columns.join(", ");
    let insert = format!(
        "INSERT INTO {schema}.{} ({columns}) SELECT * FROM {}",
        table.name,
        unnest(table, table.columns.len())
    );
    if table.insert_only {
        return insert;
    }
    let keys: Vec<&str> = table.columns.iter().take(table.key).copied().collect();
    let changed: Vec<String> =
        table.columns.iter().skip(table.key).map(|column| format!("{column} = EXCLUDED.{column}")).collect();
    format!("{insert} ON CONFLICT ({}) DO UPDATE SET {}", keys.join(", "), changed.join(", "))
}

/// Takes new rows in by the thousand.
pub(crate) fn copy(schema: &str, table: &Table) -> String {
    format!("COPY {schema}.{} ({}) FROM STDIN (FORMAT binary)", table.name, table.columns.join(", "))
}

/// The columns of a table, if it is there.
pub(crate) const COLUMNS: &str = "SELECT a.attname::text FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid \
     JOIN pg_namespace n ON n.oid = c.relnamespace \
     WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";

/// What stands on every account of two versions: debit less credit.
pub(crate) fn accounts(left: &str, right: &str) -> String {
    format!(
        "SELECT account::bigint, coalesce(l.debit - l.credit, 0)::bigint, coalesce(r.debit - r.credit, 0)::bigint \
         FROM {left}.account l FULL JOIN {right}.account r USING (account) ORDER BY account"
    )
}

/// How many rows a table has.
pub(crate) fn count(schema: &str, table: &str) -> String {
    format!("SELECT count(*) FROM {schema}.{table}")
}

/// A table of two versions beside each other: its name, its key, and the columns that both have, the key's first.
#[derive(Debug)]
pub(crate) struct Pairing<'a> {
    pub(crate) left: &'a str,
    pub(crate) right: &'a str,
    pub(crate) table: &'a str,
    pub(crate) key: &'a [&'a str],
    pub(crate) columns: &'a [&'a str],
}

impl Pairing<'_> {
    /// How many rows differ; for each of these columns by how much the right one comes to more, and in how many rows.
    pub(crate) fn compare(&self, money: &[&str]) -> String {
        let by: Vec<String> =
            money.iter().map(|column| format!("coalesce(r.{column}, 0) - coalesce(l.{column}, 0)")).collect();
        let sums: Vec<String> = by.iter().map(|by| format!("coalesce(sum({by}), 0)::bigint")).collect();
        let rows: Vec<String> = by.iter().map(|by| format!("count(*) FILTER (WHERE {by} <> 0)")).collect();
        format!(
            "SELECT count(*), ARRAY[{}]::bigint[], ARRAY[{}]::bigint[] FROM {}",
            sums.join(", "),
            rows.join(", "),
            self.differing()
        )
    }

    /// The first rows that differ: their keys, and both sides.
    pub(crate) fn rows(&self, shown: u32) -> String {
        format!(
            "SELECT concat_ws('/', {}), to_jsonb(l) - 'side', to_jsonb(r) - 'side' FROM {} ORDER BY 1 LIMIT {shown}",
            self.key.join(", "),
            self.differing()
        )
    }

    fn differing(&self) -> String {
        let (all, key) = (self.columns.join(", "), self.key.join(", "));
        let mut conditions = vec!["l.side IS NULL".to_owned(), "r.side IS NULL".to_owned()];
        let others = self.columns.iter().filter(|column| !self.key.contains(column));
        conditions.extend(others.map(|column| format!("l.{column} IS DISTINCT FROM r.{column}")));
        format!(
            "(SELECT {all}, 1 AS side FROM {left}.{table}) l \
             FULL JOIN (SELECT {all}, 2 AS side FROM {right}.{table}) r USING ({key}) WHERE {}",
            conditions.join(" OR "),
            left = self.left,
            right = self.right,
            table = self.table,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Changing as _, Row as _};

    #[test]
    fn statements_are_made_from_the_table() {
        let table = crate::inventory::SlotRow::TABLE;
        assert_eq!(
            fetch("inventory_v1", table),
            "SELECT t.station_id, t.slot, t.faulty, t.disabled, t.position, t.occurred_at \
             FROM unnest($1::uuid[], $2::smallint[]) AS k(station_id, slot) \
             JOIN inventory_v1.slot t ON t.station_id = k.station_id AND t.slot = k.slot"
        );
        assert_eq!(
            write("inventory_v1", table),
            "INSERT INTO inventory_v1.slot (station_id, slot, faulty, disabled, position, occurred_at) \
             SELECT * FROM unnest($1::uuid[], $2::smallint[], $3::boolean[], $4::boolean[], $5::bigint[], \
             $6::timestamptz[]) \
             ON CONFLICT (station_id, slot) DO UPDATE SET faulty = EXCLUDED.faulty, \
             disabled = EXCLUDED.disabled, position = EXCLUDED.position, \
             occurred_at = EXCLUDED.occurred_at"
        );
        assert!(!write("billing_v1", crate::billing::JournalRow::TABLE).contains("CONFLICT"));
        let past = crate::inventory::SlotRow::PAST.unwrap();
        assert_eq!(
            copy("inventory_v1", past),
            "COPY inventory_v1.slot_past (station_id, slot, until, faulty, disabled, position, occurred_at) \
             FROM STDIN (FORMAT binary)"
        );
    }

    #[test]
    fn the_sql_beside_a_model_has_every_column_of_its_rows() {
        for model in crate::ModelName::ALL {
            let sql = model.sql();
            for table in model.tables().into_iter().filter(|table| !table.name.ends_with("_past")) {
                let start = sql.tables.find(&format!("CREATE TABLE {{schema}}.{} (", table.name)).unwrap();
                let body = &sql.tables[start..];
                let body = &body[..body.find(");").unwrap()];
                let columns: Vec<&str> =
                    body.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect();
                assert_eq!(columns, table.columns, "{model} {}", table.name);
                let types = body.lines().skip(1).filter(|line| !line.trim().is_empty());
                for ((line, ty), column) in types.zip(table.types).zip(table.columns) {
                    assert!(
                        line.contains(&format!("{column} {ty}")),
                        "{model} {}: {line} is no {ty}",
                        table.name
                    );
                }
                assert!(sql.keys.contains(&format!("{{schema}}.{} ADD CONSTRAINT", table.name)));
            }
        }
    }

    #[test]
    fn every_view_and_every_column_of_it_is_explained() {
        for model in crate::ModelName::ALL {
            let views = crate::history::views(model);
            let made: Vec<&str> = views
                .lines()
                .filter_map(|line| line.strip_prefix("CREATE VIEW ")?.strip_suffix(" AS"))
                .collect();
            assert!(!made.is_empty());
            for view in made {
                assert!(views.contains(&format!("COMMENT ON VIEW {view} IS")), "{view}");
                assert!(views.contains(&format!("COMMENT ON COLUMN {view}.")), "{view}");
            }
        }
    }
}
