//! The end of a session's day. Sweeps go round at every quarter of an hour.

use jiff::tz::TimeZone;
use jiff::{RoundMode, Timestamp, Unit, ZonedRound};

use super::{Checkout, CheckoutStatus, announce};
use crate::world::{Id, World};

/// Expires an open session whose time is up.
pub(crate) fn run(world: &mut World, id: Id<Checkout>) {
    let now = world.stamp();
    let Some(row) = world.checkouts.find_mut(id) else {
        return;
    };
    if row.status != CheckoutStatus::Open || row.expires_at > now {
        return;
    }
    row.status = CheckoutStatus::Expired;
    row.modified_at = Some(now);
    announce::announce(world, id, "expired");
}

/// The first sweep at or after `moment`.
pub(super) fn sweep_after(moment: Timestamp) -> Timestamp {
    let quarter = ZonedRound::new()
        .smallest(Unit::Minute)
        .increment(15)
        .mode(RoundMode::Ceil);
    moment
        .to_zoned(TimeZone::UTC)
        .round(quarter)
        .map_or(moment, |sweep| sweep.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sweeps_go_round_at_quarters_of_an_hour() {
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        assert_eq!(
            sweep_after(at("2026-01-01T10:00:00Z")),
            at("2026-01-01T10:00:00Z")
        );
        assert_eq!(
            sweep_after(at("2026-01-01T10:00:01Z")),
            at("2026-01-01T10:15:00Z")
        );
        assert_eq!(
            sweep_after(at("2026-01-01T23:59:59Z")),
            at("2026-01-02T00:00:00Z")
        );
    }
}
