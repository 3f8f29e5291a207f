CREATE TABLE {schema}.station (
    station_id uuid NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    latitude double precision NOT NULL,
    longitude double precision NOT NULL,
    slots smallint NOT NULL,
    release_mode text NOT NULL,
    tariff_id uuid,
    service text NOT NULL,
    online boolean NOT NULL,
    rents_out boolean NOT NULL,
    takes_back boolean NOT NULL,
    position bigint NOT NULL,
    occurred_at timestamptz NOT NULL
);

CREATE TABLE {schema}.slot (
    station_id uuid NOT NULL,
    slot smallint NOT NULL,
    faulty boolean NOT NULL,
    disabled boolean NOT NULL,
    position bigint NOT NULL,
    occurred_at timestamptz NOT NULL
);

CREATE TABLE {schema}.device (
    device_id uuid NOT NULL,
    serial text NOT NULL,
    capacity_mah integer,
    status text NOT NULL,
    station_id uuid,
    slot smallint,
    rental_id uuid,
    battery_percent smallint,
    since timestamptz NOT NULL,
    registered_at timestamptz NOT NULL,
    gone_at timestamptz,
    position bigint NOT NULL,
    occurred_at timestamptz NOT NULL
);
