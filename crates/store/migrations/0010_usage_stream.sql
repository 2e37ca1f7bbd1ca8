-- Usage as a stream: one sender at a time reads what is due, and settles many events at once.
DROP INDEX usage_waiting;
DROP INDEX usage_by_customer;
DROP INDEX usage_by_state;
ALTER TABLE usage ADD COLUMN used_at BIGINT NOT NULL DEFAULT 0;  -- the event's own timestamp
ALTER TABLE usage ADD COLUMN rollup TEXT;  -- events that say the same here may go as one; null: alone
ALTER TABLE usage ADD COLUMN bundle TEXT;  -- the one event it goes as, from when that is decided
CREATE INDEX usage_waiting ON usage (due_at, accepted_at)
    WHERE state = 'pending' AND bundle IS NULL;
CREATE INDEX usage_waiting_of ON usage (customer, accepted_at) WHERE state = 'pending';
CREATE INDEX usage_bundled ON usage (bundle) WHERE state = 'pending' AND bundle IS NOT NULL;
CREATE INDEX usage_delivered ON usage (settled_at) WHERE state = 'delivered';
CREATE INDEX usage_delivered_of ON usage (customer, settled_at) WHERE state = 'delivered';
CREATE INDEX usage_dead ON usage (settled_at) WHERE state = 'dead';

-- Events made of several, as they are sent: written down before they are, and gone when Polar has them.
CREATE TABLE usage_bundle (
    id      TEXT NOT NULL PRIMARY KEY,  -- Polar's external_id
    due_at  BIGINT NOT NULL,
    used_at BIGINT NOT NULL,
    tries   BIGINT NOT NULL,
    body    TEXT NOT NULL
);

-- What ever happened to usage, which throwing old rows away leaves as it is.
CREATE TABLE usage_total (
    id         BIGINT NOT NULL PRIMARY KEY,  -- always 1
    accepted   BIGINT NOT NULL,
    delivered  BIGINT NOT NULL,
    duplicates BIGINT NOT NULL,  -- of those delivered: Polar had them already
    rolled_up  BIGINT NOT NULL   -- of those accepted: went, or go, as part of another
);
INSERT INTO usage_total (id, accepted, delivered, duplicates, rolled_up)
    SELECT 1, COUNT(*), COUNT(*) FILTER (WHERE state = 'delivered'), 0, 0 FROM usage;
