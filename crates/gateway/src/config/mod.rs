//! What the gateway is told before it starts: every variable checked at once, each fault with its
//! remedy.

mod access;
mod leasing;
mod license;
mod limits;
mod metering;
mod product;
mod read;
mod selling;
mod usage;

use std::collections::BTreeMap;
use std::fmt;

use ipnet::IpNet;
use jiff::SignedDuration;
use secrecy::SecretString;
use url::Url;
use uuid::Uuid;

pub use self::access::{Access, Stale};
pub use self::leasing::Leasing;
pub use self::license::Licenses;
pub use self::limits::Limits;
pub use self::metering::Metering;
pub use self::product::{Environment, Product, Products};
use self::read::Reader;
pub use self::selling::{Conflict, Selling};
pub use self::usage::{Func, Rollup, Usage};

/// Everything the gateway is told.
#[derive(Debug, Clone)]
pub struct Config {
    /// `POLAR_ACCESS_TOKEN`: the organization's token.
    pub access_token: SecretString,
    /// Whose webhooks are believed.
    pub webhook: Webhook,
    /// `POLAR_ORGANIZATION_ID`.
    pub organization_id: Uuid,
    /// `POLAR_SERVER`: which Polar is meant, for every call.
    pub server: Server,
    /// `DATABASE_URL`: SQLite beside the process unless told otherwise.
    pub database_url: SecretString,
    /// `REDIS_URL`.
    pub redis_url: Option<SecretString>,
    /// `WEBHOOK_URL`: where Polar delivers, for the monitor.
    pub webhook_url: Option<Url>,
    /// `SUCCESS_URL`: where a buyer goes afterwards unless the caller says otherwise.
    pub success_url: Option<String>,
    /// `POLARKIT_REDIRECT_HOSTS`: hosts a caller may send buyers to, beside that of `SUCCESS_URL`.
    pub redirect_hosts: Vec<String>,
    /// `POLARKIT_PRODUCTS`: products a user's own token may buy, any when empty, and their names.
    pub products: Products,
    /// How checkouts are opened.
    pub selling: Selling,
    /// `POLARKIT_CORS_ORIGINS`: pages of other origins that may call; none when empty.
    pub cors_origins: Vec<String>,
    /// `POLARKIT_API_KEYS`: server keys given by the environment, beside those in the store.
    pub api_keys: Vec<SecretString>,
    /// `POLARKIT_JWT_…`: how users' own tokens are recognised.
    pub jwt: Option<Jwt>,
    /// `POLARKIT_OPEN_LICENSES`: anyone may validate, activate and deactivate licences.
    pub open_licenses: bool,
    /// How long what is known of a licence is believed.
    pub licenses: Licenses,
    /// Leases of licences that machines hold offline.
    pub leasing: Leasing,
    /// `POLARKIT_LIMITS`, `POLARKIT_ANONYMOUS_PER_MINUTE`: how often who may call what.
    pub limits: Limits,
    /// `POLARKIT_TRUST_FORWARDED_FOR`: the address is what the proxy in front says.
    pub trust_forwarded_for: bool,
    /// `POLARKIT_INBOX_DAYS`: how long projected webhooks are kept, for replay and duplicates.
    pub inbox_days: u32,
    /// What is done about webhooks that get lost.
    pub healing: Healing,
    /// Who keeps access beyond what Polar says at the moment.
    pub access: Access,
    /// `POLARKIT_EVENTS_DAYS`: how long what was told is kept, to be told again and read again.
    pub events_days: u32,
    /// `POLARKIT_DELIVERY_LOG_DAYS`: how long the tries of deliveries are kept.
    pub delivery_log_days: u32,
    /// `POLARKIT_SUBSCRIBER_NETWORKS`: private networks subscribers may be in.
    pub subscriber_networks: Vec<IpNet>,
    /// `POLARKIT_SUBSCRIBER_RETRY_DAYS`: how long a delivery is tried.
    pub subscriber_retry_days: u32,
    /// `POLARKIT_SUBSCRIBER_TIMEOUT_SECONDS`: how long a receiver may take to answer.
    pub subscriber_timeout_seconds: u32,
    /// How usage gets to Polar.
    pub usage: Usage,
    /// `POLARKIT_METER_…`: the metering proxy, where it stands before an app.
    pub metering: Option<Metering>,
    /// `DEBUG`.
    pub debug: bool,
    /// `LOG_LEVEL`, in lower case.
    pub log_level: String,
}

