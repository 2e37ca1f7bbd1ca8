//! A sandbox in this process, with a clock that stands still, and a client for it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use polarkit_model::Clock;
use polarkit_sandbox::{Credentials, Options, Sandbox, StartError};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Runs until it is dropped.
pub(crate) struct Running {
    pub(crate) url: String,
    pub(crate) sandbox: Sandbox,
    pub(crate) credentials: Credentials,
    client: Client,
    stop: DropGuard,
}

#[derive(Debug)]
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::constant(1_800_000_000, 0)
    }
}

impl Running {
    pub(crate) async fn start() -> Self {
        Self::start_with(1, None).await.unwrap()
    }

    /// One that keeps its world in `data`.
    pub(crate) async fn start_in(data: &Path) -> Result<Self, StartError> {
        Self::start_with(1, Some(data)).await
    }

    pub(crate) async fn start_with(seed: u64, data: Option<&Path>) -> Result<Self, StartError> {
        Self::start_as(seed, None, data).await
    }

    /// One that believes it stands elsewhere.
    pub(crate) async fn start_at(url: &str, data: Option<&Path>) -> Result<Self, StartError> {
        Self::start_as(1, Some(url.to_owned()), data).await
    }

    async fn start_as(
        seed: u64,
        public_url: Option<String>,
        data: Option<&Path>,
    ) -> Result<Self, StartError> {
        let stop = CancellationToken::new();
        let options = Options {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
            seed,
            clock: Arc::new(Still),
            public_url,
            data: data.map(Path::to_owned),
        };
        let sandbox = Sandbox::start(options, stop.clone()).await?;
        Ok(Self {
            url: format!("http://{}", sandbox.address()),
            credentials: sandbox.credentials().unwrap(),
            sandbox,
            client: client(),
            stop: stop.drop_guard(),
        })
    }

    /// Stops it cleanly.
    pub(crate) async fn stop(self) {
        drop(self.stop);
        self.sandbox.join().await;
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    /// Asks as nobody.
    pub(crate) async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    /// Calls as the main organization. Gives status and body.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let mut request = self
            .request(method, path)
            .bearer_auth(&self.credentials.access_token);
        if !body.is_null() {
            request = request.json(&body);
        }
        read(request).await
    }

    /// Posts to the control face.
    pub(crate) async fn control(&self, path: &str, body: Value) -> Value {
        let (status, answer) = read(self.request(Method::POST, path).json(&body)).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }
}

/// Sends, and takes status and JSON body apart.
pub(crate) async fn read(request: RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or_default())
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the tests' one client, and it sets its timeout"
)]
fn client() -> Client {
    // Fails when another test of this process was first, which is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
    Client::builder()
        .timeout(Duration::from_secs(30))
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}
