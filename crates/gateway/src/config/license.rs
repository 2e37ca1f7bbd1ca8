//! What configuration says about licences.

use super::read::Reader;

/// How long what is known of a licence is believed.
#[derive(Debug, Clone, Copy)]
pub struct Licenses {
    /// `POLARKIT_LICENSE_FRESH_SECONDS`: how long a valid licence is answered without asking again.
    pub fresh_seconds: u32,
    /// `POLARKIT_LICENSE_STALE_HOURS`: how long it stays valid while Polar cannot be asked.
    pub stale_hours: u32,
}

impl Licenses {
    pub(super) fn read(read: &mut Reader<'_>) -> Self {
        Self {
            fresh_seconds: read.number("POLARKIT_LICENSE_FRESH_SECONDS", 60),
            stale_hours: read.number("POLARKIT_LICENSE_STALE_HOURS", 24),
        }
    }
}
