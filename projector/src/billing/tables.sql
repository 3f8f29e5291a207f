CREATE TABLE {schema}.balance (
    customer_id uuid NOT NULL,
    balance bigint NOT NULL,
    debt bigint NOT NULL,
    opened_position bigint NOT NULL,
    opened_at timestamptz NOT NULL,
    position bigint NOT NULL,
    occurred_at timestamptz NOT NULL
);

CREATE TABLE {schema}.charge (
    rental_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    total bigint NOT NULL,
    usage bigint NOT NULL,
    late bigint NOT NULL,
    replacement bigint NOT NULL,
    vat bigint NOT NULL,
    lines jsonb NOT NULL,
    charged_at timestamptz NOT NULL,
    position bigint NOT NULL,
    occurred_at timestamptz NOT NULL
);

CREATE TABLE {schema}.billed_rental (
    rental_id uuid NOT NULL,
    station_id uuid NOT NULL,
    tariff_id uuid NOT NULL,
    tariff_version integer NOT NULL,
    vat_percent smallint NOT NULL,
    position bigint NOT NULL,
    occurred_at timestamptz NOT NULL
);

CREATE TABLE {schema}.payment (
    payment_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    status text NOT NULL,
    purpose text NOT NULL,
    amount bigint NOT NULL,
    provider text NOT NULL,
    external_id text NOT NULL,
    provider_reference text,
    initiated_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    settled_at timestamptz,
    paid_back bigint NOT NULL,
    charged_back bigint NOT NULL,
    position bigint NOT NULL,
    occurred_at timestamptz NOT NULL
);

CREATE TABLE {schema}.receipt (
    receipt_id uuid NOT NULL,
    provider text NOT NULL,
    provider_reference text NOT NULL,
    amount bigint NOT NULL,
    paid_at timestamptz NOT NULL,
    payment_id uuid,
    review jsonb NOT NULL,
    recorded_at timestamptz NOT NULL,
    status text NOT NULL,
    customer_id uuid,
    assigned_to uuid,
    refund_id uuid,
    reason text,
    position bigint NOT NULL,
    occurred_at timestamptz NOT NULL
);

CREATE TABLE {schema}.refund (
    refund_id uuid NOT NULL,
    customer_id uuid,
    receipt_id uuid,
    payment_id uuid,
    amount bigint NOT NULL,
    provider text NOT NULL,
    status text NOT NULL,
    requested_by uuid NOT NULL,
    requested_at timestamptz NOT NULL,
    approved_by uuid,
    approved_at timestamptz,
    reference text,
    submitted_at timestamptz,
    provider_reference text,
    paid_at timestamptz,
    cause text,
    reason text,
    review jsonb NOT NULL,
    position bigint NOT NULL,
    occurred_at timestamptz NOT NULL
);

CREATE TABLE {schema}.approval (
    approval_id uuid NOT NULL,
    kind text NOT NULL,
    status text NOT NULL,
    receipt_id uuid,
    refund_id uuid,
    customer_id uuid,
    rental_id uuid,
    amount bigint,
    direction text,
    started_at timestamptz,
    ended_at timestamptz,
    projection text,
    event_position bigint,
    requested_by uuid NOT NULL,
    requested_at timestamptz NOT NULL,
    decided_by uuid,
    decided_at timestamptz,
    position bigint NOT NULL,
    occurred_at timestamptz NOT NULL
);

CREATE TABLE {schema}.statement_break (
    break_id uuid NOT NULL,
    status text NOT NULL,
    cause text NOT NULL,
    provider text NOT NULL,
    provider_reference text,
    payment_id uuid,
    refund_id uuid,
    receipt_id uuid,
    ledger_amount bigint,
    statement_amount bigint,
    statement_id uuid,
    reason text,
    opened_at timestamptz NOT NULL,
    explanation text,
    explained_by uuid,
    explained_at timestamptz,
    closed_by uuid,
    closed_at timestamptz,
    close_reason text,
    position bigint NOT NULL,
    occurred_at timestamptz NOT NULL
);

CREATE TABLE {schema}.movement (
    position bigint NOT NULL,
    kind text NOT NULL,
    provider text NOT NULL,
    amount bigint NOT NULL,
    provider_reference text,
    reference text,
    payment_id uuid,
    receipt_id uuid,
    refund_id uuid,
    by_hand boolean NOT NULL,
    moved_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL
);

CREATE TABLE {schema}.journal (
    position bigint NOT NULL,
    line smallint NOT NULL,
    debit smallint NOT NULL,
    credit smallint NOT NULL,
    amount bigint NOT NULL,
    customer_id uuid,
    provider text,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    booking_day date NOT NULL,
    event_type text NOT NULL,
    rental_id uuid,
    station_id uuid,
    tariff_id uuid,
    tariff_version integer,
    kind text,
    vat_percent smallint
);

CREATE TABLE {schema}.statement (
    customer_id uuid NOT NULL,
    position bigint NOT NULL,
    kind text NOT NULL,
    amount bigint NOT NULL,
    balance bigint NOT NULL,
    debt bigint NOT NULL,
    subject_kind text NOT NULL,
    subject_id uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL
);

CREATE TABLE {schema}.account (
    account smallint NOT NULL,
    name text NOT NULL,
    debit bigint NOT NULL,
    credit bigint NOT NULL,
    lines bigint NOT NULL,
    first_position bigint NOT NULL,
    position bigint NOT NULL,
    occurred_at timestamptz NOT NULL
);

CREATE TABLE {schema}.account_day (
    account smallint NOT NULL,
    booking_day date NOT NULL,
    debit bigint NOT NULL,
    credit bigint NOT NULL,
    lines bigint NOT NULL,
    first_position bigint NOT NULL,
    position bigint NOT NULL,
    occurred_at timestamptz NOT NULL
);

CREATE TABLE {schema}.closing (
    id smallint NOT NULL,
    closed_until date NOT NULL,
    position bigint NOT NULL,
    occurred_at timestamptz NOT NULL
);

CREATE TABLE {schema}.period (
    until date NOT NULL,
    from_day date,
    closed_by uuid NOT NULL,
    closed_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    figures_position bigint NOT NULL,
    accounts jsonb NOT NULL,
    checkpoint jsonb,
    position bigint NOT NULL
);

CREATE TABLE {schema}.account_total (
    position bigint NOT NULL,
    account smallint NOT NULL,
    debit bigint NOT NULL,
    credit bigint NOT NULL,
    lines bigint NOT NULL,
    last_position bigint NOT NULL
);
