-- Links of messages and records; twins share them. how: as model::How. actor: `rule` or a user's id. A link that a person
-- removed stays as a row, so that it is not set again; rule: it was set by a rule. batch: of an activated what-if, else 0.
CREATE TABLE links (
    message BIGINT NOT NULL,
    record BIGINT NOT NULL,
    how SMALLINT NOT NULL,
    rule SMALLINT NOT NULL,
    actor TEXT NOT NULL,
    at BIGINT NOT NULL,
    batch BIGINT NOT NULL,
    removed BIGINT,
    remover TEXT,
    PRIMARY KEY (message, record)
) CLUSTERED;
CREATE INDEX links_record ON links (record, message) WHERE removed IS NULL;
CREATE INDEX links_batch ON links (batch) WHERE batch > 0;

-- What linking decided of a message. outcome: 0 linked, 1 inherited, 2 ambiguous, 3 none. person: 1 once a person has set
-- or removed a link or said that it needs none; rules leave it alone then. stranger: its sender is new to its thread, or
-- to everything. step: the last step that was ambiguous. since: when it came here.
CREATE TABLE decisions (
    message BIGINT PRIMARY KEY,
    outcome SMALLINT NOT NULL,
    step SMALLINT NOT NULL,
    person SMALLINT NOT NULL,
    stranger SMALLINT NOT NULL,
    since BIGINT NOT NULL,
    version SMALLINT NOT NULL,
    trace BYTEA NOT NULL
);
CREATE INDEX decisions_open ON decisions (outcome, message) WHERE person = 0 AND outcome > 1;
CREATE INDEX decisions_day ON decisions (since, message);

-- Records that a message may belong to; a person decides. why: 0 a single number in the mail of a stranger, 1 a signed
-- reference in the mail of a stranger, 2 one of several that were found.
CREATE TABLE link_suggestions (
    message BIGINT NOT NULL,
    record BIGINT NOT NULL,
    why SMALLINT NOT NULL,
    PRIMARY KEY (message, record)
) CLUSTERED;

-- What a person does not want again: a record in a thread (address empty), or for mails of an address (thread 0).
CREATE TABLE link_denials (
    record BIGINT NOT NULL,
    thread BIGINT NOT NULL,
    address TEXT NOT NULL,
    actor TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (record, thread, address)
) CLUSTERED;
CREATE INDEX link_denials_thread ON link_denials (thread) WHERE thread > 0;
CREATE INDEX link_denials_address ON link_denials (address) WHERE address <> '';

-- Addresses and domains that linking ignores. entry: `local@domain`, or a domain with everything below it.
CREATE TABLE link_blocklist (
    entry TEXT PRIMARY KEY,
    note TEXT NOT NULL,
    actor TEXT NOT NULL,
    at BIGINT NOT NULL
) CLUSTERED;
UPDATE format SET version = 14;
