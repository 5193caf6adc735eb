CREATE TABLE segments (
    key BIGINT PRIMARY KEY,
    segment_id BYTEA NOT NULL UNIQUE,
    committed BIGINT NOT NULL,
    sealed SMALLINT NOT NULL
);

-- Key: counter `seq`. A mail and the object with its octets share the number.
CREATE TABLE objects (
    seq BIGINT PRIMARY KEY,
    object_id BYTEA NOT NULL,
    segment BIGINT NOT NULL,
    at BIGINT NOT NULL,
    len BIGINT NOT NULL,
    octets BIGINT NOT NULL,
    sha256 BYTEA NOT NULL
);
CREATE UNIQUE INDEX objects_sha256 ON objects (sha256);
CREATE UNIQUE INDEX objects_at ON objects (segment, at);

-- stage: 0 received, 1 filed, 2 quarantined. message_seq: the representative among its twins; null until listed.
-- thread: seq of the mail that founded it. change_seq 0: not for the index yet.
CREATE TABLE mails (
    seq BIGINT PRIMARY KEY,
    mail_id BYTEA NOT NULL,
    stage SMALLINT NOT NULL,
    change_seq BIGINT NOT NULL,
    message_seq BIGINT,
    thread BIGINT,
    date BIGINT,
    kind SMALLINT,
    unread SMALLINT NOT NULL,
    attachments BIGINT NOT NULL,
    defects BIGINT NOT NULL
);
CREATE UNIQUE INDEX mails_mail_id ON mails (mail_id);
CREATE UNIQUE INDEX mails_change ON mails (change_seq) WHERE change_seq > 0;
CREATE INDEX mails_received ON mails (seq) WHERE stage = 0;
CREATE INDEX mails_quarantined ON mails (seq) WHERE stage = 2;
CREATE INDEX mails_twins ON mails (message_seq) WHERE message_seq <> seq;
CREATE INDEX mails_thread ON mails (thread, date, seq, message_seq) WHERE thread IS NOT NULL;

-- What lists show of a mail.
CREATE TABLE heads (
    seq BIGINT PRIMARY KEY,
    message_id TEXT,
    message_id_hash BIGINT,
    subject TEXT NOT NULL,
    preview TEXT NOT NULL
);
CREATE INDEX heads_message_id ON heads (message_id_hash) WHERE message_id_hash IS NOT NULL;

-- position: 0 IMAP, 1 unique id, 2 file. seq belongs to the key: other octets at the same position are another mail.
CREATE TABLE placements (
    mailbox BIGINT NOT NULL,
    uid_validity BIGINT NOT NULL,
    uid BIGINT NOT NULL,
    locator TEXT NOT NULL,
    seq BIGINT NOT NULL,
    position SMALLINT NOT NULL,
    received BIGINT,
    fetched BIGINT NOT NULL,
    flags SMALLINT NOT NULL,
    gone BIGINT,
    envelope TEXT,
    PRIMARY KEY (mailbox, uid_validity, uid, locator, seq)
) CLUSTERED;
CREATE INDEX placements_seq ON placements (seq);

-- written: empty if equal to folded; name: empty if there is none.
CREATE TABLE addresses (
    key BIGINT PRIMARY KEY,
    folded TEXT NOT NULL,
    written TEXT NOT NULL,
    name TEXT NOT NULL
);
CREATE UNIQUE INDEX addresses_folded ON addresses (folded, written, name);

CREATE TABLE mail_addresses (
    seq BIGINT NOT NULL,
    role SMALLINT NOT NULL,
    n BIGINT NOT NULL,
    address BIGINT NOT NULL,
    PRIMARY KEY (seq, role, n)
) CLUSTERED;
CREATE INDEX mail_addresses_address ON mail_addresses (address, seq);

CREATE TABLE parts (
    seq BIGINT NOT NULL,
    n BIGINT NOT NULL,
    number TEXT NOT NULL,
    name TEXT,
    content_type TEXT NOT NULL,
    octets BIGINT NOT NULL,
    sha256 BYTEA,
    role SMALLINT NOT NULL,
    blocked SMALLINT NOT NULL,
    PRIMARY KEY (seq, n)
) CLUSTERED;

CREATE TABLE facts (
    seq BIGINT PRIMARY KEY,
    version SMALLINT NOT NULL,
    facts BYTEA NOT NULL,
    verdict BYTEA NOT NULL
);

-- Key of a message (Message-ID, From, Date, body digest) and its first mail.
CREATE TABLE messages (
    message_key BYTEA PRIMARY KEY,
    message_seq BIGINT NOT NULL
) CLUSTERED;

-- Hashes of message ids. thread may have been merged into another since: see merges.
CREATE TABLE nodes (
    hash BYTEA PRIMARY KEY,
    thread BIGINT NOT NULL
) CLUSTERED;

CREATE TABLE merges (
    loser BIGINT PRIMARY KEY,
    winner BIGINT NOT NULL
);
CREATE INDEX merges_winner ON merges (winner);

-- Which messages a list holds. list: 0 all; key of an account; key of a mailbox.
-- class: kind * 4 + 2 if unread + 1 if it has attachments.
CREATE TABLE entries (
    list BIGINT NOT NULL,
    date BIGINT NOT NULL,
    message_seq BIGINT NOT NULL,
    class SMALLINT NOT NULL,
    PRIMARY KEY (list, date, message_seq)
) CLUSTERED;
-- Not the class of most mails (52: personal, read, without attachments): a scan of the list finds those.
CREATE INDEX entries_class ON entries (list, class, date, message_seq) WHERE class <> 52;

-- Sets of two accounts and more that share messages; keys in ascending order, separated by commas.
CREATE TABLE account_sets (
    key BIGINT PRIMARY KEY,
    accounts TEXT NOT NULL UNIQUE
);

-- Exact sizes. list: as in entries, or the key of an account set.
CREATE TABLE list_counts (
    list BIGINT NOT NULL,
    class SMALLINT NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (list, class)
) CLUSTERED;
CREATE TABLE list_days (
    list BIGINT NOT NULL,
    day BIGINT NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (list, day)
) CLUSTERED;

-- Steps that failed; quarantined from the third time on.
CREATE TABLE quarantine (
    seq BIGINT PRIMARY KEY,
    step TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    reason TEXT NOT NULL,
    since BIGINT NOT NULL
);
