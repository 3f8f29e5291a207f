-- A projector reads the stream of its read model: which events it may pass over is recorded there.

SET LOCAL ROLE chajipoa_owner;

GRANT SELECT ON ledger.stream_version TO chajipoa_projector;

RESET ROLE;
