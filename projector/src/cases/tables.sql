CREATE TABLE {schema}.review (
    position bigint NOT NULL,
    number smallint NOT NULL,
    code text NOT NULL,
    kind text NOT NULL,
    subject_kind text NOT NULL,
    subject_id uuid NOT NULL,
    customer_id uuid,
    device_id uuid,
    station_id uuid,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL
);
