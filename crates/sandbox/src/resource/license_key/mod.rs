//! A licence key, its activations, and the checks of its validation.

use serde::{Deserialize, Serialize};

use crate::call::Handler;
use crate::world::Id;

/// The operations of this noun that the sandbox really does.
pub(crate) const OPERATIONS: &[(&str, Handler)] = &[];

/// One row.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct LicenseKey {
    pub(crate) id: Id<Self>,
}
