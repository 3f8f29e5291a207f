//! `POST /api/v1/commands/batch`: up to 500 commands as NDJSON, each with its own id and its own fate.
//!
//! The lines enter the queue in their order; a refused line does not stop the rest. The answer has a line
//! for each, in order: the command's answer, or a problem document with `command_id` and `outcome`.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data as Shared};
use edge::http::{Context, json_body};
use edge::{Identity, Problem};
use serde_json::Value;
use uuid::Uuid;

use super::commands::Envelope;
use crate::CommandApi;
use crate::submit::{Queued, answered, no_room, rendered};

/// The largest upload.
pub(crate) const MAX_BODY: usize = 1024 * 1024;
/// The most lines of one upload.
const MAX_LINES: usize = 500;
/// One line is no larger than a single command may be.
const MAX_LINE: usize = edge::http::MAX_BODY;

/// A line on its way.
struct Line {
    id: Option<Uuid>,
    queued: Result<Queued, Problem>,
}

/// Records many commands.
#[utoipa::path(
    post, path = "/api/v1/commands/batch", tag = "commands",
    request_body(content = String, content_type = "application/x-ndjson", description = "a command a line, each with its command_id; at most 500 lines and 1 MiB",
        example = "{\"command_id\":\"0190a6f0-0000-7000-8000-000000000007\",\"type\":\"ReportBattery\",\"data\":{\"serial\":\"PB-0001\",\"battery_percent\":15}}\n"),
    responses(
        (status = 200, description = "an outcome a line, in order", body = String, content_type = "application/x-ndjson",
         example = "{\"command_id\":\"0190a6f0-0000-7000-8000-000000000007\",\"outcome\":\"recorded\",\"position\":1042,\"events\":[],\"result\":{}}\n"),
        (status = 400, description = "too many lines"), (status = 401, description = "no good token"),
        (status = 413, description = "more than 1 MiB"),
    ),
    security(("bearer" = ["customer", "station", "agent", "support", "finance", "admin", "payments", "system"]))
)]
pub(crate) async fn post(
    api: Shared<CommandApi>,
    speaker: Identity,
    context: Context,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let mut lines = Vec::new();
    for line in lines_of(&body)? {
        lines.push(queue(&api, &speaker, &context, line).await);
    }
    let mut answer = Vec::with_capacity(lines.len().saturating_mul(256));
    for line in lines {
        answer.extend(outcome(&api, line, &speaker, &context).await);
        answer.push(b'\n');
    }
    Ok(HttpResponse::Ok().content_type("application/x-ndjson").body(answer))
}

fn lines_of(body: &[u8]) -> Result<Vec<&[u8]>, Problem> {
    let lines: Vec<_> =
        body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty()).collect();
    match lines.len() {
        0 => Err(Problem::malformed("there is no line")),
        1..=MAX_LINES => Ok(lines),
        _ => Err(Problem::malformed("an upload has at most 500 lines")),
    }
}

async fn queue(api: &CommandApi, speaker: &Identity, context: &Context, line: &[u8]) -> Line {
    if line.len() > MAX_LINE {
        return Line { id: None, queued: Err(Problem::body_too_large()) };
    }
    let envelope: Envelope<'_> = match json_body(line) {
        Ok(envelope) => envelope,
        Err(problem) => return Line { id: None, queued: Err(problem) },
    };
    let id = envelope.command_id;
    if id.is_none() {
        let problem = Problem::malformed("each line of an upload needs its own command_id");
        return Line { id, queued: Err(problem) };
    }
    let queued = match api.prepare(speaker, context, envelope.asked(id)).await {
        Ok((job, queued)) => match api.batcher().hand_over(job).await {
            Ok(()) => Ok(queued),
            Err(not_taken) => {
                api.withdraw(queued).await;
                Err(no_room(not_taken))
            }
        },
        Err(problem) => Err(problem),
    };
    Line { id, queued }
}

async fn outcome(api: &CommandApi, line: Line, speaker: &Identity, context: &Context) -> Vec<u8> {
    let answer = match line.queued {
        Ok(queued) => answered(api.outcome(queued).await, speaker, None),
        Err(problem) => Err(problem),
    };
    match answer.and_then(|answer| rendered(answer.render())) {
        Ok(body) => body,
        Err(problem) => refused(problem, line.id, context),
    }
}

/// A problem document as a line: the same id may be sent again after `failed`, and again after `refused`
/// once the reason is gone.
fn refused(problem: Problem, id: Option<Uuid>, context: &Context) -> Vec<u8> {
    let outcome = if problem.status().is_server_error() { "failed" } else { "refused" };
    let id = id.map_or(Value::Null, |id| Value::String(id.to_string()));
    let problem = problem.fact("command_id", id).fact("outcome", outcome);
    serde_json::to_vec(&problem.body(context.request_id())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_do_not_count() {
        assert_eq!(lines_of(b"{}\r\n\n {} \n").unwrap(), [b"{}", b"{}"]);
    }

    #[test]
    fn an_upload_has_one_to_five_hundred_lines() {
        assert_eq!(lines_of(b"\n").unwrap_err().code(), "malformed");
        assert_eq!(lines_of("{}\n".repeat(500).as_bytes()).unwrap().len(), 500);
        assert_eq!(lines_of("{}\n".repeat(501).as_bytes()).unwrap_err().code(), "malformed");
    }
}
