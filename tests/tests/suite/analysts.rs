//! The worked questions of `docs/analysts.md` have rows after the demo city and a busy hour in it, asked with the login that
//! the page says.

use std::time::Duration;

use futures_util::future::join_all;
use ledger::migrate::ServiceRole;
use tests::harness::wait_until;

use crate::journey::Up;
use crate::simulate::simulate;

/// Two busy cores, a debug build.
const LIMIT: Duration = Duration::from_secs(60);
const QUESTIONS: &str = include_str!("../../../docs/analysts.md");

#[tokio::test(flavor = "multi_thread")]
async fn every_worked_question_has_rows_over_the_demo_city() {
    let up = Up::with_reactor().await;
    let _ = simulate(&up, 60, 11).await;
    let last = up.place.last().await;
    wait_until("the read models reach the end", LIMIT, async || {
        up.place.projected().await.iter().all(|position| *position >= last)
    })
    .await;
    let client = up.place.database.client(ServiceRole::Analyst).await;
    let blocks: Vec<&str> =
        QUESTIONS.split("```sql\n").skip(1).filter_map(|rest| Some(rest.split_once("```")?.0)).collect();
    assert_eq!(blocks.len(), 7);
    let answers = join_all(blocks.iter().map(|sql| client.query(*sql, &[]))).await;
    for (sql, answer) in blocks.iter().zip(answers) {
        let rows = answer.unwrap_or_else(|error| panic!("{error:?}: {sql}"));
        assert!(!rows.is_empty(), "no rows: {sql}");
    }
}
