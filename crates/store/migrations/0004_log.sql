-- Append only.
CREATE TABLE events (
    seq BIGINT PRIMARY KEY,
    event_id BYTEA NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    payload TEXT NOT NULL
);
CREATE INDEX events_kind ON events (kind, seq);
CREATE INDEX events_subject ON events (subject, seq);

CREATE TABLE import_runs (
    key BIGINT PRIMARY KEY,
    run_id BYTEA NOT NULL UNIQUE,
    account BIGINT NOT NULL,
    actor TEXT NOT NULL,
    source TEXT NOT NULL,
    state TEXT NOT NULL,
    started BIGINT NOT NULL,
    finished BIGINT,
    total_octets BIGINT,
    seen BIGINT NOT NULL,
    archived BIGINT NOT NULL,
    duplicates BIGINT NOT NULL,
    excluded BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    octets BIGINT NOT NULL
);

CREATE TABLE import_failures (
    run BIGINT NOT NULL,
    n BIGINT NOT NULL,
    locator TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (run, n)
) CLUSTERED;

-- How far a full-text index has followed mails.change_seq.
CREATE TABLE index_states (
    name TEXT PRIMARY KEY,
    version BIGINT NOT NULL,
    change_seq BIGINT NOT NULL
);
INSERT INTO format (version) VALUES (1);
