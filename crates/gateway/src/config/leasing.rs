//! What configuration says about leases of licences that machines hold offline.

use std::sync::Arc;

use polarkit_model::Secret;

use super::read::Reader;
use crate::license::lease::Signer;

/// The longest any lease, or its renewal without Polar, may be: a year.
const HOURS_MAX: u32 = 24 * 366;

/// How leases are signed, and how long they are.
#[derive(Debug, Clone)]
pub struct Leasing {
    /// `POLARKIT_LEASE_KEYS`: the first signs, all verify; without any there are no leases.
    pub(crate) signer: Option<Arc<Signer>>,
    /// `POLARKIT_LEASE_HOURS`: the longest lease, and the usual one.
    pub hours: u32,
    /// `POLARKIT_LEASE_GRACE_HOURS`: how long after Polar last called a licence valid a machine that
    /// had a lease may renew it while Polar is away.
    pub grace_hours: u32,
    /// `POLARKIT_LEASE_RECHECK_MINUTES`: how often Polar is asked about licences with leases.
    pub recheck_minutes: u32,
}

impl Leasing {
    pub(super) fn read(read: &mut Reader<'_>) -> Self {
        Self {
            signer: read.lease_keys().map(Arc::new),
            hours: read.lease_hours("POLARKIT_LEASE_HOURS", 72),
            grace_hours: read.lease_hours("POLARKIT_LEASE_GRACE_HOURS", 168),
            recheck_minutes: read.number("POLARKIT_LEASE_RECHECK_MINUTES", 60),
        }
    }
}

impl Reader<'_> {
    fn lease_keys(&mut self) -> Option<Signer> {
        const NAME: &str = "POLARKIT_LEASE_KEYS";
        let keys = self.list(NAME);
        if keys.is_empty() {
            return None;
        }
        let signer = Signer::of(keys.into_iter().map(Secret::from));
        if signer.is_err() {
            let remedy = "make keys with `polarkit keys lease-new`; while one replaces another, \
                 give both separated by commas, the new one first";
            self.fault(NAME, "holds something that is no Ed25519 key", remedy);
        }
        signer.ok()
    }

    fn lease_hours(&mut self, name: &'static str, default: u32) -> u32 {
        let hours = self.number(name, default);
        if hours > HOURS_MAX {
            self.fault(name, "is too long", "set it to 8784 hours, a year, at most");
        }
        hours
    }
}
