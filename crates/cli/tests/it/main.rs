//! The whole of polarkit as its users meet it: real processes, a real browser.
#![cfg(test)]

mod browser;
mod delivery;
mod http;
mod patience;
mod process;

mod crash;
mod dev;
mod page;
mod recordings;
mod sandbox;
mod serve;
mod shop;
mod store;
mod story;
