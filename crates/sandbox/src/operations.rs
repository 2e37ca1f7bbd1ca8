//! The table of what the sandbox does: operation id → the function that does it. What is not here answers 501.

use std::collections::HashMap;

use crate::call::{Call, Handler};
use crate::failure::Failure;
use crate::reply::Reply;
use crate::resource;
use crate::world::World;

/// Each noun's own table.
const TABLES: &[&[(&str, Handler)]] = &[
    resource::absent::OPERATIONS,
    resource::access_token::OPERATIONS,
    resource::benefit::OPERATIONS,
    resource::checkout::OPERATIONS,
    resource::checkout_link::OPERATIONS,
    resource::custom_field::OPERATIONS,
    resource::customer::OPERATIONS,
    resource::customer_meter::OPERATIONS,
    resource::customer_state::OPERATIONS,
    resource::dashboard::OPERATIONS,
    resource::discount::OPERATIONS,
    resource::dispute::OPERATIONS,
    resource::event::OPERATIONS,
    resource::file::OPERATIONS,
    resource::grant::OPERATIONS,
    resource::license_key::OPERATIONS,
    resource::member::OPERATIONS,
    resource::meter::OPERATIONS,
    resource::metric::OPERATIONS,
    resource::order::OPERATIONS,
    resource::organization::OPERATIONS,
    resource::payment::OPERATIONS,
    resource::portal::OPERATIONS,
    resource::product::OPERATIONS,
    resource::refund::OPERATIONS,
    resource::seat::OPERATIONS,
    resource::session::OPERATIONS,
    resource::subscription::OPERATIONS,
    resource::webhook::OPERATIONS,
];

/// Every operation with real behaviour, by Polar's operation id (`products:create`).
pub(crate) fn handlers() -> HashMap<&'static str, Handler> {
    TABLES.iter().copied().flatten().copied().collect()
}

/// Runs an operation from within: the seller's rules for whoever may use them another way.
pub(crate) fn run(world: &mut World, operation: &str, call: &Call) -> Result<Reply, Failure> {
    let mut all = TABLES.iter().copied().flatten();
    let (_, handler) = all
        .find(|(id, _)| *id == operation)
        .ok_or_else(Failure::not_found)?;
    handler(world, call)
}
