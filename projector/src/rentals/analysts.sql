
-- Made from the tables, not from the views above: those are dropped and made anew with each version.
DROP VIEW IF EXISTS read_model.journey, read_model.daily_station;

CREATE VIEW read_model.journey AS
SELECT rental_id, device_id, station_id AS from_station_id, return_station_id AS to_station_id, started_at, ended_at,
       (extract(epoch FROM ended_at - started_at) / 60)::bigint AS minutes,
       (started_at AT TIME ZONE 'Africa/Dar_es_Salaam')::date AS day, charge_total, position
FROM {schema}.rental
WHERE started_at IS NOT NULL AND ended_at IS NOT NULL AND return_station_id IS NOT NULL;
COMMENT ON VIEW read_model.journey IS 'Every rental that was given back: from where to where, and how long it took.';
COMMENT ON COLUMN read_model.journey.rental_id IS 'The rental.';
COMMENT ON COLUMN read_model.journey.device_id IS 'The power bank.';
COMMENT ON COLUMN read_model.journey.from_station_id IS 'Where it was taken.';
COMMENT ON COLUMN read_model.journey.to_station_id IS 'Where it was given back.';
COMMENT ON COLUMN read_model.journey.started_at IS 'When the meter started.';
COMMENT ON COLUMN read_model.journey.ended_at IS 'The billed end; for a recovered bank, when it came back.';
COMMENT ON COLUMN read_model.journey.minutes IS 'How long it took, in minutes, half up.';
COMMENT ON COLUMN read_model.journey.day IS 'The business day (Africa/Dar_es_Salaam) of its start.';
COMMENT ON COLUMN read_model.journey.charge_total IS 'What it costs in all, in whole shillings (TZS), VAT included.';
COMMENT ON COLUMN read_model.journey.position IS 'The position of the last event that changed the rental.';

CREATE VIEW read_model.daily_station AS
SELECT station_id, day, sum(starts)::bigint AS starts, sum(returns)::bigint AS returns, sum(sold)::bigint AS sold,
       sum(charged)::bigint AS charged, sum(vat)::bigint AS vat, max(position) AS position
FROM (
    SELECT station_id, (started_at AT TIME ZONE 'Africa/Dar_es_Salaam')::date AS day, 1 AS starts, 0 AS returns,
           CASE status WHEN 'sold' THEN 1 ELSE 0 END AS sold, coalesce(charge_total, 0) AS charged,
           coalesce(charge_vat, 0) AS vat, position
    FROM {schema}.rental WHERE started_at IS NOT NULL
    UNION ALL
    SELECT return_station_id, (ended_at AT TIME ZONE 'Africa/Dar_es_Salaam')::date, 0, 1, 0, 0, 0, position
    FROM {schema}.rental WHERE return_station_id IS NOT NULL AND ended_at IS NOT NULL
) both_ends
GROUP BY station_id, day;
COMMENT ON VIEW read_model.daily_station IS 'What each station did on each business day. What a rental costs counts where and when it started.';
COMMENT ON COLUMN read_model.daily_station.station_id IS 'The station.';
COMMENT ON COLUMN read_model.daily_station.day IS 'The business day (Africa/Dar_es_Salaam).';
COMMENT ON COLUMN read_model.daily_station.starts IS 'Rentals that started there.';
COMMENT ON COLUMN read_model.daily_station.returns IS 'Rentals that were given back there.';
COMMENT ON COLUMN read_model.daily_station.sold IS 'Rentals that started there and whose bank never came back, as it stands now.';
COMMENT ON COLUMN read_model.daily_station.charged IS 'What the rentals that started there cost, in whole shillings (TZS), VAT included, as it stands now.';
COMMENT ON COLUMN read_model.daily_station.vat IS 'The VAT inside it.';
COMMENT ON COLUMN read_model.daily_station.position IS 'The position of the last event that changed one of its rentals.';

REVOKE ALL ON read_model.journey, read_model.daily_station FROM PUBLIC, chajipoa_query, chajipoa_analyst;
GRANT SELECT ON read_model.journey, read_model.daily_station TO chajipoa_query, chajipoa_analyst;
