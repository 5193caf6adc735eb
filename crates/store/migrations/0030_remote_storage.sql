-- Where sealed segments are kept besides this machine; one row at most. secret: sealed. trust: JSON, opaque here.
-- error_text, error_since: null when the last attempt went well.
CREATE TABLE remote_storage (
    remote_id BYTEA PRIMARY KEY,
    endpoint TEXT NOT NULL,
    region TEXT NOT NULL,
    bucket TEXT NOT NULL,
    prefix TEXT NOT NULL,
    path_style SMALLINT NOT NULL,
    access_key TEXT NOT NULL,
    secret BYTEA NOT NULL,
    trust TEXT NOT NULL,
    active SMALLINT NOT NULL,
    begun BIGINT NOT NULL,
    last_success BIGINT,
    error_text TEXT,
    error_since BIGINT
);

-- Segments that are there, as they were written.
CREATE TABLE remote_segments (
    segment BYTEA PRIMARY KEY,
    octets BIGINT NOT NULL,
    sha256 BYTEA NOT NULL,
    version TEXT,
    e_tag TEXT,
    at BIGINT NOT NULL
) CLUSTERED;
UPDATE format SET version = version + 1;
