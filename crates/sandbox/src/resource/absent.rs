//! Nouns this sandbox has none of, because nothing in it makes one yet: their lists are empty and every
//! id is unknown. Making one answers 501.

use serde_json::Value;

use crate::call::{Call, Handler};
use crate::failure::Failure;
use crate::list;
use crate::reply::Reply;
use crate::world::World;

/// What can truly be said of nothing.
pub(crate) const OPERATIONS: &[(&str, Handler)] = &[
    ("customer_portal:wallets:list", nothing),
    ("customer_portal:wallets:get", unknown),
];

#[expect(
    clippy::unnecessary_wraps,
    reason = "an operation may fail; this one does not"
)]
fn nothing(_world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let rows: [Value; 0] = [];
    Ok(list::paged(call, &rows, Value::clone))
}

fn unknown(_world: &mut World, _call: &Call) -> Result<Reply, Failure> {
    Err(Failure::not_found())
}
