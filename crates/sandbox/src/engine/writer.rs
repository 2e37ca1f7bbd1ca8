//! The task that saves the world: a change is on disk about a tenth of a second later, and always at a
//! clean stop. What a crash can lose is that tenth of a second.

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Engine;
use crate::storage::{Storage, StorageError};

/// Changes that come within this time are saved together.
const PAUSE: Duration = Duration::from_millis(50);

/// The storage, and which world it holds.
struct Keeper {
    storage: Mutex<Storage>,
    epoch: Mutex<u64>,
}

impl Engine {
    /// Saves until `last_call`, and then once more. By then nothing may change the world any more.
    pub(crate) async fn write(self: Arc<Self>, storage: Storage, last_call: CancellationToken) {
        let keeper = Arc::new(Keeper {
            storage: Mutex::new(storage),
            epoch: Mutex::new(self.epoch()),
        });
        let mut changes = self.changes.subscribe();
        // A new world is worth saving before anything happens in it.
        changes.mark_changed();
        loop {
            tokio::select! {
                () = last_call.cancelled() => break,
                // The sender lives as long as this engine.
                _ = changes.changed() => {}
            }
            self.save(&keeper).await;
            if tokio::time::timeout(PAUSE, last_call.cancelled())
                .await
                .is_ok()
            {
                break;
            }
        }
        self.save(&keeper).await;
    }

    /// Saves what changed, off the threads that serve. A full disk is reported, and the whole world is
    /// tried with the next change.
    async fn save(self: &Arc<Self>, keeper: &Arc<Keeper>) {
        let (engine, keeper) = (Arc::clone(self), Arc::clone(keeper));
        let saved = tokio::task::spawn_blocking(move || keeper.save(&engine)).await;
        match saved {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                let cause = error.source().map(ToString::to_string);
                tracing::error!(%error, cause, "the world was not saved");
            }
            Err(error) => tracing::error!(%error, "saving the world broke off"),
        }
    }
}

impl Keeper {
    /// The world is locked only while the rows to write are picked: they are shared, not copied.
    fn save(&self, engine: &Engine) -> Result<(), StorageError> {
        let mut storage = self.storage.lock().unwrap_or_else(PoisonError::into_inner);
        let mut known = self.epoch.lock().unwrap_or_else(PoisonError::into_inner);
        let mut world = engine.lock();
        let changes = world.take_changes();
        let epoch = engine.epoch();
        if storage.wants_everything() || epoch != *known {
            let everything = world.lines();
            drop(world);
            storage.save_everything(&everything)?;
            *known = epoch;
        } else {
            drop(world);
            storage.save_changes(&changes)?;
        }
        Ok(())
    }
}
