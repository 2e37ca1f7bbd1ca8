//! What one customer has used of one meter, and what was credited for it.

use serde::{Deserialize, Serialize};

use crate::call::Handler;
use crate::resource::customer::Customer;
use crate::world::{Id, World};

/// The operations of this noun that the sandbox really does.
pub(crate) const OPERATIONS: &[(&str, Handler)] = &[];

/// One row.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CustomerMeter {
    pub(crate) id: Id<Self>,
}

/// Recomputes every meter of a customer. Planned as `Job::MeasureCustomer` with `agenda.when_quiet`.
pub(crate) fn measure(_world: &mut World, _customer: Id<Customer>) {}
