//! The sandbox from outside, over HTTP.
#![cfg(test)]

mod conventions;
mod grants;
mod page;
mod portal;
mod receiver;
mod refusals;
mod running;
mod seats;
mod selling;
mod shop;
mod usage;
mod validation;
mod webhooks;
mod world;
