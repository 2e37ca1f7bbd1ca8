//! Whether many callers come at once, now or a moment ago: then others leave the machine to them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Calls of one commit from which on they are many.
const MANY: usize = 8;
/// How long it counts: between two commits of a crowd there are moments with nobody.
const MOMENT: Duration = Duration::from_millis(100);

/// When many were last there.
#[derive(Debug)]
pub(crate) struct Crowd {
    begun: Instant,
    /// Milliseconds since then, and one; 0 before there ever were many.
    last: AtomicU64,
}

impl Default for Crowd {
    fn default() -> Self {
        Self {
            begun: Instant::now(),
            last: AtomicU64::new(0),
        }
    }
}

impl Crowd {
    /// So many calls were taken together.
    pub(crate) fn came(&self, calls: usize) {
        if calls >= MANY {
            self.last.store(self.now() + 1, Ordering::Relaxed);
        }
    }

    /// Whether there are many now, or were a moment ago.
    pub(crate) fn was_there(&self) -> bool {
        let last = self.last.load(Ordering::Relaxed);
        let moment = u64::try_from(MOMENT.as_millis()).unwrap_or(u64::MAX);
        last > 0 && self.now() <= last.saturating_add(moment)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
