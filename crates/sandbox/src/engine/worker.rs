//! The background task: it works off what is due, soon after the call that caused it.

use std::time::Duration;

use super::Engine;

/// Quiet work waits until nothing has happened for so long.
const LULL: Duration = Duration::from_millis(30);
/// The longest sleep, so that a wall clock that was set is noticed.
const NAP_MAX: Duration = Duration::from_secs(30);

impl Engine {
    /// Works until the sandbox stops.
    pub(crate) async fn work(&self) {
        loop {
            let nap = self.work_once();
            let rung = tokio::time::timeout(nap, self.bell.notified());
            tokio::select! {
                () = self.stop.cancelled() => return,
                rung = rung => if rung.is_err() {
                    self.work_quietly();
                },
            }
        }
    }

    /// Does what is due and says how long to sleep afterwards.
    fn work_once(&self) -> Duration {
        let mut world = self.lock();
        while world.work() {}
        if world.agenda.has_quiet() {
            return LULL;
        }
        let Some(due) = world.agenda.next_date() else {
            return NAP_MAX;
        };
        let wait = due.duration_since(world.now());
        Duration::try_from(wait)
            .unwrap_or_default()
            .clamp(LULL, NAP_MAX)
    }

    fn work_quietly(&self) {
        let mut world = self.lock();
        while world.work() || world.work_quietly() {}
    }
}
