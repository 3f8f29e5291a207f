//! One connection that appends: the statement, its arrays, and the reading of its answer.
//!
//! The outcome of a batch is known only when the row stream has ended (ReadyForQuery): rows of a large batch
//! arrive before the commit. `run` reads the stream to its end before it says anything.

use futures_util::TryStreamExt as _;
use tokio_postgres::{Client, Row, Statement, types::ToSql};

use crate::{
    AppendError, Appended, Decided, Fate, LedgerError, Position, PreparedCommand,
    batch::{Batch, later},
    rows::{self, CommandColumns},
    statements,
};

/// Where the answer of `statements::APPEND` has the columns of a stored command.
const STORED: CommandColumns = CommandColumns {
    first_position: 3,
    event_count: 5,
    outcome: 6,
    answer_version: 7,
    actor: 8,
    hash: 9,
    result: 10,
};

/// A connection with its prepared statement.
pub(crate) struct AppendConnection {
    pub(crate) client: Client,
    statement: Statement,
}

impl AppendConnection {
    /// Prepares the statement once, for the life of the connection.
    pub(crate) async fn new(client: Client) -> Result<Self, LedgerError> {
        let statement = client.prepare(statements::APPEND).await?;
        Ok(Self { client, statement })
    }

    /// Sends a batch and waits for the end of its answer.
    ///
    /// Outside a transaction the batch is then committed, or known not to be.
    pub(crate) async fn run(
        &self,
        commands: &[PreparedCommand],
        seen: Position,
    ) -> Result<Appended, AppendError> {
        let batch = Batch::lay_out(commands)?;
        if self.client.is_closed() {
            let gone = std::io::Error::from(std::io::ErrorKind::NotConnected);
            return Err(AppendError::NotSent(LedgerError::Unavailable(Box::new(gone))));
        }
        let seen = seen.get();
        let parameters = parameters(&batch, &seen);
        let answer = self.client.query_raw(&self.statement, parameters).await;
        let rows: Vec<Row> = match answer {
            Ok(stream) => stream.try_collect().await.map_err(AppendError::after_sending)?,
            Err(error) => return Err(AppendError::after_sending(error)),
        };
        read_answer(&batch, commands, &rows)
    }
}

#[rustfmt::skip]
fn parameters<'a>(batch: &'a Batch<'a>, seen: &'a i64) -> [&'a (dyn ToSql + Sync); 33] {
    [
        seen,
        &batch.c_id, &batch.c_actor, &batch.c_hash, &batch.c_outcome, &batch.c_before, &batch.c_count,
        &batch.c_result, &batch.c_answer, &batch.c_correlation, &batch.c_trace, &batch.c_reads, &batch.c_writes,
        &batch.r_stream,
        &batch.b_stream, &batch.b_version,
        &batch.e_id, &batch.e_command, &batch.e_type, &batch.e_schema, &batch.e_occurred,
        &batch.e_causation, &batch.e_payload, &batch.e_streams,
        &batch.s_event, &batch.s_kind, &batch.s_stream, &batch.s_version,
        &batch.k_command, &batch.k_op, &batch.k_kind, &batch.k_value, &batch.k_entity,
    ]
}

/// Reads the answer: a head row, and a row for each command if anything fell out.
fn read_answer(
    batch: &Batch<'_>,
    commands: &[PreparedCommand],
    rows: &[Row],
) -> Result<Appended, AppendError> {
    let (head, rest) = rows.split_first().ok_or(AppendError::Damaged("no head row"))?;
    let slow = match number::<i16>(head, 1)? {
        0 => false,
        1 => true,
        _ => return Err(AppendError::Damaged("an unknown head row")),
    };
    let last = Position::new(number(head, 2)?);
    let before = Position::new(number(head, 3)?);
    let recorded_at = head.try_get(4).map_err(|_| AppendError::Damaged("no time of recording"))?;
    if slow && rest.len() != batch.len() {
        return Err(AppendError::Damaged("not one row for each command"));
    }
    let mut fates = Vec::with_capacity(commands.len());
    let offsets = batch.c_before.iter().zip(&batch.c_count);
    for (index, (command, (offset, count))) in commands.iter().zip(offsets).enumerate() {
        let at = later(before, *offset);
        let stands = |at: Position, first: Position| match command.decided {
            Decided::Recorded => {
                Fate::Recorded { first, count: u32::try_from(*count).unwrap_or_default(), recorded_at }
            }
            Decided::AlreadyDone => Fate::AlreadyDone { at },
            Decided::Refused => Fate::Refused { at },
        };
        fates.push(match rest.get(index) {
            Some(row) => fallen_or_standing(row, command, |at| stands(at, at))?,
            None => stands(at, at.next()),
        });
    }
    Ok(Appended { before, last, fates })
}

fn fallen_or_standing(
    row: &Row,
    command: &PreparedCommand,
    stands: impl Fn(Position) -> Fate,
) -> Result<Fate, AppendError> {
    let damaged = |_| AppendError::Damaged("a fate without its facts");
    match number::<i16>(row, 1)? {
        1..=3 => Ok(stands(Position::new(number(row, 2)?))),
        4 => rows::stored_command(row, command.id, &STORED)
            .map(Fate::Replay)
            .map_err(|_| AppendError::Damaged("a replay without its command")),
        5 => Ok(Fate::KeyReused),
        6 => Ok(Fate::Moved),
        7 => Ok(Fate::ClaimTaken {
            kind: row.try_get(11).map_err(damaged)?,
            value: row.try_get(12).map_err(damaged)?,
            entity: row.try_get(13).map_err(damaged)?,
        }),
        _ => Err(AppendError::Damaged("an unknown fate")),
    }
}

fn number<'a, T: tokio_postgres::types::FromSql<'a>>(row: &'a Row, column: usize) -> Result<T, AppendError> {
    row.try_get(column).map_err(|_| AppendError::Damaged("a column of another type"))
}
