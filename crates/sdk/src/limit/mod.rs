//! Polar's rate limits, kept on this side so that its own never bite.

mod limiter;
mod window;
mod zone;

use std::time::Duration;

use crate::server::Server;

pub(crate) use self::limiter::{Limiter, Patience, Place};

/// How many requests may go out in any stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// So many at most; 0 counts as 1.
    pub requests: u32,
    /// In any stretch this long, wherever it begins.
    pub per: Duration,
}

impl Rate {
    /// So many in any second.
    pub const fn per_second(requests: u32) -> Self {
        Self::over(requests, Duration::from_secs(1))
    }

    /// So many in any minute.
    pub const fn per_minute(requests: u32) -> Self {
        Self::over(requests, Duration::from_mins(1))
    }

    /// So many in any stretch of that length.
    pub const fn over(requests: u32, per: Duration) -> Self {
        Self { requests, per }
    }
}

/// The limits a client keeps to. Chosen by its [`Server`] unless [`Builder::limits`] tells
/// otherwise.
///
/// Polar counts by who asks: a token's owner, or the address when there is none. So does the
/// client, token by token (the last 1,024 of them); clones share one count. A request that finds
/// no room waits for its turn, first come, first served. The wait counts against
/// [`Retry::total_max`], and one that could not end in time fails at once with
/// [`Error::HeldBack`]. What Polar refuses nevertheless (other processes may use the same token)
/// holds every clone back for as long as it says, an hour at most.
///
/// | requests | production | sandbox |
/// |---|---|---|
/// | in general | 500/min | 100/min |
/// | to the public licence routes | 3/s | 3/s |
/// | to confirm a checkout | 6/min, 20/h | 6/min, 20/h |
/// | to change a customer's e-mail address | 6/min, 12/h | 6/min, 12/h |
///
/// Polar refuses everything of the licence routes for 60 s once 3/s are exceeded. A request
/// therefore counts until a second after it was *answered*: however long it travelled, Polar
/// never sees a fourth.
///
/// One limit is not kept to: a token that Polar has not accepted in the last five minutes may ask
/// 60 times a minute. Who sends more than 60 calls before the first is answered runs into it; the
/// refusal holds every clone back, as any does, and what may be repeated is tried again.
///
/// [`Builder::limits`]: crate::Builder::limits
/// [`Retry::total_max`]: crate::Retry::total_max
/// [`Error::HeldBack`]: crate::Error::HeldBack
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// What holds for every request that has no limit of its own.
    pub general: Option<Rate>,
    /// Whether the routes with limits of their own are held to them.
    pub special: bool,
}

impl Limits {
    /// Those of the real Polar.
    pub const fn production() -> Self {
        Self::none().general(Rate::per_minute(500)).special(true)
    }

    /// Those of Polar's public sandbox.
    pub const fn sandbox() -> Self {
        Self::none().general(Rate::per_minute(100)).special(true)
    }

    /// No limits, and a refusal holds nobody back but whom it met.
    pub const fn none() -> Self {
        Self {
            general: None,
            special: false,
        }
    }

    /// Those of a server. One that is neither of Polar's has none.
    pub const fn of(server: &Server) -> Self {
        match server {
            Server::Production => Self::production(),
            Server::Sandbox => Self::sandbox(),
            Server::At(_) => Self::none(),
        }
    }

    /// Another general rate, such as that of an organization Polar grants more.
    #[must_use]
    pub const fn general(mut self, rate: Rate) -> Self {
        self.general = Some(rate);
        self
    }

    /// Whether the routes with limits of their own are held to them.
    #[must_use]
    pub const fn special(mut self, special: bool) -> Self {
        self.special = special;
        self
    }
}
