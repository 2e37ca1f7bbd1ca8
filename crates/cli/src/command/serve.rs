//! `polarkit serve`: the gateway, until it is stopped.

use std::sync::Arc;

use polarkit::SystemClock;
use polarkit_gateway::{Config, Faults, Gateway};
use serde::Serialize;
use tokio_util::task::TaskTracker;

use crate::args::Serve;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::settings::Settings;
use crate::{listen, stop};

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Ready<'a> {
    gateway: &'a str,
}

/// Serves until a signal comes.
pub(super) async fn run(
    ask: Serve,
    mut settings: Settings,
    printer: &Printer,
) -> Result<(), Failure> {
    settings.flag("POLAR_SERVER", ask.polar_server.as_ref());
    settings.flag("DATABASE_URL", ask.database_url.as_ref());
    settings.flag("SUCCESS_URL", ask.success_url.as_ref());
    let config =
        Config::from_variables(&settings.into_values()).map_err(|faults| faulty(&faults))?;
    let polar = config.server.base_url().to_owned();
    let listener = listen::bind(ask.host, ask.port, "--port").await?;
    let url = listen::url(&listener)?;
    let gateway = Gateway::open(config, Arc::new(SystemClock)).await;
    let gateway = gateway.map_err(|error| Failure::remedied(error.remedy(), error))?;
    let tasks = TaskTracker::new();
    let stop = stop::on_signal(&tasks)?;
    printer.ready(&Ready { gateway: &url }, talk(&url, &polar))?;
    let served = polarkit_gateway::serve(gateway, listener, stop.clone()).await;
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    Ok(served?)
}

/// All faults in one failure; each names its variable and the remedy.
pub(super) fn faulty(faults: &Faults) -> Failure {
    let cause = anyhow::anyhow!("the configuration is not complete\n{faults}");
    Failure::configuration(cause).hint(
        "set them in the environment, in a .env file here, or in polarkit.toml; `polarkit dev` needs none",
    )
}

fn talk(url: &str, polar: &str) -> String {
    format!(
        "\n  gateway   {url}\n  webhooks  {url}/webhook/polar\n  Polar     {polar}\n\n  Ctrl-C stops it.\n"
    )
}
