-- What providers say of the money that they moved for us: their statements, line by line, and what they called us with.
-- None of it is truth: a difference to the ledger becomes a break there. No line names a person: a phone in a statement
-- is not kept.

CREATE SCHEMA finance AUTHORIZATION chajipoa_owner;
COMMENT ON SCHEMA finance IS 'What providers say of the money that they moved for us.';
REVOKE ALL ON SCHEMA finance FROM PUBLIC;

SET LOCAL ROLE chajipoa_owner;
ALTER DEFAULT PRIVILEGES IN SCHEMA finance REVOKE ALL ON TABLES FROM PUBLIC;

CREATE TABLE finance.statement (
    statement_id uuid NOT NULL,
    digest bytea NOT NULL,
    uploaded_by text NOT NULL,
    uploaded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    period_from timestamptz NOT NULL,
    period_until timestamptz NOT NULL,
    lines integer NOT NULL,
    matched integer NOT NULL,
    answer jsonb NOT NULL,
    CONSTRAINT statement_pk PRIMARY KEY (statement_id),
    CONSTRAINT statement_digest_unique UNIQUE (digest),
    CONSTRAINT statement_digest_length CHECK (octet_length(digest) = 32),
    CONSTRAINT statement_period_order CHECK (period_from <= period_until),
    CONSTRAINT statement_matched_range CHECK (matched BETWEEN 0 AND lines)
);
COMMENT ON TABLE finance.statement IS 'A statement of a provider, uploaded once; the same file again is the same statement.';
COMMENT ON COLUMN finance.statement.digest IS 'SHA-256 of how the file was read and of its bytes.';
COMMENT ON COLUMN finance.statement.answer IS 'What was answered.';

CREATE TABLE finance.statement_line (
    statement_id uuid NOT NULL,
    line integer NOT NULL,
    kind text NOT NULL,
    provider text NOT NULL,
    transaction_id text,
    external_reference text,
    amount bigint NOT NULL,
    succeeded boolean NOT NULL,
    completed_at timestamptz NOT NULL,
    matched_kind text,
    matched_id uuid,
    cause text,
    break_id uuid,
    CONSTRAINT statement_line_pk PRIMARY KEY (statement_id, line),
    CONSTRAINT statement_line_of_statement FOREIGN KEY (statement_id) REFERENCES finance.statement,
    CONSTRAINT statement_line_kind_known CHECK (kind IN ('collection', 'disbursement', 'fee', 'payout')),
    CONSTRAINT statement_line_amount_not_negative CHECK (amount >= 0),
    CONSTRAINT statement_line_referenced CHECK (num_nonnulls(transaction_id, external_reference) > 0),
    CONSTRAINT statement_line_matched_known CHECK (matched_kind IN ('payment', 'receipt', 'refund', 'entry')),
    CONSTRAINT statement_line_cause_known CHECK (cause IN
        ('missing_in_ledger', 'amount_differs', 'status_differs', 'duplicate')),
    CONSTRAINT statement_line_break_whole CHECK ((cause IS NULL) = (break_id IS NULL))
);
CREATE INDEX statement_line_by_time ON finance.statement_line (completed_at);
CREATE INDEX statement_line_of_match ON finance.statement_line (matched_id) WHERE matched_id IS NOT NULL;
COMMENT ON TABLE finance.statement_line IS 'A line of a statement, what it was matched to, and the break that it opened.';

CREATE TABLE finance.callback (
    heard_by text NOT NULL,
    heard_key text NOT NULL,
    kind text NOT NULL,
    provider text,
    provider_reference text,
    external_reference text,
    amount bigint,
    status text NOT NULL,
    verdict text,
    heard_at timestamptz NOT NULL,
    CONSTRAINT callback_pk PRIMARY KEY (heard_by, heard_key),
    CONSTRAINT callback_heard_by_known CHECK (heard_by IN ('letter', 'bill_pay')),
    CONSTRAINT callback_kind_known CHECK (kind IN ('collection', 'disbursement')),
    CONSTRAINT callback_status_known CHECK (status IN ('success', 'failure', 'other')),
    CONSTRAINT callback_amount_not_negative CHECK (amount >= 0)
);
CREATE INDEX callback_by_time ON finance.callback (heard_at);
COMMENT ON TABLE finance.callback IS 'What a provider said about a transaction when it called us, without whom it names.';
COMMENT ON COLUMN finance.callback.heard_by IS 'By which way: a letter of the inbox, or a bill payment.';
COMMENT ON COLUMN finance.callback.heard_key IS 'Which one: the number of the letter, or the reference of the bill payment.';
COMMENT ON COLUMN finance.callback.verdict IS 'What was made of it, in a word.';

GRANT USAGE ON SCHEMA finance TO chajipoa_command, chajipoa_query, chajipoa_reactor;
GRANT SELECT, INSERT ON finance.statement, finance.statement_line TO chajipoa_command;
GRANT SELECT, INSERT ON finance.callback TO chajipoa_command, chajipoa_reactor;
GRANT SELECT ON finance.statement, finance.statement_line, finance.callback TO chajipoa_query;

RESET ROLE;
