-- Where records come from. kind: 0 what others send (REST), 1 a file, 2 PostgreSQL, 3 MySQL or MariaDB. options, state: JSON,
-- opaque here. credential: sealed. every_minutes: 0: only when asked. next_run: when it is due.
CREATE TABLE erp_sources (
    key BIGINT PRIMARY KEY,
    source_id BYTEA NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    kind SMALLINT NOT NULL,
    options TEXT NOT NULL,
    credential BYTEA,
    every_minutes BIGINT NOT NULL,
    active SMALLINT NOT NULL,
    state TEXT NOT NULL,
    next_run BIGINT,
    created BIGINT NOT NULL
);
CREATE INDEX erp_sources_due ON erp_sources (next_run) WHERE next_run IS NOT NULL;

-- Runs of sources, and imports by hand (source 0). kinds: words, blanks between them. held: so many records would have vanished,
-- of so many, and nobody has allowed it. notes: JSON, opaque here. ended null: running, or open for what is sent.
CREATE TABLE erp_runs (
    key BIGINT PRIMARY KEY,
    run_id BYTEA NOT NULL UNIQUE,
    source BIGINT NOT NULL,
    what TEXT NOT NULL,
    actor TEXT NOT NULL,
    kinds TEXT NOT NULL,
    at BIGINT NOT NULL,
    started BIGINT NOT NULL,
    ended BIGINT,
    fresh BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    same BIGINT NOT NULL,
    vanished BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    unusable BIGINT NOT NULL,
    duplicates BIGINT NOT NULL,
    held BIGINT NOT NULL,
    held_of BIGINT NOT NULL,
    error TEXT NOT NULL,
    notes TEXT NOT NULL
);
CREATE INDEX erp_runs_source ON erp_runs (source, key);
CREATE INDEX erp_runs_open ON erp_runs (key) WHERE ended IS NULL;
UPDATE format SET version = 15;
