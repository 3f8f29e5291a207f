-- A customer's payments, newest first, page by page.
CREATE INDEX payment_of_customer ON {schema}.payment (customer_id, initiated_at DESC, payment_id DESC);
