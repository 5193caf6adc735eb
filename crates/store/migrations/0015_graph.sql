-- Actions at sources whose mails have names instead of UIDs (Microsoft Graph): locator is the name, empty with UIDs.
CREATE TABLE source_actions_named (
    key BIGINT PRIMARY KEY,
    account BIGINT NOT NULL,
    mailbox BIGINT NOT NULL,
    uid_validity BIGINT NOT NULL,
    uid BIGINT NOT NULL,
    locator TEXT NOT NULL,
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
    UNIQUE (mailbox, uid_validity, uid, locator, action, target)
);
INSERT INTO source_actions_named (key, account, mailbox, uid_validity, uid, locator, seq, action, target, why, state,
    attempts, due, error, created, changed) SELECT key, account, mailbox, uid_validity, uid, '', seq, action, target, why,
    state, attempts, due, error, created, changed FROM source_actions;
DROP TABLE source_actions;
ALTER TABLE source_actions_named RENAME TO source_actions;
CREATE INDEX source_actions_due ON source_actions (account, due) WHERE state = 0;
CREATE INDEX source_actions_listed ON source_actions (account, state, key);
UPDATE format SET version = 12;
