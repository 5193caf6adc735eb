-- Requests to erase mails. step: 0 rows, 1 keys, 2 log, 3 index, 4 database, 5 done. forced: again after a restore, whatever
-- is kept now.
CREATE TABLE erasures (
    key BIGINT PRIMARY KEY,
    erasure_id BYTEA NOT NULL UNIQUE,
    actor TEXT NOT NULL,
    basis TEXT NOT NULL,
    note TEXT NOT NULL,
    forced SMALLINT NOT NULL,
    begun BIGINT NOT NULL,
    ended BIGINT,
    step SMALLINT NOT NULL
);
CREATE INDEX erasures_open ON erasures (key) WHERE step < 5;

-- Mails of a request. state: 0 waits, 1 erased, 2 refused, 3 was not there. seq: the number an erased one had.
CREATE TABLE erasure_mails (
    erasure BIGINT NOT NULL,
    n BIGINT NOT NULL,
    mail_id BYTEA NOT NULL,
    state SMALLINT NOT NULL,
    reason TEXT NOT NULL,
    seq BIGINT,
    PRIMARY KEY (erasure, n)
) CLUSTERED;
CREATE INDEX erasure_mails_waiting ON erasure_mails (erasure, n) WHERE state = 0;

-- Objects that were left because other mails consist of them too.
CREATE TABLE erasure_shared (
    erasure BIGINT NOT NULL,
    object_id BYTEA NOT NULL,
    PRIMARY KEY (erasure, object_id)
) CLUSTERED;

-- Records whose keys are destroyed (state 1) or to be destroyed (0); mark: salted digest of the octets of a mail.
CREATE TABLE erased_objects (
    object_id BYTEA PRIMARY KEY,
    mark BYTEA,
    erasure BIGINT NOT NULL,
    state SMALLINT NOT NULL
) CLUSTERED;
CREATE INDEX erased_objects_mark ON erased_objects (mark) WHERE mark IS NOT NULL;
CREATE INDEX erased_objects_open ON erased_objects (erasure) WHERE state = 0;

-- Leaves whose payloads the folder of the log still has.
CREATE TABLE erased_leaves (
    erasure BIGINT NOT NULL,
    leaf BIGINT NOT NULL,
    PRIMARY KEY (erasure, leaf)
) CLUSTERED;

-- Further records of mails that came twice before the first one was known.
CREATE TABLE doubled_objects (
    object_id BYTEA PRIMARY KEY,
    seq BIGINT NOT NULL
) CLUSTERED;
CREATE INDEX doubled_objects_seq ON doubled_objects (seq);
UPDATE format SET version = version + 1;
