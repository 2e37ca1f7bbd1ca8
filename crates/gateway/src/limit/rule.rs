//! What is limited: whom, where, how many calls in how long.

use std::fmt;

/// Kinds of callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// By address; a /64 of IPv6 is one.
    Anonymous,
    /// By the subject of their token.
    User,
    /// By key.
    Server,
}

/// Kinds of routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// What is asked and changes nothing.
    Read,
    /// What changes something: checkouts, portal links, customers.
    Write,
    /// Whether something was paid, as return pages ask again and again.
    Confirm,
    /// Usage that is reported.
    Usage,
    /// Licences.
    License,
    /// What operators do: inbox, dead letters, reading back, subscribers.
    Admin,
}

impl Who {
    pub(crate) const ALL: [Self; 3] = [Self::Anonymous, Self::User, Self::Server];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::User => "user",
            Self::Server => "server",
        }
    }
}

impl Class {
    pub(crate) const ALL: [Self; 6] = [
        Self::Read,
        Self::Write,
        Self::Confirm,
        Self::Usage,
        Self::License,
        Self::Admin,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Confirm => "confirm",
            Self::Usage => "usage",
            Self::License => "license",
            Self::Admin => "admin",
        }
    }
}

/// So many calls in any window of so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) who: Who,
    pub(crate) class: Class,
    /// At least 1, and at most [`Limit::CALLS_MAX`].
    pub(crate) calls: u32,
    /// At least 1, and at most [`Limit::SECONDS_MAX`].
    pub(crate) seconds: u32,
}

impl Limit {
    /// Each call that counts is remembered: 8 bytes here, about 10 in Redis.
    pub(crate) const CALLS_MAX: u32 = 100_000;
    /// A day.
    pub(crate) const SECONDS_MAX: u32 = 86_400;

    /// The window, µs.
    pub(crate) fn window(&self) -> i64 {
        i64::from(self.seconds) * 1_000_000
    }
}

/// As settings name it.
impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (who, class) = (self.who.name(), self.class.name());
        write!(f, "{who}:{class}={}/{}s", self.calls, self.seconds)
    }
}
