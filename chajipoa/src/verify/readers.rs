//! Every reader's place is an event of this ledger: what a projection, the relay or the reactor wrote down when it was
//! there is a witness of the event's id.

use tokio_postgres::Client;
use uuid::Uuid;

use super::error::VerifyError;
use super::finding::{Check, Findings};
use super::ground::Ground;

const PLACES: &str = "
    SELECT place.reader, place.ledger_id, place.position, place.event_id, e.id, last.position
    FROM (SELECT 'read model ' || p.name || ' version ' || p.version AS reader, p.ledger_id, p.position, p.event_id
              FROM ledger.projection p
          UNION ALL
          SELECT c.name, c.ledger_id, c.position, c.event_id FROM ledger.checkpoint c) place
        CROSS JOIN (SELECT coalesce(max(l.position), 0) AS position FROM ledger.event l) last
        LEFT JOIN ledger.event e ON e.position = place.position
    ORDER BY place.position, place.reader";

/// Compares every place with the event there, all of one moment.
pub(super) async fn run(
    client: &Client,
    ground: &Ground,
    findings: &mut Findings,
) -> Result<(), VerifyError> {
    for row in client.query(PLACES, &[]).await? {
        let (reader, ledger_id): (String, Uuid) = (row.try_get(0)?, row.try_get(1)?);
        let (position, seen): (i64, Option<Uuid>) = (row.try_get(2)?, row.try_get(3)?);
        let (there, last): (Option<Uuid>, i64) = (row.try_get(4)?, row.try_get(5)?);
        if ledger_id != ground.ledger_id {
            let what = format!("{reader} reads another ledger, {ledger_id}");
            findings.nowhere(Check::Reader, what);
        }
        if position > last {
            let what = format!("{reader} has read up to {position}, and the ledger ends at {last}");
            findings.stretch(Check::Reader, last.saturating_add(1), position, what);
        } else if position > 0 && seen != there {
            let what = match there {
                Some(there) => format!("{reader} saw the event {}, now it is {there}", of(seen)),
                None => format!("{reader} saw the event {}, now there is none", of(seen)),
            };
            findings.add(Check::Reader, position, what);
        }
    }
    Ok(())
}

fn of(id: Option<Uuid>) -> String {
    id.map_or_else(|| "without an id".to_owned(), |id| id.to_string())
}
