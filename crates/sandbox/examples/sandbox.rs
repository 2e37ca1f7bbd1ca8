//! Starts a sandbox on the port given as first argument (8787 by default), until Ctrl-C.

use std::sync::Arc;

use jiff::Timestamp;
use polarkit_model::Clock;
use polarkit_sandbox::{Options, Sandbox};
use tokio_util::sync::CancellationToken;

#[derive(Debug)]
struct Wall;

impl Clock for Wall {
    #[expect(
        clippy::disallowed_methods,
        reason = "an example is where the wall clock is handed in"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

#[tokio::main(flavor = "current_thread")]
#[expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "an example speaks to people"
)]
async fn main() {
    let port = std::env::args()
        .nth(1)
        .map_or(Ok(8787), |port| port.parse::<u16>());
    let address = ("127.0.0.1", port.expect("a port number"));
    let listener = tokio::net::TcpListener::bind(address)
        .await
        .expect("a free port");
    let options = Options {
        listener,
        seed: 1,
        clock: Arc::new(Wall),
        public_url: None,
        data: std::env::args().nth(2).map(Into::into),
    };
    let stop = CancellationToken::new();
    let sandbox = Sandbox::start(options, stop.clone())
        .await
        .expect("a sandbox");
    println!("http://{}", sandbox.address());
    tokio::signal::ctrl_c().await.expect("a signal handler");
    stop.cancel();
    sandbox.join().await;
}
