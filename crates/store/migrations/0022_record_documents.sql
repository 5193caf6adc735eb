-- Addresses of contacts that their source does not name. used: 0 the contact's own, 1 of a deputy. state: 0 proposed, 1
-- confirmed, 2 rejected, which is never proposed again. message: the mail that taught it; 0: a person typed it. actor: who
-- decided, empty before. Confirmed own ones stand in record_addresses too, with n from a million on.
CREATE TABLE extra_addresses (
    record BIGINT NOT NULL,
    folded TEXT NOT NULL,
    used SMALLINT NOT NULL,
    state SMALLINT NOT NULL,
    message BIGINT NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    decided BIGINT,
    PRIMARY KEY (record, folded, used)
) CLUSTERED;
CREATE INDEX extra_addresses_state ON extra_addresses (state, at, record, folded, used);

-- Records that signed references in a message name; the signatures were checked when it was filed.
CREATE TABLE message_references (
    message BIGINT NOT NULL,
    record BIGINT NOT NULL,
    PRIMARY KEY (message, record)
) CLUSTERED;

-- Folders for documents, at most three levels. parent: 0 at the top; kind: of the records that have it, -1: all.
CREATE TABLE document_folders (
    key BIGINT PRIMARY KEY,
    parent BIGINT NOT NULL,
    kind SMALLINT NOT NULL,
    name TEXT NOT NULL,
    UNIQUE (parent, kind, name)
);

-- What people have filed in them, for one record: a message (part empty), or one of its attachments by number of the part.
CREATE TABLE documents (
    record BIGINT NOT NULL,
    message BIGINT NOT NULL,
    part TEXT NOT NULL,
    folder BIGINT NOT NULL,
    actor TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (record, message, part, folder)
) CLUSTERED;
CREATE INDEX documents_folder ON documents (folder, record, message);
CREATE INDEX documents_message ON documents (message);
UPDATE format SET version = 19;
