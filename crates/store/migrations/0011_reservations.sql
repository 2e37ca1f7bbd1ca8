-- When Polar's answer had come: settled_at is when the event was sent, and a meter's figure of between
-- the two may count it or not. Null on what was delivered before.
ALTER TABLE usage ADD COLUMN answered_at BIGINT;

-- One row for each customer's meter that is spent from by reservation: whoever reserves, commits or
-- gives back holds it, so that they do so one after another, on all nodes.
CREATE TABLE account (
    customer   TEXT NOT NULL,    -- the customer's external id
    meter      TEXT NOT NULL,    -- Polar's id
    definition TEXT NOT NULL,    -- what the meter counts, JSON
    balance    TEXT NOT NULL,    -- the newest figure of Polar that was ever spent by, decimal
    as_of      BIGINT NOT NULL,  -- when Polar made it
    touched_at BIGINT NOT NULL,
    PRIMARY KEY (customer, meter)
);
CREATE INDEX account_by_age ON account (touched_at);

-- Units set aside for a use that is under way: until it is counted, given back, or its time is over.
CREATE TABLE reservation (
    id         TEXT NOT NULL PRIMARY KEY,  -- once it is committed, Polar's external_id of the use
    customer   TEXT NOT NULL,
    meter      TEXT NOT NULL,
    units      TEXT NOT NULL,              -- decimal
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    state      TEXT NOT NULL,              -- held, committed, released, expired
    settled_at BIGINT,
    spent      TEXT                        -- how many of the units, once it is committed
);
CREATE INDEX reservation_held ON reservation (customer, meter) WHERE state = 'held';
CREATE INDEX reservation_ending ON reservation (expires_at) WHERE state = 'held';
CREATE INDEX reservation_settled ON reservation (settled_at) WHERE state <> 'held';
