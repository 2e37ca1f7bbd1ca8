//! The gateway from outside: over HTTP, with the sandbox in the same process as its Polar.
#![cfg(test)]
mod event;
mod polar;
mod world;

mod authorization;
mod checkout;
mod config;
mod contract;
mod entitlement;
mod heal;
mod health;
mod intake;
mod license;
mod lifecycle;
mod order;
mod senders;
mod shop;
mod usage;
mod watchdog;
