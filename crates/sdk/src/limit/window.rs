//! An exact sliding window, as places: taken when a request leaves, and free again a full stretch
//! after its answer came.
//!
//! Two requests that use the same place thus reach the server at least a stretch apart, however
//! long each travelled; so no stretch at the server ever holds more requests than there are places.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

use super::Rate;

/// No place stays taken longer, whatever the rate says.
const SPAN_MAX: Duration = Duration::from_hours(24 * 365);

/// No refusal holds back longer, whatever the server says.
const BLOCK_MAX: Duration = Duration::from_hours(1);

/// The requests of one asker in one zone.
#[derive(Debug)]
pub(super) struct Window {
    spans: Vec<Span>,
    in_flight: u32,
    blocked_until: Option<Instant>,
}

/// How long there is no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Wait {
    /// Until a place is free; at least so long, as answers that are still out decide.
    pub(super) place: Duration,
    /// Until the server's refusal is over.
    pub(super) block: Duration,
}

impl Wait {
    pub(super) fn longest(self) -> Duration {
        self.place.max(self.block)
    }
}

impl Window {
    pub(super) fn new(rates: &[Rate]) -> Self {
        Self {
            spans: rates.iter().map(|rate| Span::new(*rate)).collect(),
            in_flight: 0,
            blocked_until: None,
        }
    }

    /// Takes a place and says zero, or says how long to wait before asking again.
    pub(super) fn admit(&mut self, now: Instant) -> Duration {
        let wait = self.wait(now, 0).longest();
        if wait.is_zero() {
            self.in_flight += 1;
        }
        wait
    }

    /// How long a request has to wait that has so many waiting ahead of it.
    pub(super) fn wait(&mut self, now: Instant, ahead: u32) -> Wait {
        let in_flight = self.in_flight;
        let places = self.spans.iter_mut();
        Wait {
            place: places
                .map(|span| span.wait(now, in_flight, ahead))
                .max()
                .unwrap_or_default(),
            block: self
                .blocked_until
                .map_or(Duration::ZERO, |until| until.saturating_duration_since(now)),
        }
    }

    /// The answer came, or nobody waits for it any more.
    pub(super) fn answered(&mut self, now: Instant) {
        self.in_flight = self.in_flight.saturating_sub(1);
        for span in &mut self.spans {
            let free = now.checked_add(span.rate.per.min(SPAN_MAX));
            span.cooling.push_back(free.unwrap_or(now));
        }
    }

    /// The server refuses for so long.
    pub(super) fn block(&mut self, now: Instant, wait: Duration) {
        let until = now + wait.min(BLOCK_MAX);
        self.blocked_until = self.blocked_until.max(Some(until));
    }
}

/// One rate's places. Those of answered requests cool until the instants listed, in order: never
/// more than there are places.
#[derive(Debug)]
struct Span {
    rate: Rate,
    cooling: VecDeque<Instant>,
}

impl Span {
    fn new(rate: Rate) -> Self {
        let rate = Rate {
            requests: rate.requests.max(1),
            ..rate
        };
        Self {
            rate,
            cooling: VecDeque::new(),
        }
    }

