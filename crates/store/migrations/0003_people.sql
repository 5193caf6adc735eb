CREATE TABLE users (
    key BIGINT PRIMARY KEY,
    user_id BYTEA NOT NULL UNIQUE,
    email TEXT NOT NULL,
    folded TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    role SMALLINT NOT NULL,
    language TEXT NOT NULL,
    theme TEXT NOT NULL,
    zone TEXT NOT NULL,
    active SMALLINT NOT NULL,
    created BIGINT NOT NULL
);

CREATE TABLE grants (
    user_key BIGINT NOT NULL REFERENCES users (key) ON DELETE CASCADE,
    account BIGINT NOT NULL REFERENCES accounts (key),
    PRIMARY KEY (user_key, account)
) CLUSTERED;
CREATE INDEX grants_account ON grants (account);

-- Only the hash of a token is here.
CREATE TABLE sessions (
    token_hash BYTEA PRIMARY KEY,
    user_key BIGINT NOT NULL REFERENCES users (key) ON DELETE CASCADE,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL
) CLUSTERED;
CREATE INDEX sessions_user ON sessions (user_key);
CREATE INDEX sessions_expires ON sessions (expires);

CREATE TABLE throttles (
    key TEXT PRIMARY KEY,
    failures BIGINT NOT NULL,
    last BIGINT NOT NULL,
    until BIGINT NOT NULL
) CLUSTERED;
CREATE INDEX throttles_last ON throttles (last);

CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) CLUSTERED;
