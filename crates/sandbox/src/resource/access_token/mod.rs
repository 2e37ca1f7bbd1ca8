//! An organization access token: who holds it may act for the organization, within its scopes.

use serde::{Deserialize, Serialize};

use crate::call::Handler;
use crate::world::Id;

/// The operations of this noun that the sandbox really does.
pub(crate) const OPERATIONS: &[(&str, Handler)] = &[];

/// One row.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AccessToken {
    pub(crate) id: Id<Self>,
}
