-- Records of octets that stand in mails, each once (twice only where two mails came at the same moment).
CREATE TABLE shared_objects (
    object_id BYTEA PRIMARY KEY,
    segment BIGINT NOT NULL,
    at BIGINT NOT NULL,
    len BIGINT NOT NULL,
    octets BIGINT NOT NULL,
    sha256 BYTEA NOT NULL
) CLUSTERED;
CREATE INDEX shared_objects_sha256 ON shared_objects (sha256);
CREATE UNIQUE INDEX shared_objects_at ON shared_objects (segment, at);

-- Which mails consist of them.
CREATE TABLE object_uses (
    object_id BYTEA NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (object_id, seq)
) CLUSTERED;
CREATE INDEX object_uses_seq ON object_uses (seq);
UPDATE format SET version = 20;
