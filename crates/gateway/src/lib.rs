//! The gateway an app runs beside itself: checkouts, webhooks, entitlements, usage, licences.
//!
//! [`Config::from_variables`] → [`Gateway::open`] → [`serve`].

mod checkout;
mod clock;
pub mod config;
mod customer;
mod entitlement;
mod flight;
pub mod floating;
mod gateway;
pub mod hook;
mod http;
mod inbox;
mod jwt;
pub mod keys;
mod license;
mod lifecycle;
mod limit;
mod listen;
pub mod metering;
mod metrics;
mod problem;
mod projection;
mod reconcile;
mod shared;
mod subscriber;
mod time;
mod upstream;
mod usage;
mod watchdog;

pub use config::{Config, Fault, Faults};
pub use gateway::{Gateway, OpenError};
pub use hook::Hooks;
pub use http::{openapi, router};
pub use lifecycle::{serve, serve_app, serve_with_meter};
pub use metering::UsageLayer;
pub use problem::Code;
