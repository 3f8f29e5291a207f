-- What the system does by itself: how far the reactor came, and the deadlines that wait.
--
-- Rows and position move in one transaction, like those of a read model. A deadline's row is removed when an event
-- settles it or its command has a final answer; until then it says when it is tried next.

CREATE SCHEMA reactor AUTHORIZATION chajipoa_owner;

SET LOCAL ROLE chajipoa_owner;

COMMENT ON SCHEMA reactor IS 'What the system will do by itself, derived from the ledger.';

CREATE TABLE reactor.progress (
    one boolean NOT NULL DEFAULT true,
    ledger_id uuid NOT NULL,
    epoch integer NOT NULL,
    position bigint NOT NULL,
    event_id uuid,
    CONSTRAINT progress_pk PRIMARY KEY (one),
    CONSTRAINT progress_one_row CHECK (one),
    CONSTRAINT progress_event_known CHECK ((position = 0) = (event_id IS NULL)),
    CONSTRAINT progress_position_not_negative CHECK (position >= 0)
);
COMMENT ON TABLE reactor.progress IS 'How far the reactor came, and which event it saw there.';

CREATE TABLE reactor.deadline (
    kind text NOT NULL,
    entity uuid NOT NULL,
    due_at timestamptz NOT NULL,
    margin_minutes bigint NOT NULL,
    attempts integer NOT NULL,
    next_try_at timestamptz NOT NULL,
    CONSTRAINT deadline_pk PRIMARY KEY (kind, entity),
    CONSTRAINT deadline_kind_known CHECK (
        kind IN ('release_unknown', 'cancel_release', 'mark_overdue', 'sell_device', 'expire_payment')),
    CONSTRAINT deadline_margin_not_negative CHECK (margin_minutes >= 0),
    CONSTRAINT deadline_attempts_not_negative CHECK (attempts >= 0)
);
CREATE INDEX deadline_next_try ON reactor.deadline (next_try_at);
COMMENT ON TABLE reactor.deadline IS 'What is to be commanded, of which thing, and when.';
COMMENT ON COLUMN reactor.deadline.kind IS 'Which command will be sent.';
COMMENT ON COLUMN reactor.deadline.entity IS 'The rental or payment that it concerns.';
COMMENT ON COLUMN reactor.deadline.due_at IS 'The moment from which the command holds; part of its id.';
COMMENT ON COLUMN reactor.deadline.margin_minutes IS 'How long after the due time of its rental it is; a new due time moves it.';
COMMENT ON COLUMN reactor.deadline.attempts IS 'How often the command was sent without a final answer.';
COMMENT ON COLUMN reactor.deadline.next_try_at IS 'When it is sent next; at first the deadline itself.';

REVOKE ALL ON SCHEMA reactor FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA reactor FROM PUBLIC;
GRANT USAGE ON SCHEMA reactor TO chajipoa_reactor;
GRANT SELECT, INSERT, UPDATE ON reactor.progress TO chajipoa_reactor;
GRANT SELECT, INSERT, UPDATE, DELETE ON reactor.deadline TO chajipoa_reactor;

RESET ROLE;
