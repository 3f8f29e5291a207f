//! The tables themselves: partitions of the events follow each other, keys are unique, and what keeps the tables
//! append-only is in place. Nothing of this shows that a row was altered; it shows that somebody made room for it.

use tokio_postgres::Client;

use super::error::VerifyError;
use super::finding::{Check, Findings};
use super::ground::Ground;

const PARTITIONS: &str = "
    SELECT c.relname, pg_get_expr(c.relpartbound, c.oid)
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'ledger.event'::regclass";

/// Tables without a primary key that is in force.
const KEYS: &str = "
    SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = 'ledger'::regnamespace AND c.relkind IN ('r', 'p')
        AND c.relname ~ '^(event|stream_version|command|claim|tile|signed_checkpoint)(_[0-9]+)?$'
        AND NOT EXISTS (SELECT 1 FROM pg_index i
            WHERE i.indrelid = c.oid AND i.indisprimary AND i.indisunique AND i.indisvalid AND i.indisready)
    ORDER BY 1";

/// Append-only tables without a trigger that always fires for each statement, and parents without one for each row.
const TRIGGERS: &str = "
    SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = 'ledger'::regnamespace AND c.relkind IN ('r', 'p')
        AND c.relname ~ '^(event|stream_version|command|tile|signed_checkpoint)(_[0-9]+)?$'
        AND 2 <> (SELECT count(*) FROM pg_trigger t
            WHERE t.tgrelid = c.oid AND t.tgenabled = 'A' AND t.tgname IN ('append_only_statement', 'append_only_row'))
    ORDER BY 1";

/// Looks at the catalogue.
pub(super) async fn run(
    client: &Client,
    ground: &Ground,
    findings: &mut Findings,
) -> Result<(), VerifyError> {
    let mut ranges = Vec::new();
    for row in client.query(PARTITIONS, &[]).await? {
        let (name, bound): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        match range(&bound) {
            Some(range) => ranges.push((range, name)),
            None => findings.nowhere(Check::Catalogue, format!("ledger.{name} is a partition {bound}")),
        }
    }
    ranges.sort();
    let mut next = 1;
    for ((from, to), name) in ranges {
        if from != next {
            let what =
                format!("no partition of ledger.event holds these positions; ledger.{name} begins at {from}");
            findings.stretch(Check::Catalogue, next, from.saturating_sub(1), what);
        }
        next = to;
    }
    findings.unless(next > ground.last, Check::Catalogue, next, || {
        "no partition of ledger.event holds this position".to_owned()
    });
    for row in client.query(KEYS, &[]).await? {
        let table: String = row.try_get(0)?;
        findings.nowhere(Check::Catalogue, format!("ledger.{table} has no primary key that is in force"));
    }
    for row in client.query(TRIGGERS, &[]).await? {
        let table: String = row.try_get(0)?;
        let what = format!(
            "ledger.{table} is not append-only: its triggers are off or gone; `chajipoa migrate` made them"
        );
        findings.nowhere(Check::Catalogue, what);
    }
    Ok(())
}

/// `FOR VALUES FROM ('1') TO ('10000001')`.
fn range(bound: &str) -> Option<(i64, i64)> {
    let (from, to) = bound.strip_prefix("FOR VALUES FROM ('")?.split_once("') TO ('")?;
    Some((from.parse().ok()?, to.strip_suffix("')")?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_read_as_postgres_writes_them() {
        assert_eq!(range("FOR VALUES FROM ('1') TO ('10000001')"), Some((1, 10_000_001)));
        assert_eq!(range("DEFAULT"), None);
    }
}
