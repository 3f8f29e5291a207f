//! `POST /api/v1/finance/statements`: a provider's statement, held against the ledger.

use actix_web::web::{self, Bytes, Data as Shared};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use domain::Time;
use domain::event::BreakCause;
use edge::http::{Context, ledger_position, query};
use edge::{Identity, Problem, Role};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::CommandApi;
use crate::present::away;
use crate::reconciliation::books;
use crate::reconciliation::ids::named;
use crate::reconciliation::line::{Line, Period};
use crate::reconciliation::matching::{Comparison, Difference, Finding, What, compare};
use crate::reconciliation::opening::{Booked, Desk, Opened, cause};
use crate::reconciliation::reading::{Columns, bad, read};
use crate::reconciliation::store::{self, Judged, Kept};
use crate::submit::moment_of;

/// The largest file.
pub(crate) const MAX_BODY: usize = 32 * 1024 * 1024;
/// A file with more differences is not the statement of this ledger, or is read by the wrong columns.
const MOST_DIFFERENCES: usize = 5_000;

/// What the file calls its columns, and what it speaks of.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Input {
    /// The column with the provider's own reference; usually `transaction_id`.
    transaction_id: Option<String>,
    /// The column with our reference; usually `external_reference`.
    #[serde(alias = "reference")]
    external_reference: Option<String>,
    /// The column with `collection`, `disbursement`, `fee` or `payout`; usually `type`.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// The column with the wallet; usually `provider`.
    provider: Option<String>,
    /// The column with the amount in whole shillings; usually `amount`.
    amount: Option<String>,
    /// The column with `success` or `failure`; usually `status`.
    status: Option<String>,
    /// The column with the time; usually `completed_at`.
    completed_at: Option<String>,
    /// What stands between fields: one character, a comma if absent.
    delimiter: Option<String>,
    /// The first moment that the statement speaks of; that of its first line if absent.
    #[param(format = DateTime)]
    from: Option<String>,
    /// The last one; that of its last line if absent.
    #[param(format = DateTime)]
    until: Option<String>,
}

/// From when until when.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StatementPeriod)]
pub(crate) struct Span {
    from: DateTime<Utc>,
    until: DateTime<Utc>,
}

/// What a statement came to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StatementCompared)]
pub(crate) struct Compared {
    /// The same for the same file.
    statement_id: Uuid,
    /// What it speaks of.
    period: Span,
    /// How many lines it has.
    lines: usize,
    /// On how many of them the ledger says the same.
    matched: usize,
    /// What differs; opened, or known from another statement.
    breaks: Vec<Opened>,
}

