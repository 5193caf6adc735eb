-- Retention. word: of a class every installation begins with, whose name language files give as long as `name` is empty; empty
-- for others. months null: without end. start: 0 received, 1 end of the year received, 2 document, 3 end of its year.
CREATE TABLE retention_classes (
    key BIGINT PRIMARY KEY,
    word TEXT NOT NULL,
    name TEXT NOT NULL,
    folded TEXT NOT NULL UNIQUE,
    months BIGINT,
    bank_months BIGINT,
    start SMALLINT NOT NULL
);
-- Own classes get numbers of the counter `row`, which are above 0.
INSERT INTO retention_classes (key, word, name, folded, months, bank_months, start) VALUES
    (-1, 'letters', '', '-letters', 72, NULL, 1),
    (-2, 'vouchers', '', '-vouchers', 96, 120, 3),
    (-3, 'books', '', '-books', 120, NULL, 3),
    (-4, 'applications', '', '-applications', 6, NULL, 0),
    (-5, 'unlimited', '', '-unlimited', NULL, NULL, 0);

-- conditions: one a line, a word and its value.
CREATE TABLE retention_rules (
    key BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    class BIGINT NOT NULL,
    conditions TEXT NOT NULL
);

-- Years whose assessment is open. class 0: of every class.
CREATE TABLE retention_suspensions (
    key BIGINT PRIMARY KEY,
    class BIGINT NOT NULL,
    from_year BIGINT NOT NULL,
    to_year BIGINT NOT NULL,
    reason TEXT NOT NULL,
    since BIGINT NOT NULL
);

-- The class of a mail; class 0: a person said it needs none. day: its start, days since 1970-01-01 in the zone of the
-- organisation. rule 0: a person. passed: keys of rules that fitted when a person decided, separated by commas.
CREATE TABLE kept_mails (
    seq BIGINT PRIMARY KEY,
    class BIGINT NOT NULL,
    day BIGINT NOT NULL,
    rule BIGINT NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    at BIGINT NOT NULL,
    passed TEXT NOT NULL
);
CREATE INDEX kept_mails_day ON kept_mails (class, day, seq);

-- Legal holds. seen: the change up to which mails were compared with the query.
CREATE TABLE holds (
    key BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    reason TEXT NOT NULL,
    query TEXT NOT NULL,
    actor TEXT NOT NULL,
    since BIGINT NOT NULL,
    seen BIGINT NOT NULL,
    lifted BIGINT,
    lifter TEXT,
    lift_reason TEXT
);
CREATE TABLE held_mails (
    hold BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (hold, seq)
) CLUSTERED;
CREATE INDEX held_mails_seq ON held_mails (seq);

-- Invoices that were recognised. part: number as IMAP counts. day: of issue, days since 1970-01-01. total: as a decimal.
CREATE TABLE invoices (
    seq BIGINT NOT NULL,
    part TEXT NOT NULL,
    form TEXT NOT NULL,
    invoice TEXT NOT NULL,
    day BIGINT,
    total TEXT NOT NULL,
    currency TEXT NOT NULL,
    seller TEXT NOT NULL,
    PRIMARY KEY (seq, part)
) CLUSTERED;

-- The counter `kept` follows mails that rules were asked about.
INSERT INTO counters (name, value) VALUES ('kept', 0);
UPDATE format SET version = version + 1;
