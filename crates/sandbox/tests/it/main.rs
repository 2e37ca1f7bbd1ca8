//! The sandbox from outside, over HTTP.
#![cfg(test)]

mod conventions;
mod page;
mod receiver;
mod running;
mod validation;
mod webhooks;
mod world;
