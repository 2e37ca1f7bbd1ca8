//! Work that is done to its end, whoever hangs up meanwhile, and once however many want the same. A
//! double click drops its first request; the checkout it began is the second one's.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::{BoxFuture, FutureExt as _, Shared};
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use crate::problem::{Code, Problem};

/// Of one kind, under way on one node at once; beyond it callers are told to come again.
const FLIGHTS_MAX: usize = 1_024;

type Outcome<T> = Result<T, Problem>;
/// Something under way, for all who wait for it.
pub(crate) type Flight<T> = Shared<BoxFuture<'static, Outcome<T>>>;
type Flying<Key, T> = Arc<Mutex<HashMap<Key, Flight<T>>>>;

/// What is under way.
#[derive(Debug, Clone)]
pub(crate) struct Flights<Key, T: Clone> {
    /// What somebody is told for whom there is no room.
    full: &'static str,
    tasks: TaskTracker,
    room: Arc<Semaphore>,
    shared: Flying<Key, T>,
}

impl<Key, T> Flights<Key, T>
where
    Key: Clone + Eq + Hash + fmt::Debug + Send + 'static,
    T: Clone + fmt::Debug + Send + Sync + 'static,
{
    pub(crate) fn new(full: &'static str) -> Self {
        Self {
            full,
            tasks: TaskTracker::new(),
            room: Arc::new(Semaphore::new(FLIGHTS_MAX)),
            shared: Arc::default(),
        }
    }

    /// Does the work, also when nobody waits for it any more.
    pub(crate) async fn alone(
        &self,
        work: impl Future<Output = Outcome<T>> + Send + 'static,
    ) -> Outcome<T> {
        self.begin(work)?.await
    }

    /// The same, once for all who come with this key while it runs.
    pub(crate) async fn together<W>(&self, key: &Key, work: impl FnOnce() -> W) -> Outcome<T>
    where
        W: Future<Output = Outcome<T>> + Send + 'static,
    {
        self.join(key, work)?.await
    }

    /// How many different things are under way.
    pub(crate) fn count(&self) -> usize {
        let shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        shared.len()
    }

    /// Waits for everything under way.
    pub(crate) async fn land(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// The same, to be waited for or not.
    pub(crate) fn join<W>(&self, key: &Key, work: impl FnOnce() -> W) -> Outcome<Flight<T>>
    where
        W: Future<Output = Outcome<T>> + Send + 'static,
    {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = shared.get(key) {
            return Ok(flight.clone());
        }
        let landed = Landed {
            key: key.clone(),
            shared: Arc::clone(&self.shared),
        };
        let work = work();
        let flight = self.begin(async move {
            let _landed = landed;
            work.await
        })?;
        let flight = flight.shared();
        shared.insert(key.clone(), flight.clone());
        Ok(flight)
    }

    fn begin(
        &self,
        work: impl Future<Output = Outcome<T>> + Send + 'static,
    ) -> Outcome<BoxFuture<'static, Outcome<T>>> {
        let room = Arc::clone(&self.room).try_acquire_owned();
        let room =
            room.map_err(|_full| Problem::new(Code::Overloaded, self.full).retry_after(1))?;
        let task = self.tasks.spawn(async move {
            let _room = room;
            work.await
        });
        let outcome = task.map(|ended| match ended {
            Ok(outcome) => outcome,
            Err(error) => Err(Problem::internal(&error)),
        });
        Ok(outcome.boxed())
    }
}

/// Makes room for the next of its kind, however the work ends.
struct Landed<Key: Eq + Hash, T: Clone> {
    key: Key,
    shared: Flying<Key, T>,
}

impl<Key: Eq + Hash, T: Clone> Drop for Landed<Key, T> {
    fn drop(&mut self) {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        drop(shared.remove(&self.key));
    }
}
