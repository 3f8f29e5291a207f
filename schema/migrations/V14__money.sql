-- Money on its way: payments to be asked for, refunds to be paid out, and what has to be reported of either to the ledger.
--
-- The rows follow from events and move with the reactor's position. What a reactor notes beside them (whose call is on its
-- way, what the provider's id is, when to try again) is committed before and after each call, so that a call without an
-- outcome is seen as such by whoever comes next.

SET LOCAL ROLE chajipoa_owner;

CREATE TABLE reactor.payment (
    payment_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    provider text NOT NULL,
    amount bigint NOT NULL,
    phone text,
    external_id text NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    stage text NOT NULL,
    prompt text NOT NULL DEFAULT 'due',
    claimed_by integer,
    transaction_id text,
    attempts integer NOT NULL DEFAULT 0,
    next_try_at timestamptz,
    CONSTRAINT payment_pk PRIMARY KEY (payment_id),
    CONSTRAINT payment_external_id_unique UNIQUE (external_id),
    CONSTRAINT payment_amount_positive CHECK (amount > 0),
    CONSTRAINT payment_stage_known
        CHECK (stage IN ('initiated', 'prompted', 'unknown', 'declined', 'expired', 'settled')),
    CONSTRAINT payment_prompt_known CHECK (prompt IN ('due', 'claimed', 'done')),
    CONSTRAINT payment_claim_whole CHECK ((prompt = 'claimed') = (claimed_by IS NOT NULL)),
    CONSTRAINT payment_attempts_not_negative CHECK (attempts >= 0)
);
CREATE INDEX payment_due ON reactor.payment (recorded_at) WHERE prompt = 'due' AND stage = 'initiated';
CREATE INDEX payment_claimed ON reactor.payment (claimed_by) WHERE claimed_by IS NOT NULL;
CREATE INDEX payment_open ON reactor.payment (next_try_at) WHERE stage IN ('prompted', 'unknown');
CREATE INDEX payment_customer ON reactor.payment (customer_id) WHERE phone IS NOT NULL;
COMMENT ON TABLE reactor.payment IS 'Every payment that was asked for: what a callback is compared with, however late it comes.';
COMMENT ON COLUMN reactor.payment.phone IS 'Another phone than the customer''s own, sealed under the customer''s key.';
COMMENT ON COLUMN reactor.payment.stage IS 'Where the payment stands, by the events.';
COMMENT ON COLUMN reactor.payment.prompt IS 'Whether the prompt may be sent (due), is on its way (claimed), or never will be again (done).';
COMMENT ON COLUMN reactor.payment.claimed_by IS 'The reactor whose call it is; it holds the advisory lock of that number while it lives.';
COMMENT ON COLUMN reactor.payment.transaction_id IS 'The provider''s id, once it is known.';
COMMENT ON COLUMN reactor.payment.next_try_at IS 'When the prompt is tried again, or the provider is asked what became of it.';

CREATE TABLE reactor.refund (
    refund_id uuid NOT NULL,
    customer_id uuid,
    receipt_id uuid,
    provider text NOT NULL,
    amount bigint NOT NULL,
    destination text,
    stage text NOT NULL,
    reference text,
    provider_reference text,
    call text NOT NULL DEFAULT 'none',
    claimed_by integer,
    lost boolean NOT NULL DEFAULT false,
    attempts integer NOT NULL DEFAULT 0,
    next_try_at timestamptz,
    CONSTRAINT refund_pk PRIMARY KEY (refund_id),
    CONSTRAINT refund_reference_unique UNIQUE (provider, reference),
    CONSTRAINT refund_amount_positive CHECK (amount > 0),
    CONSTRAINT refund_whose CHECK (num_nonnulls(customer_id, receipt_id) = 1),
    CONSTRAINT refund_stage_known
        CHECK (stage IN ('requested', 'approved', 'rejected', 'submitted', 'unknown', 'failed', 'paid')),
    CONSTRAINT refund_call_known CHECK (call IN ('none', 'due', 'claimed', 'accepted', 'done')),
    CONSTRAINT refund_claim_whole CHECK ((call = 'claimed') = (claimed_by IS NOT NULL)),
    CONSTRAINT refund_attempts_not_negative CHECK (attempts >= 0)
);
CREATE INDEX refund_open ON reactor.refund (next_try_at) WHERE stage IN ('approved', 'submitted', 'unknown');
CREATE INDEX refund_claimed ON reactor.refund (claimed_by) WHERE claimed_by IS NOT NULL;
CREATE INDEX refund_our_reference ON reactor.refund (reference) WHERE reference IS NOT NULL;
CREATE INDEX refund_provider_reference ON reactor.refund (provider_reference) WHERE provider_reference IS NOT NULL;
COMMENT ON TABLE reactor.refund IS 'Every refund: what is paid out by a call, and what a callback is compared with.';
COMMENT ON COLUMN reactor.refund.destination IS 'The phone, sealed under the key of the customer or of the receipt; gone with the end.';
COMMENT ON COLUMN reactor.refund.reference IS 'Under which the provider was told, the same on every attempt.';
COMMENT ON COLUMN reactor.refund.call IS 'Whether the pay-out is to be asked for (due), is being (claimed), was taken in (accepted), or needs no call.';
COMMENT ON COLUMN reactor.refund.lost IS 'An attempt without an answer: a later refusal does not prove that nothing was paid.';

CREATE TABLE reactor.report (
    command_id uuid NOT NULL,
    entity uuid NOT NULL,
    type text NOT NULL,
    occurred_at timestamptz NOT NULL,
    data text NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    next_try_at timestamptz NOT NULL,
    CONSTRAINT report_pk PRIMARY KEY (command_id),
    CONSTRAINT report_attempts_not_negative CHECK (attempts >= 0)
);
CREATE INDEX report_next_try ON reactor.report (next_try_at);
COMMENT ON TABLE reactor.report IS 'What became of calls, to be sent to the ledger as commands; gone with their final answer.';
COMMENT ON COLUMN reactor.report.data IS 'The data of the command, as sent each time; it names nobody.';

REVOKE ALL ON reactor.payment, reactor.refund, reactor.report FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE ON reactor.payment, reactor.refund TO chajipoa_reactor;
GRANT SELECT, INSERT, UPDATE, DELETE ON reactor.report TO chajipoa_reactor;

-- The rows of what was recorded before they existed: the reactor reads the ledger once more. Nothing is sent until it has.
UPDATE reactor.progress SET position = 0, event_id = NULL;

RESET ROLE;
