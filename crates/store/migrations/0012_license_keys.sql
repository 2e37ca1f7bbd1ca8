-- Which of Polar's licence keys a hash stands for. Nothing else of a key's text is kept; what is known
-- of the key, and of the grant it came with, lies in the mirror.
CREATE TABLE license_key (
    id TEXT NOT NULL PRIMARY KEY,
    customer TEXT NOT NULL,
    -- NULL until the key was read.
    hash TEXT,
    grant_id TEXT,
    -- When to read it, while its hash is not known, µs; and how often that failed.
    due_at BIGINT NOT NULL DEFAULT 0,
    tries BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX license_key_by_hash ON license_key (hash) WHERE hash IS NOT NULL;
CREATE INDEX license_key_unread ON license_key (due_at) WHERE hash IS NULL;
-- The keys that are mirrored already are read anew at once, for their hashes.
UPDATE reading SET place = '', finished_at = NULL WHERE kind = 'license_key';
