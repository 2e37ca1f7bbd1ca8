//! When to try again, and when to leave a subscriber in peace. Pure.
//!
//! After [`FAILURES_MAX`] failures in a row the breaker opens: nothing is sent for a while. Then
//! one delivery goes ahead as a probe. When it is taken, everything flows again; when not, the rest
//! is twice as long.

use jiff::{SignedDuration, Timestamp};
use polarkit_store::Standing;

/// Failures in a row that open the breaker.
pub(crate) const FAILURES_MAX: i64 = 5;
/// The first rest of an open breaker.
const REST: SignedDuration = SignedDuration::from_secs(30);
const REST_MAX: SignedDuration = SignedDuration::from_mins(30);
/// The wait after a delivery's first failure.
const WAIT: SignedDuration = SignedDuration::from_secs(5);
const WAIT_MAX: SignedDuration = SignedDuration::from_hours(6);
/// A receiver that asks for a longer wait gets this one.
const RETRY_AFTER_MAX: SignedDuration = SignedDuration::from_hours(24);

/// Whether a subscriber gets anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Breaker {
    /// It gets what is due.
    Closed,
    /// It gets nothing for now.
    Open,
    /// It gets one delivery, to see.
    HalfOpen,
}

impl Breaker {
    pub(crate) fn of(standing: &Standing, now: Timestamp) -> Self {
        if standing.failures < FAILURES_MAX {
            Self::Closed
        } else if standing.rest_until > now.as_microsecond() {
            Self::Open
        } else {
            Self::HalfOpen
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

/// How a subscriber stands after one more failure.
pub(crate) fn after_failure(
    before: Standing,
    now: Timestamp,
    retry_after: Option<SignedDuration>,
    chance: u64,
) -> Standing {
    let mut after = before;
    after.failures += 1;
    // What was under way when the breaker opened says nothing new.
    if after.failures >= FAILURES_MAX && before.rest_until <= now.as_microsecond() {
        after.trips += 1;
        let rest = spread(doubled(REST, after.trips - 1, REST_MAX), chance);
        after.rest_until = later(now, rest);
    }
    if let Some(asked) = retry_after {
        let asked = later(now, asked.min(RETRY_AFTER_MAX));
        after.rest_until = after.rest_until.max(asked);
    }
    after
}

/// When a delivery that failed so often may be tried again, µs.
pub(crate) fn due_again(
    tries: i64,
    now: Timestamp,
    retry_after: Option<SignedDuration>,
    chance: u64,
) -> i64 {
    let wait = spread(doubled(WAIT, tries - 1, WAIT_MAX), chance);
    let asked = retry_after.unwrap_or_default().min(RETRY_AFTER_MAX);
    later(now, wait.max(asked))
}

/// Something between half of it and all of it, so that what failed together doesn't come together.
fn spread(wait: SignedDuration, chance: u64) -> SignedDuration {
    let half = wait.as_micros() / 2;
    let part = i128::from(chance) % (half + 1);
    SignedDuration::from_micros(i64::try_from(half + part).unwrap_or(i64::MAX))
}

fn doubled(first: SignedDuration, times: i64, most: SignedDuration) -> SignedDuration {
    let factor = 1_i32 << times.clamp(0, 20);
    first.checked_mul(factor).unwrap_or(most).min(most)
}

fn later(now: Timestamp, wait: SignedDuration) -> i64 {
    now.checked_add(wait)
        .unwrap_or(Timestamp::MAX)
        .as_microsecond()
}

/// A number nobody can foresee, or 0 where the system has none to give.
pub(crate) fn chance() -> u64 {
    getrandom::u64().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_within_bounds_and_are_spread() {
        let now = Timestamp::UNIX_EPOCH;
        for (tries, longest) in [
            (1, 5),
            (2, 10),
            (3, 20),
            (13, 20_480),
            (14, 21_600),
            (99, 21_600),
        ] {
            let seconds = |chance| due_again(tries, now, None, chance) / 1_000_000;
            let half = longest * 1_000_000 / 2;
            assert_eq!(due_again(tries, now, None, 0), half, "{tries}");
            let most = u64::try_from(half).unwrap();
            assert_eq!(seconds(most), longest, "{tries}");
        }
        let hour = Some(SignedDuration::from_hours(1));
        assert_eq!(due_again(1, now, hour, 7), 3_600_000_000);
        let year = Some(SignedDuration::from_hours(24 * 365));
        assert_eq!(due_again(1, now, year, 7), 86_400_000_000);
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_rests_longer_each_time() {
        let mut now = Timestamp::UNIX_EPOCH;
        let mut standing = Standing::default();
        for _ in 1..FAILURES_MAX {
            standing = after_failure(standing, now, None, 0);
            assert_eq!(Breaker::of(&standing, now), Breaker::Closed);
        }
        for rest in [15, 30, 60, 120, 240, 480, 900, 900] {
            standing = after_failure(standing, now, None, 0);
            assert_eq!(Breaker::of(&standing, now), Breaker::Open);
            let late = after_failure(standing, now, None, 0);
            assert_eq!(
                late.rest_until, standing.rest_until,
                "one under way adds nothing"
            );
            now = now.checked_add(SignedDuration::from_secs(rest)).unwrap();
            assert_eq!(standing.rest_until, now.as_microsecond());
            assert_eq!(Breaker::of(&standing, now), Breaker::HalfOpen);
        }
    }
}
