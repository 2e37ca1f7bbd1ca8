//! Polar webhooks for actix-web: verified before a handler sees them.
