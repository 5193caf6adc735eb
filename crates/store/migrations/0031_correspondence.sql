-- Who wrote, by the `From` of messages nobody deleted. list: as in entries (0, accounts), and sets of accounts, of which only the counts mean
-- something. name: of the newest message. role: 1 the address of a role or a machine, 0 of a person, -1 not looked at. people: how many of
-- the n are personal.
CREATE TABLE senders (
    list BIGINT NOT NULL,
    folded TEXT NOT NULL,
    name TEXT NOT NULL,
    role SMALLINT NOT NULL,
    n BIGINT NOT NULL,
    people BIGINT NOT NULL,
    first BIGINT NOT NULL,
    last BIGINT NOT NULL,
    PRIMARY KEY (list, folded)
) CLUSTERED;
CREATE INDEX senders_n ON senders (list, n DESC, folded);
CREATE INDEX senders_last ON senders (list, last DESC, folded);
CREATE INDEX senders_unseen ON senders (folded) WHERE role < 0;

INSERT INTO senders (list, folded, name, role, n, people, first, last)
    SELECT x.list, x.folded, MAX(CASE WHEN x.place = 1 THEN x.name ELSE '' END), -1, COUNT(*), SUM(x.personal), MIN(x.date), MAX(x.date)
    FROM (SELECT e.list, a.folded, a.name, e.date, CASE WHEN e.class / 4 = 13 THEN 1 ELSE 0 END AS personal,
        ROW_NUMBER() OVER (PARTITION BY e.list, a.folded ORDER BY e.date DESC, e.message_seq DESC) AS place
        FROM entries e JOIN (SELECT l.seq, b.folded, MAX(b.name) AS name FROM mail_addresses l JOIN addresses b ON b.key = l.address
            WHERE l.role = 0 GROUP BY l.seq, b.folded) AS a ON a.seq = e.message_seq
        WHERE e.list = 0 OR e.list IN (SELECT key FROM accounts)) AS x
    GROUP BY x.list, x.folded;
INSERT INTO senders (list, folded, name, role, n, people, first, last)
    SELECT s.key, a.folded, '', -1, COUNT(*), SUM(x.personal), MIN(x.date), MAX(x.date)
    FROM (SELECT e.message_seq, e.date, CASE WHEN e.class / 4 = 13 THEN 1 ELSE 0 END AS personal,
        STRING_AGG(CAST(e.list AS VARCHAR), ',' ORDER BY e.list) AS accounts FROM entries e
        WHERE e.list IN (SELECT key FROM accounts) GROUP BY e.message_seq, e.date, e.class HAVING COUNT(*) > 1) AS x
    JOIN account_sets s ON s.accounts = x.accounts
    JOIN (SELECT DISTINCT l.seq, b.folded FROM mail_addresses l JOIN addresses b ON b.key = l.address WHERE l.role = 0) AS a
        ON a.seq = x.message_seq
    GROUP BY s.key, a.folded;

-- Attachments of messages nobody deleted. list: 0 and accounts. kind: 0 image, 1 PDF, 2 document, 3 archive, 4 other. part: number as in parts.
CREATE TABLE media (
    list BIGINT NOT NULL,
    kind SMALLINT NOT NULL,
    date BIGINT NOT NULL,
    message_seq BIGINT NOT NULL,
    part TEXT NOT NULL,
    PRIMARY KEY (list, kind, date, message_seq, part)
) CLUSTERED;

INSERT INTO media (list, kind, date, message_seq, part)
    SELECT e.list, CASE WHEN LOWER(p.content_type) LIKE 'image/%' THEN 0
        WHEN LOWER(p.content_type) = 'application/pdf' THEN 1
        WHEN LOWER(p.content_type) LIKE 'text/%' OR LOWER(p.content_type) LIKE 'application/vnd.openxmlformats-%'
        OR LOWER(p.content_type) LIKE 'application/vnd.oasis.opendocument.%' OR LOWER(p.content_type) LIKE 'application/vnd.ms-%'
        OR LOWER(p.content_type) IN ('application/msword', 'application/rtf') THEN 2
        WHEN p.name IS NULL THEN CASE WHEN LOWER(p.content_type) IN ('application/zip', 'application/gzip', 'application/x-7z-compressed',
        'application/vnd.rar', 'application/x-tar', 'application/zstd') THEN 3 ELSE 4 END
        WHEN LOWER(p.name) LIKE '%.jpg' OR LOWER(p.name) LIKE '%.jpeg' OR LOWER(p.name) LIKE '%.png' OR LOWER(p.name) LIKE '%.gif' OR LOWER(p.name) LIKE '%.webp'
        OR LOWER(p.name) LIKE '%.heic' OR LOWER(p.name) LIKE '%.tif' OR LOWER(p.name) LIKE '%.tiff' OR LOWER(p.name) LIKE '%.bmp' THEN 0
        WHEN LOWER(p.name) LIKE '%.pdf' THEN 1
        WHEN LOWER(p.name) LIKE '%.doc' OR LOWER(p.name) LIKE '%.docx' OR LOWER(p.name) LIKE '%.xls' OR LOWER(p.name) LIKE '%.xlsx'
        OR LOWER(p.name) LIKE '%.ppt' OR LOWER(p.name) LIKE '%.pptx' OR LOWER(p.name) LIKE '%.odt' OR LOWER(p.name) LIKE '%.ods'
        OR LOWER(p.name) LIKE '%.odp' OR LOWER(p.name) LIKE '%.rtf' OR LOWER(p.name) LIKE '%.txt' OR LOWER(p.name) LIKE '%.csv' THEN 2
        WHEN LOWER(p.content_type) IN ('application/zip', 'application/gzip', 'application/x-7z-compressed', 'application/vnd.rar',
        'application/x-tar', 'application/zstd') OR LOWER(p.name) LIKE '%.zip' OR LOWER(p.name) LIKE '%.7z' OR LOWER(p.name) LIKE '%.rar'
        OR LOWER(p.name) LIKE '%.gz' OR LOWER(p.name) LIKE '%.tar' OR LOWER(p.name) LIKE '%.tgz' OR LOWER(p.name) LIKE '%.bz2'
        OR LOWER(p.name) LIKE '%.xz' OR LOWER(p.name) LIKE '%.zst' THEN 3 ELSE 4 END, e.date, e.message_seq, p.number
    FROM entries e JOIN parts p ON p.seq = e.message_seq AND p.role = 2
    WHERE e.list = 0 OR e.list IN (SELECT key FROM accounts);
UPDATE format SET version = version + 1;
