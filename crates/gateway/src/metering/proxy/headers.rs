//! Headers on their way through: what concerns one connection stays on it, and the app is told who
//! asked.

use std::net::IpAddr;

use http::header::{
    CONNECTION, EXPECT, FORWARDED, HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE, VIA,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::tunnel::Asked;
use crate::http::request_id;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");

/// What concerns one connection, beside what its `Connection` header names.
const OF_ONE_CONNECTION: [HeaderName; 9] = [
    CONNECTION,
    KEEP_ALIVE,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    PROXY_CONNECTION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Of a request. What a stranger says of where it came from is replaced, what a trusted proxy says
/// is added to.
pub(super) fn to_app(headers: &mut HeaderMap, peer: IpAddr, trusted: bool, tunnel: Option<&Asked>) {
    leave_connection(headers);
    // The server answered it; the app gets the body at once.
    headers.remove(EXPECT);
    if !trusted {
        for name in [FORWARDED, FORWARDED_FOR, FORWARDED_HOST, FORWARDED_PROTO] {
            headers.remove(name);
        }
    }
    let before = headers.get_all(&FORWARDED_FOR).iter();
    let mut chain: Vec<String> = before
        .filter_map(|one| one.to_str().ok().map(str::to_owned))
        .collect();
    chain.push(peer.to_canonical().to_string());
    set(headers, FORWARDED_FOR, &chain.join(", "));
    if let Some(host) = headers.get(HOST).cloned() {
        headers.entry(FORWARDED_HOST).or_insert(host);
    }
    let http = HeaderValue::from_static("http");
    headers.entry(FORWARDED_PROTO).or_insert(http);
    headers.append(VIA, HeaderValue::from_static("1.1 polarkit"));
    set(headers, request_id::HEADER, &request_id::current());
    if let Some(tunnel) = tunnel {
        upgrade(headers, tunnel.protocol());
    }
}

/// Of an answer.
pub(super) fn to_client(headers: &mut HeaderMap, opened: Option<&HeaderValue>) {
    leave_connection(headers);
    if let Some(protocol) = opened {
        upgrade(headers, protocol);
    }
}

fn upgrade(headers: &mut HeaderMap, protocol: &HeaderValue) {
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, protocol.clone());
}

fn leave_connection(headers: &mut HeaderMap) {
    let lines = headers.get_all(CONNECTION).iter();
    let text: Vec<&str> = lines.filter_map(|line| line.to_str().ok()).collect();
    let named: Vec<HeaderName> = text
        .iter()
        .flat_map(|line| line.split(','))
        .filter_map(|name| name.trim().parse().ok())
        // A client could have these taken off that others rely on.
        .filter(|name| *name != HOST)
        .collect();
    for name in named.iter().chain(&OF_ONE_CONNECTION) {
        headers.remove(name);
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        headers.insert(name, value);
    }
}
