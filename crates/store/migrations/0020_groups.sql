-- What people did with a message, by group; group_key 0: no group. deleted: when it was hidden; null: it is not. Nothing is
-- ever erased by it.
CREATE TABLE message_states (
    message BIGINT NOT NULL,
    group_key BIGINT NOT NULL,
    deleted BIGINT,
    PRIMARY KEY (message, group_key)
) CLUSTERED;

-- mirrored: what is deleted here is deleted at the source as well, whatever the other columns say.
ALTER TABLE account_keeping ADD COLUMN mirrored SMALLINT NOT NULL DEFAULT 0;

CREATE TABLE mail_groups (
    key BIGINT PRIMARY KEY,
    group_id BYTEA NOT NULL UNIQUE,
    name TEXT NOT NULL,
    folded TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL,
    created BIGINT NOT NULL
);
CREATE TABLE group_addresses (
    group_key BIGINT NOT NULL,
    folded TEXT NOT NULL,
    PRIMARY KEY (group_key, folded)
) CLUSTERED;
CREATE TABLE group_members (
    group_key BIGINT NOT NULL,
    user_key BIGINT NOT NULL REFERENCES users (key) ON DELETE CASCADE,
    PRIMARY KEY (group_key, user_key)
) CLUSTERED;
CREATE INDEX group_members_user ON group_members (user_key);

-- Which mails of an account belong to which group. pattern: an address, @domain, or empty: whatever no other rule names.
CREATE TABLE sorting_rules (
    account BIGINT NOT NULL,
    n BIGINT NOT NULL,
    pattern TEXT NOT NULL,
    group_key BIGINT NOT NULL,
    PRIMARY KEY (account, n)
) CLUSTERED;
CREATE INDEX sorting_rules_group ON sorting_rules (group_key);

-- What the rules said of a mail in an account; made anew from placements and addresses. source: 0 envelope, 1 Delivered-To,
-- 2 X-Original-To, 3 To, 4 none of them. value: the address that decided; pattern: of the rule.
CREATE TABLE message_groups (
    seq BIGINT NOT NULL,
    group_key BIGINT NOT NULL,
    account BIGINT NOT NULL,
    source SMALLINT NOT NULL,
    value TEXT NOT NULL,
    pattern TEXT NOT NULL,
    PRIMARY KEY (seq, group_key, account)
) CLUSTERED;
CREATE INDEX message_groups_group ON message_groups (group_key, seq);
UPDATE format SET version = 17;
