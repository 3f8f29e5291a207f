ALTER TABLE {schema}.review ADD CONSTRAINT review_pk PRIMARY KEY (position, number);
