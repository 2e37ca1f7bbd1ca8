//! The whole of Polar's API for Rust, typed, and it does not break when Polar adds a word.
//!
//! ```no_run
//! # #[cfg(feature = "reqwest")]
//! # async fn example(product: polarkit::model::ProductId) -> Result<(), Box<dyn std::error::Error>> {
//! use polarkit::{Polar, Server};
//!
//! let polar = Polar::builder().server(Server::Sandbox).token("polar_oat_…").build()?;
//! let checkout = polar.checkouts().create([product]).external_customer_id("u_42").await?;
//! println!("pay {} here: {}", checkout.total(), checkout.url);
//! # Ok(()) }
//! ```
//!
//! # Calling
//!
//! Each group of operations is a method of [`Polar`] (`polar.orders()`), each operation a method of
//! its group. What an operation requires is a parameter, what it takes besides is a method, and
//! `.await` sends it. Nothing is sent before. Any call may differ from its client, this once:
//! `.with_retry(…)`, `.with_timeout(…)`, `.with_token(…)`, `.api_version(…)`.
//!
//! - **Ids are types.** An [`OrderId`](model::OrderId) does not go where a
//!   [`ProductId`](model::ProductId) belongs.
//! - **Changes have three states.** A [`Patch`] is absent, null or a value: `.name(Patch::Null)`
//!   clears, leaving it out keeps.
//! - **Money** is whole minor units with their currency: [`Money`].
//! - **Lists** give one page when awaited, `.pages()` page by page, `.stream()` item by item.
//! - **What the types don't know yet** can be had with [`Polar::raw`].
//!
//! # What Polar may change
//!
//! Fields newer than this build are passed over. A field that is missing reads as nothing, unless
//! it is an id, a time, a number, a currency or a secret: these are never made up. Enums keep words
//! they don't know, unions keep whole branches they don't know, both in an arm `Unrecognized`, and
//! both are written back as they came. An answer that can't be read all the same is
//! [`Error::Decode`]: it names the operation and the field, and keeps the body.
//!
//! # When it fails
//!
//! [`Error`] tells by cause: the network, the token, the request, the rate limit, Polar itself.
//! [`Error::kind`] is the coarse answer. A call is tried again by [`Retry`]: reads, usage that
//! carries ids, whatever never reached Polar. A checkout, an order or a refund is asked for again
//! only when Polar did nothing of it: not reached, or 429. Polar's rate limits are kept on this
//! side ([`Limits`]) and shared by clones.
//!
//! # Webhooks and usage
//!
//! [`webhooks`] verifies raw bytes first and parses then; with the feature `axum` a handler takes a
//! [`webhooks::Webhook`]. [`usage::UsageTracker`] tells Polar of usage in passing, in batches, each
//! event counted once; with the feature `tower` a layer counts requests.
//!
//! # Tests without a network
//!
//! A [`Transport`] is a seam: any tower service can stand in for the network, and the router of
//! `polarkit-sandbox`, which is Polar in a process, is one. See [`transport`].
//!
//! # Features
//!
//! | feature | brings |
//! |---|---|
//! | none (`default-features = false`) | the types and [`webhooks`] |
//! | `client` | [`Polar`], its operations, [`usage`], over a transport of your own |
//! | `reqwest` (default) | `client` and the usual transport: reqwest with rustls |
//! | `blocking` | `.wait()` beside `.await`, for programs without async |
//! | `axum` | the extractor of genuine webhooks |
//! | `license` | [`license`]: leases of licences, verified without a network |
//! | `tower` | the usage layer, and any tower service as a transport |
//!
//! Features only add. Rust 1.95 or newer.

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
mod download;
#[cfg(feature = "client")]
mod environment;
#[cfg(feature = "client")]
mod error;
mod kind;
#[cfg(feature = "license")]
pub mod license;
#[cfg(feature = "client")]
mod limit;
#[cfg(feature = "client")]
mod message;
#[cfg(feature = "client")]
pub mod oauth2;
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
mod version;
pub mod webhooks;

pub use polarkit_model as model;
#[doc(no_inline)]
pub use polarkit_model::{Clock, Money, Page, Patch, Secret, Timestamp, read::ReadError};

#[cfg(feature = "client")]
pub use crate::{
    builder::{BuildError, Builder},
    client::Polar,
    download::{ByteStream, Download},
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
pub use crate::{
    clock::SystemClock,
    kind::Kind,
    version::{API_VERSION, Version},
};

/// The guide's code compiles.
#[cfg(all(doctest, feature = "axum", feature = "license", feature = "reqwest"))]
#[doc = include_str!("../../../docs/sdk.md")]
mod guide {}
