//! Ctrl-C and SIGTERM end a server in order; a second Ctrl-C ends it at once.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A token that is cancelled when the process is asked to stop.
pub(crate) fn on_signal(tasks: &TaskTracker) -> io::Result<CancellationToken> {
    let stop = CancellationToken::new();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let asked = stop.clone();
    tasks.spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            () = asked.cancelled() => {}
        }
        asked.cancel();
        tracing::info!("stopping");
    });
    Ok(stop)
}