/// Every variable that is read: what a settings file may name.
pub const VARIABLES: [&str; 59] = [
    "DATABASE_URL",
    "DEBUG",
    "LOG_LEVEL",
    "POLARKIT_ANONYMOUS_PER_MINUTE",
    "POLARKIT_API_KEYS",
    "POLARKIT_CHECKOUT_REUSE_SECONDS",
    "POLARKIT_CORS_ORIGINS",
    "POLARKIT_CUSTOMER_CONFLICT",
    "POLARKIT_CUSTOMERS_HELD",
    "POLARKIT_DELIVERY_LOG_DAYS",
    "POLARKIT_EVENTS_DAYS",
    "POLARKIT_GRACE_DAYS",
    "POLARKIT_INBOX_DAYS",
    "POLARKIT_JWT_AUDIENCE",
    "POLARKIT_JWT_ISSUER",
    "POLARKIT_JWT_SECRET",
    "POLARKIT_LEASE_GRACE_HOURS",
    "POLARKIT_LEASE_HOURS",
    "POLARKIT_LEASE_KEYS",
    "POLARKIT_LEASE_RECHECK_MINUTES",
    "POLARKIT_LICENSE_FRESH_SECONDS",
    "POLARKIT_LICENSE_STALE_HOURS",
    "POLARKIT_LIMITS",
    "POLARKIT_METER_CUSTOMER_HEADER",
    "POLARKIT_METER_REPORT_HEADER",
    "POLARKIT_METER_REQUIRE_CUSTOMER",
    "POLARKIT_METER_RULES",
    "POLARKIT_METER_TIMEOUT_SECONDS",
    "POLARKIT_METER_TRUST_NETWORKS",
    "POLARKIT_METER_UPSTREAM",
    "POLARKIT_OPEN_LICENSES",
    "POLARKIT_POLAR_LISTEN",
    "POLARKIT_PRODUCTS",
    "POLARKIT_PROVISIONAL_MINUTES",
    "POLARKIT_RECHECK_MINUTES",
    "POLARKIT_RECONCILE",
    "POLARKIT_RECONCILE_HOURS",
    "POLARKIT_RECONCILE_MINUTES",
    "POLARKIT_RECONCILE_PER_MINUTE",
    "POLARKIT_REDIRECT_HOSTS",
    "POLARKIT_SUBSCRIBER_NETWORKS",
    "POLARKIT_SUBSCRIBER_RETRY_DAYS",
    "POLARKIT_SUBSCRIBER_TIMEOUT_SECONDS",
    "POLARKIT_STALE",
    "POLARKIT_TRUST_FORWARDED_FOR",
    "POLARKIT_TELL_EXISTING",
    "POLARKIT_USAGE_HOLD_MINUTES",
    "POLARKIT_USAGE_PER_MINUTE",
    "POLARKIT_USAGE_ROLLUP",
    "POLARKIT_WATCHDOG",
    "POLARKIT_WATCHDOG_MINUTES",
    "POLARKIT_WEBHOOK_NETWORKS",
    "POLAR_ACCESS_TOKEN",
    "POLAR_ORGANIZATION_ID",
    "POLAR_SERVER",
    "POLAR_WEBHOOK_SECRET",
    "REDIS_URL",
    "SUCCESS_URL",
    "WEBHOOK_URL",
];

/// Which Polar the gateway talks to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Server {
    /// Polar's own test service.
    Sandbox,
    /// The real one.
    Production,
    /// Anything else that speaks like Polar, such as `polarkit sandbox`.
    At(Url),
}

impl Server {
    /// Requests a minute that reading back may make, and as many that sending usage may: a fifth of
    /// Polar's limit each, the rest is for live calls. A server of one's own has no limit.
    const fn share(&self) -> u32 {
        match self {
            Self::Sandbox => 20,
            Self::Production => 100,
            Self::At(_) => 60_000,
        }
    }

    /// A meter's figure surely counts what Polar had taken so long before it was made: the making
    /// takes a while, and two clocks differ. Polar makes a new one no sooner than fifteen seconds
    /// after a use. A server of one's own is near, and makes it in a moment.
    pub(crate) const fn meter_margin(&self) -> SignedDuration {
        match self {
            Self::Sandbox | Self::Production => SignedDuration::from_secs(6),
            Self::At(_) => SignedDuration::from_millis(10),
        }
    }

    /// Where its API is.
    pub fn base_url(&self) -> &str {
        match self {
            Self::Sandbox => "https://sandbox-api.polar.sh",
            Self::Production => "https://api.polar.sh",
            Self::At(url) => url.as_str().trim_end_matches('/'),
        }
    }
}

/// Whose webhooks are believed.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// `POLAR_WEBHOOK_SECRET`: one or, while rotating, several.
    pub secrets: Vec<SecretString>,
    /// `POLARKIT_POLAR_LISTEN`: what `polar listen` forwards is believed, too.
    pub polar_listen: bool,
    /// `POLARKIT_WEBHOOK_NETWORKS`: where webhooks are taken from; anywhere when empty.
    pub networks: Vec<IpNet>,
}

