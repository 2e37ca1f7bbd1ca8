//! How often one address may call without credentials: a token bucket each, refused calls free.
//! Nodes that share a Redis count together; without it, each counts what it sees.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use axum::extract::{ConnectInfo, FromRequestParts};
use http::request::Parts;
use jiff::{SignedDuration, Timestamp};

use crate::gateway::Gateway;
use crate::problem::{Code, Problem};
use crate::shared::Shared;
use crate::shared::turn::Turn;

/// Addresses remembered at once; beyond it those with a full bucket are forgotten, then all.
const ADDRESSES_MAX: usize = 65_536;

/// For each address, when its bucket will be full again.
///
/// One instant says it all: a call takes one interval from the bucket by moving the instant on.
#[derive(Debug)]
pub(crate) struct Limit {
    interval: SignedDuration,
    burst: SignedDuration,
    full_at: Mutex<HashMap<IpAddr, Timestamp>>,
}

impl Limit {
    /// `per_minute` calls, all of which may come at once.
    pub(crate) fn per_minute(per_minute: u32) -> Self {
        let interval = SignedDuration::from_mins(1) / i32::try_from(per_minute).unwrap_or(i32::MAX);
        Self {
            interval,
            burst: SignedDuration::from_mins(1),
            full_at: Mutex::default(),
        }
    }

    /// Takes one call, or says how long until there is one.
    pub(crate) async fn take(
        &self,
        shared: &Shared,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<(), SignedDuration> {
        let address = network(address);
        let line = format!("anonymous {address}");
        let most = self.burst - self.interval;
        if let Some(Turn::TooFar(ahead)) = shared.turn(&line, self.interval, most).await {
            return Err(ahead - most);
        }
        self.take_own(address, now)
    }

    /// The same of this node's own count, which holds when Redis has lost its memory, too.
    fn take_own(&self, address: IpAddr, now: Timestamp) -> Result<(), SignedDuration> {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if full_at.len() >= ADDRESSES_MAX && !full_at.contains_key(&address) {
            full_at.retain(|_, full| *full > now);
            if full_at.len() >= ADDRESSES_MAX {
                full_at.clear();
            }
        }
        let start = full_at.get(&address).copied().unwrap_or(now).max(now);
        let after = start
            .saturating_add(self.interval)
            .unwrap_or(Timestamp::MAX);
        let wait = after.duration_since(now) - self.burst;
        if wait.is_positive() {
            return Err(wait);
        }
        full_at.insert(address, after);
        Ok(())
    }
}

/// Whom an address stands for: a household or server has a whole /64 of IPv6 addresses.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// The caller's address: the socket's, or what the proxy in front says where configuration trusts
/// it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Address(pub(crate) IpAddr);

impl FromRequestParts<Gateway> for Address {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Gateway) -> Result<Self, Problem> {
        if state.config.trust_forwarded_for
            // The last is what our own proxy added, to the last line or as one of its own; all
            // before it is whatever the caller wrote.
            && let Some(header) = parts.headers.get_all("x-forwarded-for").iter().next_back()
            && let Some(last) = header.to_str().unwrap_or_default().rsplit(',').next()
            && let Ok(address) = last.trim().parse()
        {
            return Ok(Self(address));
        }
        let socket = parts.extensions.get::<ConnectInfo<std::net::SocketAddr>>();
        let unspecified = IpAddr::from([0, 0, 0, 0]);
        Ok(Self(socket.map_or(unspecified, |socket| socket.0.ip())))
    }
}

/// The refusal, with when to try again.
pub(crate) fn refusal(wait: SignedDuration) -> Problem {
    let seconds = u64::try_from(wait.as_secs()).unwrap_or_default() + 1;
    Problem::new(Code::RateLimited, "Too many requests from this address").retry_after(seconds)
}
