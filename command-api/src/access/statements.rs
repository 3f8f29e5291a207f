//! Every statement on the schema `access`, named.

/// One more in a span of time; the new count.
pub(super) const TALLY: &str = "INSERT INTO access.tally AS t (kind, subject, span, count) VALUES ($1, $2, $3, 1) \
     ON CONFLICT ON CONSTRAINT tally_pk DO UPDATE SET count = t.count + 1 RETURNING t.count";

/// One more prompt of a phone, unless there were too many; then no row.
pub(super) const TALLY_PROMPT: &str = "INSERT INTO access.tally AS t (kind, subject, span, count) \
     VALUES ('prompt', $1, $2, 1) ON CONFLICT ON CONSTRAINT tally_pk DO UPDATE SET count = t.count + 1 \
     WHERE t.count < $3 RETURNING t.count";
pub(super) const GIVE_BACK_PROMPT: &str = "UPDATE access.tally SET count = count - 1 \
     WHERE kind = 'prompt' AND subject = $1 AND span = $2 AND count > 0";

/// A newer code takes the place of those before it.
pub(super) const END_CODES: &str =
    "UPDATE access.code SET ended_at = $2 WHERE phone_index = $1 AND ended_at IS NULL";
pub(super) const NEW_CODE: &str = "INSERT INTO access.code \
     (code_id, phone_index, code_hash, key_generation, key_wrapped, name_sealed, made_at, expires_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
pub(super) const NEW_MESSAGE: &str = "INSERT INTO access.message \
     (message_id, request_id, kind, wrapped_generation, wrapped_key, to_sealed, text_sealed, created_at, expires_at) \
     VALUES ($1, $1, 'code', $2, $3, $4, $5, $6, $7)";
/// The name that the last request of a number gave.
pub(super) const LAST_NAME: &str = "SELECT code_id, key_generation, key_wrapped, name_sealed FROM access.code \
     WHERE phone_index = $1 ORDER BY made_at DESC LIMIT 1";
/// The code that counts, locked: whoever else tries waits, and sees what became of it.
pub(super) const LIVE_CODE: &str = "SELECT code_id, code_hash, key_generation, key_wrapped, name_sealed, tries, expires_at \
     FROM access.code WHERE phone_index = $1 AND ended_at IS NULL ORDER BY made_at DESC LIMIT 1 FOR UPDATE";
pub(super) const TRIED: &str = "UPDATE access.code SET tries = $2, ended_at = $3 WHERE code_id = $1";
/// A right code that led nowhere may be tried again, unless another took its place.
pub(super) const REOPEN_CODE: &str = "UPDATE access.code c SET ended_at = NULL WHERE c.code_id = $1 \
     AND NOT EXISTS (SELECT 1 FROM access.code n WHERE n.phone_index = c.phone_index AND n.made_at > c.made_at)";
pub(super) const FORGET_CODE: &str = "DELETE FROM access.code WHERE code_id = $1";

pub(super) const NEW_SESSION: &str = "INSERT INTO access.session (session_id, role, subject, started_at, expires_at) \
     VALUES ($1, $2, $3, $4, $5)";
pub(super) const NEW_REFRESH_TOKEN: &str = "INSERT INTO access.refresh_token (token_hash, session_id, issued_at, expires_at) VALUES ($1, $2, $3, $4)";
/// A refresh token with its session, both locked.
pub(super) const REFRESH_TOKEN: &str = "SELECT t.session_id, t.used_at, t.expires_at, s.role, s.subject, s.ended_at, \
         s.expires_at AS session_expires_at \
     FROM access.refresh_token t JOIN access.session s ON s.session_id = t.session_id \
     WHERE t.token_hash = $1 FOR UPDATE OF s, t";
pub(super) const USE_REFRESH_TOKEN: &str =
    "UPDATE access.refresh_token SET used_at = $2 WHERE token_hash = $1";
pub(super) const END_SESSION: &str = "UPDATE access.session \
     SET ended_at = $2, ended_because = $3, noted_at = clock_timestamp() WHERE session_id = $1 AND ended_at IS NULL";
