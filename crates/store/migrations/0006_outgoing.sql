-- Servers that send. notices: 1 for the one that sends notices. error_*: of the last sending, if it failed.
CREATE TABLE smtp_accounts (
    key BIGINT PRIMARY KEY,
    smtp_id BYTEA NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    host TEXT NOT NULL,
    port BIGINT NOT NULL,
    tls SMALLINT NOT NULL,
    login TEXT NOT NULL,
    credential BYTEA,
    trust TEXT NOT NULL,
    from_address TEXT NOT NULL,
    from_name TEXT NOT NULL,
    bounce_address TEXT,
    notices SMALLINT NOT NULL,
    active SMALLINT NOT NULL,
    created BIGINT NOT NULL,
    last_success BIGINT,
    error_text TEXT,
    error_since BIGINT
);

-- Receivers of webhooks. kinds: words, separated by blanks. secret, old_secret: sealed; the old one signs too until old_until.
-- private: may lie in the own network. off_reason: why the server switched it off.
CREATE TABLE webhooks (
    key BIGINT PRIMARY KEY,
    webhook_id BYTEA NOT NULL UNIQUE,
    name TEXT NOT NULL,
    url TEXT NOT NULL UNIQUE,
    kinds TEXT NOT NULL,
    secret BYTEA NOT NULL,
    old_secret BYTEA,
    old_until BIGINT,
    private SMALLINT NOT NULL,
    active SMALLINT NOT NULL,
    off_reason TEXT NOT NULL,
    created BIGINT NOT NULL,
    last_success BIGINT,
    error_text TEXT,
    error_since BIGINT
);

-- The queue and what became of it. channel: 0 mail, 1 webhook. target: the webhook's key; 0 for mails.
-- state: 0 waits, 1 is being sent (again from due on, if the one who sends is gone), 2 sent, 3 refused, 4 given up, 5 cancelled.
-- due: null when nothing is to be done. code, answer: of the last attempt.
CREATE TABLE outgoing (
    key BIGINT PRIMARY KEY,
    outgoing_id BYTEA NOT NULL UNIQUE,
    channel SMALLINT NOT NULL,
    target BIGINT NOT NULL,
    recipient TEXT NOT NULL,
    kind TEXT NOT NULL,
    content BYTEA NOT NULL,
    state SMALLINT NOT NULL,
    attempts BIGINT NOT NULL,
    created BIGINT NOT NULL,
    due BIGINT,
    last BIGINT,
    code BIGINT,
    answer TEXT NOT NULL
);
CREATE INDEX outgoing_due ON outgoing (due, key) WHERE due IS NOT NULL;
CREATE INDEX outgoing_target ON outgoing (channel, target, key);
CREATE INDEX outgoing_created ON outgoing (created) WHERE due IS NULL;

-- What is gathered for the next notice. channel: 0 by mail at once, 1 daily. n: 0 if nothing waits. sent: the notice before.
CREATE TABLE notices (
    channel SMALLINT NOT NULL,
    kind TEXT NOT NULL,
    n BIGINT NOT NULL,
    first BIGINT NOT NULL,
    last BIGINT NOT NULL,
    examples TEXT NOT NULL,
    sent BIGINT,
    PRIMARY KEY (channel, kind)
) CLUSTERED;

-- Up to which event a rule has told of an address.
CREATE TABLE rule_firings (
    standing BIGINT NOT NULL,
    rule TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (standing, rule)
) CLUSTERED;

-- How far the event log has been followed; what is in it already is old news.
INSERT INTO index_states (name, version, change_seq) SELECT 'notices', 1, COALESCE(MAX(seq), 0) FROM events;
UPDATE format SET version = 3;
