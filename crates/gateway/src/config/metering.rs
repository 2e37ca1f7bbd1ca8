//! What configuration says of the metering proxy.

use http::HeaderName;
use ipnet::IpNet;
use url::Url;

use super::read::Reader;
use crate::metering::{REPORT, Rules};

/// The metering proxy: which app it stands before, and whom it believes.
#[derive(Debug, Clone)]
pub struct Metering {
    /// `POLARKIT_METER_UPSTREAM`: where the app is.
    pub upstream: Url,
    /// `POLARKIT_METER_RULES`: what counts as what.
    pub rules: Rules,
    /// `POLARKIT_METER_CUSTOMER_HEADER`: in which header a trusted proxy names the customer.
    pub customer_header: Option<HeaderName>,
    /// `POLARKIT_METER_TRUST_NETWORKS`: where proxies are whose word is taken.
    pub trust_networks: Vec<IpNet>,
    /// `POLARKIT_METER_REQUIRE_CUSTOMER`: requests of nobody known are refused.
    pub require_customer: bool,
    /// `POLARKIT_METER_REPORT_HEADER`: in which header the app tells what was used.
    pub report_header: HeaderName,
    /// `POLARKIT_METER_TIMEOUT_SECONDS`: how long the app may be silent.
    pub timeout_seconds: u32,
}

impl Metering {
    /// Nothing when there is no app to stand before.
    pub(super) fn read(read: &mut Reader<'_>) -> Option<Self> {
        let upstream = read.web_address("POLARKIT_METER_UPSTREAM");
        let customer_header = read.header("POLARKIT_METER_CUSTOMER_HEADER");
        let metering = Self {
            rules: read.rules(),
            trust_networks: read.trust_networks(customer_header.is_some()),
            customer_header,
            require_customer: read.yes_or_no("POLARKIT_METER_REQUIRE_CUSTOMER", false),
            report_header: read
                .header("POLARKIT_METER_REPORT_HEADER")
                .unwrap_or(REPORT),
            timeout_seconds: read.number("POLARKIT_METER_TIMEOUT_SECONDS", 300),
            upstream: upstream?,
        };
        Some(metering)
    }
}

impl Reader<'_> {
    fn rules(&mut self) -> Rules {
        const NAME: &str = "POLARKIT_METER_RULES";
        let Some(path) = self.get(NAME) else {
            return Rules::default();
        };
        let read = std::fs::read_to_string(path).map_err(|error| {
            let problem = format!("names a file that cannot be read ({error})");
            (
                problem,
                "name a file of rules, or leave it out: every success then counts",
            )
        });
        let rules = read.and_then(|text| {
            Rules::parse(&text).map_err(|faults| {
                (
                    format!("has faults; {faults}"),
                    "mend the file; docs/metering.md shows what a rule may say",
                )
            })
        });
        rules.unwrap_or_else(|(problem, remedy)| {
            self.fault(NAME, &problem, remedy);
            Rules::default()
        })
    }

    fn header(&mut self, name: &'static str) -> Option<HeaderName> {
        let header = self.get(name)?.parse().ok();
        if header.is_none() {
            self.fault(
                name,
                "is no name of a header",
                "use a name such as x-customer-id",
            );
        }
        header
    }

    /// A header that anybody may write is believed of nobody.
    fn trust_networks(&mut self, needed: bool) -> Vec<IpNet> {
        const NAME: &str = "POLARKIT_METER_TRUST_NETWORKS";
        let networks = self.networks(NAME);
        if needed && networks.is_empty() {
            let remedy = "list the addresses of the proxy that sets the header, such as 10.0.0.7 or 10.0.0.0/8";
            self.fault(
                NAME,
                "is needed with POLARKIT_METER_CUSTOMER_HEADER",
                remedy,
            );
        }
        networks
    }
}
