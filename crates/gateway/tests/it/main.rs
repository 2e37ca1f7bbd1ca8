//! The gateway from outside: over HTTP, with the sandbox in the same process as its Polar.
#![cfg(test)]
mod answer;
mod event;
#[path = "../../src/projection/permutation/living.rs"]
mod living;
mod mended;
mod middle;
mod node;
mod polar;
mod receiver;
mod redis;
mod world;

mod authorization;
mod beginning;
mod chaos;
mod checkout;
mod clock;
mod config;
mod confirm;
mod contract;
mod customer;
mod entitlement;
mod fanout;
mod fanout_nodes;
mod grace;
mod heal;
mod health;
mod intake;
mod license;
mod lifecycle;
mod limited;
mod moved;
mod nodes;
mod order;
mod read_only;
mod repeat;
mod seat;
mod senders;
mod shop;
mod stale;
mod stream;
mod subscriber;
mod takeover;
mod usage;
mod watchdog;
mod why;