/// Holds a provider's statement against the ledger.
#[utoipa::path(
    post, path = "/api/v1/finance/statements", tag = "finance", params(Input),
    request_body(content = String, content_type = "text/csv", description = "the provider's file, at most 32 MiB; the header names the columns",
        example = "transaction_id,external_reference,type,provider,amount,status,completed_at\nAZM1f0c,0a1b2c3d4e5f6g7h8j9k0m1n2p,collection,mpesa,20000,success,2026-01-15T08:00:30Z\n"),
    responses(
        (status = 201, description = "compared; the same file again gets the same answer", body = Compared,
         example = json!({"statement_id": "019bc0a1-0000-7000-8000-000000000001",
            "period": {"from": "2026-01-15T08:00:30Z", "until": "2026-01-15T18:20:00Z"}, "lines": 212, "matched": 211,
            "breaks": [{"break_id": "019bc0a1-0000-7000-8000-000000000002", "cause": "amount_differs", "type": "collection",
                "provider": "mpesa", "provider_reference": "AZM1f0c", "payment_id": "0190a6f0-0000-7000-8000-000000000005",
                "ledger_amount": 20000, "statement_amount": 2000, "known": false}]})),
        (status = 400, description = "a line or the header cannot be read: `line` says which; nothing is kept"),
        (status = 401, description = "no good token"), (status = 403, description = "not for this role"),
        (status = 413, description = "more than 32 MiB"),
        (status = 503, description = "send the same file again"),
    ),
    security(("bearer" = ["finance", "admin"]))
)]
pub(crate) async fn post(
    api: Shared<CommandApi>,
    speaker: Identity,
    context: Context,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    speaker.must_be(&[Role::Finance, Role::Admin])?;
    let input: Input = query(&request)?;
    let said = Said::of(&input)?;
    let digest = said.digest(&body);
    if let Some(known) = store::answer(api.ledger(), &digest).await.map_err(|error| away(&error))? {
        return respond(&api, &known, true).await;
    }
    let now = api.clock().now();
    let columns = said.columns.clone();
    let lines = web::block(move || read(&body, &columns, now)).await.map_err(|_| Problem::internal())??;
    let period = said.period(&lines)?;
    let statement_id = named(&format!("statement|{digest:?}"), period.from, &api.sealer().keys());
    let desk = Desk { api: &api, speaker: &speaker, context: &context, statement_id };
    let book = books::open(&api, &lines, period).await?;
    let compared = compare(&lines, &book, period);
    let (kept, answer) = take_in(&desk, &lines, compared, (digest, period)).await?;
    if store::keep(api.ledger(), &kept).await.map_err(|error| away(&error))? {
        return respond(&api, &answer, false).await;
    }
    let known = store::answer(api.ledger(), &digest).await.map_err(|error| away(&error))?;
    respond(&api, &known.unwrap_or(answer), true).await
}

/// How the file is to be read.
struct Said {
    columns: Columns,
    from: Option<Time>,
    until: Option<Time>,
}

impl Said {
    fn of(input: &Input) -> Result<Self, Problem> {
        let delimiter = input.delimiter.as_deref().map(|text| match text.as_bytes() {
            [one] if (one.is_ascii_punctuation() && *one != b'"') || *one == b'\t' => Ok(*one),
            _ => Err(Problem::malformed("delimiter is one character between fields")),
        });
        let columns = Columns {
            transaction_id: input.transaction_id.clone(),
            external_reference: input.external_reference.clone(),
            kind: input.kind.clone(),
            provider: input.provider.clone(),
            amount: input.amount.clone(),
            status: input.status.clone(),
            completed_at: input.completed_at.clone(),
            delimiter: delimiter.transpose()?,
        };
        let from = input.from.as_deref().map(|text| moment_of("from", text)).transpose()?;
        let until = input.until.as_deref().map(|text| moment_of("until", text)).transpose()?;
        match (from, until) {
            (Some(from), Some(until)) if from > until => Err(Problem::malformed("from is after until")),
            (from, until) => Ok(Self { columns, from, until }),
        }
    }

    /// Of how the file is read and of its bytes: read by other columns it is another statement.
    fn digest(&self, body: &[u8]) -> [u8; 32] {
        let how = format!("{:?}|{:?}|{:?}\n", self.columns, self.from, self.until);
        let mut whole = Vec::with_capacity(how.len().saturating_add(body.len()));
        whole.extend_from_slice(how.as_bytes());
        whole.extend_from_slice(body);
        let mut out = [0; 32];
        out.iter_mut().zip(digest(&SHA256, &whole).as_ref()).for_each(|(to, from)| *to = *from);
        out
    }

    /// What the statement speaks of.
    fn period(&self, lines: &[Line]) -> Result<Period, Problem> {
        let times = || lines.iter().map(|line| line.completed_at);
        let empty = || Problem::malformed("a statement without lines needs from and until");
        let from = self.from.or_else(|| times().min()).ok_or_else(empty)?;
        let until = self.until.or_else(|| times().max()).ok_or_else(empty)?;
        if from > until {
            return Err(Problem::malformed("from is after until"));
        }
        match lines.iter().find(|line| !(from..=until).contains(&line.completed_at)) {
            Some(line) => Err(bad(line.number, "completed_at is not between from and until")),
            None => Ok(Period { from, until }),
        }
    }
}

