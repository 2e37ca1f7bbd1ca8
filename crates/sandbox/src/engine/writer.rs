//! The task that saves the world: a change is on disk about a tenth of a second later, and always at a
//! clean stop. What a crash can lose is that tenth of a second.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::Engine;
use crate::storage::{self, Storage};

/// Changes that come within this time are saved together.
const PAUSE_MIN: Duration = Duration::from_millis(50);
/// Saving takes at most about a fifth of the time, so a huge world is saved less often.
const PAUSE_PER_SAVE: u32 = 4;

impl Engine {
    /// Saves until `last_call`, and then once more. By then nothing may change the world any more.
    pub(crate) async fn write(self: Arc<Self>, storage: Storage, last_call: CancellationToken) {
        let storage = Arc::new(storage);
        let mut changes = self.changes.subscribe();
        // A new world is worth saving before anything happens in it.
        changes.mark_changed();
        loop {
            tokio::select! {
                () = last_call.cancelled() => break,
                // The sender lives as long as this engine.
                _ = changes.changed() => {}
            }
            let pause = self.save(&storage).await * PAUSE_PER_SAVE;
            let pause = pause.max(PAUSE_MIN);
            if tokio::time::timeout(pause, last_call.cancelled())
                .await
                .is_ok()
            {
                break;
            }
        }
        self.save(&storage).await;
    }

    /// Saves the world as it is now, and says how long that took. A full disk is reported and tried
    /// again with the next change.
    async fn save(&self, storage: &Arc<Storage>) -> Duration {
        let begun = Instant::now();
        let bytes = match self.read(storage::write) {
            Ok(bytes) => bytes,
            Err(error) => {
                tracing::error!(%error, "the world cannot be written down");
                return begun.elapsed();
            }
        };
        let storage = Arc::clone(storage);
        let saved = tokio::task::spawn_blocking(move || storage.save(&bytes)).await;
        match saved {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::error!(%error, cause, "the world was not saved");
            }
            Err(error) => tracing::error!(%error, "saving the world broke off"),
        }
        begun.elapsed()
    }
}
