//! Polar on a laptop: a deterministic world, its clock, its rules, its HTTP face, pages and webhooks.

mod billing;
mod call;
mod failure;
mod list;
mod operations;
mod query;
mod render;
mod reply;
mod resource;
mod world;
