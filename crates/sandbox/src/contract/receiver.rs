//! Addresses that webhooks may go to.

use polarkit_spec::Shape;
use serde_json::Value;
use url::{Host, Url};

use super::check::Check;
use super::text;

/// Where webhooks go: https, or plain http to this machine or its own network.
pub(super) fn check(check: &mut Check, shape: &Shape, value: &Value) -> Option<Value> {
    if let Some(Ok(url)) = value.as_str().map(Url::parse) {
        let fine = url.scheme() == "https" || (url.scheme() == "http" && is_near(&url));
        if !fine {
            text::refuse_scheme(check, "'https'", value);
            return None;
        }
    }
    check.value(shape, value)
}

/// True for hosts that only this machine or its network can mean. Polar refuses them all; a sandbox
/// would be of no use without them.
fn is_near(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback() || ip.is_private(),
        Some(Host::Ipv6(ip)) => ip.is_loopback() || ip.is_unique_local(),
        Some(Host::Domain(name)) => {
            let near = [".localhost", ".internal", ".local"];
            !name.contains('.') || near.iter().any(|end| name.ends_with(end))
        }
        None => false,
    }
}
