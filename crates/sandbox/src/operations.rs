//! The table of what the sandbox does: operation id → the function that does it. What is not here answers 501.

use std::collections::HashMap;

use crate::call::Handler;
use crate::resource;

/// Every operation with real behaviour, by Polar's operation id (`products:create`).
pub(crate) fn handlers() -> HashMap<&'static str, Handler> {
    [
        resource::absent::OPERATIONS,
        resource::access_token::OPERATIONS,
        resource::benefit::OPERATIONS,
        resource::checkout::OPERATIONS,
        resource::custom_field::OPERATIONS,
        resource::customer::OPERATIONS,
        resource::customer_meter::OPERATIONS,
        resource::discount::OPERATIONS,
        resource::event::OPERATIONS,
        resource::grant::OPERATIONS,
        resource::license_key::OPERATIONS,
        resource::member::OPERATIONS,
        resource::meter::OPERATIONS,
        resource::order::OPERATIONS,
        resource::organization::OPERATIONS,
        resource::payment::OPERATIONS,
        resource::product::OPERATIONS,
        resource::session::OPERATIONS,
        resource::subscription::OPERATIONS,
        resource::webhook::OPERATIONS,
    ]
    .into_iter()
    .flatten()
    .copied()
    .collect()
}
