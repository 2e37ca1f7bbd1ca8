//! A checkout session: from the first click to the order.

use serde::{Deserialize, Serialize};

use crate::call::Handler;
use crate::world::Id;

/// The operations of this noun that the sandbox really does.
pub(crate) const OPERATIONS: &[(&str, Handler)] = &[];

/// One row.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Checkout {
    pub(crate) id: Id<Self>,
}
