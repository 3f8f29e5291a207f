//! One pipelined connection per worker thread, for reads that are answered at once.
//!
//! Requests of a worker share the connection: their statements are sent one behind the other without waiting, so
//! a read costs one round trip and no hand-over between threads. Statements are prepared once. A connection that
//! broke is made again by the next request; a read that met the break is sent once more. Slow reads go through the
//! pool instead, so that they hold nobody up.

use std::{cell::RefCell, collections::HashMap, rc::Rc, time::Duration};

use tokio::{sync::Mutex, time::timeout};
use tokio_postgres::{Client, Config, NoTls, Row, Statement, error::SqlState, types::ToSql};

use super::Failure;

/// How long a new connection may take.
const CONNECT_PATIENCE: Duration = Duration::from_secs(2);
/// How long an answer may take.
const ANSWER_PATIENCE: Duration = Duration::from_secs(5);

/// A worker's connection.
pub(crate) struct Line {
    config: Config,
    open: Mutex<Option<Rc<Open>>>,
}

struct Open {
    client: Client,
    statements: RefCell<HashMap<&'static str, Statement>>,
}

impl Open {
    async fn prepared(&self, sql: &'static str) -> Result<Statement, tokio_postgres::Error> {
        let known = self.statements.borrow().get(sql).cloned();
        if let Some(statement) = known {
            return Ok(statement);
        }
        let statement = self.client.prepare(sql).await?;
        self.statements.borrow_mut().insert(sql, statement.clone());
        Ok(statement)
    }

    async fn query(
        &self,
        sql: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        let statement = self.prepared(sql).await?;
        self.client.query(&statement, parameters).await
    }
}

impl Line {
    /// A line that connects when it is first used.
    pub(crate) fn new(config: Config) -> Self {
        Self { config, open: Mutex::new(None) }
    }

    /// The rows of one statement.
    pub(crate) async fn query(
        &self,
        sql: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Failure> {
        match self.attempt(sql, parameters).await {
            Err(Failure::Database(error)) if may_be_sent_again(&error) => self.attempt(sql, parameters).await,
            other => other,
        }
    }

    async fn attempt(
        &self,
        sql: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Failure> {
        let open = self.opened().await?;
        let answer = timeout(ANSWER_PATIENCE, open.query(sql, parameters)).await;
        let failed = match answer {
            Ok(Ok(rows)) => return Ok(rows),
            Ok(Err(error)) => Failure::Database(error),
            Err(_) => Failure::TooSlow,
        };
        if failed.breaks_the_line() {
            self.drop_line(&open).await;
        }
        Err(failed)
    }

    async fn opened(&self) -> Result<Rc<Open>, Failure> {
        let mut open = self.open.lock().await;
        if let Some(open) = open.as_ref().filter(|open| !open.client.is_closed()) {
            return Ok(Rc::clone(open));
        }
        let connecting = timeout(CONNECT_PATIENCE, self.config.connect(NoTls)).await;
        let (client, connection) = connecting.map_err(|_| Failure::TooSlow)??;
        actix_web::rt::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection of the query API ended");
            }
        });
        let made = Rc::new(Open { client, statements: RefCell::default() });
        *open = Some(Rc::clone(&made));
        Ok(made)
    }

    async fn drop_line(&self, broken: &Rc<Open>) {
        let mut open = self.open.lock().await;
        if open.as_ref().is_some_and(|open| Rc::ptr_eq(open, broken)) {
            *open = None;
        }
    }
}

/// A read has no effect, so one that met a broken connection, or a plan made before a switch, may be sent again.
fn may_be_sent_again(error: &tokio_postgres::Error) -> bool {
    match error.code() {
        None => true,
        Some(code) => *code == SqlState::ADMIN_SHUTDOWN || *code == SqlState::FEATURE_NOT_SUPPORTED,
    }
}
