//! What configuration says about access itself.

use super::Healing;
use super::read::Reader;
use crate::entitlement::grace::Grace;

/// Who keeps access beyond what Polar says at the moment.
#[derive(Debug, Clone, Copy)]
pub struct Access {
    /// `POLARKIT_GRACE_DAYS`: how long a subscription that is past due keeps access.
    pub(crate) grace: Grace,
    /// `POLARKIT_STALE`: what is granted on old news.
    pub stale: Stale,
    /// `POLARKIT_CUSTOMERS_HELD`: customers whose access is held in memory.
    pub customers_held: u32,
}

/// What is granted when Polar cannot be asked and what is known grows old.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stale {
    /// Whatever was granted, however old that is.
    Open,
    /// Nothing, once it is so old that Polar would be asked.
    Closed,
    /// Whatever was granted, for so many hours.
    Hours(u32),
}

impl Access {
    pub(super) fn read(read: &mut Reader<'_>, healing: &Healing) -> Self {
        Self {
            grace: Grace::days(read.number_or_none("POLARKIT_GRACE_DAYS")),
            stale: read.stale(healing),
            customers_held: read.number("POLARKIT_CUSTOMERS_HELD", 100_000),
        }
    }

    pub(crate) fn customers_held(&self) -> usize {
        usize::try_from(self.customers_held).unwrap_or(usize::MAX)
    }

    /// The age, in seconds, beyond which nothing is granted.
    pub(crate) fn stale_after(&self, healing: &Healing) -> Option<i64> {
        match self.stale {
            Stale::Open => None,
            Stale::Closed => Some(i64::from(healing.recheck_minutes) * 60),
            Stale::Hours(hours) => Some(i64::from(hours) * 3600),
        }
    }
}

impl Reader<'_> {
    fn stale(&mut self, healing: &Healing) -> Stale {
        const NAME: &str = "POLARKIT_STALE";
        let word = self.get(NAME).unwrap_or("open").to_ascii_lowercase();
        match (word.as_str(), word.parse()) {
            ("open", _) => Stale::Open,
            ("closed", _) => {
                if !healing.reconcile {
                    let remedy = "leave POLARKIT_RECONCILE on: else what is true cannot be known";
                    self.fault(NAME, "is closed while Polar is never asked", remedy);
                }
                Stale::Closed
            }
            (_, Ok(hours)) if hours > 0 => Stale::Hours(hours),
            _ => {
                let remedy = "set it to open, to closed, or to a number of hours above 0";
                self.fault(NAME, "is no way to treat old news", remedy);
                Stale::Open
            }
        }
    }
}
