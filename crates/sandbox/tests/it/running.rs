//! A sandbox in this process, with a clock that stands still, and a client for it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use polarkit_model::Clock;
use polarkit_sandbox::{Options, Sandbox};
use reqwest::{Client, Response};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Runs until it is dropped.
pub(crate) struct Running {
    pub(crate) url: String,
    client: Client,
    _stop: DropGuard,
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
        let stop = CancellationToken::new();
        let options = Options {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
            seed: 1,
            clock: Arc::new(Still),
            public_url: None,
            data: None,
        };
        let sandbox = Sandbox::start(options, stop.clone()).await.unwrap();
        Self {
            url: format!("http://{}", sandbox.address()),
            client: client(),
            _stop: stop.drop_guard(),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        let address = format!("{}{path}", self.url);
        self.client.get(address).send().await.unwrap()
    }
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
