-- Types are written as PostgreSQL spells them; migrate.rs says what SQLite reads instead.
-- Times are milliseconds UTC. Keys are small integers; the 16 octets of an outward id stand once.

CREATE TABLE format (
    version BIGINT NOT NULL
);

-- Numbers are given out in the writing transaction, so that their order is the order of commits.
CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES ('seq', 0), ('change', 0), ('list', 0), ('row', 0), ('event', 0),
    ('mails', 0), ('octets', 0);

-- Key: counter `list`, shared with mailboxes and account_sets, so that `entries.list` can name each.
CREATE TABLE accounts (
    key BIGINT PRIMARY KEY,
    account_id BYTEA NOT NULL UNIQUE,
    name TEXT NOT NULL,
    address TEXT,
    kind SMALLINT NOT NULL,
    host TEXT NOT NULL,
    port BIGINT NOT NULL,
    tls SMALLINT NOT NULL,
    login TEXT NOT NULL,
    options TEXT NOT NULL,
    credential BYTEA,
    poll_seconds BIGINT NOT NULL,
    active SMALLINT NOT NULL,
    created BIGINT NOT NULL,
    removed BIGINT
);
CREATE UNIQUE INDEX accounts_name ON accounts (name) WHERE removed IS NULL;

CREATE TABLE account_states (
    account BIGINT PRIMARY KEY,
    state TEXT NOT NULL,
    since BIGINT NOT NULL,
    last_success BIGINT,
    error_class TEXT,
    error_text TEXT,
    error_since BIGINT,
    next_action BIGINT
);

CREATE TABLE mailboxes (
    key BIGINT PRIMARY KEY,
    mailbox_id BYTEA NOT NULL UNIQUE,
    account BIGINT NOT NULL,
    name BYTEA NOT NULL,
    display_name TEXT NOT NULL,
    special_use TEXT,
    selected SMALLINT NOT NULL,
    uid_validity BIGINT,
    uid_next BIGINT,
    messages BIGINT,
    UNIQUE (account, name)
);

CREATE TABLE cursors (
    mailbox BIGINT PRIMARY KEY,
    uid_validity BIGINT NOT NULL,
    uid BIGINT NOT NULL,
    opaque TEXT NOT NULL,
    updated BIGINT NOT NULL
);

-- Mails of a source that are not in the archive, and why: nothing is skipped silently.
CREATE TABLE left_out (
    mailbox BIGINT NOT NULL,
    uid_validity BIGINT NOT NULL,
    uid BIGINT NOT NULL,
    locator TEXT NOT NULL,
    position SMALLINT NOT NULL,
    excluded SMALLINT NOT NULL,
    reason TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    since BIGINT NOT NULL,
    last BIGINT NOT NULL,
    PRIMARY KEY (mailbox, uid_validity, uid, locator)
) CLUSTERED;
