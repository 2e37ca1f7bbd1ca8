//! The gateway's own endpoint among those at Polar: the one at its address, or with its secret.

use http::Method;
use serde::Deserialize;

use crate::gateway::Gateway;
use crate::reconcile::Trouble;

/// Endpoints looked at: Polar's largest page, and no organization has as many.
const LIMIT: usize = 100;

/// How the endpoint was found.
#[derive(Debug)]
pub(super) enum Found {
    Well(String),
    Disabled(String),
    Missing,
}

impl Found {
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Well(_) => "well",
            Self::Disabled(_) => "disabled",
            Self::Missing => "missing",
        }
    }
}

#[derive(Deserialize)]
struct Listed {
    items: Vec<Endpoint>,
}

/// An endpoint, as Polar lists it.
#[derive(Deserialize)]
struct Endpoint {
    id: String,
    #[serde(default)]
    url: String,
    #[serde(default)]
    secret: String,
    #[serde(default)]
    enabled: bool,
}

/// Looks for it; also says which moment the answer surely tells of.
pub(super) async fn find(gateway: &Gateway) -> Result<(Found, i64), Trouble> {
    let query = [
        ("organization_id", gateway.polar.organization()),
        ("limit", LIMIT.to_string()),
    ];
    let answer = gateway.polar.read("/v1/webhooks/endpoints", &query).await?;
    let listed: Listed = serde_json::from_slice(&answer.body)?;
    let mut own: Vec<Endpoint> = listed
        .items
        .into_iter()
        .filter(|endpoint| is_own(gateway, endpoint))
        .collect();
    // One that works is enough.
    own.sort_by_key(|endpoint| !endpoint.enabled);
    let found = match own.into_iter().next() {
        Some(endpoint) if endpoint.enabled => Found::Well(endpoint.id),
        Some(endpoint) => Found::Disabled(endpoint.id),
        None => Found::Missing,
    };
    Ok((found, answer.at))
}

fn is_own(gateway: &Gateway, endpoint: &Endpoint) -> bool {
    let config = &gateway.config;
    let here = config.webhook_url.as_ref();
    let at_address = here.is_some_and(|url| {
        url.as_str().trim_end_matches('/') == endpoint.url.trim_end_matches('/')
    });
    let secrets = config.webhook.secrets.iter();
    let mut secrets = secrets.map(secrecy::ExposeSecret::expose_secret);
    at_address || secrets.any(|secret| secret == endpoint.secret)
}

pub(super) async fn switch_on(gateway: &Gateway, id: &str) -> Result<(), Trouble> {
    let path = format!("/v1/webhooks/endpoints/{id}");
    let change = serde_json::json!({"enabled": true});
    gateway
        .polar
        .change(Method::PATCH, &path, Some(&change))
        .await?;
    Ok(())
}
