//! The whole of polarkit as its users meet it: real processes, a real browser.
#![cfg(test)]

mod http;
mod process;
mod sandbox;
