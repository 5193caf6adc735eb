-- What happens at the source of an account, and what its mailbox is for; an account without a row leaves everything.
-- role: 0 normal, 1 bounce, 2 archive. handled: 0 leave, 1 mark read, 2 move, 3 delete what is matched.
CREATE TABLE account_handling (
    account BIGINT PRIMARY KEY,
    role SMALLINT NOT NULL,
    handled SMALLINT NOT NULL,
    handled_folder TEXT NOT NULL,
    manual_folder TEXT NOT NULL
);

-- What is to be done at the source, and what became of it. action: 0 mark read, 1 move, 2 delete. state: 0 waits, 1 done,
-- 2 given up. The same again is the same row.
CREATE TABLE source_actions (
    key BIGINT PRIMARY KEY,
    account BIGINT NOT NULL,
    mailbox BIGINT NOT NULL,
    uid_validity BIGINT NOT NULL,
    uid BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    action SMALLINT NOT NULL,
    target TEXT NOT NULL,
    why TEXT NOT NULL,
    state SMALLINT NOT NULL,
    attempts BIGINT NOT NULL,
    due BIGINT NOT NULL,
    error TEXT NOT NULL,
    created BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    UNIQUE (mailbox, uid_validity, uid, action, target)
);
CREATE INDEX source_actions_due ON source_actions (account, due) WHERE state = 0;
CREATE INDEX source_actions_listed ON source_actions (account, state, key);

-- Words people put on messages, and rules on reports. folded: lower case, unique.
CREATE TABLE tags (
    key BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    folded TEXT NOT NULL UNIQUE,
    colour TEXT NOT NULL,
    created BIGINT NOT NULL
);

CREATE TABLE message_tags (
    message BIGINT NOT NULL,
    tag BIGINT NOT NULL,
    PRIMARY KEY (message, tag)
) CLUSTERED;
CREATE INDEX message_tags_tag ON message_tags (tag, message);
UPDATE format SET version = 4;
