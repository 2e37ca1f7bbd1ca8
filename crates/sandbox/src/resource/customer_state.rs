//! Customer state: all that a customer may use, in one object.

use crate::resource::customer::Customer;
use crate::world::{Id, World};

/// Emits `customer.state_changed`. Plan `Job::CustomerStateChanged` with `agenda.when_quiet`, so that
/// several changes become one announcement.
pub(crate) fn announce(_world: &mut World, _customer: Id<Customer>) {}