    /// Places in the order they become free: those free now, those cooling, those whose answer is
    /// still out, which take a whole stretch at least. Who stands further back goes round again.
    fn wait(&mut self, now: Instant, in_flight: u32, ahead: u32) -> Duration {
        while self.cooling.front().is_some_and(|free_at| *free_at <= now) {
            self.cooling.pop_front();
        }
        let (round, turn) = (ahead / self.rate.requests, ahead % self.rate.requests);
        let cooling = u32::try_from(self.cooling.len()).unwrap_or(u32::MAX);
        let free = self
            .rate
            .requests
            .saturating_sub(in_flight.saturating_add(cooling));
        let first = match usize::try_from(turn.saturating_sub(free)) {
            _ if turn < free => Duration::ZERO,
            Ok(place) => self.cooling.get(place).map_or(self.rate.per, |free_at| {
                free_at.saturating_duration_since(now)
            }),
            Err(_) => self.rate.per,
        };
        first.saturating_add(self.rate.per.saturating_mul(round))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn licences() -> (Window, Instant) {
        (Window::new(&[Rate::per_second(3)]), Instant::now())
    }

    #[test]
    fn the_fourth_waits_until_a_second_after_the_first_was_answered() {
        let (mut window, start) = licences();
        for _ in 0..3 {
            assert_eq!(window.admit(start), Duration::ZERO);
        }
        window.answered(start + 40 * MS);
        window.answered(start + 70 * MS);
        assert_eq!(window.admit(start + 100 * MS), 940 * MS);
        assert_eq!(window.admit(start + 1039 * MS), MS);
        assert_eq!(window.admit(start + 1040 * MS), Duration::ZERO);
        assert_eq!(window.admit(start + 1040 * MS), 30 * MS);
    }

    #[test]
    fn an_answer_that_is_out_holds_its_place() {
        let (mut window, start) = licences();
        for _ in 0..3 {
            window.admit(start);
        }
        let much_later = start + 30_000 * MS;
        assert_eq!(window.admit(much_later), 1000 * MS);
        window.answered(much_later);
        assert_eq!(window.admit(much_later), 1000 * MS);
        assert_eq!(window.admit(much_later + 1000 * MS), Duration::ZERO);
    }

    #[test]
    fn whoever_stands_further_back_waits_longer() {
        let (mut window, start) = licences();
        window.admit(start);
        window.admit(start);
        window.answered(start);
        let waits = [0, 1, 2, 3, 4, 6].map(|ahead| window.wait(start, ahead).place / 1000);
        assert_eq!(waits, [0, 1, 1, 1, 2, 2].map(|seconds| seconds * MS));
    }

    #[test]
    fn the_tighter_of_two_rates_decides() {
        let rates = [Rate::per_minute(2), Rate::over(3, Duration::from_hours(1))];
        let (mut window, start) = (Window::new(&rates), Instant::now());
        let mut now = start;
        for minute in 0..3 {
            now = start + Duration::from_mins(minute);
            assert_eq!(window.admit(now), Duration::ZERO);
            window.answered(now);
        }
        assert_eq!(window.admit(now), Duration::from_mins(58));
    }

    #[test]
    fn a_refusal_holds_back_for_as_long_as_it_says_but_an_hour_at_most() {
        let (mut window, start) = licences();
        window.block(start, Duration::from_mins(1));
        window.block(start, Duration::from_secs(5));
        assert_eq!(window.wait(start, 0).block, Duration::from_mins(1));
        assert_eq!(window.admit(start + Duration::from_mins(1)), Duration::ZERO);
        window.block(start, Duration::MAX);
        assert_eq!(window.wait(start, 0).block, BLOCK_MAX);
    }

    /// Any requests, however long each travels: the server never sees too many at once.
    #[test]
    fn no_stretch_at_the_server_holds_more_than_the_rate() {
        let rate = Rate::per_second(3);
        let (mut window, start) = (Window::new(&[rate]), Instant::now());
        let (mut arrivals, mut answers) = (Vec::new(), Vec::<Instant>::new());
        let mut chance = 7_u32;
        let mut travel = |most: u32| {
            chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            MS * ((chance >> 8) % most)
        };
        for tick in 0..20_000 {
            let now = start + MS * tick;
            answers.retain(|answer| {
                let is_due = *answer <= now;
                if is_due {
                    window.answered(now);
                }
                !is_due
            });
            if window.admit(now).is_zero() {
                let there = now + travel(900);
                arrivals.push(there);
                answers.push(there + travel(300));
            }
        }
        arrivals.sort();
        assert!(arrivals.len() > 25, "{}", arrivals.len());
        for four in arrivals.windows(4) {
            assert!(four[3] - four[0] >= rate.per, "{four:?}");
        }
    }
}
