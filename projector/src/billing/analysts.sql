
-- Refunds without what leads to a person or was said of one: no reference, no member of staff, no words.
DROP VIEW IF EXISTS read_model.refund_course;

CREATE VIEW read_model.refund_course AS
SELECT refund_id, customer_id, receipt_id, payment_id, amount, provider, status, requested_at, approved_at,
       submitted_at, paid_at, cause, position
FROM {schema}.refund;
COMMENT ON VIEW read_model.refund_course IS 'How far each refund came, and when.';
COMMENT ON COLUMN read_model.refund_course.refund_id IS 'The refund.';
COMMENT ON COLUMN read_model.refund_course.customer_id IS 'Whose deposit it comes from; none for that of a receipt.';
COMMENT ON COLUMN read_model.refund_course.receipt_id IS 'The receipt that it pays back.';
COMMENT ON COLUMN read_model.refund_course.payment_id IS 'The payment that it gives back.';
COMMENT ON COLUMN read_model.refund_course.amount IS 'How much, in whole shillings (TZS).';
COMMENT ON COLUMN read_model.refund_course.provider IS 'The wallet operator that pays it out.';
COMMENT ON COLUMN read_model.refund_course.status IS 'requested, approved, rejected, submitted, unknown, failed or paid.';
COMMENT ON COLUMN read_model.refund_course.requested_at IS 'When it was asked for.';
COMMENT ON COLUMN read_model.refund_course.approved_at IS 'When it was approved.';
COMMENT ON COLUMN read_model.refund_course.submitted_at IS 'When the provider was told.';
COMMENT ON COLUMN read_model.refund_course.paid_at IS 'When it was paid out.';
COMMENT ON COLUMN read_model.refund_course.cause IS 'Why it was rejected: staff, rental_open or debt.';
COMMENT ON COLUMN read_model.refund_course.position IS 'The position of the last event that changed this row.';

REVOKE ALL ON read_model.refund_course FROM PUBLIC, chajipoa_query, chajipoa_analyst;
GRANT SELECT ON read_model.refund_course TO chajipoa_query, chajipoa_analyst;
