//! Polar's nouns as data: ids, money, open enums, shapes and webhook events.
//!
//! No I/O, no async, no clock. What Polar sends is read leniently (see [`read`]), because it adds
//! and removes fields and words without notice; what we send is exactly what was set.

mod amount;
mod filter_value;
mod generated;
mod id;
mod money;
mod open;
mod page;
mod patch;
mod quantity;
pub mod read;
mod secret;
mod time;
mod trial_end;
mod union;
pub mod webhook;

pub use jiff::civil::Date;
pub use uuid::Uuid;

pub use crate::{
    filter_value::FilterValue,
    generated::*,
    money::{Country, Currency, Money},
    page::{Page, Pagination},
    patch::Patch,
    quantity::{Quantity, UnitPrice},
    secret::Secret,
    time::{Clock, Timestamp, wire_time},
    trial_end::TrialEnd,
};

/// Free-form JSON under text keys: metadata, custom field data, a processor's notes.
pub type FreeForm = serde_json::Map<String, serde_json::Value>;
