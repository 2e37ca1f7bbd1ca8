//! What configuration says about access itself.

use super::read::Reader;
use crate::entitlement::grace::Grace;

/// Who keeps access beyond what Polar says at the moment.
#[derive(Debug, Clone, Copy)]
pub struct Access {
    /// `POLARKIT_GRACE_DAYS`: how long a subscription that is past due keeps access.
    pub(crate) grace: Grace,
}

impl Access {
    pub(super) fn read(read: &mut Reader<'_>) -> Self {
        Self {
            grace: Grace::days(read.number_or_none("POLARKIT_GRACE_DAYS")),
        }
    }
}
