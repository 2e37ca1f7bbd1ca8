//! Checkouts being opened: each to its end, whoever hangs up meanwhile, and once however many want
//! the same. A double click drops its first request; the checkout it began is the second one's.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::{BoxFuture, FutureExt as _, Shared};
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use super::Opened;
use crate::problem::{Code, Problem};

/// Checkouts of one node being opened at once; beyond it callers are told to come again.
const FLIGHTS_MAX: usize = 1_024;

type Outcome = Result<Opened, Problem>;
type Flight = Shared<BoxFuture<'static, Outcome>>;

/// What is under way.
#[derive(Debug, Clone)]
pub(crate) struct Flights {
    tasks: TaskTracker,
    room: Arc<Semaphore>,
    shared: Arc<Mutex<HashMap<String, Flight>>>,
}

impl Flights {
    pub(super) fn new() -> Self {
        Self {
            tasks: TaskTracker::new(),
            room: Arc::new(Semaphore::new(FLIGHTS_MAX)),
            shared: Arc::default(),
        }
    }

    /// Does the work, also when nobody waits for it any more.
    pub(super) async fn alone(
        &self,
        work: impl Future<Output = Outcome> + Send + 'static,
    ) -> Outcome {
        self.begin(work)?.await
    }

    /// The same, once for all who come with this key while it runs.
    pub(super) async fn together<W>(&self, key: &str, work: impl FnOnce() -> W) -> Outcome
    where
        W: Future<Output = Outcome> + Send + 'static,
    {
        self.join(key, work)?.await
    }

    /// Waits for everything under way.
    pub(crate) async fn land(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn join<W>(&self, key: &str, work: impl FnOnce() -> W) -> Result<Flight, Problem>
    where
        W: Future<Output = Outcome> + Send + 'static,
    {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = shared.get(key) {
            return Ok(flight.clone());
        }
        let landed = Landed {
            key: key.to_owned(),
            shared: Arc::clone(&self.shared),
        };
        let work = work();
        let flight = self.begin(async move {
            let _landed = landed;
            work.await
        })?;
        let flight = flight.shared();
        shared.insert(key.to_owned(), flight.clone());
        Ok(flight)
    }

    fn begin(
        &self,
        work: impl Future<Output = Outcome> + Send + 'static,
    ) -> Result<BoxFuture<'static, Outcome>, Problem> {
        let room = Arc::clone(&self.room).try_acquire_owned();
        let room = room.map_err(|_full| {
            let words = "Too many checkouts are being opened";
            Problem::new(Code::Overloaded, words).retry_after(1)
        })?;
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
struct Landed {
    key: String,
    shared: Arc<Mutex<HashMap<String, Flight>>>,
}

impl Drop for Landed {
    fn drop(&mut self) {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        drop(shared.remove(&self.key));
    }
}
