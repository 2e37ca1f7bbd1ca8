-- One text for SQLite and PostgreSQL. Instants are microseconds since 1970; ids are made by the
-- application; `customer` is the partition key ('' for what belongs to nobody in particular).

-- Every webhook as it came, before it is understood.
CREATE TABLE inbox (
    webhook_id  TEXT NOT NULL PRIMARY KEY,
    received_at BIGINT NOT NULL,  -- strictly increasing on one node: the order of arrival
    sent_at     BIGINT NOT NULL,
    kind        TEXT NOT NULL,    -- the event's type, '' when the body does not say
    customer    TEXT NOT NULL,
    status      TEXT NOT NULL,    -- pending, done, dead
    tries       BIGINT NOT NULL,
    due_at      BIGINT NOT NULL,  -- 0: as soon as possible
    settled_at  BIGINT,
    error       TEXT,
    verified_by TEXT NOT NULL,    -- which secret, which key scheme
    headers     TEXT NOT NULL,
    body        BYTEA NOT NULL
);
CREATE INDEX inbox_waiting ON inbox (received_at) WHERE status = 'pending';
-- Few rows: only those that failed and wait for another try hold their customer back.
CREATE INDEX inbox_holding ON inbox (customer, received_at) WHERE status = 'pending' AND tries > 0;
CREATE INDEX inbox_by_status ON inbox (status, received_at);

-- The latest version known of each of Polar's objects.
CREATE TABLE mirror (
    customer    TEXT NOT NULL,
    kind        TEXT NOT NULL,
    id          TEXT NOT NULL,
    object_at   BIGINT NOT NULL,  -- modified_at, else created_at
    envelope_at BIGINT NOT NULL,  -- when the news was sent
    external_id TEXT,             -- of customers
    essence     TEXT,             -- the few fields that decide access, before the long body
    body        TEXT NOT NULL,
    PRIMARY KEY (customer, kind, id)
);
CREATE INDEX mirror_external ON mirror (external_id) WHERE external_id IS NOT NULL;

-- Who may use what, and why: derived from the mirror, one row for each reason.
CREATE TABLE entitlement (
    customer   TEXT NOT NULL,
    source     TEXT NOT NULL,     -- subscription:ID, order:ID, grant:ID
    kind       TEXT NOT NULL,     -- product, benefit
    target     TEXT NOT NULL,
    granted    BOOLEAN NOT NULL,
    reason     TEXT NOT NULL,
    detail     TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (customer, source)
);

-- Usage events accepted and not yet, or no longer, Polar's.
CREATE TABLE usage (
    id          TEXT NOT NULL PRIMARY KEY,  -- Polar's external_id of the event
    customer    TEXT NOT NULL,              -- the customer's external id
    accepted_at BIGINT NOT NULL,
    state       TEXT NOT NULL,              -- pending, delivered, dead
    tries       BIGINT NOT NULL,
    due_at      BIGINT NOT NULL,
    settled_at  BIGINT,
    error       TEXT,
    body        TEXT NOT NULL
);
CREATE INDEX usage_waiting ON usage (due_at, accepted_at) WHERE state = 'pending';
CREATE INDEX usage_by_customer ON usage (customer, state, settled_at);
CREATE INDEX usage_by_state ON usage (state, settled_at);

-- Calls to the application's hooks, written in the transaction of the change that causes them.
CREATE TABLE hook (
    id         TEXT NOT NULL PRIMARY KEY,
    customer   TEXT NOT NULL,
    kind       TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    status     TEXT NOT NULL,     -- pending, done, dead
    tries      BIGINT NOT NULL,
    due_at     BIGINT NOT NULL,
    error      TEXT,
    payload    TEXT NOT NULL
);
CREATE INDEX hook_waiting ON hook (due_at) WHERE status = 'pending';

-- Answers already given under a caller's Idempotency-Key.
CREATE TABLE idempotency (
    caller      TEXT NOT NULL,
    key         TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    started_at  BIGINT NOT NULL,
    status      BIGINT,           -- null while the first call still runs
    answer      TEXT,
    PRIMARY KEY (caller, key)
);
CREATE INDEX idempotency_by_age ON idempotency (started_at);

-- Who may call the gateway. Only a hash of the key is kept.
CREATE TABLE api_key (
    id         TEXT NOT NULL PRIMARY KEY,
    name       TEXT NOT NULL,
    hash       TEXT NOT NULL UNIQUE,
    scopes     TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);
