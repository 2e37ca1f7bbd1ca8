//! Putting another world in the place of this one: the seeded one again, or one put aside earlier.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::Engine;
use crate::seed;
use crate::world::World;

/// Worlds that may be put aside at one time.
const ASIDE_MAX: usize = 32;

/// There is no room for another world.
#[derive(Debug, thiserror::Error)]
#[error("{ASIDE_MAX} snapshots are kept already; use one of their names again")]
pub(crate) struct Full;

impl Engine {
    /// Begins again with the seeded world, at the clock's own time.
    pub(crate) async fn reset(&self) {
        let now = self.clock.now();
        self.replace(|world| seed::world(world.seed, now, world.base_url.clone()))
            .await;
    }

    /// Puts a copy of the world aside.
    pub(crate) fn put_aside(&self, name: &str) -> Result<(), Full> {
        let world = Box::new(self.read(World::clone));
        let mut aside = self.aside.lock().unwrap_or_else(PoisonError::into_inner);
        if aside.len() >= ASIDE_MAX && !aside.contains_key(name) {
            return Err(Full);
        }
        aside.insert(name.to_owned(), world);
        Ok(())
    }

    /// Goes back to a world put aside; `false` when there is none of that name.
    pub(crate) async fn bring_back(&self, name: &str) -> bool {
        let aside = self
            .aside
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned();
        let Some(world) = aside else {
            return false;
        };
        self.replace(|_| *world).await;
        true
    }

    /// How often the world has been replaced.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    async fn replace(&self, another: impl FnOnce(&World) -> World) {
        // Nobody may be travelling in the world that goes.
        let _turn = self.travel.lock().await;
        self.change(|world| {
            *world = another(world);
            world.outbox.call_back();
            self.epoch.fetch_add(1, Ordering::AcqRel);
        });
    }
}
