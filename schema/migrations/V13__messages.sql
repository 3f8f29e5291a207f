-- Whom the reactor writes to, and what it tells them.
--
-- All rows are folded from the ledger in the transaction that moves the reactor's position. A reactor that has been here
-- before begins again at the first event, so that it learns who the customers are; its deadlines follow from the ledger,
-- and what they have already brought about is recognised.

SET LOCAL ROLE chajipoa_owner;

UPDATE reactor.progress SET position = 0, event_id = NULL;
DELETE FROM reactor.deadline;

CREATE TABLE reactor.customer (
    customer_id uuid NOT NULL,
    phone text NOT NULL,
    language text NOT NULL,
    CONSTRAINT customer_pk PRIMARY KEY (customer_id),
    CONSTRAINT customer_language_known CHECK (language IN ('sw', 'en'))
);
COMMENT ON TABLE reactor.customer IS 'Who can be reached, and how; nobody who was erased.';
COMMENT ON COLUMN reactor.customer.phone IS 'Sealed under the key of the customer, as the ledger has it.';
COMMENT ON COLUMN reactor.customer.language IS 'How they are spoken to.';

REVOKE ALL ON ALL TABLES IN SCHEMA reactor FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE, DELETE ON reactor.customer TO chajipoa_reactor;

RESET ROLE;
