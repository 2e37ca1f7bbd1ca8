//! Seats: somebody's place in what was bought for many. Pure.
//!
//! A seat grants while it is claimed and what it was bought with grants. Polar takes the seats of a
//! subscription back when it ends, rests or is not paid for, each by a word of its own; that word may
//! be late, or lost, so the purchase is looked at as well.

use std::collections::BTreeMap;

use polarkit_store::Entitlement;

use super::derive::{Detail, Ground, Told, row};
use super::essence::Seat;
use super::grace::Patience;

/// The reasons that seats are, to be asked for by their product.
///
/// A seat of something nobody told of yet is a seat of no product, and no reason: its customer is
/// doubted, and read back. One without a member, as organizations have them that are older than
/// Polar's member model, is none either; unless it was taken back, which is said all the same.
pub(super) fn seats(
    own: BTreeMap<&str, Told<Seat>>,
    patience: &BTreeMap<&str, Patience>,
    rows: &mut Vec<Entitlement>,
) {
    let mut seats = Vec::new();
    let own = own.into_iter();
    for (id, Told { at, what: seat, .. }) in
        own.filter(|(_, told)| told.what.member.is_some() || told.what.is_revoked())
    {
        let Some(bought) = rows.iter().find(|row| row.source == purchase(&seat)) else {
            continue;
        };
        let subscription = seat.subscription_id.as_deref();
        // Only the grace of a subscription bounds what it grants in time.
        let waits = subscription.filter(|_| bought.expires_at.is_some());
        let waits = waits.and_then(|id| patience.get(id));
        let ground = match waits.filter(|waits| waits.covers_seat(&seat)) {
            Some(waits) => Ground {
                granted: true,
                reason: "grace",
                at,
                expires_at: Some(waits.until),
                detail: of_seat(&seat),
            },
            None => ground(&seat, at, bought),
        };
        seats.push(row(&format!("seat:{id}"), "seat", &bought.target, &ground));
    }
    rows.extend(seats);
}

/// The reason that what a seat was bought with is.
fn purchase(seat: &Seat) -> String {
    match (&seat.subscription_id, &seat.order_id) {
        (Some(id), _) => format!("subscription:{id}"),
        (None, Some(id)) => format!("order:{id}"),
        (None, None) => String::new(),
    }
}

fn ground<'a>(seat: &'a Seat, at: i64, bought: &'a Entitlement) -> Ground<'a> {
    let ended = seat.is_claimed() && !bought.granted;
    Ground {
        granted: seat.is_claimed() && bought.granted,
        reason: if ended { &bought.reason } else { &seat.status },
        at: if ended { bought.changed_at } else { at },
        expires_at: None,
        detail: of_seat(seat),
    }
}

fn of_seat(seat: &Seat) -> Detail {
    let member = seat.member.as_ref();
    Detail {
        member_id: member.map(|member| member.id.clone()),
        external_member_id: member.and_then(|member| member.external_id.clone()),
        ..Detail::default()
    }
}