/// Books what is to be booked, opens what differs, and says what is to be kept and answered.
async fn take_in<'a>(
    desk: &Desk<'_>,
    lines: &'a [Line],
    compared: Comparison,
    (digest, period): ([u8; 32], Period),
) -> Result<(Kept<'a>, Value), Problem> {
    let Comparison { lines: mut findings, missing } = compared;
    let many = findings.iter().filter(|finding| matches!(finding, Finding::Differs(_))).count();
    if many.saturating_add(missing.len()) > MOST_DIFFERENCES {
        let what =
            "so much differs that this is no statement of this ledger, or it is read by the wrong columns";
        return Err(Problem::malformed(what).fact("differences", many.saturating_add(missing.len())));
    }
    book(desk, lines, &mut findings).await?;
    let of_lines = findings.iter().filter_map(|finding| match finding {
        Finding::Differs(difference) => Some(difference.clone()),
        Finding::Agrees(_) | Finding::ToBook => None,
    });
    let differences: Vec<Difference> = of_lines.chain(missing).collect();
    let breaks = desk.open(&differences).await?;
    let matched = findings.iter().filter(|finding| matches!(finding, Finding::Agrees(_))).count();
    let statement_id = desk.statement_id;
    let span = Span { from: period.from, until: period.until };
    let answer = Compared { statement_id, period: span, lines: lines.len(), matched, breaks };
    let answer = serde_json::to_value(answer).map_err(|_| Problem::internal())?;
    let lines = lines.iter().zip(&findings).map(|(line, finding)| judged(desk, line, finding)).collect();
    let uploaded_by = desk.speaker.actor();
    let kept = Kept { statement_id, digest, uploaded_by, period, matched, answer: answer.clone(), lines };
    Ok((kept, answer))
}

/// Records fees and payouts, and puts what became of them in the place of what was to be done.
async fn book(desk: &Desk<'_>, lines: &[Line], findings: &mut [Finding]) -> Result<(), Problem> {
    let waiting = || lines.iter().zip(0_usize..);
    let open: Vec<(&Line, usize)> =
        waiting().filter(|(_, at)| findings.get(*at) == Some(&Finding::ToBook)).collect();
    let entries: Vec<&Line> = open.iter().map(|(line, _)| *line).collect();
    let booked = desk.book(&entries).await?;
    for ((line, at), booked) in open.into_iter().zip(booked) {
        let Some(finding) = findings.get_mut(at) else { continue };
        *finding = match booked {
            Booked::Entry(entry) => Finding::Agrees(entry.map(|entry| (What::Entry, entry))),
            Booked::Otherwise { entry_id, amount } => Finding::Differs(Difference {
                cause: BreakCause::AmountDiffers,
                kind: line.kind,
                provider: line.provider,
                reference: line.reference().map(|reference| reference.as_str().to_owned()),
                held: Some((What::Entry, entry_id)),
                ledger_amount: amount,
                statement_amount: Some(line.amount),
                at: line.completed_at,
            }),
        };
    }
    Ok(())
}

fn judged<'a>(desk: &Desk<'_>, line: &'a Line, finding: &Finding) -> Judged<'a> {
    match finding {
        Finding::Agrees(matched) => {
            Judged { line, matched: matched.map(|(what, id)| (what.as_str(), id)), broken: None }
        }
        Finding::Differs(difference) => Judged {
            line,
            matched: difference.held.map(|(what, id)| (what.as_str(), id)),
            broken: Some((cause(difference.cause), desk.break_id(difference))),
        },
        Finding::ToBook => Judged { line, matched: None, broken: None },
    }
}

async fn respond(api: &CommandApi, answer: &Value, again: bool) -> Result<HttpResponse, Problem> {
    let position = api.present().position().await?;
    let mut response = HttpResponse::Created();
    response.insert_header(ledger_position(position.get()));
    if again {
        response.insert_header(("Idempotent-Replay", "true"));
    }
    Ok(response.json(answer))
}
