DROP VIEW IF EXISTS read_model.cases_position, read_model.review;

CREATE VIEW read_model.cases_position AS
SELECT position
FROM ledger.projection WHERE name = 'cases' AND version = {version};
COMMENT ON VIEW read_model.cases_position IS 'Up to which position of the ledger the view of cases stands.';
COMMENT ON COLUMN read_model.cases_position.position IS 'The position of the last event that it holds.';

CREATE VIEW read_model.review AS
SELECT position, number, code, kind, subject_kind, subject_id, customer_id, device_id, station_id, occurred_at, recorded_at
FROM {schema}.review;
COMMENT ON VIEW read_model.review IS 'What needs a person''s eye: a row for each code that an event carries.';
COMMENT ON COLUMN read_model.review.position IS 'The event.';
COMMENT ON COLUMN read_model.review.number IS 'Which of its codes, counted from 1.';
COMMENT ON COLUMN read_model.review.code IS 'Why: clock_suspect, long_absence, wrong_amount and others.';
COMMENT ON COLUMN read_model.review.kind IS 'The type of the event.';
COMMENT ON COLUMN read_model.review.subject_kind IS 'What it is about: rental, device, receipt or refund.';
COMMENT ON COLUMN read_model.review.subject_id IS 'Which one.';
COMMENT ON COLUMN read_model.review.customer_id IS 'The customer, if one is in it.';
COMMENT ON COLUMN read_model.review.device_id IS 'The bank, if one is in it.';
COMMENT ON COLUMN read_model.review.station_id IS 'The station, if one is in it.';
COMMENT ON COLUMN read_model.review.occurred_at IS 'When it happened.';
COMMENT ON COLUMN read_model.review.recorded_at IS 'When it was recorded.';

REVOKE ALL ON read_model.cases_position, read_model.review
    FROM PUBLIC, chajipoa_query, chajipoa_analyst;
GRANT SELECT ON read_model.cases_position, read_model.review
    TO chajipoa_query, chajipoa_analyst;
