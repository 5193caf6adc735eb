-- Applications registered at sign-in services (OAuth 2). service: 0 Microsoft 365, 1 Google, 2 another. registered: the id there.
-- secret: sealed. options: JSON, opaque here.
CREATE TABLE oauth_clients (
    key BIGINT PRIMARY KEY,
    client_id BYTEA NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    service SMALLINT NOT NULL,
    registered TEXT NOT NULL,
    secret BYTEA,
    secret_expires BIGINT,
    options TEXT NOT NULL,
    created BIGINT NOT NULL
);

-- What was consented to. kind: 0 by a person, 1 by the application itself. person: empty if the service does not say.
-- refresh, access: sealed. trouble: who can help, empty if nobody needs to. epoch: counts who refreshed; leased_until:
-- somebody does.
CREATE TABLE oauth_grants (
    key BIGINT PRIMARY KEY,
    grant_id BYTEA NOT NULL UNIQUE,
    client BIGINT NOT NULL,
    kind SMALLINT NOT NULL,
    person TEXT NOT NULL,
    scopes TEXT NOT NULL,
    refresh BYTEA,
    access BYTEA,
    access_expires BIGINT,
    refresh_expires BIGINT,
    linked BIGINT NOT NULL,
    refreshed BIGINT,
    trouble TEXT NOT NULL,
    trouble_text TEXT NOT NULL,
    trouble_since BIGINT,
    epoch BIGINT NOT NULL,
    leased_until BIGINT
);
CREATE INDEX oauth_grants_client ON oauth_grants (client);

-- Accounts that log in with tokens. granted: used. pending: of a person who is not the mailbox; waits to be confirmed.
CREATE TABLE account_oauth (
    account BIGINT PRIMARY KEY,
    client BIGINT NOT NULL,
    granted BIGINT,
    pending BIGINT
);
CREATE INDEX account_oauth_client ON account_oauth (client);
CREATE INDEX account_oauth_granted ON account_oauth (granted) WHERE granted IS NOT NULL;
CREATE INDEX account_oauth_pending ON account_oauth (pending) WHERE pending IS NOT NULL;

-- People who are on the service's page now. digest: of the state that comes back. verifier: sealed.
CREATE TABLE oauth_attempts (
    digest BYTEA PRIMARY KEY,
    account BIGINT NOT NULL,
    client BIGINT NOT NULL,
    verifier BYTEA NOT NULL,
    redirect TEXT NOT NULL,
    person TEXT NOT NULL,
    expires BIGINT NOT NULL
);
UPDATE format SET version = 6;
