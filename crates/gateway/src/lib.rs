//! The gateway an app runs beside itself: checkouts, webhooks, entitlements, usage, licences.
