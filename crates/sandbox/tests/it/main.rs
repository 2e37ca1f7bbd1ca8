//! The sandbox from outside, over HTTP.

mod page;
mod running;
