//! Grace: how long a customer keeps access after a renewal could not be charged. Pure.
//!
//! Polar takes a subscription that is past due out of the customer's state, and its grants with it;
//! so grace follows from the subscription's own words, whatever the state leaves out. A payment that
//! recovers lifts it, and the end of the subscription ends it, each by those same words.

use jiff::{SignedDuration, Timestamp};

use super::essence::{Grant, Seat, Subscription};

/// How long access outlives the moment a subscription became past due; nothing by default.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Grace(SignedDuration);

/// A subscription's grace, from and until when (µs of Polar's time).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Patience {
    since: Timestamp,
    pub(super) until: i64,
}

impl Grace {
    pub(crate) fn days(days: u32) -> Self {
        Self(SignedDuration::from_hours(24 * i64::from(days)))
    }

    /// Whose subscription is past due is waited for, though never beyond its announced end.
    pub(super) fn of(self, subscription: &Subscription) -> Option<Patience> {
        if self.0.is_zero() || subscription.status != "past_due" {
            return None;
        }
        let since = subscription.past_due_at?;
        let until = since.checked_add(self.0).unwrap_or(Timestamp::MAX);
        let until = subscription.ends_at.map_or(until, |ends| until.min(ends));
        Some(Patience {
            since,
            until: until.as_microsecond(),
        })
    }
}

impl Patience {
    /// Whether a grant that is no longer given was given up to when its subscription became past
    /// due: one that was taken away before has nothing to do with it.
    pub(super) fn covers(self, grant: &Grant) -> bool {
        if grant.is_revoked {
            grant.revoked_at.is_some_and(|at| at >= self.since)
        } else {
            grant.is_granted
        }
    }

    /// The same of a seat: one that nobody took gives nothing to wait for, also when it still says
    /// when somebody else had it.
    pub(super) fn covers_seat(self, seat: &Seat) -> bool {
        let had = seat.is_revoked() && seat.claimed_at.is_some() && seat.member.is_some();
        let taken_back = seat.revoked_at.is_some_and(|at| at >= self.since);
        seat.is_claimed() || (had && taken_back)
    }
}
