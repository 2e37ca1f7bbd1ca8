//! What the store promises, told once and run on SQLite and on PostgreSQL.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test that cannot go on says where"
)]

mod fixture;
mod healing;

mod api_keys;
mod clock;
mod fanout;
mod fanout_order;
mod file;
mod floating_seat;
mod idempotency;
mod inbox;
mod journal;
mod license;
mod license_lease;
mod migration;
mod mirror;
mod reservation;
mod transfer;
mod usage;
