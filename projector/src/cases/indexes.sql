-- Everything that needs an eye about one thing.
CREATE INDEX review_of_subject ON {schema}.review (subject_id);
