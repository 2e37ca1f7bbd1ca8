//! What the shop's server holds: the gateway's API with the key to it, Polar for the catalogue, the sandbox's time.

use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request, StatusCode};
use polarkit::Polar;
use polarkit_sandbox::Sandbox;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tower::ServiceExt as _;

use super::exchange::Refusal;
use super::shelf::{self, Product};

/// The longest answer of the gateway the shop reads.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// The shop's server; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Backend(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    gateway: Router,
    key: SecretString,
    polar: Polar,
    sandbox: Sandbox,
    /// What was for sale when last asked.
    catalogue: RwLock<Arc<[Product]>>,
    /// The last licence key looked up, by its id: the page asks every second.
    license_key: RwLock<Option<(String, String)>>,
}

/// What every refusal of the gateway says.
#[derive(Debug, Deserialize)]
struct Problem {
    detail: String,
}

impl Backend {
    pub(crate) fn new(gateway: Router, key: SecretString, polar: Polar, sandbox: Sandbox) -> Self {
        let catalogue = RwLock::new(Arc::from([]));
        let license_key = RwLock::default();
        Self(Arc::new(Parts {
            gateway,
            key,
            polar,
            sandbox,
            catalogue,
            license_key,
        }))
    }

    pub(super) fn polar(&self) -> &Polar {
        &self.0.polar
    }

    pub(super) fn sandbox(&self) -> &Sandbox {
        &self.0.sandbox
    }

    /// The catalogue as last fetched; fetched now when it never was.
    pub(super) async fn catalogue(&self) -> Result<Arc<[Product]>, Refusal> {
        let kept = Arc::clone(
            &self
                .0
                .catalogue
                .read()
                .unwrap_or_else(PoisonError::into_inner),
        );
        if kept.is_empty() {
            shelf::fetch(self).await
        } else {
            Ok(kept)
        }
    }

    pub(super) fn keep(&self, catalogue: &Arc<[Product]>) {
        let mut kept = self
            .0
            .catalogue
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *kept = Arc::clone(catalogue);
    }

    /// The text of a licence key. The gateway's mirror only shows the end of it.
    pub(super) async fn license_key(&self, id: &str) -> Result<String, Refusal> {
        let kept = self
            .0
            .license_key
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some((_, key)) = kept.filter(|(known, _)| known == id) {
            return Ok(key);
        }
        let found = self.polar().raw(&format!("/v1/license-keys/{id}")).await;
        let found = found.map_err(|error| Refusal::upstream("Polar", &error))?;
        let key = found
            .get("key")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let mut kept = self
            .0
            .license_key
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *kept = Some((id.to_owned(), key.clone()));
        Ok(key)
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Refusal> {
        self.ask(Method::GET, path, Body::empty()).await
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &Value,
    ) -> Result<T, Refusal> {
        self.ask(Method::POST, path, Body::from(body.to_string()))
            .await
    }

    /// One call of the gateway's HTTP API, without the detour over a socket.
    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Body,
    ) -> Result<T, Refusal> {
        let broken = |cause: &dyn std::fmt::Display| Refusal::upstream("The gateway", cause);
        let nearby = ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 0)));
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(
                AUTHORIZATION,
                format!("Bearer {}", self.0.key.expose_secret()),
            )
            .header(CONTENT_TYPE, "application/json")
            .extension(nearby)
            .body(body)
            .map_err(|error| broken(&error))?;
        let Ok(response) = self.0.gateway.clone().oneshot(request).await;
        let status = response.status();
        let body = to_bytes(response.into_body(), ANSWER_BYTES_MAX)
            .await
            .map_err(|error| broken(&error))?;
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(|error| broken(&error));
        }
        let problem: Problem = serde_json::from_slice(&body).map_err(|error| broken(&error))?;
        Err(Refusal::said(status, problem.detail))
    }
}

impl Refusal {
    /// Whether the gateway found the request itself wanting.
    pub(super) fn is_bad_request(&self) -> bool {
        self.status() == StatusCode::BAD_REQUEST
    }
}
