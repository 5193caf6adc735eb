-- What stays at the source of an account; without a row everything does.
-- fetched: 0 leave, 1 mark read, 2 move to fetched_folder, for mails fetched from since on. failed_folder: for mails that
-- could not be read; empty: they stay. delete_days: null never, 0 at once, n days after they were fetched.
CREATE TABLE account_keeping (
    account BIGINT PRIMARY KEY,
    fetched SMALLINT NOT NULL,
    fetched_folder TEXT NOT NULL,
    failed_folder TEXT NOT NULL,
    since BIGINT NOT NULL,
    delete_days BIGINT
);
CREATE INDEX placements_live ON placements (mailbox, fetched) WHERE gone IS NULL;
UPDATE format SET version = 10;
