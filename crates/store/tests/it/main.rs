//! What the store promises, told once and run on SQLite and on PostgreSQL.

mod fixture;

mod api_keys;
mod hooks;
mod idempotency;
mod inbox;
mod mirror;
mod usage;
