//! Polar on a laptop: a deterministic world, its clock, its rules, its HTTP face, pages and webhooks.

mod billing;
mod call;
mod contract;
mod control;
mod credentials;
mod csv;
mod engine;
mod face;
mod failure;
mod files;
mod list;
mod operations;
pub mod page;
mod pdf;
mod query;
mod render;
mod reply;
mod resource;
mod sandbox;
mod seed;
mod storage;
mod world;

pub use engine::{AdvanceError, Restless};
pub use sandbox::{Credentials, Options, Sandbox, StartError};
pub use storage::StorageError;
