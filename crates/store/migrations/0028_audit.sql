-- What needs a second person. kind: 0 erasure, 1 release, 2 export. payload: JSON for whoever carries it out. asked_by, decided_by: id of a
-- user, or a part of the server. delay_ms: so long the only administrator waits; waited_ms: how much of that has passed while the server
-- ran. state: 0 waiting, 1 approved, 2 refused, 3 done, 4 failed, 5 withdrawn.
CREATE TABLE approvals (
    key BIGINT PRIMARY KEY,
    approval_id BYTEA NOT NULL UNIQUE,
    kind SMALLINT NOT NULL,
    payload TEXT NOT NULL,
    note TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    asked_name TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    delay_ms BIGINT NOT NULL,
    waited_ms BIGINT NOT NULL,
    due_at BIGINT,
    decided_by TEXT,
    decided_name TEXT,
    decided_at BIGINT,
    state SMALLINT NOT NULL,
    outcome TEXT NOT NULL
);
CREATE INDEX approvals_state ON approvals (state, key);
CREATE INDEX approvals_asked_by ON approvals (asked_by, key);

-- Of auditors. mails_from, mails_until: effective dates of the mails they see, the last one excluded. expires: when the login ends.
ALTER TABLE users ADD COLUMN mails_from BIGINT;
ALTER TABLE users ADD COLUMN mails_until BIGINT;
ALTER TABLE users ADD COLUMN expires BIGINT;

-- The audit log is listed by time, whoever and whatever is asked for.
DROP INDEX events_kind;
DROP INDEX events_subject;
CREATE INDEX events_at ON events (at, seq);
CREATE INDEX events_kind ON events (kind, at, seq);
CREATE INDEX events_subject ON events (subject, at, seq);
CREATE INDEX events_actor ON events (actor, at, seq);

-- Procedural documentation as it was made: each version in one language.
CREATE TABLE procedures (
    key BIGINT PRIMARY KEY,
    version BIGINT NOT NULL,
    language TEXT NOT NULL,
    made BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    sha256 BYTEA NOT NULL,
    octets BIGINT NOT NULL,
    content BYTEA NOT NULL,
    UNIQUE (language, version)
);
UPDATE format SET version = version + 1;
