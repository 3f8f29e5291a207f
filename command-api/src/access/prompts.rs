//! How often a phone is asked to pay: so many times in an hour, whoever asks, so that nobody can be bombarded with prompts.
//!
//! Keeps true: of requests at once no more get through than the limit lets. One is counted before it is tried and given back
//! where no new payment came of it: a refusal, or the same request again, costs nothing. Where nobody knows what became of
//! it, it stays counted.

use std::sync::Arc;

use actix_web::http::header::{HeaderName, HeaderValue};
use chrono::{DateTime, Utc};
use deadpool_postgres::Pool;
use edge::{Clock, Problem};

use super::error::AccessError;
use super::statements;
use super::tally::Span;

/// Counts prompts.
#[derive(Clone)]
pub(crate) struct PromptDesk {
    pool: Pool,
    clock: Arc<dyn Clock>,
    /// Of a phone, in an hour.
    limit: u32,
}

impl std::fmt::Debug for PromptDesk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PromptDesk").field("limit", &self.limit).finish_non_exhaustive()
    }
}

/// A prompt that was counted.
#[derive(Debug)]
pub(crate) struct Counted {
    phone: String,
    span: DateTime<Utc>,
}

impl PromptDesk {
    pub(crate) fn new(pool: Pool, clock: Arc<dyn Clock>, limit: u32) -> Self {
        Self { pool, clock, limit }
    }

    /// Counts one more prompt of the phone with this blind index.
    ///
    /// # Errors
    /// 429 `too_many_prompts` where there were too many, 503 where the database is away.
    pub(crate) async fn count(&self, phone: String) -> Result<Counted, Problem> {
        let now = self.clock.now();
        let Span { from: span, until } = Span::hour(now);
        if self.try_count(&phone, span).await.map_err(super::away)? {
            return Ok(Counted { phone, span });
        }
        let seconds = u32::try_from((until - now).num_seconds().max(1)).unwrap_or(u32::MAX);
        Err(self.too_many(seconds))
    }

    async fn try_count(&self, phone: &str, span: DateTime<Utc>) -> Result<bool, AccessError> {
        if self.limit == 0 {
            return Ok(false);
        }
        let limit = i32::try_from(self.limit).unwrap_or(i32::MAX);
        let client = self.pool.get().await?;
        let counted = client.query_opt(statements::TALLY_PROMPT, &[&phone, &span, &limit]).await?;
        Ok(counted.is_some())
    }

    /// Gives one back that came to nothing. What cannot be given back now stays counted until the hour is over.
    pub(crate) async fn give_back(&self, Counted { phone, span }: Counted) {
        let given: Result<u64, AccessError> = async {
            Ok(self.pool.get().await?.execute(statements::GIVE_BACK_PROMPT, &[&phone, &span]).await?)
        }
        .await;
        if let Err(error) = given {
            tracing::warn!(%error, "a prompt that came to nothing stays counted");
        }
    }

    fn too_many(&self, seconds: u32) -> Problem {
        let headers = [
            (HeaderName::from_static("ratelimit-limit"), self.limit),
            (HeaderName::from_static("ratelimit-remaining"), 0),
            (HeaderName::from_static("ratelimit-reset"), seconds),
        ];
        let detail = "this phone was asked to pay too often in this hour";
        let problem = Problem::too_many("too_many_prompts", detail, seconds).fact("limit", self.limit);
        headers
            .into_iter()
            .fold(problem, |problem, (name, value)| problem.header(name, HeaderValue::from(value)))
    }
}
