-- An account's state: state is one of model::Activity's words, until of `throttled`.
ALTER TABLE account_states ADD COLUMN until BIGINT;
UPDATE account_states SET state = CASE state WHEN 'idle' THEN 'watching' WHEN 'retrying' THEN 'backing_off'
    WHEN 'stopped' THEN 'needs_settings' ELSE 'watching' END;

-- Room in the mailboxes of an account, as its server told (RFC 9208), octets.
CREATE TABLE quotas (
    account BIGINT PRIMARY KEY,
    used BIGINT NOT NULL,
    most BIGINT NOT NULL,
    at BIGINT NOT NULL
);

-- A mailbox compared with its server: counts of its mails. cut: ledger_rows does not hold all of them.
CREATE TABLE ledgers (
    mailbox BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    uid_validity BIGINT NOT NULL,
    source BIGINT NOT NULL,
    archived BIGINT NOT NULL,
    missing BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    quarantined BIGINT NOT NULL,
    excluded BIGINT NOT NULL,
    pending BIGINT NOT NULL,
    gone BIGINT NOT NULL,
    cut SMALLINT NOT NULL
);

-- Mails of the source that are not in the archive. reason: 0 missing, 1 failed, 2 quarantined, 3 excluded, 4 pending.
-- first, last: UIDs; 0 with a name (POP3).
CREATE TABLE ledger_rows (
    mailbox BIGINT NOT NULL,
    n BIGINT NOT NULL,
    reason SMALLINT NOT NULL,
    first BIGINT NOT NULL,
    last BIGINT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (mailbox, n)
) CLUSTERED;

-- What ends at a known time. kind: certificate, consent, secret. account: 0 if it is nobody's in particular.
CREATE TABLE expiries (
    kind TEXT NOT NULL,
    account BIGINT NOT NULL,
    name TEXT NOT NULL,
    ends BIGINT NOT NULL,
    noted BIGINT NOT NULL,
    PRIMARY KEY (kind, account, name)
) CLUSTERED;

-- What is wrong, and what was. id: kind and what it is about. details: JSON. ended: null as long as it lasts.
CREATE TABLE conditions (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    severity TEXT NOT NULL,
    account BIGINT,
    since BIGINT NOT NULL,
    details TEXT NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    ended BIGINT
);
DELETE FROM settings WHERE name = 'troubles_told';
UPDATE format SET version = 8;
