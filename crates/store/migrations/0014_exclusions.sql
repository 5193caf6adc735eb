-- Mails of an account that are not archived, by named rules. n: their order. kind: 0 folder, 1 sender, 2 spam, 3 private,
-- 4 works council. patterns: one a line, what they mean depends on the kind.
CREATE TABLE exclusions (
    account BIGINT NOT NULL,
    n BIGINT NOT NULL,
    name TEXT NOT NULL,
    kind SMALLINT NOT NULL,
    patterns TEXT NOT NULL,
    PRIMARY KEY (account, n),
    UNIQUE (account, name)
) CLUSTERED;

-- Name of the exclusion because of which a mailbox is not opened.
ALTER TABLE mailboxes ADD COLUMN excluded TEXT;

-- left_out.excluded: 0 failed, 1 excluded, 2 to be fetched again, because its exclusion is another one now.
CREATE INDEX left_out_again ON left_out (mailbox, attempts) WHERE excluded <> 1;
CREATE INDEX left_out_excluded ON left_out (mailbox, reason) WHERE excluded = 1;
UPDATE format SET version = 11;