pub(super) const END_SUBJECT: &str = "UPDATE access.session \
     SET ended_at = $2, ended_because = $3, noted_at = clock_timestamp() WHERE subject = $1 AND ended_at IS NULL \
     RETURNING session_id";
/// What ended within so many seconds, by the database's own clock.
pub(super) const ENDED_LATELY: &str = "SELECT session_id FROM access.session \
     WHERE ended_at IS NOT NULL AND noted_at > clock_timestamp() - make_interval(secs => $1)";

pub(super) const NEW_STAFF: &str = "INSERT INTO access.staff (username, subject, role, password_hash, made_at) \
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT ON CONSTRAINT staff_pk DO NOTHING";
pub(super) const STAFF: &str =
    "SELECT subject, role, password_hash, disabled_at IS NOT NULL FROM access.staff WHERE username = $1";
pub(super) const ALL_STAFF: &str =
    "SELECT username, subject, role, made_at, disabled_at FROM access.staff ORDER BY username";
pub(super) const DISABLE_STAFF: &str =
    "UPDATE access.staff SET disabled_at = coalesce(disabled_at, $2) WHERE username = $1 RETURNING subject";
pub(super) const RESET_STAFF: &str =
    "UPDATE access.staff SET password_hash = $2, disabled_at = NULL WHERE username = $1 RETURNING subject";
/// One more attempt, counted before it is looked at; nothing while the name is locked out.
pub(super) const ATTEMPT: &str = "INSERT INTO access.login_failure AS f (username, failures, failed_at, locked_until) \
     VALUES ($1, 1, $2, $2) ON CONFLICT ON CONSTRAINT login_failure_pk DO UPDATE SET \
         failures = f.failures + 1, failed_at = $2, \
         locked_until = CASE WHEN f.failures + 1 < $3 THEN $2 \
             ELSE $2 + make_interval(secs => least($5, $4 * power(2, least(f.failures + 1 - $3, 20)))) END \
     WHERE f.locked_until <= $2 RETURNING f.failures";
pub(super) const LOCKED_UNTIL: &str = "SELECT locked_until FROM access.login_failure WHERE username = $1";
pub(super) const FORGET_FAILURES: &str = "DELETE FROM access.login_failure WHERE username = $1";

/// Secrets that nobody came to use give way to a new one.
pub(super) const DROP_UNUSED_SECRETS: &str =
    "DELETE FROM access.station_secret WHERE station_id = $1 AND used_at IS NULL";
pub(super) const NEW_SECRET: &str =
    "INSERT INTO access.station_secret (secret_hash, station_id, made_at) VALUES ($1, $2, $3)";
/// The first use of a secret ends those before it.
pub(super) const USE_SECRET: &str = "WITH known AS ( \
         UPDATE access.station_secret SET used_at = coalesce(used_at, $3) \
         WHERE secret_hash = $2 AND station_id = $1 RETURNING made_at), \
     gone AS (DELETE FROM access.station_secret s USING known \
         WHERE s.station_id = $1 AND s.made_at < known.made_at AND s.secret_hash <> $2) \
     SELECT 1 FROM known";

/// What nobody needs any more.
pub(super) const TIDY: &[&str] = &[
    "DELETE FROM access.code WHERE made_at < $1::timestamptz - interval '24 hours'",
    "DELETE FROM access.tally WHERE span < $1::timestamptz - interval '2 days'",
    "UPDATE access.message SET state = 'expired', to_sealed = NULL, text_sealed = NULL, wrapped_key = NULL, \
         settled_at = $1 WHERE state = 'waiting' AND expires_at < $1",
    "DELETE FROM access.message WHERE created_at < $1::timestamptz - interval '24 hours'",
    "DELETE FROM access.session WHERE expires_at < $1 OR ended_at < $1::timestamptz - interval '1 day'",
    "DELETE FROM access.refresh_token WHERE expires_at < $1",
    "DELETE FROM access.login_failure WHERE failed_at < $1::timestamptz - interval '1 day'",
];
