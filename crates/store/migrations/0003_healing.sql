-- What heals the mirror: reading Polar back, customers in doubt, what was found to differ.

-- When a read of Polar's API last found the object as it stands here (0: never), and since when it
-- is known that Polar no longer has it. Both in Polar's time.
ALTER TABLE mirror ADD COLUMN seen_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE mirror ADD COLUMN gone_at BIGINT;
CREATE INDEX mirror_by_kind ON mirror (kind, id);

-- How far each of Polar's lists is read, so that a reading goes on where it was broken off.
CREATE TABLE reading (
    kind        TEXT NOT NULL PRIMARY KEY,
    started_at  BIGINT NOT NULL,  -- by this host's clock
    began_at    BIGINT NOT NULL,  -- the same moment, in Polar's time
    place       TEXT NOT NULL,    -- where to go on; '' when the reading is over
    objects     BIGINT NOT NULL,  -- read so far
    complete_at BIGINT,           -- as of when the list was last read to its end, in Polar's time
    finished_at BIGINT,           -- when that was, by this host's clock
    failed_at   BIGINT,
    error       TEXT
);

-- Customers whose state here contradicts itself: one read of Polar's settles it.
CREATE TABLE doubt (
    customer  TEXT NOT NULL PRIMARY KEY,
    reason    TEXT NOT NULL,
    after_at  BIGINT NOT NULL,    -- only a read of a later moment settles it, in Polar's time
    whole     BOOLEAN NOT NULL,   -- everything of the customer is to be read, not the state alone
    marked_at BIGINT NOT NULL,
    due_at    BIGINT NOT NULL,
    tries     BIGINT NOT NULL,
    error     TEXT
);
CREATE INDEX doubt_due ON doubt (due_at);

-- What reading back found to differ, although a webhook should have told.
CREATE TABLE drift (
    id        TEXT NOT NULL PRIMARY KEY,
    found_at  BIGINT NOT NULL,
    customer  TEXT NOT NULL,
    kind      TEXT NOT NULL,
    object    TEXT NOT NULL,
    what      TEXT NOT NULL,      -- missing, changed, contradicted, gone, unreadable
    fields    TEXT NOT NULL,      -- the fields that differ, separated by commas
    healed_at BIGINT
);
CREATE INDEX drift_by_age ON drift (found_at);

-- Work that one node does for all: whoever holds the row, until it runs out.
CREATE TABLE lease (
    name   TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    until  BIGINT NOT NULL
);

-- How the webhook endpoint was found at Polar.
CREATE TABLE endpoint (
    name       TEXT NOT NULL PRIMARY KEY,
    condition  TEXT NOT NULL,     -- well, disabled, missing, unknown
    checked_at BIGINT NOT NULL,   -- by this host's clock
    well_at    BIGINT,            -- up to when nothing is missed, in Polar's time
    error      TEXT
);
