-- Folders into which attachments are written as files; one is the present one. error_text, error_since: null when the last attempt went well.
CREATE TABLE attachment_folders (
    key BIGINT PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    last_success BIGINT,
    error_text TEXT,
    error_since BIGINT
);

-- What became of an attachment as a file. path: below the folder, with slashes; empty if it never had one. folded: the same in lower case.
-- state: 0 about to be written, 1 written, 2 held back, 3 failed, 4 deleted by people, 5 changed by people and left.
CREATE TABLE attachment_files (
    seq BIGINT NOT NULL,
    part TEXT NOT NULL,
    folder BIGINT NOT NULL,
    path TEXT NOT NULL,
    folded TEXT NOT NULL,
    octets BIGINT NOT NULL,
    sha256 BYTEA NOT NULL,
    state SMALLINT NOT NULL,
    at BIGINT NOT NULL,
    error TEXT NOT NULL,
    PRIMARY KEY (seq, part)
) CLUSTERED;
CREATE INDEX attachment_files_place ON attachment_files (folder, folded);
CREATE INDEX attachment_files_state ON attachment_files (state, seq, part);

-- Mails whose attachments may have to be written or removed. again: what is missing is written again.
CREATE TABLE attachment_file_work (
    seq BIGINT PRIMARY KEY,
    due BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    again SMALLINT NOT NULL
) CLUSTERED;
CREATE INDEX attachment_file_work_due ON attachment_file_work (due, seq);

-- Files of erased mails: state 0 to be removed, 1 changed by people and left, 2 could not be removed yet.
CREATE TABLE erased_files (
    erasure BIGINT NOT NULL,
    folder BIGINT NOT NULL,
    path TEXT NOT NULL,
    folded TEXT NOT NULL,
    sha256 BYTEA NOT NULL,
    state SMALLINT NOT NULL,
    error TEXT NOT NULL,
    PRIMARY KEY (erasure, folder, folded)
) CLUSTERED;
CREATE INDEX erased_files_state ON erased_files (state) WHERE state <> 1;
UPDATE format SET version = version + 1;
