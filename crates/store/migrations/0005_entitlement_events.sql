-- What led to each reason: the last few webhooks, reads of Polar and ends of time that changed it, as
-- a JSON list, oldest first. It outlives the deliveries themselves.
ALTER TABLE entitlement ADD COLUMN events TEXT NOT NULL DEFAULT '[]';