/// What is done about webhooks that get lost.
#[derive(Debug, Clone, Copy)]
pub struct Healing {
    /// `POLARKIT_RECONCILE`: whether Polar is read back to keep the mirror true.
    pub reconcile: bool,
    /// `POLARKIT_RECONCILE_HOURS`: how often everything is read back.
    pub hours: u32,
    /// `POLARKIT_RECONCILE_MINUTES`: how often Polar is asked what happened lately.
    pub minutes: u32,
    /// `POLARKIT_RECONCILE_PER_MINUTE`: requests reading back may make, a share of Polar's limit
    /// unless told otherwise.
    pub per_minute: u32,
    /// `POLARKIT_TELL_EXISTING`: access that is older than the gateway is told when it is found.
    pub tell_existing: bool,
    /// `POLARKIT_WATCHDOG`: what is done about a webhook endpoint that is switched off.
    pub watchdog: Watchdog,
    /// `POLARKIT_WATCHDOG_MINUTES`: how often the endpoint is looked at.
    pub watchdog_minutes: u32,
    /// `POLARKIT_RECHECK_MINUTES`: before somebody is denied something on older news, Polar is
    /// asked once.
    pub recheck_minutes: u32,
}

/// What is done about a webhook endpoint that Polar no longer delivers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watchdog {
    /// It is not looked at.
    Off,
    /// It is reported, in the log and as a metric.
    Report,
    /// It is also switched on again, and what failed is delivered again.
    Heal,
}

/// How a user's own token is recognised: signed with HS256, subject = external customer id.
#[derive(Debug, Clone)]
pub struct Jwt {
    /// `POLARKIT_JWT_SECRET`.
    pub secret: SecretString,
    /// `POLARKIT_JWT_ISSUER`: what `iss` must be, when told.
    pub issuer: Option<String>,
    /// `POLARKIT_JWT_AUDIENCE`: what `aud` must hold, when told.
    pub audience: Option<String>,
}

/// One variable that is missing or malformed, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The variable's name.
    pub variable: &'static str,
    /// What is wrong with it; never its value.
    pub problem: String,
    /// What to do.
    pub remedy: &'static str,
}

/// Every variable that is missing or malformed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, fault) in self.0.iter().enumerate() {
            let newline = if number == 0 { "" } else { "\n" };
            write!(
                f,
                "{newline}{} {}: {}",
                fault.variable, fault.problem, fault.remedy
            )?;
        }
        Ok(())
    }
}

impl Config {
    /// Reads the variables; all faults are found at once. An empty variable counts as absent.
    pub fn from_variables(variables: &BTreeMap<String, String>) -> Result<Self, Faults> {
        let mut read = Reader::new(variables);
        let server = read.server();
        let healing = read.healing(&server);
        let open_licenses = read.yes_or_no("POLARKIT_OPEN_LICENSES", true);
        let config = Self {
            access_token: read.access_token(),
            webhook: Webhook {
                secrets: read.webhook_secrets(),
                polar_listen: read.yes_or_no("POLARKIT_POLAR_LISTEN", false),
                networks: read.webhook_networks(),
            },
            organization_id: read.organization_id(),
            server: server.clone(),
            database_url: read.database_url(),
            redis_url: read.redis_url(),
            webhook_url: read.web_address("WEBHOOK_URL"),
            success_url: read.success_url(),
            redirect_hosts: read.list("POLARKIT_REDIRECT_HOSTS"),
            products: read.products(&server),
            selling: Selling::read(&mut read),
            cors_origins: read.origins(),
            api_keys: read.api_keys(),
            jwt: read.jwt(),
            open_licenses,
            licenses: Licenses::read(&mut read),
            leasing: Leasing::read(&mut read),
            limits: Limits::read(&mut read, open_licenses),
            trust_forwarded_for: read.yes_or_no("POLARKIT_TRUST_FORWARDED_FOR", false),
            inbox_days: read.number("POLARKIT_INBOX_DAYS", 90),
            healing,
            access: Access::read(&mut read, &healing),
            events_days: read.number("POLARKIT_EVENTS_DAYS", 30),
            delivery_log_days: read.number("POLARKIT_DELIVERY_LOG_DAYS", 14),
            subscriber_networks: read.networks("POLARKIT_SUBSCRIBER_NETWORKS"),
            subscriber_retry_days: read.number("POLARKIT_SUBSCRIBER_RETRY_DAYS", 3),
            subscriber_timeout_seconds: read.timeout_seconds(),
            usage: Usage::read(&mut read, &server),
            metering: Metering::read(&mut read),
            debug: read.yes_or_no("DEBUG", false),
            log_level: read.log_level(),
        };
        read.finish(config)
    }
}

/// The database alone, for chores that need nothing else.
pub fn database_url(variables: &BTreeMap<String, String>) -> Result<SecretString, Faults> {
    let mut read = Reader::new(variables);
    let url = read.database_url();
    read.finish(url)
}
