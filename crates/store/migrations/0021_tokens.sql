-- What programs log in with. token_hash: digest of the token, which is nowhere else. scopes: words, separated by blanks.
-- used: not with every request.
CREATE TABLE api_tokens (
    key BIGINT PRIMARY KEY,
    token_id BYTEA NOT NULL UNIQUE,
    token_hash BYTEA NOT NULL UNIQUE,
    user_key BIGINT NOT NULL REFERENCES users (key) ON DELETE CASCADE,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT,
    used BIGINT
);
CREATE INDEX api_tokens_user ON api_tokens (user_key, key);

-- kind: 0 SMTP, 1 Microsoft Graph. account: the one with whose consent it logs in; null: with the password.
ALTER TABLE smtp_accounts ADD COLUMN kind SMALLINT NOT NULL DEFAULT 0;
ALTER TABLE smtp_accounts ADD COLUMN account BIGINT;
UPDATE format SET version = 18;
