//! What the gateway says of its settings before it starts.

use std::collections::BTreeMap;

use polarkit_gateway::Config;
use polarkit_gateway::config::{Server, database_url};

fn settings(further: &[(&str, &str)]) -> BTreeMap<String, String> {
    let good = [
        ("POLAR_ACCESS_TOKEN", "polar_oat_x"),
        ("POLAR_WEBHOOK_SECRET", "whsec_one, whsec_two"),
        (
            "POLAR_ORGANIZATION_ID",
            "1a2b3c4d-0000-4000-8000-000000000000",
        ),
    ];
    let all = good.iter().chain(further);
    all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn faults(variables: &BTreeMap<String, String>) -> Vec<&'static str> {
    let faults = Config::from_variables(variables).unwrap_err();
    for fault in &faults.0 {
        assert!(fault.remedy.len() > 20, "a remedy that helps: {fault:?}");
    }
    faults.0.into_iter().map(|fault| fault.variable).collect()
}

#[test]
fn every_missing_variable_is_named_at_once() {
    let missing = faults(&BTreeMap::new());
    assert_eq!(
        missing,
        [
            "POLAR_ACCESS_TOKEN",
            "POLAR_WEBHOOK_SECRET",
            "POLAR_ORGANIZATION_ID"
        ]
    );
    let empty = settings(&[("POLAR_ACCESS_TOKEN", "  ")]);
    assert_eq!(
        faults(&empty),
        ["POLAR_ACCESS_TOKEN"],
        "an empty one is a missing one"
    );
}

#[test]
fn every_malformed_variable_is_named_at_once() {
    let malformed = [
        ("POLAR_ORGANIZATION_ID", "org_123"),
        ("POLAR_SERVER", "staging"),
        ("DATABASE_URL", "mysql://localhost"),
        ("REDIS_URL", "localhost:6379"),
        ("WEBHOOK_URL", "ftp://host"),
        ("SUCCESS_URL", "javascript:alert(1)"),
        ("POLARKIT_PRODUCTS", "pro=1"),
        ("POLARKIT_CHECKOUT_REUSE_SECONDS", "86401"),
        ("POLARKIT_CORS_ORIGINS", "*"),
        ("POLARKIT_CUSTOMER_CONFLICT", "merge"),
        ("POLARKIT_API_KEYS", "short"),
        ("POLARKIT_JWT_SECRET", "short"),
        ("POLARKIT_OPEN_LICENSES", "maybe"),
        ("POLARKIT_ANONYMOUS_PER_MINUTE", "0"),
        ("POLARKIT_LIMITS", "user:write=60"),
        ("POLARKIT_POLAR_LISTEN", "perhaps"),
        ("POLARKIT_WEBHOOK_NETWORKS", "203.0.113.0/33"),
        ("POLARKIT_SUBSCRIBER_NETWORKS", "10.0.0.0/8, 10.0.0.0/33"),
        ("POLARKIT_SUBSCRIBER_TIMEOUT_SECONDS", "61"),
        ("LOG_LEVEL", "loud"),
    ];
    let mut named = faults(&settings(&malformed));
    named.sort_unstable();
    let mut expected: Vec<&str> = malformed.iter().map(|(name, _)| *name).collect();
    expected.sort_unstable();
    assert_eq!(named, expected);
}

#[test]
fn a_fault_never_shows_the_value() {
    let variables = settings(&[("DATABASE_URL", "mysql://root:hunter2@host")]);
    let faults = Config::from_variables(&variables).unwrap_err();
    assert!(!format!("{faults} {faults:?}").contains("hunter2"));
    let config = Config::from_variables(&settings(&[])).unwrap();
    assert!(!format!("{config:?}").contains("whsec_one"));
    assert!(!format!("{config:?}").contains("polar_oat_x"));
}

#[test]
fn defaults_are_the_guides() {
    let config = Config::from_variables(&settings(&[])).unwrap();
    assert_eq!(config.server, Server::Sandbox);
    assert_eq!(config.server.base_url(), "https://sandbox-api.polar.sh");
    assert_eq!(config.webhook.secrets.len(), 2);
    assert_eq!(config.log_level, "info");
    assert!(config.cors_origins.is_empty() && config.api_keys.is_empty());
}

