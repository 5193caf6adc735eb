-- Leaves of the provable log, numbered without a gap from 0 by counter `leaf`. subject: id of the mail it is about. Salt and
-- payload are empty once erased.
CREATE TABLE log_leaves (
    leaf BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    kind SMALLINT NOT NULL,
    subject BYTEA,
    commitment BYTEA NOT NULL,
    salt BYTEA,
    payload TEXT
);
CREATE INDEX log_leaves_subject ON log_leaves (subject, leaf);
-- The counter `backfill` follows mails that were here before the log, up to `backfill_to`.
INSERT INTO counters (name, value) VALUES ('leaf', -1), ('backfill', 0);
INSERT INTO counters (name, value) SELECT 'backfill_to', COALESCE(MAX(seq), 0) FROM objects;

-- logged: octets of the file that the log speaks of; closed: all there will ever be.
ALTER TABLE segments ADD COLUMN logged BIGINT NOT NULL DEFAULT 0;
ALTER TABLE segments ADD COLUMN closed SMALLINT NOT NULL DEFAULT 0;
UPDATE format SET version = 21;
