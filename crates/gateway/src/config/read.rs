//! One variable at a time: what it may be, and what to say when it isn't.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use secrecy::SecretString;
use url::Url;
use uuid::Uuid;

use super::{Environment, Fault, Faults, Healing, Jwt, Product, Products, Server, Watchdog};

/// Where Polar's webhooks come from, as Polar publishes it.
const POLAR_NETWORKS: [&str; 5] = [
    "3.134.238.10",
    "3.129.111.220",
    "52.15.118.168",
    "74.220.50.0/24",
    "74.220.58.0/24",
];

/// Collects faults while reading, so that all are told at once.
///
/// After a fault a placeholder is returned; [`Reader::finish`] never lets it out.
pub(super) struct Reader<'a> {
    variables: &'a BTreeMap<String, String>,
    faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(variables: &'a BTreeMap<String, String>) -> Self {
        Self {
            variables,
            faults: Vec::new(),
        }
    }

    pub(super) fn finish<T>(self, read: T) -> Result<T, Faults> {
        if self.faults.is_empty() {
            Ok(read)
        } else {
            Err(Faults(self.faults))
        }
    }

    pub(super) fn access_token(&mut self) -> SecretString {
        const REMEDY: &str = "create an organization access token in Polar's dashboard \
             (Settings → Developers) and set it; it begins with polar_oat_";
        self.required("POLAR_ACCESS_TOKEN", REMEDY).into()
    }

    pub(super) fn webhook_secrets(&mut self) -> Vec<SecretString> {
        const REMEDY: &str = "copy the secret of your webhook endpoint from Polar's dashboard; \
             while rotating, give several separated by commas";
        const NAME: &str = "POLAR_WEBHOOK_SECRET";
        let given = !self.required(NAME, REMEDY).is_empty();
        let secrets = self.list(NAME);
        // What stands before the random part is the same for everyone.
        let guessable = |secret: &String| matches!(secret.as_str(), "whsec_" | "polar_whs_");
        if given && (secrets.is_empty() || secrets.iter().any(guessable)) {
            self.fault(NAME, "holds no secret", REMEDY);
        }
        secrets.into_iter().map(Into::into).collect()
    }

    /// `polar` stands for the addresses Polar publishes.
    pub(super) fn webhook_networks(&mut self) -> Vec<IpNet> {
        const NAME: &str = "POLARKIT_WEBHOOK_NETWORKS";
        let mut networks = Vec::new();
        for item in self.list(NAME) {
            let named: &[&str] = match item.as_str() {
                "polar" => &POLAR_NETWORKS,
                other => &[other],
            };
            for text in named {
                if let Some(network) = network(text) {
                    networks.push(network);
                } else {
                    let remedy = "list addresses such as 203.0.113.7, networks such as \
                         203.0.113.0/24, or the word polar, separated by commas";
                    self.fault(NAME, "holds something that is no network", remedy);
                }
            }
        }
        networks
    }

    pub(super) fn organization_id(&mut self) -> Uuid {
        const NAME: &str = "POLAR_ORGANIZATION_ID";
        const REMEDY: &str = "copy the organization's identifier, a UUID such as \
             1a2b3c4d-0000-4000-8000-000000000000, from Polar's dashboard (Settings → General)";
        let text = self.required(NAME, REMEDY);
        text.parse().unwrap_or_else(|_malformed| {
            if !text.is_empty() {
                self.fault(NAME, "is not a UUID", REMEDY);
            }
            Uuid::nil()
        })
    }

    pub(super) fn server(&mut self) -> Server {
        const NAME: &str = "POLAR_SERVER";
        match self.get(NAME) {
            None | Some("sandbox") => Server::Sandbox,
            Some("production") => Server::Production,
            Some(other) => {
                // What the client for Polar takes as a server, and nothing else.
                let usable = other.parse::<polarkit::Server>().is_ok();
                if let Some(url) = web_address(other).filter(|_| usable) {
                    return Server::At(url);
                }
                self.fault(
                    NAME,
                    "is neither a known server nor an address",
                    "set it to sandbox, to production, or to the http(s) address of a sandbox",
                );
                Server::Sandbox
            }
        }
    }

    pub(super) fn database_url(&mut self) -> SecretString {
        const NAME: &str = "DATABASE_URL";
        let url = self.get(NAME).unwrap_or("sqlite:polarkit.db").to_owned();
        let known = ["sqlite:", "postgres://", "postgresql://"];
        if !known.iter().any(|scheme| url.starts_with(scheme)) {
            let remedy = "use sqlite:FILE, or postgresql://user:password@host/database";
            self.fault(NAME, "names no database this can use", remedy);
        }
        url.into()
    }

    pub(super) fn redis_url(&mut self) -> Option<SecretString> {
        const NAME: &str = "REDIS_URL";
        let url = self.get(NAME)?.to_owned();
        if !(url.starts_with("redis://") || url.starts_with("rediss://")) {
            self.fault(
                NAME,
                "is not a Redis address",
                "use redis://host:6379, or leave it out",
            );
        }
        Some(url.into())
    }

    pub(super) fn web_address(&mut self, name: &'static str) -> Option<Url> {
        let url = web_address(self.get(name)?);
        if url.is_none() {
            self.fault(name, "is not a web address", "use https://your-domain/path");
        }
        url
    }

    /// Kept as text: parsing would escape the braces of Polar's `{CHECKOUT_ID}`.
    pub(super) fn success_url(&mut self) -> Option<String> {
        self.web_address("SUCCESS_URL")?;
        self.get("SUCCESS_URL").map(str::to_owned)
    }

    pub(super) fn products(&mut self, server: &Server) -> Products {
        const NAME: &str = "POLARKIT_PRODUCTS";
        const REMEDY: &str = "list product ids, each with a name before it if you like, and with \
             the environment it is for: pro@production=1a2b3c4d-0000-4000-8000-000000000000, \
             separated by commas; environments are sandbox, production and local";
        let here = Environment::from(server);
        let items = self.list(NAME);
        let read: Result<Vec<_>, _> = items.iter().map(|item| Product::parse(item)).collect();
        let products = read.and_then(|listed| Products::new(here, listed));
        products.unwrap_or_else(|problem| {
            self.fault(NAME, problem, REMEDY);
            Products::nothing(here)
        })
    }

    pub(super) fn origins(&mut self) -> Vec<String> {
        const NAME: &str = "POLARKIT_CORS_ORIGINS";
        let origins = self.list(NAME);
        let is_origin = |text: &String| {
            web_address(text).is_some_and(|url| url.origin().ascii_serialization() == *text)
        };
        if !origins.iter().all(is_origin) {
            let remedy = "list origins such as https://app.example.com, without a path or a *";
            self.fault(NAME, "holds something that is not an origin", remedy);
        }
        origins
    }

    pub(super) fn networks(&mut self, name: &'static str) -> Vec<IpNet> {
        let list = self.list(name);
        let read: Option<Vec<IpNet>> = list.iter().map(|text| network(text)).collect();
        read.unwrap_or_else(|| {
            let remedy = "list addresses or networks such as 10.0.0.0/8, separated by commas";
            self.fault(name, "holds something that is no network", remedy);
            Vec::new()
        })
    }

    /// A lease has to outlast it, so it has a bound.
    pub(super) fn timeout_seconds(&mut self) -> u32 {
        const NAME: &str = "POLARKIT_SUBSCRIBER_TIMEOUT_SECONDS";
        let seconds = self.number(NAME, 15);
        if seconds > 60 {
            self.fault(NAME, "is too long", "set it to 60 seconds at most");
        }
        seconds
    }

    pub(super) fn api_keys(&mut self) -> Vec<SecretString> {
        const NAME: &str = "POLARKIT_API_KEYS";
        let keys = self.list(NAME);
        if keys
            .iter()
            .any(|key| !key.starts_with("pk_") || key.len() < 24)
        {
            let remedy = "use keys that begin with pk_ and have at least 24 characters";
            self.fault(NAME, "holds a key that is too weak", remedy);
        }
        keys.into_iter().map(Into::into).collect()
    }

    pub(super) fn jwt(&mut self) -> Option<Jwt> {
        const NAME: &str = "POLARKIT_JWT_SECRET";
        let secret = self.get(NAME)?;
        if secret.len() < 32 {
            self.fault(
                NAME,
                "is too short",
                "use at least 32 characters: it signs identities",
            );
        }
        Some(Jwt {
            secret: secret.into(),
            issuer: self.get("POLARKIT_JWT_ISSUER").map(str::to_owned),
            audience: self.get("POLARKIT_JWT_AUDIENCE").map(str::to_owned),
        })
    }

    pub(super) fn healing(&mut self, server: &Server) -> Healing {
        let share = server.share();
        Healing {
            reconcile: self.yes_or_no("POLARKIT_RECONCILE", true),
            hours: self.number("POLARKIT_RECONCILE_HOURS", 24),
            minutes: self.number("POLARKIT_RECONCILE_MINUTES", 5),
            per_minute: self.number("POLARKIT_RECONCILE_PER_MINUTE", share),
            tell_existing: self.yes_or_no("POLARKIT_TELL_EXISTING", false),
            watchdog: self.watchdog(),
            watchdog_minutes: self.number("POLARKIT_WATCHDOG_MINUTES", 5),
            recheck_minutes: self.number("POLARKIT_RECHECK_MINUTES", 10),
        }
    }

    fn watchdog(&mut self) -> Watchdog {
        const NAME: &str = "POLARKIT_WATCHDOG";
        match self.get(NAME).map(str::to_ascii_lowercase).as_deref() {
            Some("off") => Watchdog::Off,
            Some("report") => Watchdog::Report,
            None | Some("heal") => Watchdog::Heal,
            Some(_) => {
                let remedy = "set it to off, report or heal";
                self.fault(NAME, "is nothing the watchdog can do", remedy);
                Watchdog::Heal
            }
        }
    }

    pub(super) fn log_level(&mut self) -> String {
        const NAME: &str = "LOG_LEVEL";
        let level = self.get(NAME).unwrap_or("info").to_ascii_lowercase();
        match level.as_str() {
            "trace" | "debug" | "info" | "warn" | "error" => level,
            // The guide's own words for the same things.
            "warning" => "warn".to_owned(),
            "critical" => "error".to_owned(),
            _ => {
                let remedy = "use trace, debug, info, warn or error";
                self.fault(NAME, "is no log level", remedy);
                level
            }
        }
    }

    pub(super) fn yes_or_no(&mut self, name: &'static str, default: bool) -> bool {
        match self.get(name).map(str::to_ascii_lowercase).as_deref() {
            None => default,
            Some("true" | "1" | "yes" | "on") => true,
            Some("false" | "0" | "no" | "off") => false,
            Some(_) => {
                self.fault(name, "is neither true nor false", "set it to true or false");
                default
            }
        }
    }

    pub(super) fn number(&mut self, name: &'static str, default: u32) -> u32 {
        let Some(text) = self.get(name) else {
            return default;
        };
        match text.parse() {
            Ok(number) if number > 0 => number,
            _ => {
                self.fault(
                    name,
                    "is not a number above 0",
                    "set it to a whole number above 0",
                );
                default
            }
        }
    }

    /// A number that may be 0, which it is unless told otherwise.
    pub(super) fn number_or_none(&mut self, name: &'static str) -> u32 {
        match self.get(name) {
            None | Some("0") => 0,
            Some(_) => self.number(name, 1),
        }
    }

    /// What stands between commas, trimmed.
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        let items = self.get(name).unwrap_or_default().split(',').map(str::trim);
        items
            .filter(|item| !item.is_empty())
            .map(str::to_owned)
            .collect()
    }

    fn required(&mut self, name: &'static str, remedy: &'static str) -> &'a str {
        let text = self.get(name);
        if text.is_none() {
            self.fault(name, "is not set", remedy);
        }
        text.unwrap_or_default()
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        let text = self.variables.get(name)?.trim();
        (!text.is_empty()).then_some(text)
    }

    pub(super) fn fault(&mut self, variable: &'static str, problem: &str, remedy: &'static str) {
        self.faults.push(Fault {
            variable,
            problem: problem.to_owned(),
            remedy,
        });
    }
}

/// A network, or an address that stands for itself alone.
fn network(text: &str) -> Option<IpNet> {
    let alone = || text.parse::<IpAddr>().ok().map(IpNet::from);
    text.parse().ok().or_else(alone)
}

fn web_address(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}
