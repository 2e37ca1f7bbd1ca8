//! Waiting until the world is quiet, and moving its clock through everything that falls due on the way.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::Engine;
use crate::world::World;

/// A world that is not quiet by then has a receiver that keeps it busy.
const PATIENCE: Duration = Duration::from_secs(110);

/// The world went on having something to do.
#[derive(Debug, thiserror::Error)]
#[error("the world did not come to rest within {} s: {jobs} jobs and {attempts} deliveries were still under way", PATIENCE.as_secs())]
pub struct Restless {
    jobs: usize,
    attempts: usize,
}

impl Engine {
    /// Returns once no work is left and no delivery is due or on its way. Attempts that are planned
    /// for later do not count.
    pub(crate) async fn settle(self: &Arc<Self>) -> Result<(), Restless> {
        self.rest(Instant::now() + PATIENCE).await
    }

    /// Moves the world to the moment that `target` picks, stopping at every date on the way. Returns
    /// where it arrived. A moment that is past is no movement.
    pub(crate) async fn advance<E>(
        self: &Arc<Self>,
        target: impl FnOnce(Timestamp) -> Result<Timestamp, E> + Send,
    ) -> Result<Result<Timestamp, Restless>, E> {
        // One traveller at a time: two would step over each other's dates.
        let _turn = self.travel.lock().await;
        let target = target(self.now())?;
        Ok(self.travel_to(target).await)
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
        }
    }

    async fn rest(self: &Arc<Self>, deadline: Instant) -> Result<(), Restless> {
        let mut changes = self.changes.subscribe();
        loop {
            changes.mark_unchanged();
            self.work_everything();
            self.send_due();
            if !self.read(World::is_busy) {
                return Ok(());
            }
            if tokio::time::timeout_at(deadline, changes.changed())
                .await
                .is_err()
            {
                return Err(self.read(|world| Restless {
                    jobs: world.agenda.len(),
                    attempts: world.outbox.in_flight(),
                }));
            }
        }
    }
}
