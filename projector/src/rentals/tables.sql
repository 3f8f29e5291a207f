CREATE TABLE {schema}.rental (
    rental_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    device_id uuid NOT NULL,
    station_id uuid NOT NULL,
    slot smallint NOT NULL,
    status text NOT NULL,
    requested_at timestamptz NOT NULL,
    started_at timestamptz,
    due_at timestamptz,
    ended_at timestamptz,
    return_station_id uuid,
    return_slot smallint,
    tariff_id uuid NOT NULL,
    tariff_version integer NOT NULL,
    free_minutes bigint,
    extended_minutes bigint NOT NULL,
    charge_total bigint,
    charge_usage bigint,
    charge_late bigint,
    charge_replacement bigint,
    charge_vat bigint,
    position bigint NOT NULL,
    occurred_at timestamptz NOT NULL
);

CREATE TABLE {schema}.tariff (
    tariff_id uuid NOT NULL,
    version integer NOT NULL,
    name text NOT NULL,
    effective_from timestamptz NOT NULL,
    is_default boolean NOT NULL,
    terms jsonb NOT NULL,
    position bigint NOT NULL,
    occurred_at timestamptz NOT NULL
);

CREATE TABLE {schema}.tariff_retired (
    tariff_id uuid NOT NULL,
    retired_at timestamptz NOT NULL,
    position bigint NOT NULL,
    occurred_at timestamptz NOT NULL
);
