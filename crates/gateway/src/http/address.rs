//! Where a call comes from.

use std::net::IpAddr;

use axum::extract::{ConnectInfo, FromRequestParts};
use http::request::Parts;

use crate::gateway::Gateway;
use crate::problem::Problem;

/// Whom an address stands for: a household or server has a whole /64 of IPv6 addresses.
pub(super) fn network(address: IpAddr) -> IpAddr {
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
