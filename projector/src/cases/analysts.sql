
-- What analysts read of this model: exactly this.
REVOKE ALL ON read_model.cases_position, read_model.review FROM chajipoa_analyst;
GRANT SELECT ON read_model.cases_position, read_model.review TO chajipoa_analyst;
