-- A customer's payments, newest first, page by page.
CREATE INDEX payment_of_customer ON {schema}.payment (customer_id, initiated_at DESC, payment_id DESC);
-- What finance looks through, newest first, page by page.
CREATE INDEX refund_by_time ON {schema}.refund (requested_at DESC, refund_id DESC);
CREATE INDEX receipt_by_time ON {schema}.receipt (recorded_at DESC, receipt_id DESC);
CREATE INDEX approval_by_time ON {schema}.approval (requested_at DESC, approval_id DESC);
CREATE INDEX break_by_time ON {schema}.statement_break (opened_at DESC, break_id DESC);
-- The breaks about one line of a statement.
CREATE INDEX break_of_reference ON {schema}.statement_break (provider_reference);
-- What moved on a day.
CREATE INDEX movement_by_time ON {schema}.movement (moved_at);
-- The entries of an account by booking day. Of a day the lines are sorted when they are read, so that the index keeps
-- each day once.
CREATE INDEX journal_by_debit ON {schema}.journal (debit, booking_day);
CREATE INDEX journal_by_credit ON {schema}.journal (credit, booking_day);
-- The entries of a customer, of a rental.
CREATE INDEX journal_of_customer ON {schema}.journal (customer_id) WHERE customer_id IS NOT NULL;
CREATE INDEX journal_of_rental ON {schema}.journal (rental_id) WHERE rental_id IS NOT NULL;
-- Those who owe something.
CREATE INDEX balance_in_debt ON {schema}.balance (customer_id) WHERE debt > 0;
-- What happened on a day that was closed when it was recorded, by the day it was booked on instead.
CREATE INDEX journal_late ON {schema}.journal (booking_day, position, line)
    WHERE booking_day > ((occurred_at AT TIME ZONE 'UTC') + interval '3 hours')::date;
