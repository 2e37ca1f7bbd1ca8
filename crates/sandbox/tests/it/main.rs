//! The sandbox from outside, over HTTP.
#![cfg(test)]

mod connected;
mod conventions;
mod dashboards;
mod door;
mod files;
mod grants;
mod hostile;
mod lists;
mod page;
mod portal;
mod receiver;
mod refusals;
mod replay;
mod running;
mod seats;
mod selling;
mod sequences;
mod shop;
mod slow_receiver;
mod staff;
mod twice;
mod usage;
mod validation;
mod watching;
mod webhooks;
mod world;