#[test]
fn one_setting_means_one_server() {
    for (value, base) in [
        ("production", "https://api.polar.sh"),
        ("sandbox", "https://sandbox-api.polar.sh"),
        ("http://127.0.0.1:8787/", "http://127.0.0.1:8787"),
    ] {
        let config = Config::from_variables(&settings(&[("POLAR_SERVER", value)])).unwrap();
        assert_eq!(config.server.base_url(), base);
    }
}

#[test]
fn an_address_that_cannot_be_a_server_is_a_fault() {
    for value in [
        "http://user:hunter2@127.0.0.1:8787",
        "http://127.0.0.1:8787/?a=b",
        "http://127.0.0.1:8787/#top",
    ] {
        assert_eq!(
            faults(&settings(&[("POLAR_SERVER", value)])),
            ["POLAR_SERVER"]
        );
    }
}

#[test]
fn a_list_of_products_that_contradicts_itself_is_a_fault() {
    let id = "1a2b3c4d-0000-4000-8000-000000000000";
    for list in [
        format!("pro={id}, pro={id}"),
        format!("pro@sandbox={id}, pro@sandbox={id}"),
        format!("pro@staging={id}"),
        format!("pro@={id}"),
        format!("{id}={id}"),
        "pro@sandbox".to_owned(),
    ] {
        let named = faults(&settings(&[("POLARKIT_PRODUCTS", &list)]));
        assert_eq!(named, ["POLARKIT_PRODUCTS"], "{list}");
    }
    let good = format!("{id}, pro={id}, pro@sandbox={id}, @local={id}, pro @ production = {id}");
    Config::from_variables(&settings(&[("POLARKIT_PRODUCTS", &good)])).unwrap();
}

#[test]
fn a_limit_that_is_none_is_a_fault() {
    for list in [
        "user",
        "user:write",
        "user=60/60s",
        "guest:write=60/60s",
        "user:everything=60/60s",
        "user:write=0/60s",
        "user:write=100001/60s",
        "user:write=60/0s",
        "user:write=60/86401s",
        "user:write=60/25h",
        "user:write=60/99999999999h",
        "user:write=60/60",
        "user:write=60/1d",
        "user:write=60/s",
        "user:write=60/1µ",
        "user:write=-1/60s",
        "user:write=off, user:write=60/60s",
        "anonymous:read=60/60s",
    ] {
        let named = faults(&settings(&[("POLARKIT_LIMITS", list)]));
        assert_eq!(named, ["POLARKIT_LIMITS"], "{list}");
    }
    let good =
        "user:write = 60 / 1m, user:read=off,server:usage=100000/24h, anonymous:license=5/10s,";
    Config::from_variables(&settings(&[("POLARKIT_LIMITS", good)])).unwrap();
}

#[test]
fn the_limit_of_strangers_is_said_once() {
    let twice = [
        ("POLARKIT_ANONYMOUS_PER_MINUTE", "6"),
        ("POLARKIT_LIMITS", "anonymous:license=6/60s"),
    ];
    assert_eq!(faults(&settings(&twice)), ["POLARKIT_ANONYMOUS_PER_MINUTE"]);
}

#[test]
fn secrets_anybody_could_guess_are_faults() {
    for value in [",", " , ,", "whsec_", "whsec_good_enough,polar_whs_"] {
        let named = faults(&settings(&[("POLAR_WEBHOOK_SECRET", value)]));
        assert_eq!(named, ["POLAR_WEBHOOK_SECRET"], "{value}");
    }
}

#[test]
fn the_database_alone_needs_nothing_else() {
    use secrecy::ExposeSecret as _;
    let url = database_url(&BTreeMap::new()).unwrap();
    assert_eq!(url.expose_secret(), "sqlite:polarkit.db");
}

#[test]
fn every_variable_is_documented() {
    let page = include_str!("../../../../docs/configuration.md");
    for variable in polarkit_gateway::config::VARIABLES {
        assert!(page.contains(&format!("`{variable}`")), "{variable}");
    }
}
