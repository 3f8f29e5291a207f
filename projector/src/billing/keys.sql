ALTER TABLE {schema}.balance ADD CONSTRAINT balance_pk PRIMARY KEY (customer_id);
ALTER TABLE {schema}.charge ADD CONSTRAINT charge_pk PRIMARY KEY (rental_id);
ALTER TABLE {schema}.payment ADD CONSTRAINT payment_pk PRIMARY KEY (payment_id);
ALTER TABLE {schema}.receipt ADD CONSTRAINT receipt_pk PRIMARY KEY (receipt_id);
ALTER TABLE {schema}.journal ADD CONSTRAINT journal_pk PRIMARY KEY (position, line);
ALTER TABLE {schema}.statement ADD CONSTRAINT statement_pk PRIMARY KEY (customer_id, position);
ALTER TABLE {schema}.account ADD CONSTRAINT account_pk PRIMARY KEY (account);
ALTER TABLE {schema}.account_total ADD CONSTRAINT account_total_pk PRIMARY KEY (position, account);
