//! Which pages may show a session inside themselves.

use url::{Host, Url};

use crate::failure::Failure;

/// The origin of the page, when the seller's list has it; none when the page has no origin.
pub(super) fn allowed(page: &str, hosts: &[String]) -> Result<Option<String>, Failure> {
    let Some(origin) = Origin::of(page) else {
        return Ok(None);
    };
    let said = origin.to_string();
    if hosts.iter().any(|host| origin.is_at(host)) {
        return Ok(Some(said));
    }
    let detail = format!("{said} is not allowed to embed this checkout.");
    Err(Failure::named(403, "EmbedHostNotAllowed", detail))
}

struct Origin(Url);

impl Origin {
    fn of(page: &str) -> Option<Self> {
        let url = Url::parse(page).ok()?;
        let host = url.host_str()?;
        (!host.contains('*')).then_some(Self(url))
    }

    fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// True when a browser can reach it from the seller's own machine or network alone.
    fn is_local(&self) -> bool {
        match self.0.host() {
            Some(Host::Domain(name)) => {
                let top = name.rsplit('.').next().unwrap_or_default();
                top == "localhost" || (top == "local" && name != "local")
            }
            Some(Host::Ipv4(address)) => address.is_private() || address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }

    /// True when an entry of the list names it: `example.com`, `*.example.com:8080`, `app://page`.
    fn is_at(&self, entry: &str) -> bool {
        let entry = entry.trim();
        let (scheme, rest) = match entry.split_once("://") {
            Some((scheme, rest)) => (Some(scheme), rest),
            None => (None, entry),
        };
        let by_scheme = match scheme {
            Some(scheme) => scheme.eq_ignore_ascii_case(self.0.scheme()),
            None => self.0.scheme() == "https" || (self.0.scheme() == "http" && self.is_local()),
        };
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()),
            _ => (rest, None),
        };
        let usual = match self.0.scheme() {
            "https" => Some(443),
            "http" => Some(80),
            _ => None,
        };
        let by_host = match host.strip_prefix("*.") {
            Some(parent) => self
                .host()
                .strip_suffix(parent)
                .is_some_and(|rest| rest.ends_with('.')),
            None => self.host().eq_ignore_ascii_case(host),
        };
        by_scheme && by_host && self.0.port_or_known_default() == port.or(usual)
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}", self.0.scheme(), self.host())?;
        self.0.port().map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_needs_its_host_on_the_list() {
        let cases = [
            ("https://shop.example.com/buy", "shop.example.com", true),
            ("https://shop.example.com", "*.example.com", true),
            ("https://example.com", "*.example.com", false),
            ("https://badexample.com", "*.example.com", false),
            ("http://shop.example.com", "shop.example.com", false),
            ("http://localhost:3000", "localhost:3000", true),
            ("http://localhost:3000", "localhost", false),
            ("app://page", "app://page", true),
        ];
        for (page, entry, wanted) in cases {
            let found = allowed(page, &[entry.to_owned()]);
            assert_eq!(found.is_ok(), wanted, "{page} {entry}");
        }
    }

    #[test]
    fn an_origin_has_neither_path_nor_usual_port() {
        let hosts = ["example.com".to_owned()];
        let origin = allowed("https://example.com:443/a?b", &hosts).unwrap();
        assert_eq!(origin.as_deref(), Some("https://example.com"));
        assert_eq!(allowed("null", &hosts), Ok(None));
    }
}
