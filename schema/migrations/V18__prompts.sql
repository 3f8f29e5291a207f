-- Prompts are counted before they are tried, and given back where nothing came of them: a count may come down to nought.

SET LOCAL ROLE chajipoa_owner;

ALTER TABLE access.tally DROP CONSTRAINT tally_count_positive;
ALTER TABLE access.tally ADD CONSTRAINT tally_count_not_negative CHECK (count >= 0);

RESET ROLE;
