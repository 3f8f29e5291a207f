-- What customers are told of events: written in the transaction that moves the reactor's position, sent by its sender.

SET LOCAL ROLE chajipoa_owner;

-- A row is unique by the event and what is said of it: however often an event is read, it says nothing twice.
CREATE TABLE reactor.notice (
    position bigint NOT NULL,
    kind text NOT NULL,
    customer_id uuid NOT NULL,
    entity uuid NOT NULL,
    facts jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    send_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'queued',
    attempts integer NOT NULL DEFAULT 0,
    went_at timestamptz,
    provider text,
    provider_id text,
    reason text,
    settled_at timestamptz,
    CONSTRAINT notice_pk PRIMARY KEY (position, kind),
    CONSTRAINT notice_kind_known CHECK (
        kind IN ('rental_started', 'rental_ended', 'receipt', 'due_soon', 'overdue_1h', 'overdue_24h', 'overdue_48h',
                 'rental_sold', 'recovered', 'rental_corrected', 'payment_received', 'payment_declined',
                 'payment_expired', 'refund_paid', 'refund_failed', 'refund_rejected')),
    CONSTRAINT notice_state_known CHECK (
        state IN ('queued', 'claimed', 'sent', 'delivered', 'failed', 'unknown', 'expired')),
    CONSTRAINT notice_settled_whole CHECK ((settled_at IS NULL) = (state IN ('queued', 'claimed'))),
    CONSTRAINT notice_went_while_claimed CHECK (state <> 'claimed' OR went_at IS NOT NULL),
    CONSTRAINT notice_provider_known CHECK (provider_id IS NULL OR provider IS NOT NULL),
    CONSTRAINT notice_attempts_not_negative CHECK (attempts >= 0)
);
CREATE INDEX notice_queued ON reactor.notice (send_at) WHERE state = 'queued';
CREATE INDEX notice_queued_entity ON reactor.notice (entity) WHERE state = 'queued';
CREATE INDEX notice_claimed ON reactor.notice (position) WHERE state = 'claimed';
CREATE INDEX notice_customer ON reactor.notice (customer_id, went_at);
CREATE INDEX notice_went ON reactor.notice (went_at) WHERE went_at IS NOT NULL;
CREATE INDEX notice_provider_id ON reactor.notice (provider_id) WHERE provider_id IS NOT NULL;
CREATE INDEX notice_created ON reactor.notice (created_at);
COMMENT ON TABLE reactor.notice IS 'What customers are told of events: values without words, phones or names.';
COMMENT ON COLUMN reactor.notice.position IS 'Of the event it tells of.';
COMMENT ON COLUMN reactor.notice.entity IS 'The rental, payment, receipt or refund that it is about.';
COMMENT ON COLUMN reactor.notice.facts IS 'The values of its template, by name.';
COMMENT ON COLUMN reactor.notice.send_at IS 'Not before; moved by a refusal, quiet hours and the daily ceilings.';
COMMENT ON COLUMN reactor.notice.expires_at IS 'From then on it is no news and is not sent.';
COMMENT ON COLUMN reactor.notice.attempts IS 'How often a provider refused it for the time being.';
COMMENT ON COLUMN reactor.notice.went_at IS 'When it went out, or may have.';
COMMENT ON COLUMN reactor.notice.reason IS 'Why it was refused, without number or text.';

REVOKE ALL ON reactor.notice FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE, DELETE ON reactor.notice TO chajipoa_reactor;

RESET ROLE;
