-- Who paid a receipt is forgotten ninety days after the receipt was assigned or paid back: its key is destroyed.

SET LOCAL ROLE chajipoa_owner;

CREATE TABLE ledger.receipts_forgotten (
    up_to bigint NOT NULL DEFAULT 0,
    singleton boolean NOT NULL DEFAULT true,
    CONSTRAINT receipts_forgotten_pk PRIMARY KEY (singleton),
    CONSTRAINT receipts_forgotten_one_row CHECK (singleton)
);
COMMENT ON TABLE ledger.receipts_forgotten IS 'Up to which position the payers of settled receipts were forgotten.';
INSERT INTO ledger.receipts_forgotten DEFAULT VALUES;

-- Looks through the next events that were recorded before a moment, and destroys the keys of the receipts that they
-- settled. A stretch at a time, each event once; it says how many events it looked through. A kind of 8 is a receipt.
CREATE FUNCTION ledger.forget_receipts(p_before timestamptz) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = ledger, pg_temp
SET enable_seqscan = off
AS $$
DECLARE
    v_from bigint;
    v_to bigint;
    v_receipt uuid;
BEGIN
    SELECT up_to INTO STRICT v_from FROM ledger.receipts_forgotten FOR UPDATE;
    SELECT max(position) INTO v_to FROM ledger.event
    WHERE position > v_from AND position <= v_from + 5000 AND recorded_at < p_before;
    IF v_to IS NULL THEN
        RETURN 0;
    END IF;
    FOR v_receipt IN
        SELECT s.id FROM ledger.event e
        CROSS JOIN LATERAL unnest(e.stream_kinds, e.stream_ids) AS s (kind, id)
        WHERE e.position > v_from AND e.position <= v_to
            AND e.type IN ('ReceiptAssigned', 'RefundPaid') AND s.kind = 8
    LOOP
        PERFORM ledger.destroy_person(v_receipt);
    END LOOP;
    UPDATE ledger.receipts_forgotten SET up_to = v_to;
    RETURN v_to - v_from;
END
$$;

REVOKE ALL ON ledger.receipts_forgotten FROM PUBLIC;
REVOKE ALL ON FUNCTION ledger.forget_receipts FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.forget_receipts TO chajipoa_command;

RESET ROLE;
