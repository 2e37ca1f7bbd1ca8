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

#[cfg(feature = "axum")]
pub mod axum;
#[cfg(feature = "blocking")]
pub mod blocking;
#[cfg(feature = "client")]
mod builder;
#[cfg(feature = "client")]
mod client;
mod clock;
#[cfg(feature = "client")]
mod dispatch;
#[cfg(feature = "client")]
mod environment;
#[cfg(feature = "client")]
mod error;
mod kind;
#[cfg(feature = "client")]
mod limit;
#[cfg(feature = "client")]
mod message;
#[cfg(feature = "client")]
mod operation;
#[cfg(feature = "client")]
#[path = "generated/mod.rs"]
pub mod operations;
#[cfg(feature = "client")]
mod pages;
#[cfg(feature = "client")]
mod raw;
#[cfg(feature = "client")]
mod refusal;
#[cfg(feature = "client")]
mod reply;
#[cfg(feature = "client")]
mod request;
#[cfg(feature = "client")]
mod retry;
#[cfg(feature = "client")]
mod server;
#[cfg(feature = "client")]
mod server_time;
#[cfg(feature = "tower")]
pub mod tower;
#[cfg(feature = "client")]
pub mod transport;
#[cfg(feature = "client")]
pub mod usage;
pub mod webhooks;

pub use polarkit_model as model;
#[doc(no_inline)]
pub use polarkit_model::{Clock, Money, Page, Patch, Secret, Timestamp, read::ReadError};

#[cfg(feature = "client")]
pub use crate::{
    builder::{BuildError, Builder},
    client::Polar,
    environment::EnvironmentError,
    error::Error,
    limit::{Limits, Rate},
    operation::{Call, Operation},
    pages::{Items, Pages},
    raw::Raw,
    refusal::{FieldError, Refusal},
    reply::{Reply, ReplyBody},
    request::Request,
    retry::Retry,
    server::{Server, ServerError},
    server_time::ServerTime,
    transport::{Transport, TransportError},
};
pub use crate::{clock::SystemClock, kind::Kind};

/// The version of Polar's API that is asked for unless told otherwise.
pub const API_VERSION: &str = "2026-04";

/// The guide's code compiles.
#[cfg(all(doctest, feature = "axum", feature = "reqwest"))]
#[doc = include_str!("../../../docs/sdk.md")]
mod guide {}
