-- What was acknowledged and is not yet looked into: rows only ever added at the end and taken from
-- the beginning, so that making one durable costs as little as can be. One text for both engines.
CREATE TABLE intake (
    received_at BIGINT NOT NULL,  -- strictly increasing on one node
    webhook_id  TEXT NOT NULL,    -- the same id may come several times: the inbox takes it once
    sent_at     BIGINT NOT NULL,
    verified_by TEXT NOT NULL,
    headers     TEXT NOT NULL,
    body        BYTEA NOT NULL,
    PRIMARY KEY (received_at, webhook_id)
);

-- inbox_by_status answers the same.
DROP INDEX inbox_waiting;
