//! Which entries a list of embedding hosts may have: a host with an optional port, or an app's own scheme.

use serde_json::json;
use url::{Host, Url};

use crate::failure::{Failure, Flaw};

const WILDCARD: &str = "*.";
const HOST_BYTES_MAX: usize = 253;
const SHAPE: &str = "write a host and an optional port, with no path. Between the dots, only letters, digits and hyphens";
const SCHEME: &str = "write the host on its own. HTTPS is always allowed, and HTTP as well for localhost and private addresses";

/// The entries in their usual spelling, each once.
pub(super) fn checked(entries: &[String]) -> Result<Vec<String>, Failure> {
    let mut hosts = Vec::new();
    for entry in entries {
        let host = spelled(entry.trim()).map_err(|reason| {
            let message = format!("Value error, '{entry}' is not a valid embed host: {reason}");
            let place = ["embed_hosts".into()];
            let mut flaw = Flaw::body("value_error", place, message, entries.to_vec());
            flaw.context = Some(json!({"error": {}}));
            Failure::Malformed(vec![flaw])
        })?;
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    Ok(hosts)
}

fn spelled(entry: &str) -> Result<String, String> {
    if entry.is_empty() {
        return Err("it is empty".to_owned());
    }
    let bare = entry.strip_prefix(WILDCARD).unwrap_or(entry).trim();
    if bare.is_empty() || bare == "*" {
        return Err("a bare wildcard would let any page embed".to_owned());
    }
    let (scheme, rest) = match entry.split_once("://") {
        Some((scheme, rest)) => (Some(scheme.to_lowercase()), rest),
        None => (None, entry),
    };
    if matches!(scheme.as_deref(), Some("http" | "https")) {
        return Err(SCHEME.to_owned());
    }
    let (wildcard, rest) = match rest.strip_prefix(WILDCARD) {
        Some(rest) => (WILDCARD, rest),
        None => ("", rest),
    };
    let host = host(scheme.as_deref(), rest).ok_or_else(|| SHAPE.to_owned())?;
    if !wildcard.is_empty() && !host.contains('.') && !host.starts_with('[') {
        return Err(format!(
            "{host} is a domain suffix, so this would admit every site registered under it. Name your own site, like myshop.{host}"
        ));
    }
    let scheme = scheme.map(|scheme| format!("{scheme}://"));
    Ok(format!("{}{wildcard}{host}", scheme.unwrap_or_default()))
}

/// Host and port as a browser writes them.
fn host(scheme: Option<&str>, text: &str) -> Option<String> {
    if text.is_empty() || text.contains('*') {
        return None;
    }
    let after_brackets = text.rsplit_once(']').map_or(text, |(_, rest)| rest);
    if let Some((_, port)) = after_brackets.rsplit_once(':') {
        port.parse::<u16>().ok()?;
    }
    let url = Url::parse(&format!("{}://{text}", scheme.unwrap_or("https"))).ok()?;
    let alone = matches!(url.path(), "" | "/")
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty();
    let named = match url.host()? {
        Host::Domain(name) => name.len() <= HOST_BYTES_MAX && has_plain_labels(name),
        Host::Ipv4(_) | Host::Ipv6(_) => true,
    };
    let port = url.port().map(|port| format!(":{port}"));
    let host = url.host_str().filter(|_| alone && named)?;
    Some(format!("{host}{}", port.unwrap_or_default()))
}

fn has_plain_labels(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let plain = |label: &str| {
        let mut letters = label.chars();
        !label.is_empty() && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
    };
    name.split('.').all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_a_host_with_an_optional_port() {
        let cases = [
            ("example.com", Ok("example.com")),
            (" Shop.Example.COM ", Ok("shop.example.com")),
            ("example.com:443", Ok("example.com")),
            ("localhost:3000", Ok("localhost:3000")),
            ("*.example.com", Ok("*.example.com")),
            ("192.168.1.43:5500", Ok("192.168.1.43:5500")),
            ("bücher.example", Ok("xn--bcher-kva.example")),
            ("chrome-extension://abcdef", Ok("chrome-extension://abcdef")),
            ("", Err("empty")),
            ("*", Err("bare wildcard")),
            ("*.", Err("bare wildcard")),
            ("https://example.com", Err("on its own")),
            ("example.com/shop", Err("no path")),
            ("example.com?x", Err("no path")),
            ("user@example.com", Err("no path")),
            ("data:", Err("no path")),
            ("a_b.example", Err("no path")),
            ("shop.*.com", Err("no path")),
            ("*.com", Err("domain suffix")),
        ];
        for (entry, wanted) in cases {
            match (spelled(entry.trim()), wanted) {
                (Ok(found), Ok(wanted)) => assert_eq!(found, wanted, "{entry}"),
                (Err(found), Err(wanted)) => assert!(found.contains(wanted), "{entry}: {found}"),
                (found, wanted) => panic!("{entry}: {found:?}, not {wanted:?}"),
            }
        }
    }
}
