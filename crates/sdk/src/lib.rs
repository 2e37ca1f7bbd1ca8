//! The whole of Polar's API for Rust, typed, and it does not break when Polar adds a word.
//!
//! ```no_run
//! # async fn example(product: polarkit::model::ProductId) -> Result<(), Box<dyn std::error::Error>> {
//! use polarkit::{Polar, Server};
//!
//! let polar = Polar::builder().server(Server::Sandbox).token("polar_oat_…").build()?;
//! let checkout = polar.checkouts().create([product]).external_customer_id("u_42").await?;
//! println!("pay here: {}", checkout.url);
//! # Ok(()) }
//! ```
//!
//! What an operation requires is a parameter, what it takes besides is a method, `.await` sends
//! it. A list is a stream: `polar.orders().list().stream()`. What the types don't know yet can be
//! had with [`Polar::raw`]. Webhooks are verified, then parsed, by [`webhooks`].

mod builder;
mod client;
mod clock;
mod error;
mod operation;
#[path = "generated/mod.rs"]
pub mod operations;
mod pages;
mod raw;
mod request;
mod retry;
mod server;
mod server_time;
mod transport;
pub mod webhooks;

pub use polarkit_model as model;
#[doc(no_inline)]
pub use polarkit_model::{Clock, Money, Page, Patch, Secret, Timestamp, read::ReadError};

pub use crate::{
    builder::{BuildError, Builder},
    client::Polar,
    clock::SystemClock,
    error::{Error, FieldError, Kind, Refusal},
    operation::{Call, Operation},
    pages::Items,
    raw::Raw,
    request::{Reply, ReplyBody, Request},
    retry::Retry,
    server::{Server, ServerError},
    server_time::ServerTime,
};

/// The version of Polar's API that is asked for unless told otherwise.
pub const API_VERSION: &str = "2026-04";
