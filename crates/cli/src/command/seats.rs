//! `polarkit seats`: floating seats for a network without Polar, until it is stopped. It needs no
//! setting and no secret but its own key.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use jiff::SignedDuration;
use polarkit::SystemClock;
use polarkit::license::SigningKey;
use polarkit_gateway::floating::{self, Options};
use polarkit_store::Store;
use serde::Serialize;
use tokio_util::task::TaskTracker;

use crate::args::Seats;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::{listen, stop};

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Ready<'a> {
    seats: &'a str,
}

/// Serves until a signal comes.
pub(super) async fn run(ask: Seats, printer: &Printer) -> Result<(), Failure> {
    let key = SigningKey::parse(&text(&ask.key, "--key")?.into()).context("--key")?;
    let pool = text(&ask.pool, "--pool")?;
    let jwks = text(&ask.keys, "--keys")?;
    let store = Store::open_to_serve(&ask.database_url, 0).await;
    let store = store.map_err(|error| Failure::remedied(error.remedy(), error))?;
    let options = Options {
        store,
        pool,
        jwks,
        key,
        silence: SignedDuration::from_mins(ask.silence_minutes.into()),
        clock: Arc::new(SystemClock),
    };
    let server = floating::Server::open(options).await?;
    let listener = listen::bind(ask.host, ask.port, "--port").await?;
    let url = listen::url(&listener)?;
    let tasks = TaskTracker::new();
    let stop = stop::on_signal(&tasks)?;
    printer.ready(&Ready { seats: &url }, talk(&url))?;
    server.serve(listener, stop.clone()).await;
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    Ok(())
}

fn text(file: &Path, flag: &'static str) -> Result<String, Failure> {
    let text = std::fs::read_to_string(file);
    Ok(text.with_context(|| format!("{flag} {}", file.display()))?)
}

fn talk(url: &str) -> String {
    format!("\n  seats  {url}/seats\n\n  Ctrl-C stops it.\n")
}
