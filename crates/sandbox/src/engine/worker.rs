//! The background task: it works off what is due, soon after the call that caused it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Engine;
use crate::world::World;

/// Quiet work waits until nothing has happened for so long.
const LULL: Duration = Duration::from_millis(30);
/// But no longer than this, however busy it is.
const LULL_PATIENCE: Duration = Duration::from_secs(1);
/// The longest sleep, so that a wall clock that was set is noticed.
const NAP_MAX: Duration = Duration::from_secs(30);

impl Engine {
    /// Works until the sandbox stops.
    pub(crate) async fn work(self: Arc<Self>) {
        let mut last_lull = Instant::now();
        loop {
            let nap = self.work_due();
            self.send_due();
            let rung = tokio::time::timeout(nap, self.bell.notified());
            tokio::select! {
                () = self.stop.cancelled() => return,
                rung = rung => if rung.is_err() || last_lull.elapsed() > LULL_PATIENCE {
                    self.work_everything();
                    last_lull = Instant::now();
                },
            }
        }
    }

    /// Does everything there is to do now, without waiting for a lull.
    pub(super) fn work_everything(&self) {
        let mut worked = false;
        let mut world = self.lock();
        while work(&mut world) || work_quietly(&mut world) {
            worked = true;
        }
        drop(world);
        self.tell_if(worked);
    }

    /// Does what is due and says how long to sleep afterwards.
    fn work_due(&self) -> Duration {
        let mut worked = false;
        let mut world = self.lock();
        while work(&mut world) {
            worked = true;
        }
        let nap = nap(&world);
        if !self.kept {
            world.forget_changes();
        }
        drop(world);
        self.tell_if(worked);
        nap
    }

    pub(super) fn tell_if(&self, worked: bool) {
        if worked {
            self.tell();
        }
    }
}

/// Runs the next job that is due; `false` when there is none.
pub(super) fn work(world: &mut World) -> bool {
    survive(|| world.work())
}

fn work_quietly(world: &mut World) -> bool {
    survive(|| world.work_quietly())
}

/// A job that breaks is gone and said; the others go on.
fn survive(work: impl FnOnce() -> bool) -> bool {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        tracing::error!("a background job broke off: this is a bug of the sandbox");
        true
    })
}

fn nap(world: &World) -> Duration {
    if world.agenda.has_quiet() {
        return LULL;
    }
    let Some(due) = world.next_date() else {
        return NAP_MAX;
    };
    let wait = due.duration_since(world.now());
    Duration::try_from(wait)
        .unwrap_or_default()
        .clamp(LULL, NAP_MAX)
}
