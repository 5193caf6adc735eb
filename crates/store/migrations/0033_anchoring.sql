-- Secrets of what anchors the log outside: logins at time stamp authorities, the key this server cosigns with. Sealed.
CREATE TABLE anchor_secrets (
    secret_id BYTEA PRIMARY KEY,
    sealed BYTEA NOT NULL
);

-- Logs this server confirms as a witness. size, root, at: what was cosigned last; 0 and null before the first time. Those that
-- are not active any more stay: nothing that contradicts what was cosigned is ever cosigned.
CREATE TABLE witnessed_logs (
    origin TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    verifier TEXT NOT NULL,
    active SMALLINT NOT NULL,
    size BIGINT NOT NULL,
    root BYTEA,
    at BIGINT
);

-- Witnesses of our log. size, at: what each cosigned last. refused: leaves it cosigned of a log that ours contradicts.
CREATE TABLE witnesses (
    witness_id BYTEA PRIMARY KEY,
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    verifier TEXT NOT NULL,
    begun BIGINT NOT NULL,
    size BIGINT NOT NULL,
    at BIGINT,
    error_text TEXT,
    error_since BIGINT,
    refused BIGINT
);
UPDATE format SET version = version + 1;
