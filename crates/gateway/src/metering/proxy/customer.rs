//! Whose request it is: by a token we verified, or on the word of a proxy we were told to trust.
//! What a stranger writes into a header is nobody's word.

use std::net::SocketAddr;

use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::Parts;
use crate::jwt;

impl Parts {
    /// Whether this is a proxy whose word is taken.
    pub(super) fn trusts(&self, peer: SocketAddr) -> bool {
        let address = peer.ip().to_canonical();
        let mut networks = self.settings.trust_networks.iter();
        networks.any(|network| network.contains(&address))
    }

    /// The customer, where it is sure. A token, which cannot be forged, goes before a header.
    pub(super) fn customer(&self, headers: &HeaderMap, trusted: bool) -> Option<String> {
        let named = || {
            let header = self.settings.customer_header.as_ref().filter(|_| trusted)?;
            let mut values = headers.get_all(header).iter();
            // Of two that differ, one was written by the caller.
            match (values.next(), values.next()) {
                (Some(one), None) => Some(one.to_str().ok()?.trim().to_owned()),
                _ => None,
            }
        };
        self.token_subject(headers).or_else(named)
    }

    fn token_subject(&self, headers: &HeaderMap) -> Option<String> {
        let rule = self.gateway.config.jwt.as_ref()?;
        let credentials = headers.get(AUTHORIZATION)?.to_str().ok()?;
        let (scheme, token) = credentials.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        jwt::subject(token.trim(), rule, self.gateway.time.local())
    }

    /// The app may read the header, too: a stranger's never gets there.
    pub(super) fn strip_customer(&self, headers: &mut HeaderMap, trusted: bool) {
        if let Some(header) = self.settings.customer_header.as_ref().filter(|_| !trusted) {
            headers.remove(header);
        }
    }
}
