-- Messages that a spam filter marked, or of which a person said whether they are spam. spam: what counts, the person's word
-- before the filter's. marked: which filter, empty if that is not known any more; null: none did. date: that of the message.
CREATE TABLE suspicions (
    message BIGINT PRIMARY KEY,
    date BIGINT NOT NULL,
    spam SMALLINT NOT NULL,
    marked TEXT,
    said SMALLINT,
    said_by TEXT,
    said_at BIGINT
);
CREATE INDEX suspicions_spam ON suspicions (date, message) WHERE spam = 1;
INSERT INTO suspicions (message, date, spam, marked) SELECT DISTINCT r.seq, COALESCE(r.date, 0), 1, ''
    FROM authentications a JOIN mails m ON m.seq = a.seq JOIN mails r ON r.seq = m.message_seq
    WHERE a.result LIKE '%"is_spam":true%';
-- The search hears of them.
UPDATE mails SET change_seq = (SELECT value FROM counters WHERE name = 'change') + n.place
    FROM (SELECT message, ROW_NUMBER() OVER (ORDER BY message) AS place FROM suspicions) AS n
    WHERE mails.seq = n.message AND mails.change_seq > 0;
UPDATE counters SET value = value + (SELECT COUNT(*) FROM suspicions) WHERE name = 'change';
UPDATE format SET version = version + 1;
