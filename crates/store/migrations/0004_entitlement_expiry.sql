-- Access that is bound in time: until when a reason grants, in Polar's time; null for no end of its
-- own. A row is told as expired at that moment, and written as expired soon after.
ALTER TABLE entitlement ADD COLUMN expires_at BIGINT;
CREATE INDEX entitlement_expiring ON entitlement (expires_at, customer)
    WHERE granted AND expires_at IS NOT NULL;
