//! Waiting until the world is quiet, and moving its clock through everything that falls due on the way.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use tokio::time::Instant;

use super::Engine;
use crate::world::World;

/// A world that is not quiet by then has a receiver that keeps it busy.
const PATIENCE: Duration = Duration::from_secs(110);

/// How far the clock is moved at one time.
const YEARS_MAX: i32 = 100;

/// The world went on having something to do. Whoever asks again goes on where this ended.
#[derive(Debug, thiserror::Error)]
#[error("the world did not come to rest within {} s: it is {now} there, with {jobs} jobs and {attempts} deliveries under way; ask again to go on", PATIENCE.as_secs())]
pub struct Restless {
    now: Timestamp,
    jobs: usize,
    attempts: usize,
}

/// Why time did not pass as asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdvanceError {
    /// There is no such time.
    #[error("there is no such time")]
    Beyond(#[from] jiff::Error),
    /// Time does not run backwards.
    #[error(
        "the clock only goes forward, and it is {now} already; a snapshot or a reset leads back"
    )]
    Backwards {
        /// The world's present moment.
        now: Timestamp,
    },
    /// That is too much at once.
    #[error("the clock moves {YEARS_MAX} years at a time at most")]
    TooFar,
    /// The world went on having something to do.
    #[error(transparent)]
    Restless(#[from] Restless),
}

impl Engine {
    /// Returns once no work is left and no delivery is due or on its way. Attempts that are planned
    /// for later do not count.
    pub(crate) async fn settle(self: &Arc<Self>) -> Result<(), Restless> {
        self.rest(Instant::now() + PATIENCE).await
    }

    /// Moves the world to the moment that `target` picks, stopping at every date on the way. Returns
    /// where it arrived.
    pub(crate) async fn advance(
        self: &Arc<Self>,
        target: impl FnOnce(Timestamp) -> Result<Timestamp, jiff::Error> + Send,
    ) -> Result<Timestamp, AdvanceError> {
        // One traveller at a time: two would step over each other's dates.
        let _turn = self.travel.lock().await;
        let now = self.now();
        let target = target(now)?;
        if target < now {
            return Err(AdvanceError::Backwards { now });
        }
        let farthest = now.to_zoned(TimeZone::UTC).checked_add(YEARS_MAX.years());
        if farthest.is_ok_and(|farthest| target > farthest.timestamp()) {
            return Err(AdvanceError::TooFar);
        }
        Ok(self.travel_to(target).await?)
    }

    async fn travel_to(self: &Arc<Self>, target: Timestamp) -> Result<Timestamp, Restless> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.rest(deadline).await?;
            let wall = self.clock.now();
            let arrived = self.change(|world| {
                let next = world.next_date().filter(|date| *date < target);
                world.move_to(next.unwrap_or(target), wall);
                next.is_none()
            });
            if arrived {
                self.rest(deadline).await?;
                return Ok(self.now());
            }
            if Instant::now() > deadline {
                return Err(self.read(restless));
            }
            // Others want to be served meanwhile.
            tokio::task::yield_now().await;
        }
    }

    async fn rest(self: &Arc<Self>, deadline: Instant) -> Result<(), Restless> {
        let mut stirs = self.stirs.subscribe();
        loop {
            stirs.mark_unchanged();
            self.work_everything();
            self.send_due();
            if !self.read(World::is_busy) {
                return Ok(());
            }
            if tokio::time::timeout_at(deadline, stirs.changed())
                .await
                .is_err()
            {
                return Err(self.read(restless));
            }
        }
    }
}

fn restless(world: &World) -> Restless {
    Restless {
        now: world.now(),
        jobs: world.agenda.len(),
        attempts: world.outbox.in_flight(),
    }
}
