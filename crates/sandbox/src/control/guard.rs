//! Who may use the control face: people and programs of this machine, and no page of another site.

use std::net::SocketAddr;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderMap;
use http::header::{HOST, ORIGIN};
use url::{Host, Url};

use super::refused;

/// A page of another site can make a browser post here, but not hide where it comes from.
pub(super) async fn refuse_other_sites(request: Request, next: Next) -> Response {
    let origin = request.headers().get(ORIGIN);
    if origin.is_some_and(|origin| !origin.to_str().is_ok_and(is_local)) {
        return refused(
            403,
            "NotPermitted",
            "Pages of other sites may not ask this.",
        );
    }
    next.run(request).await
}

/// True when the caller sits at this machine and means it.
pub(super) fn is_this_machine(peer: SocketAddr, headers: &HeaderMap) -> bool {
    peer.ip().to_canonical().is_loopback() && names_this_machine(headers)
}

/// False when a name that is not this machine's was resolved to it.
fn names_this_machine(headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    host.is_some_and(|host| is_local(&format!("http://{host}")))
}

fn is_local(url: &str) -> bool {
    let url = Url::parse(url).ok();
    match url.as_ref().and_then(Url::host) {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => true,
        None => false,
    }
}
