//! One caller's calls of the last window. `shared/window.lua` is the same rule.

use std::collections::VecDeque;

use jiff::SignedDuration;

use super::Standing;
use super::rule::Limit;

/// When each admitted call came, oldest first, µs; never more than the limit.
#[derive(Debug, Default)]
pub(super) struct Window(VecDeque<i64>);

impl Window {
    /// How many calls are remembered.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// How the caller stands; calls that have left the window are let go of.
    pub(super) fn look(&mut self, limit: &Limit, now: i64) -> Standing {
        let at = self.at(limit, now);
        let over = |call: &i64| at - call >= limit.window();
        while self.0.front().is_some_and(over) {
            self.0.pop_front();
        }
        // A burst of before takes no room for ever.
        if self.0.capacity() > 4 * self.0.len().max(4) {
            self.0.shrink_to(2 * self.0.len());
        }
        self.standing(limit, now, false)
    }

    /// Counts a call that is admitted.
    pub(super) fn note(&mut self, limit: &Limit, now: i64) -> Standing {
        let at = self.at(limit, now);
        if self.standing(limit, now, false).left == 0 {
            // Admitted by the count of all nodes.
            self.0.pop_front();
        }
        self.0.push_back(at);
        self.standing(limit, now, true)
    }

    /// When a call counts as made: after those before it, though clocks step back. One that stepped
    /// back by more than a window makes all calls forgotten: nobody waits for it.
    fn at(&mut self, limit: &Limit, now: i64) -> i64 {
        let newest = self.0.back().copied().unwrap_or(now);
        if newest.saturating_sub(now) >= limit.window() {
            self.0.clear();
            return now;
        }
        newest.max(now)
    }

    fn standing(&self, limit: &Limit, now: i64, taken: bool) -> Standing {
        let counted = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        let oldest = self.0.front().copied().unwrap_or(now);
        Standing {
            taken,
            left: limit.calls.saturating_sub(counted),
            next_in: SignedDuration::from_micros(oldest + limit.window() - now),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::rule::{Class, Who};
    use super::*;

    const SECOND: i64 = 1_000_000;

    fn limit(calls: u32, seconds: u32) -> Limit {
        Limit {
            who: Who::User,
            class: Class::Write,
            calls,
            seconds,
        }
    }

    fn take(window: &mut Window, limit: &Limit, now: i64) -> Standing {
        let standing = window.look(limit, now);
        if standing.left == 0 {
            return standing;
        }
        window.note(limit, now)
    }

    /// D-13: the guide's limiter let 5,000 of 5,000 calls of one second through a limit of 10.
    #[test]
    fn within_one_second_every_call_counts() {
        let (mut window, limit) = (Window::default(), limit(10, 60));
        let calls = (0..5_000).filter(|micro| take(&mut window, &limit, *micro).taken);
        assert_eq!(calls.count(), 10);
        let same_instant = (0..11).filter(|_| take(&mut window, &limit, 100 * SECOND).taken);
        assert_eq!(same_instant.count(), 10);
    }

    /// D-13 again: a steady caller above the guide's limit never got through any more.
    #[test]
    fn refused_calls_do_not_lengthen_the_wait() {
        let (mut window, limit) = (Window::default(), limit(3, 5));
        let taken = |second: &i64| take(&mut window, &limit, second * SECOND).taken;
        let taken: Vec<i64> = (0..15).filter(taken).collect();
        assert_eq!(taken, [0, 1, 2, 5, 6, 7, 10, 11, 12]);
    }

    #[test]
    fn a_clock_that_steps_back_locks_nobody_out() {
        let (mut window, limit) = (Window::default(), limit(2, 60));
        let hour = 3_600 * SECOND;
        for _ in 0..2 {
            assert!(take(&mut window, &limit, hour).taken);
        }
        let refused = take(&mut window, &limit, hour - 5 * SECOND);
        assert_eq!((refused.taken, refused.next_in.as_secs()), (false, 65));
        assert!(take(&mut window, &limit, 0).taken);
    }

    #[test]
    fn a_burst_of_before_takes_no_room() {
        let (mut window, limit) = (Window::default(), limit(100_000, 1));
        for _ in 0..100_000 {
            take(&mut window, &limit, 0);
        }
        take(&mut window, &limit, SECOND);
        assert!(window.0.capacity() < 100, "{}", window.0.capacity());
    }

    proptest! {
        /// Beside a list of everything that was ever admitted, at any times.
        #[test]
        fn it_admits_what_a_look_at_every_call_admits(
            calls in 1_u32..8,
            seconds in 1_u32..4,
            steps in vec(prop_oneof![Just(0), 1_i64..20, 0..3 * SECOND], 1..200),
        ) {
            let limit = limit(calls, seconds);
            let mut window = Window::default();
            let (mut now, mut admitted) = (0, Vec::<i64>::new());
            for step in steps {
                now += step;
                let counted = |admitted: &[i64]| {
                    let counted = admitted.iter().filter(|at| now - **at < limit.window());
                    counted.copied().collect::<Vec<_>>()
                };
                let fits = counted(&admitted).len() < usize::try_from(calls).unwrap();
                if fits {
                    admitted.push(now);
                }
                let counted = counted(&admitted);
                let expected = Standing {
                    taken: fits,
                    left: calls - u32::try_from(counted.len()).unwrap(),
                    next_in: SignedDuration::from_micros(counted[0] + limit.window() - now),
                };
                prop_assert_eq!(take(&mut window, &limit, now), expected);
            }
        }
    }
}
