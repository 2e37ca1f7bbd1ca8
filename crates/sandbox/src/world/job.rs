//! Every kind of background work. Names are saved with the world: retire one, never rename it.

use serde::{Deserialize, Serialize};

use super::World;

/// One piece of work. Running it may plan more. Jobs look their rows up again: much may have happened since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Job {}

impl Job {
    /// Does the work.
    pub(crate) fn run(self, _world: &mut World) {
        match self {}
    }
}
