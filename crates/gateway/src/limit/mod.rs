//! How often somebody may call: so many times in any window of so long, to the call. Refused calls
//! are free. Nodes that share a Redis count together; without it, each counts what it sees.

mod rule;
mod table;
mod window;

use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

pub(crate) use self::rule::{Class, Limit, Who};
use self::table::Table;
use crate::shared::Shared;

/// What a caller is counted by; nobody can read from it who that is.
pub(crate) type Name = [u8; 32];

/// How a caller stands after a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Whether the call is admitted.
    pub(crate) taken: bool,
    /// Calls that are left now.
    pub(crate) left: u32,
    /// When the oldest of those that count leaves the window, and gives one more.
    pub(crate) next_in: SignedDuration,
}

/// The calls of all who have a limit.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    own: Mutex<Table>,
}

impl Limiter {
    /// Takes one call, or says when there is one.
    ///
    /// What this node admitted is a part of what all did, so it refuses by itself whom it knows to be
    /// over the limit: a flood costs Redis nothing, and a Redis that forgot gives nobody more here.
    pub(crate) async fn take(
        &self,
        shared: &Shared,
        limit: &Limit,
        caller: &str,
        now: Timestamp,
    ) -> Standing {
        let (name, now) = (name(limit, caller), now.as_microsecond());
        let own = self.with(|table| table.window(&name).look(limit, now));
        if own.left == 0 {
            return own;
        }
        match shared.take(limit, &name).await {
            None => self.take_own(limit, &name, now),
            Some(refused) if !refused.taken => refused,
            Some(taken) => {
                let own = self.with(|table| table.window(&name).note(limit, now));
                if own.left < taken.left { own } else { taken }
            }
        }
    }

    /// The same by this node's count alone.
    fn take_own(&self, limit: &Limit, name: &Name, now: i64) -> Standing {
        self.with(|table| {
            let mut window = table.window(name);
            let standing = window.look(limit, now);
            if standing.left == 0 {
                return standing;
            }
            window.note(limit, now)
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Table) -> T) -> T {
        act(&mut self.own.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Another limit counts anew, also while a change of settings goes from node to node.
fn name(limit: &Limit, caller: &str) -> Name {
    let mut hash = Sha256::new();
    hash.update(format!("{limit} "));
    hash.update(caller);
    hash.finalize().into()
}
