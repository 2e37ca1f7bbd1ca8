-- Leases of licences that machines hold offline: what must be known to say which of them were
-- revoked. Keys and machines only as hashes. One row a licence and machine, renewed in place; a
-- machine that hands out floating seats counts as so many.
CREATE TABLE license_lease (
    id TEXT NOT NULL PRIMARY KEY,
    license TEXT NOT NULL,
    key_hash TEXT NOT NULL,
    machine TEXT NOT NULL,
    activation TEXT NOT NULL,
    seats BIGINT NOT NULL,
    customer TEXT NOT NULL,
    benefit TEXT NOT NULL,
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    license_expires_at BIGINT,
    validated_at BIGINT NOT NULL,
    checked_at BIGINT NOT NULL,
    revoked_at BIGINT,
    reason TEXT
);
CREATE UNIQUE INDEX license_lease_by_machine ON license_lease (key_hash, machine, activation) WHERE revoked_at IS NULL;
CREATE INDEX license_lease_by_customer ON license_lease (customer);
CREATE INDEX license_lease_by_check ON license_lease (checked_at) WHERE revoked_at IS NULL;
CREATE INDEX license_lease_by_revocation ON license_lease (revoked_at, id) WHERE revoked_at IS NOT NULL;
CREATE INDEX license_lease_by_end ON license_lease (expires_at);

-- Floating seats that a machine hands out of what it holds: no more rows than there are seats, and
-- whoever is silent until the end of a row has lost it.
CREATE TABLE floating_seat (
    pool TEXT NOT NULL,
    number BIGINT NOT NULL,
    id TEXT NOT NULL,
    machine TEXT NOT NULL,
    taken_at BIGINT NOT NULL,
    renewed_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (pool, number)
);
CREATE UNIQUE INDEX floating_seat_by_id ON floating_seat (id);
