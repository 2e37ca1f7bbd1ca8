//! Where webhooks may be sent: public addresses, and the networks configuration allows.
//!
//! A subscriber's URL is someone's input, and this host can reach what others can't. So an address
//! is looked at when a subscriber is made, and again each time one is connected to, after its name
//! was resolved: a name may mean another address by then. Plain HTTP goes to allowed networks only.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Longest URL of a subscriber.
pub(crate) const URL_BYTES_MAX: usize = 2_048;

/// Which addresses may be connected to.
#[derive(Debug, Clone)]
pub(crate) struct Guard {
    allowed: Arc<[IpNet]>,
    /// Whether public addresses are, too.
    public: bool,
}

/// An address that may not be connected to; it is not named to whoever gave the host's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the address is not allowed")]
pub(crate) struct Forbidden;

/// Why a URL is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UrlFault {
    #[error("url: must be an https address such as https://app.example.com/webhooks")]
    Malformed,
    #[error("url: must not hold a user name or a password; receivers know us by the signature")]
    Credentials,
    #[error("url: has at most 2048 characters")]
    TooLong,
    #[error("url: the host's name cannot be resolved; check its spelling")]
    Unresolved,
    #[error(
        "url: points into a private or reserved network; use a public https address, or have \
         the operator allow the network in POLARKIT_SUBSCRIBER_NETWORKS"
    )]
    Forbidden,
    #[error("url: plain http is for networks in POLARKIT_SUBSCRIBER_NETWORKS alone; use https")]
    Plain,
}

impl Guard {
    /// For HTTPS, or for plain HTTP.
    pub(crate) fn new(allowed: &[IpNet], https: bool) -> Self {
        Self {
            allowed: allowed.into(),
            public: https,
        }
    }

    pub(crate) fn admits(&self, address: IpAddr) -> bool {
        // An IPv4 address written as IPv6 is the same address.
        let address = &address.to_canonical();
        let named = self.allowed.iter().any(|net| net.contains(address));
        named || (self.public && is_public(*address))
    }

    /// Whether a host that is an address, not a name, may be connected to.
    pub(crate) fn admits_literal(&self, url: &Url) -> bool {
        match url.host() {
            Some(Host::Ipv4(four)) => self.admits(four.into()),
            Some(Host::Ipv6(six)) => self.admits(six.into()),
            Some(Host::Domain(_)) => true,
            None => false,
        }
    }
}

/// A URL that may be subscribed, as far as can be told now.
pub(crate) async fn check(text: &str, allowed: &[IpNet]) -> Result<Url, UrlFault> {
    if text.len() > URL_BYTES_MAX {
        return Err(UrlFault::TooLong);
    }
    let url = Url::parse(text).map_err(|_malformed| UrlFault::Malformed)?;
    let https = match url.scheme() {
        "https" => true,
        "http" => false,
        _ => return Err(UrlFault::Malformed),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UrlFault::Credentials);
    }
    let guard = Guard::new(allowed, https);
    let addresses = match url.host().ok_or(UrlFault::Malformed)? {
        Host::Ipv4(four) => vec![four.into()],
        Host::Ipv6(six) => vec![six.into()],
        Host::Domain(name) => {
            let found = tokio::net::lookup_host((name, 0)).await;
            let found = found.map_err(|_unknown| UrlFault::Unresolved)?;
            found.map(|address| address.ip()).collect()
        }
    };
    if addresses.is_empty() {
        return Err(UrlFault::Unresolved);
    }
    if addresses.iter().all(|address| guard.admits(*address)) {
        return Ok(url);
    }
    let with_tls = Guard::new(allowed, true);
    let only_plain = addresses.iter().all(|address| with_tls.admits(*address));
    Err(if only_plain {
        UrlFault::Plain
    } else {
        UrlFault::Forbidden
    })
}

impl Resolve for Guard {
    /// What is connected to is what is returned here, so that nothing can change in between.
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let admitted: Vec<SocketAddr> =
                found.filter(|address| guard.admits(address.ip())).collect();
            if admitted.is_empty() {
                return Err(Forbidden.into());
            }
            let addresses: Addrs = Box::new(admitted.into_iter());
            Ok(addresses)
        })
    }
}

/// Whether everyone on the internet means the same by this address.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => is_public_4(four),
        IpAddr::V6(six) => is_public_6(six),
    }
}

fn is_public_4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let reserved = matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, _, _) // this network, private, loopback, multicast, future
            | (100, 64..=127, _) // shared by carriers; some clouds keep their metadata here
            | (169, 254, _) // link-local; most clouds keep their metadata here
            | (172, 16..=31, _)
            | (192, 168, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (198, 18..=19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    );
    // Public by number, but the host of a virtual machine answers there.
    let metadata = address == Ipv4Addr::new(168, 63, 129, 16);
    !reserved && !metadata
}

fn is_public_6(address: Ipv6Addr) -> bool {
    if let Some(four) = address.to_ipv4_mapped() {
        return is_public_4(four);
    }
    let [first, second, .., high, low] = address.segments();
    if (first, second) == (0x64, 0xff9b) && address.segments()[2..6] == [0; 4] {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        return is_public_4(Ipv4Addr::new(a, b, c, d)); // translated to IPv4 on the way
    }
    let global = first & 0xe000 == 0x2000; // 2000::/3; outside of it lies nothing public
    let tunnels = first == 0x2002 || (first == 0x2001 && second < 0x0200); // 6to4, Teredo and others
    let examples = (first == 0x2001 && second == 0x0db8) || (first == 0x3fff && second < 0x1000);
    global && !tunnels && !examples
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_public() {
        let public = [
            "8.8.8.8",
            "1.1.1.1",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.169.0.1",
            "198.17.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00::1",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
        ];
        let others = [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.0.1",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ];
        for (addresses, expected) in [(&public[..], true), (&others[..], false)] {
            for text in addresses {
                assert_eq!(is_public(text.parse().unwrap()), expected, "{text}");
            }
        }
    }

    #[test]
    fn what_is_allowed_is_allowed_however_it_is_written() {
        let allowed: Vec<IpNet> = ["10.0.0.0/8", "fd12::/16", "127.0.0.1/32"]
            .map(|text| text.parse().unwrap())
            .to_vec();
        for (text, https, plain) in [
            ("10.255.0.1", true, true),
            ("::ffff:10.0.0.1", true, true),
            ("11.0.0.1", true, false),
            ("fd12:3::1", true, true),
            ("fd13::1", false, false),
            ("127.0.0.1", true, true),
            ("127.0.0.2", false, false),
        ] {
            let admits = |https| Guard::new(&allowed, https).admits(text.parse().unwrap());
            assert_eq!((admits(true), admits(false)), (https, plain), "{text}");
        }
    }

    #[tokio::test]
    async fn a_name_that_means_a_private_address_leads_nowhere() {
        let name = || "localhost".parse().unwrap();
        let guard = Guard::new(&[], true);
        let refused = guard.resolve(name()).await.err().unwrap();
        assert!(refused.is::<Forbidden>());
        let here = ["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        let addresses = Guard::new(&here, false).resolve(name()).await.unwrap();
        assert!(addresses.count() > 0);
    }
}
