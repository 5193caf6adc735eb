-- Records of the ERP or the members' register. kind: 0 contact, 1 order, 2 quote, 3 item. date: of an order or quote.
-- known: when it was first seen; vanished: absent in the last whole run of its source. change_seq: counter `record`, taken
-- anew with each change, so that who keeps the records in memory can follow. source: key of erp_sources; 0: none.
CREATE TABLE records (
    key BIGINT PRIMARY KEY,
    kind SMALLINT NOT NULL,
    number TEXT NOT NULL,
    name TEXT NOT NULL,
    active SMALLINT NOT NULL,
    date BIGINT,
    state TEXT NOT NULL,
    url TEXT NOT NULL,
    extra TEXT NOT NULL,
    source BIGINT NOT NULL,
    known BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    vanished BIGINT,
    change_seq BIGINT NOT NULL,
    UNIQUE (kind, number)
);
CREATE UNIQUE INDEX records_change ON records (change_seq);
CREATE INDEX records_source ON records (source, kind, updated) WHERE vanished IS NULL;

-- The first one is the one to write to.
CREATE TABLE record_addresses (
    record BIGINT NOT NULL,
    n BIGINT NOT NULL,
    folded TEXT NOT NULL,
    PRIMARY KEY (record, n)
) CLUSTERED;
CREATE INDEX record_addresses_folded ON record_addresses (folded, record);

-- What a record names: role 0 its contact, 1 its quote, 2 its items; by number, which need not be here yet.
CREATE TABLE record_relations (
    record BIGINT NOT NULL,
    role SMALLINT NOT NULL,
    n BIGINT NOT NULL,
    number TEXT NOT NULL,
    PRIMARY KEY (record, role, n)
) CLUSTERED;
CREATE INDEX record_relations_number ON record_relations (role, number, record);

-- Numbers it is found by: n 0 its own, then its references. normal: as they are compared (link::normal_number).
CREATE TABLE record_numbers (
    record BIGINT NOT NULL,
    n BIGINT NOT NULL,
    written TEXT NOT NULL,
    normal TEXT NOT NULL,
    PRIMARY KEY (record, n)
) CLUSTERED;
CREATE INDEX record_numbers_normal ON record_numbers (normal, record);

-- Words of its name, lower case, to find it by.
CREATE TABLE record_words (
    word TEXT NOT NULL,
    record BIGINT NOT NULL,
    PRIMARY KEY (word, record)
) CLUSTERED;
CREATE INDEX record_words_record ON record_words (record);

-- Contacts were alone before. UPPER and LOWER know the letters of ASCII alone on both engines, hence those of German; a
-- name counts as one word until its record changes.
INSERT INTO counters (name, value) SELECT 'record', COUNT(*) FROM contacts;
INSERT INTO records (key, kind, number, name, active, date, state, url, extra, source, known, updated, vanished,
    change_seq) SELECT key, 0, number, name, active, NULL, '', '', extra, 0, updated, updated, vanished,
    ROW_NUMBER() OVER (ORDER BY key) FROM contacts;
INSERT INTO record_addresses (record, n, folded) SELECT contact, n, folded FROM contact_addresses;
INSERT INTO record_numbers (record, n, written, normal) SELECT key, 0, number,
    REPLACE(REPLACE(REPLACE(REPLACE(UPPER(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(number,
    ' ', ''), '-', ''), '.', ''), '/', ''), '_', '')), 'ä', 'Ä'), 'ö', 'Ö'), 'ü', 'Ü'), 'ß', 'SS') FROM contacts;
INSERT INTO record_words (word, record)
    SELECT SUBSTR(REPLACE(REPLACE(REPLACE(LOWER(name), 'Ä', 'ä'), 'Ö', 'ö'), 'Ü', 'ü'), 1, 60), key
    FROM contacts WHERE name <> '';
DROP TABLE contact_addresses;
DROP TABLE contacts;
UPDATE format SET version = 13;
