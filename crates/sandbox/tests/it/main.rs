//! The sandbox from outside, over HTTP.
#![cfg(test)]

mod page;
mod running;
