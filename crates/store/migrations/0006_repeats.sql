-- Requests that are done once: who is at one, and until when nobody else begins; which checkout
-- answered it, where the answer is good only while that one is open.
ALTER TABLE idempotency ADD COLUMN holder TEXT NOT NULL DEFAULT '';
ALTER TABLE idempotency ADD COLUMN held_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE idempotency ADD COLUMN checkout TEXT;
CREATE INDEX idempotency_by_checkout ON idempotency (checkout) WHERE checkout IS NOT NULL;
