//! Dated versions of Polar's API.

use std::{borrow::Cow, fmt};

/// The version of Polar's API that is asked for unless told otherwise: [`Version::PINNED`].
pub const API_VERSION: &str = "2026-10";

/// A version of Polar's API: the month it is named after.
///
/// Polar serves a few at a time. A version is the next one first and may change, then current,
/// then deprecated, then gone, three months each. A request that names none gets the current one,
/// so that what isn't pinned changes underfoot each quarter. Here every request names one:
/// [`Version::PINNED`], unless [`Builder::version`](crate::Builder::version) or the call's own
/// `api_version` says otherwise. One that Polar doesn't have, or no longer, is answered with 404.
///
/// ```
/// use polarkit::Version;
///
/// let newer_than_us = Version::from("2027-01");
/// assert!(Version::V2026_04 < Version::PINNED && Version::PINNED < newer_than_us);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(Cow<'static, str>);

impl Version {
    /// The version of April 2026.
    pub const V2026_04: Self = Self(Cow::Borrowed("2026-04"));

    /// The version of October 2026.
    pub const V2026_10: Self = Self(Cow::Borrowed("2026-10"));

    /// The newest the types were read from, which is gone last. The one before differs from it in
    /// nothing but its name.
    pub const PINNED: Self = Self(Cow::Borrowed(API_VERSION));

    /// Those the types were read from, oldest first.
    pub const KNOWN: [Self; 2] = [Self::V2026_04, Self::V2026_10];

    /// As it stands in the header.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Version {
    fn default() -> Self {
        Self::PINNED
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Version {
    fn from(text: &str) -> Self {
        Self(text.to_owned().into())
    }
}

impl From<String> for Version {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}
