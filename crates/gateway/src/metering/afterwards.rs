//! What goes on when an answer is over: uses being written down, answers being read on.

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What a gateway waits for before it ends.
#[derive(Debug, Default)]
pub(crate) struct Afterwards {
    /// Uses being written down.
    pub(super) writing: TaskTracker,
    /// Answers being read to their end although their reader left.
    pub(super) reading: TaskTracker,
    /// No time is left to read on.
    pub(super) enough: CancellationToken,
}

impl Afterwards {
    /// Reads nothing on, and waits until everything that was used is written down.
    pub(crate) async fn land(&self) {
        self.enough.cancel();
        self.reading.close();
        self.reading.wait().await;
        self.writing.close();
        self.writing.wait().await;
    }
}
