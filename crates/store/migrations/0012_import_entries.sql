-- What became of every entry of an import. outcome: 0 archived, 1 duplicate, 2 excluded, 3 failed. n: place in the source, from 1.
-- seq: the mail, of an archived one or of what it duplicates.
CREATE TABLE import_entries (
    run BIGINT NOT NULL,
    n BIGINT NOT NULL,
    outcome SMALLINT NOT NULL,
    locator TEXT NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    octets BIGINT NOT NULL,
    seq BIGINT,
    PRIMARY KEY (run, n)
) CLUSTERED;
CREATE INDEX import_entries_outcome ON import_entries (run, outcome, n);
INSERT INTO import_entries (run, n, outcome, locator, reason, detail, octets)
    SELECT run, n, 3, locator, reason, '', 0 FROM import_failures;
DROP TABLE import_failures;
-- How many entries the source had when it was read to its end; NULL before, and for imports older than this.
ALTER TABLE import_runs ADD COLUMN entries BIGINT;
UPDATE format SET version = 9;
