CREATE TABLE {schema}.balance (
    customer_id uuid NOT NULL,
    balance bigint NOT NULL,
    debt bigint NOT NULL,
    position bigint NOT NULL
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
    position bigint NOT NULL
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
    position bigint NOT NULL
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
    position bigint NOT NULL
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
    booking_day date NOT NULL
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
    position bigint NOT NULL
);

CREATE TABLE {schema}.account_total (
    position bigint NOT NULL,
    account smallint NOT NULL,
    debit bigint NOT NULL,
    credit bigint NOT NULL
);
