//! Handing keys out, and taking them back.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::{LicenseKey, Status};
use crate::resource::benefit::{LicenseTerms, Lifetime, Timeframe};
use crate::resource::grant::{self, Grant};
use crate::world::{Id, World};

/// Makes the grant's key, or brings the one it has up to date: granted, with the benefit's present terms.
pub(crate) fn grant(
    world: &mut World,
    grant: &Grant,
    terms: &LicenseTerms,
    expires: Option<Lifetime>,
) -> Option<Id<LicenseKey>> {
    let organization = world.benefits.find(grant.benefit)?.organization;
    let now = world.stamp();
    let expires_at = expires.and_then(|lifetime| end_of(lifetime, now));
    let limit_activations = terms.activations.map(|activations| activations.limit);
    let known = grant::key_of(grant).and_then(|id| world.license_keys.find_mut(id));
    if let Some(key) = known {
        key.status = Status::Granted;
        key.expires_at = expires_at;
        key.limit_activations = limit_activations;
        key.limit_usage = terms.limit_usage;
        key.modified_at = Some(now);
        return Some(key.id);
    }
    let id = world.chance.id();
    let key = LicenseKey {
        id,
        created_at: now,
        modified_at: None,
        organization,
        customer: grant.customer,
        member: grant.member,
        benefit: grant.benefit,
        key: text(world, terms.prefix.as_deref()),
        status: Status::Granted,
        limit_activations,
        usage: 0,
        limit_usage: terms.limit_usage,
        validations: 0,
        last_validated_at: None,
        expires_at,
        activations: Vec::new(),
    };
    world.license_keys.insert(id, key);
    Some(id)
}

/// Ends a key; the same one lives again when the benefit is granted again.
pub(crate) fn revoke(world: &mut World, id: Id<LicenseKey>) {
    let now = world.stamp();
    if let Some(key) = world.license_keys.find_mut(id) {
        key.status = Status::Revoked;
        key.modified_at = Some(now);
    }
}

/// Lets the grant follow a key that the seller revoked or granted by hand.
pub(crate) fn follow(world: &mut World, id: Id<LicenseKey>) {
    let Some(status) = world.license_keys.find(id).map(|key| key.status) else {
        return;
    };
    grant::follow_key(world, id, status == Status::Granted);
}

/// New words for a key.
pub(super) fn text(world: &mut World, prefix: Option<&str>) -> String {
    let random = world.chance.uuid().to_string().to_uppercase();
    match prefix.map(str::trim).filter(|prefix| !prefix.is_empty()) {
        Some(prefix) => format!("{}-{random}", prefix.to_uppercase()),
        None => random,
    }
}

/// The end of a lifetime that begins now.
fn end_of(lifetime: Lifetime, from: Timestamp) -> Option<Timestamp> {
    let span = match lifetime.timeframe {
        Timeframe::Year => lifetime.ttl.years(),
        Timeframe::Month => lifetime.ttl.months(),
        Timeframe::Day => lifetime.ttl.days(),
    };
    let end = from.to_zoned(TimeZone::UTC).checked_add(span).ok()?;
    Some(end.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_are_calendar_spans() {
        let from: Timestamp = "2026-01-31T10:00:00Z".parse().unwrap();
        for (ttl, timeframe, expected) in [
            (30, Timeframe::Day, "2026-03-02T10:00:00Z"),
            (1, Timeframe::Month, "2026-02-28T10:00:00Z"),
            (1, Timeframe::Year, "2027-01-31T10:00:00Z"),
        ] {
            let end = end_of(Lifetime { ttl, timeframe }, from).unwrap();
            assert_eq!(end, expected.parse().unwrap());
        }
    }
}
