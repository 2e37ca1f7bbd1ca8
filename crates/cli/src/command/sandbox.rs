//! `polarkit sandbox`: Polar on this machine, until it is stopped.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use polarkit::SystemClock;
use polarkit_sandbox::Options;
use serde::Serialize;
use tokio_util::task::TaskTracker;

use crate::args::Sandbox;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::{listen, stop};

/// The same seed on every start: ids and tokens that were noted down go on working.
pub(super) const SEED: u64 = 1;
/// The sandbox hands out tokens to whoever reaches it, so only this machine does.
pub(super) const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Ready<'a> {
    sandbox: &'a str,
}

/// Serves until a signal comes.
pub(super) async fn run(ask: Sandbox, printer: &Printer) -> Result<(), Failure> {
    let listener = listen::bind(LOOPBACK, ask.port, "--port").await?;
    let url = listen::url(&listener)?;
    let tasks = TaskTracker::new();
    let stop = stop::on_signal(&tasks)?;
    let options = Options {
        listener,
        seed: SEED,
        clock: Arc::new(SystemClock),
        public_url: None,
        data: ask.data,
    };
    let sandbox = polarkit_sandbox::Sandbox::start(options, stop.clone()).await?;
    let credentials = sandbox.credentials();
    let token = credentials.map(|credentials| credentials.access_token);
    let ready = Ready { sandbox: &url };
    printer.ready(&ready, talk(&url, token.as_deref().unwrap_or_default()))?;
    sandbox.join().await;
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    Ok(())
}

fn talk(url: &str, token: &str) -> String {
    format!(
        "\n  Polar's sandbox  {url}\n  access token     {token}\n  control          {url}/sandbox/clock, /sandbox/settle, /sandbox/credentials\n\n  Ctrl-C stops it.\n"
    )
}
