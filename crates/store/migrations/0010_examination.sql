-- What was found in attachments, and whether they are held. A part without a row, or whose digest is another now, has not
-- been looked at. findings: lines of a class and a place. scan: 0 not asked, 1 waits, 2 clean, 3 malware, 4 too large,
-- 5 cannot be scanned. held: 0 no, 1 by the policy, 2 until it is scanned, 3 malware, 4 cannot be scanned.
-- policy: version of the policy that decided. released: by a person, whatever held says.
CREATE TABLE examined_parts (
    seq BIGINT NOT NULL,
    number TEXT NOT NULL,
    sha256 BYTEA NOT NULL,
    findings TEXT NOT NULL,
    scan SMALLINT NOT NULL,
    signature TEXT NOT NULL,
    scanner TEXT NOT NULL,
    scanned BIGINT,
    held SMALLINT NOT NULL,
    policy BIGINT NOT NULL,
    released BIGINT,
    released_by TEXT NOT NULL,
    release_reason TEXT NOT NULL,
    PRIMARY KEY (seq, number)
) CLUSTERED;
CREATE INDEX examined_parts_held ON examined_parts (seq, number) WHERE held > 0;
CREATE INDEX examined_parts_waiting ON examined_parts (seq) WHERE scan = 1;
CREATE INDEX examined_parts_policy ON examined_parts (policy, seq, number);

-- What is still to be done. task: 0 look at attachments, 1 scan them, 2 check who a mail is from.
CREATE TABLE examination_work (
    task SMALLINT NOT NULL,
    seq BIGINT NOT NULL,
    due BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    PRIMARY KEY (task, seq)
) CLUSTERED;
CREATE INDEX examination_work_due ON examination_work (task, due, seq);

-- Who a mail is really from; JSON.
CREATE TABLE authentications (
    seq BIGINT PRIMARY KEY,
    checked BIGINT NOT NULL,
    result TEXT NOT NULL
);

-- Never more than a guess by name; the rows above say it.
ALTER TABLE parts DROP COLUMN blocked;
UPDATE format SET version = 7;
