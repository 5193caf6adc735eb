-- Changes of links of past mails that were activated together, so that they can be undone together. settings: what was set
-- before, JSON.
CREATE TABLE link_batches (
    batch BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    messages BIGINT NOT NULL,
    settings TEXT NOT NULL,
    undone BIGINT
);

-- What rules had decided of the messages of a batch; version 0: nothing.
CREATE TABLE link_batch_decisions (
    batch BIGINT NOT NULL,
    message BIGINT NOT NULL,
    outcome SMALLINT NOT NULL,
    step SMALLINT NOT NULL,
    stranger SMALLINT NOT NULL,
    since BIGINT NOT NULL,
    version SMALLINT NOT NULL,
    trace BYTEA NOT NULL,
    PRIMARY KEY (batch, message)
) CLUSTERED;
CREATE TABLE link_batch_links (
    batch BIGINT NOT NULL,
    message BIGINT NOT NULL,
    record BIGINT NOT NULL,
    how SMALLINT NOT NULL,
    at BIGINT NOT NULL,
    removed BIGINT,
    remover TEXT,
    PRIMARY KEY (batch, message, record)
) CLUSTERED;
UPDATE format SET version = 16;
