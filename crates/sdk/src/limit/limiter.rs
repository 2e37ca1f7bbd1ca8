//! Who waits for whom: one lane for each asker and zone, first come, first served.

use std::{
    collections::{HashMap, hash_map::RandomState},
    hash::BuildHasher as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use polarkit_model::Secret;
use tokio::{sync::Notify, time::Instant};

use super::{
    Limits,
    window::{Wait, Window},
    zone::Zone,
};
use crate::request::Request;

/// Lanes that are remembered; the one used longest ago is forgotten for a newer one.
const LANES_MAX: usize = 1024;

/// Requests that wait in one lane; the next fails at once.
const WAITING_MAX: u32 = 10_000;

/// All lanes of a client and its clones.
#[derive(Debug)]
pub(crate) struct Limiter {
    limits: Limits,
    hasher: RandomState,
    lanes: Mutex<HashMap<(Asker, Zone), Known>>,
}

/// A lane, and when it was last used.
type Known = (Instant, Arc<Lane>);

/// Whose requests count together: those of one token, or those without any.
type Asker = Option<u64>;

/// How long a request is willing to wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// For a place.
    pub(crate) place: Duration,
    /// For the end of a refusal.
    pub(crate) block: Duration,
}

impl Limiter {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            hasher: RandomState::new(),
            lanes: Mutex::default(),
        }
    }

    /// The lane a request belongs to, if it belongs to any.
    pub(crate) fn lane(&self, request: &Request, token: Option<&Secret>) -> Option<Arc<Lane>> {
        let (zone, rates) = Zone::of(&request.path, &self.limits)?;
        let asker = token.map(|token| self.hasher.hash_one(token.reveal()));
        let now = Instant::now();
        let mut lanes = locked(&self.lanes);
        if lanes.len() >= LANES_MAX && !lanes.contains_key(&(asker, zone)) {
            let oldest = lanes.iter().min_by_key(|(_, (used, _))| *used);
            if let Some(oldest) = oldest.map(|(key, _)| *key) {
                lanes.remove(&oldest);
            }
        }
        let new = || (now, Arc::new(Lane::new(Window::new(&rates))));
        let (used, lane) = lanes.entry((asker, zone)).or_insert_with(new);
        *used = now;
        Some(Arc::clone(lane))
    }
}

/// The requests of one asker in one zone, and those that wait to be.
#[derive(Debug)]
pub(crate) struct Lane {
    state: Mutex<State>,
    /// Held by the first in the queue; whoever waits for it stands behind, in order.
    turn: tokio::sync::Mutex<()>,
    /// Tells the first in the queue that an answer came.
    changed: Notify,
}

#[derive(Debug)]
struct State {
    window: Window,
    waiting: u32,
}

impl Lane {
    fn new(window: Window) -> Self {
        Self {
            state: Mutex::new(State { window, waiting: 0 }),
            turn: tokio::sync::Mutex::default(),
            changed: Notify::new(),
        }
    }

    /// Waits for a place. Where that would take longer than the patience reaches, says how long: at
    /// once if it is known, else when the patience ends.
    pub(crate) async fn enter(self: &Arc<Self>, patience: Patience) -> Result<Place, Duration> {
        let Some(_queued) = self.arrive(patience)? else {
            return Ok(Place(Arc::clone(self)));
        };
        let turn = tokio::time::timeout(patience.place, self.await_turn(patience));
        turn.await.unwrap_or_else(|_elapsed| {
            let wait = locked(&self.state).window.wait(Instant::now(), 0);
            Err(wait.longest())
        })
    }

    /// Takes a place, if one is free and nobody waits for it, or a stand in the queue.
    fn arrive(&self, patience: Patience) -> Result<Option<Queued<'_>>, Duration> {
        let mut state = locked(&self.state);
        let now = Instant::now();
        if state.waiting == 0 && state.window.admit(now).is_zero() {
            return Ok(None);
        }
        let ahead = state.waiting;
        let wait = state.window.wait(now, ahead);
        if patience.ends_before(wait) || ahead >= WAITING_MAX {
            return Err(wait.longest());
        }
        state.waiting += 1;
        Ok(Some(Queued(self)))
    }

    async fn await_turn(self: &Arc<Self>, patience: Patience) -> Result<Place, Duration> {
        let _turn = self.turn.lock().await;
        loop {
            let wait = {
                let mut state = locked(&self.state);
                let now = Instant::now();
                if state.window.admit(now).is_zero() {
                    return Ok(Place(Arc::clone(self)));
                }
                state.window.wait(now, 0)
            };
            if wait.block > patience.block {
                return Err(wait.longest()); // refused while we stood here
            }
            // An answer only makes it certain how long the wait is.
            let _certain = tokio::time::timeout(wait.longest(), self.changed.notified()).await;
        }
    }

    /// The server refuses for so long: so says its answer to one of these requests.
    pub(crate) fn block(&self, wait: Duration) {
        locked(&self.state).window.block(Instant::now(), wait);
        self.changed.notify_one();
    }
}

impl Patience {
    fn ends_before(self, wait: Wait) -> bool {
        wait.block > self.block || wait.longest() > self.place
    }
}

/// A stand in the queue; given up when dropped.
struct Queued<'a>(&'a Lane);

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        let mut state = locked(&self.0.state);
        state.waiting = state.waiting.saturating_sub(1);
    }
}

/// A place under the limit; dropped when the answer came, or nobody waits for it any more.
#[derive(Debug)]
pub(crate) struct Place(Arc<Lane>);

impl Place {
    /// The server refuses for so long.
    pub(crate) fn block(&self, wait: Duration) {
        self.0.block(wait);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        locked(&self.0.state).window.answered(Instant::now());
        self.0.changed.notify_one();
    }
}

/// Nothing in here is ever half written.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
