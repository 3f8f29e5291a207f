//! Ledgers of millions of events: the events of a ledger, again and again, each time about other things.
//!
//! A copy of a history is a history: ids, serials and codes get another beginning, positions go on without a gap, every
//! stream has its versions from 1, every command its row, every name its holder. All ids and names of the bench begin
//! with `01`, and version 7 ids do so until the year 2039; a copy has another number there. The references under which
//! payments were asked for are random, and a copy's begin with a letter that none of them has. The catalogue of tariffs
//! is one stream and is not copied. Phones stay sealed under their first owner's key: nobody here unseals one.

use tokio_postgres::Client;

use super::error::BenchError;
use super::ground::last_position;

/// The beginnings of copies: two hexadecimal digits that no original has.
const FIRST_COPY: u8 = 0x10;

const ORIGINAL: &str = "
    DROP TABLE IF EXISTS public.original;
    CREATE UNLOGGED TABLE public.original AS
        SELECT row_number() OVER (ORDER BY position) AS n, * FROM ledger.event
        WHERE NOT '00000000-0000-7000-8000-000000000001' = ANY (stream_ids);
    CREATE UNIQUE INDEX ON public.original (position);
    CREATE UNLOGGED TABLE IF NOT EXISTS public.original_command AS
        SELECT c.*, o.n FROM ledger.command c JOIN public.original o ON o.position = c.first_position
        WHERE c.outcome = 1;
    CREATE UNLOGGED TABLE IF NOT EXISTS public.original_claim AS
        SELECT c.*, o.n FROM ledger.claim c JOIN public.original o ON o.position = c.position;
    ANALYZE public.original; ANALYZE public.original_command; ANALYZE public.original_claim;";

const FORGET_ORIGINAL: &str = "DROP TABLE public.original, public.original_command, public.original_claim";

/// One copy of all events; $1 is the position before it, $2 its two digits.
const EVENTS: &str = "
    INSERT INTO ledger.event (position, id, command_id, causation_id, correlation_id, occurred_at, recorded_at,
        schema_version, type, actor, stream_kinds, stream_ids, stream_versions, traceparent, payload)
    SELECT $1::bigint + n, ($2::text || substr(id::text, 3))::uuid, ($2 || substr(command_id::text, 3))::uuid,
        NULL, NULL, occurred_at, (SELECT recorded_at FROM ledger.event WHERE position = $1), schema_version, type,
        replace(actor, ':01', ':' || $2), stream_kinds,
        replace(replace(stream_ids::text, '{01', '{' || $2), ',01', ',' || $2)::uuid[], stream_versions,
        traceparent, convert_to(regexp_replace(replace(convert_from(payload, 'UTF8'), '\"01', '\"' || $2),
            '\"external_id\":\"..', '\"external_id\":\"u' || $2), 'UTF8')
    FROM public.original ORDER BY n";

const STREAMS: &str = "
    INSERT INTO ledger.stream_version (stream, version, position)
    SELECT u.stream, u.version, e.position
    FROM ledger.event e, unnest(e.stream_ids, e.stream_versions) AS u (stream, version)
    WHERE e.position > $1 ORDER BY u.stream, u.version";

const COMMANDS: &str = "
    INSERT INTO ledger.command (id, first_position, event_count, outcome, answer_version, actor, hash, result)
    SELECT ($2::text || substr(id::text, 3))::uuid, $1::bigint + n, event_count, outcome, answer_version,
        replace(actor, ':01', ':' || $2), hash,
        convert_to(replace(convert_from(result, 'UTF8'), '\"01', '\"' || $2), 'UTF8')
    FROM public.original_command";

const CLAIMS: &str = "
    INSERT INTO ledger.claim (kind, value, entity, position)
    SELECT kind, CASE kind WHEN 'phone' THEN value || $2 WHEN 'provider_reference' THEN replace(value, '/01', '/' || $2)
        WHEN 'external_id' THEN 'u' || $2 || substr(value, 3) ELSE $2 || substr(value, 3) END, ($2::text || substr(entity::text, 3))::uuid, $1::bigint + n
    FROM public.original_claim";

/// Makes a ledger hold at least so many events. Nobody else may write to it meanwhile.
pub(super) async fn grow(owner: &Client, wanted: i64, what: &str) -> Result<(), BenchError> {
    if last_position(owner).await? >= wanted {
        return Ok(());
    }
    owner.batch_execute("SET synchronous_commit = off; SET work_mem = '128MB'").await?;
    owner.batch_execute(ORIGINAL).await?;
    let mut beginning = FIRST_COPY;
    loop {
        owner.query_one("SELECT ledger.ensure_partitions()", &[]).await?;
        let last = last_position(owner).await?;
        if last >= wanted {
            break;
        }
        eprintln!("bench: {what}: {last} of {wanted} events");
        copy(owner, last, &format!("{beginning:02x}")).await?;
        beginning = beginning.checked_add(1).ok_or_else(|| BenchError::wrong("too many copies"))?;
    }
    owner.batch_execute(FORGET_ORIGINAL).await?;
    owner.batch_execute("SET synchronous_commit = on").await?;
    // A ledger that grew over months was vacuumed on the way.
    owner.batch_execute("VACUUM ANALYZE").await?;
    Ok(())
}

async fn copy(owner: &Client, last: i64, beginning: &str) -> Result<(), BenchError> {
    owner.batch_execute("BEGIN").await?;
    owner.execute(EVENTS, &[&last, &beginning]).await?;
    owner.execute(STREAMS, &[&last]).await?;
    owner.execute(COMMANDS, &[&last, &beginning]).await?;
    owner.execute(CLAIMS, &[&last, &beginning]).await?;
    Ok(owner.batch_execute("COMMIT").await?)
}
