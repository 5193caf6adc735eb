-- Contacts of the organisation, from its ERP or its members' register. vanished: absent in the last import.
CREATE TABLE contacts (
    key BIGINT PRIMARY KEY,
    number TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    active SMALLINT NOT NULL,
    extra TEXT NOT NULL,
    updated BIGINT NOT NULL,
    vanished BIGINT
);

-- The first one is the one to write to.
CREATE TABLE contact_addresses (
    contact BIGINT NOT NULL,
    n BIGINT NOT NULL,
    folded TEXT NOT NULL,
    PRIMARY KEY (contact, n)
) CLUSTERED;
CREATE INDEX contact_addresses_folded ON contact_addresses (folded, contact);

CREATE TABLE mailing_lists (
    key BIGINT PRIMARY KEY,
    list_id BYTEA NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    address TEXT,
    created BIGINT NOT NULL
);

-- active: 0 taken off. actor: a user's id, or `rule`.
CREATE TABLE list_members (
    list BIGINT NOT NULL,
    folded TEXT NOT NULL,
    name TEXT NOT NULL,
    active SMALLINT NOT NULL,
    since BIGINT NOT NULL,
    actor TEXT NOT NULL,
    PRIMARY KEY (list, folded)
) CLUSTERED;
CREATE INDEX list_members_folded ON list_members (folded);

-- list: 0 everywhere, or the list for which this state holds. total: reports ever, also forgotten ones.
CREATE TABLE standings (
    key BIGINT PRIMARY KEY,
    folded TEXT NOT NULL,
    list BIGINT NOT NULL,
    state SMALLINT NOT NULL,
    reason SMALLINT NOT NULL,
    since BIGINT,
    expires BIGINT,
    failures BIGINT NOT NULL,
    soft_recent BIGINT NOT NULL,
    hard BIGINT NOT NULL,
    weight BIGINT NOT NULL,
    total BIGINT NOT NULL,
    last BIGINT NOT NULL,
    UNIQUE (folded, list)
);
CREATE INDEX standings_last ON standings (last, key);
CREATE INDEX standings_state ON standings (state, last, key);
CREATE INDEX standings_expires ON standings (expires) WHERE expires IS NOT NULL;

-- What was reported or decided. standing null: waits in the manual queue. mail: the message it was read from, n: which of
-- its reports. actor: empty if derived; what a person decided stays when everything is made anew.
CREATE TABLE standing_events (
    key BIGINT PRIMARY KEY,
    standing BIGINT,
    at BIGINT NOT NULL,
    kind SMALLINT NOT NULL,
    permanence SMALLINT NOT NULL,
    reason TEXT,
    status TEXT,
    smtp_code BIGINT,
    diagnostic TEXT,
    strength SMALLINT NOT NULL,
    mail BIGINT,
    n BIGINT,
    original BIGINT,
    class SMALLINT NOT NULL,
    list BIGINT NOT NULL,
    counts SMALLINT NOT NULL,
    state SMALLINT NOT NULL,
    expires BIGINT,
    actor TEXT NOT NULL,
    note TEXT NOT NULL,
    trace TEXT NOT NULL
);
CREATE UNIQUE INDEX standing_events_mail ON standing_events (mail, n) WHERE mail IS NOT NULL;
CREATE INDEX standing_events_standing ON standing_events (standing, at, key) WHERE standing IS NOT NULL;

-- Reports nobody could match. wanted: hash of the message id they name, in case that mail comes later.
CREATE TABLE manual_queue (
    event BIGINT PRIMARY KEY,
    why TEXT NOT NULL,
    suspicious SMALLINT NOT NULL,
    recipient TEXT,
    wanted BIGINT,
    resolved BIGINT,
    actor TEXT NOT NULL,
    resolution TEXT NOT NULL
);
CREATE INDEX manual_queue_open ON manual_queue (event) WHERE resolved IS NULL;
CREATE INDEX manual_queue_wanted ON manual_queue (wanted) WHERE resolved IS NULL AND wanted IS NOT NULL;

-- Messages whose reports were handled. digest: of their verdict then; 0: to be handled anew.
CREATE TABLE feedback (
    mail BIGINT PRIMARY KEY,
    digest BIGINT NOT NULL
);

-- class: 0 all, 1 bulk, 2 transactional. list: 0 all. origin: 0 a person, 1 a rule, which a standing then names.
CREATE TABLE suppressions (
    key BIGINT PRIMARY KEY,
    folded TEXT NOT NULL,
    class SMALLINT NOT NULL,
    list BIGINT NOT NULL,
    origin SMALLINT NOT NULL,
    standing BIGINT,
    reason TEXT NOT NULL,
    actor TEXT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT,
    UNIQUE (folded, class, list, origin)
);
CREATE INDEX suppressions_standing ON suppressions (standing) WHERE standing IS NOT NULL;

CREATE TABLE bounce_rules (
    n BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    active SMALLINT NOT NULL,
    kinds TEXT NOT NULL,
    reasons TEXT NOT NULL,
    permanence SMALLINT NOT NULL,
    events BIGINT NOT NULL,
    window_days BIGINT NOT NULL,
    class SMALLINT NOT NULL,
    lists TEXT NOT NULL,
    actions TEXT NOT NULL
);

-- Reports by day, for the dashboard. account: the one the report lies in.
CREATE TABLE feedback_days (
    day BIGINT NOT NULL,
    account BIGINT NOT NULL,
    kind SMALLINT NOT NULL,
    domain TEXT NOT NULL,
    reason TEXT NOT NULL,
    permanence SMALLINT NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (day, account, kind, domain, reason, permanence)
) CLUSTERED;
UPDATE format SET version = 2;
