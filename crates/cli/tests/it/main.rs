//! The whole of polarkit as its users meet it: real processes, a real browser.
#![cfg(test)]

mod browser;
mod delivery;
mod http;
mod load;
mod patience;
mod process;
mod receiver;
mod stage;
mod tables;

mod cluster;
mod crash;
mod database;
mod dev;
mod disk;
mod first_start;
mod lease;
mod meter;
mod page;
mod recordings;
mod sandbox;
mod seats;
mod serve;
mod shop;
mod store;
mod story;
