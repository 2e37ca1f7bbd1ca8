-- What is told to others: once per cause, then per listener. One text for both engines, see 0001.

-- Who is told: receivers of webhooks, and the hooks of an application in Rust.
CREATE TABLE subscriber (
    id              TEXT NOT NULL PRIMARY KEY,
    kind            TEXT NOT NULL,    -- webhook, hook
    description     TEXT NOT NULL,
    url             TEXT NOT NULL,    -- '' of hooks
    events          TEXT NOT NULL,    -- patterns of types, JSON
    customers       TEXT NOT NULL,    -- ids, JSON; [] for all
    products        TEXT NOT NULL,    -- ids, JSON; [] for all
    secrets         TEXT NOT NULL,    -- newest first, JSON
    enabled         BOOLEAN NOT NULL,
    disabled_reason TEXT,
    failures        BIGINT NOT NULL,  -- in a row
    trips           BIGINT NOT NULL,  -- how often the breaker opened since the last success
    rest_until      BIGINT NOT NULL,  -- nothing is sent before
    created_at      BIGINT NOT NULL,
    changed_at      BIGINT NOT NULL
);

-- Each thing told, written in the transaction of the change that causes it.
CREATE TABLE outbox (
    id       TEXT NOT NULL PRIMARY KEY,  -- the same for the same cause: receivers know a repetition
    position BIGINT NOT NULL UNIQUE,     -- the order of telling, the same as of committing
    told_at  BIGINT NOT NULL,
    customer TEXT NOT NULL,
    kind     TEXT NOT NULL,
    products TEXT NOT NULL,              -- ids, JSON
    body     BYTEA                       -- null: the bytes of the webhook of this id, in the inbox
);
CREATE INDEX outbox_by_age ON outbox (told_at);
CREATE INDEX outbox_by_customer ON outbox (customer, position);

-- One row. Whoever takes a position holds it to the end of its transaction, so that no reader
-- passes a position that is still to be committed.
CREATE TABLE outbox_line (
    one       BIGINT NOT NULL PRIMARY KEY,
    last      BIGINT NOT NULL,
    forgotten BIGINT NOT NULL  -- up to here some are gone
);
INSERT INTO outbox_line (one, last, forgotten) VALUES (1, 0, 0);

-- One thing to be told to one subscriber.
CREATE TABLE delivery (
    subscriber TEXT NOT NULL,
    event      TEXT NOT NULL,
    position   BIGINT NOT NULL,  -- its place in the subscriber's line
    customer   TEXT NOT NULL,
    kind       TEXT NOT NULL,
    status     TEXT NOT NULL,    -- pending, done, dead
    queued_at  BIGINT NOT NULL,
    tries      BIGINT NOT NULL,  -- begun, also those nobody finished
    tried_at   BIGINT,           -- the first try
    due_at     BIGINT NOT NULL,  -- while leased, when the lease ends
    lease      TEXT,             -- who is at it
    settled_at BIGINT,
    error      TEXT,
    PRIMARY KEY (subscriber, event)
);
CREATE INDEX delivery_due ON delivery (subscriber, due_at) WHERE status = 'pending';
CREATE INDEX delivery_line ON delivery (subscriber, customer, position) WHERE status = 'pending';
CREATE INDEX delivery_by_status ON delivery (subscriber, status, position);
CREATE INDEX delivery_by_event ON delivery (event);
CREATE INDEX delivery_settled ON delivery (settled_at) WHERE status <> 'pending';

-- What became of each try.
CREATE TABLE attempt (
    subscriber  TEXT NOT NULL,
    event       TEXT NOT NULL,
    began_at    BIGINT NOT NULL,
    status      BIGINT,          -- the answer's, where there was one
    latency_us  BIGINT NOT NULL,
    error       TEXT,
    response    TEXT             -- how the answer begins
);
CREATE INDEX attempt_by_delivery ON attempt (subscriber, event, began_at);
CREATE INDEX attempt_by_age ON attempt (began_at);

-- Hooks are subscribers now. Which orders were told as paid stays known.
INSERT INTO outbox (id, position, told_at, customer, kind, products)
    SELECT id, ROW_NUMBER() OVER (ORDER BY created_at, id), created_at, customer, 'order.paid', '[]'
    FROM hook WHERE kind = 'order_paid';
UPDATE outbox_line SET last = (SELECT COUNT(*) FROM outbox), forgotten = (SELECT COUNT(*) FROM outbox);
DROP TABLE hook;
