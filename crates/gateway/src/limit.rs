//! How often somebody may call: a token bucket each, refused calls free. Nodes that share a Redis count
//! together; without it, each counts what it sees.

use std::collections::HashMap;
use std::fmt::Display;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::shared::Shared;
use crate::shared::turn::Turn;

/// Callers remembered at once; beyond it those with a full bucket are forgotten, then all.
const CALLERS_MAX: usize = 65_536;

/// For each caller, when their bucket will be full again.
///
/// One instant says it all: a call takes one interval from the bucket by moving the instant on.
#[derive(Debug)]
pub(crate) struct Limit<Caller> {
    /// What it is a limit of, among those that nodes share.
    what: &'static str,
    interval: SignedDuration,
    burst: SignedDuration,
    full_at: Mutex<HashMap<Caller, Timestamp>>,
}

impl<Caller: Eq + Hash + Display> Limit<Caller> {
    /// `per_minute` calls, all of which may come at once.
    pub(crate) fn per_minute(what: &'static str, per_minute: u32) -> Self {
        let interval = SignedDuration::from_mins(1) / i32::try_from(per_minute).unwrap_or(i32::MAX);
        Self {
            what,
            interval,
            burst: SignedDuration::from_mins(1),
            full_at: Mutex::default(),
        }
    }

    /// Takes one call, or says how long until there is one.
    pub(crate) async fn take(
        &self,
        shared: &Shared,
        caller: Caller,
        now: Timestamp,
    ) -> Result<(), SignedDuration> {
        let line = format!("{} {caller}", self.what);
        let most = self.burst - self.interval;
        if let Some(Turn::TooFar(ahead)) = shared.turn(&line, self.interval, most).await {
            return Err(ahead - most);
        }
        self.take_own(caller, now)
    }

    /// The same of this node's own count, which holds when Redis has lost its memory, too.
    fn take_own(&self, caller: Caller, now: Timestamp) -> Result<(), SignedDuration> {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if full_at.len() >= CALLERS_MAX && !full_at.contains_key(&caller) {
            full_at.retain(|_, full| *full > now);
            if full_at.len() >= CALLERS_MAX {
                full_at.clear();
            }
        }
        let start = full_at.get(&caller).copied().unwrap_or(now).max(now);
        let after = start
            .saturating_add(self.interval)
            .unwrap_or(Timestamp::MAX);
        let wait = after.duration_since(now) - self.burst;
        if wait.is_positive() {
            return Err(wait);
        }
        full_at.insert(caller, after);
        Ok(())
    }
}
