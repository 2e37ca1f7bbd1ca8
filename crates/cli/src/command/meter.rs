//! `polarkit meter`: the gateway, and before the app the proxy that counts, until it is stopped.
//!
//! Both are one process, so that a use is durable in the gateway's own store before its answer
//! ends, with no network in between.

use std::sync::Arc;

use polarkit::SystemClock;
use polarkit_gateway::{Config, Gateway};
use serde::Serialize;
use tokio_util::task::TaskTracker;

use super::serve::faulty;
use crate::args::Meter;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::settings::Settings;
use crate::{listen, stop};

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Ready<'a> {
    gateway: &'a str,
    meter: &'a str,
}

/// Serves both until a signal comes.
pub(super) async fn run(
    ask: Meter,
    mut settings: Settings,
    printer: &Printer,
) -> Result<(), Failure> {
    settings.flag("POLARKIT_METER_UPSTREAM", ask.upstream.as_ref());
    settings.flag("POLARKIT_METER_RULES", ask.rules.as_ref());
    settings.flag(
        "POLARKIT_METER_CUSTOMER_HEADER",
        ask.customer_header.as_ref(),
    );
    settings.flag("POLARKIT_METER_TRUST_NETWORKS", ask.trust_networks.as_ref());
    let required = ask.require_customer.then(|| "true".to_owned());
    settings.flag("POLARKIT_METER_REQUIRE_CUSTOMER", required.as_ref());
    let config =
        Config::from_variables(&settings.into_values()).map_err(|faults| faulty(&faults))?;
    let Some(app) = config
        .metering
        .as_ref()
        .map(|metering| metering.upstream.to_string())
    else {
        let cause = anyhow::anyhow!("no app is named to stand before");
        let hint = "say where it is: polarkit meter --upstream http://127.0.0.1:3000";
        return Err(Failure::configuration(cause).hint(hint));
    };
    let listener = listen::bind(ask.host, ask.gateway_port, "--gateway-port").await?;
    let meter = listen::bind(ask.host, ask.port, "--port").await?;
    let (url, meter_url) = (listen::url(&listener)?, listen::url(&meter)?);
    let gateway = Gateway::open(config, Arc::new(SystemClock)).await;
    let gateway = gateway.map_err(|error| Failure::remedied(error.remedy(), error))?;
    let tasks = TaskTracker::new();
    let stop = stop::on_signal(&tasks)?;
    let ready = Ready {
        gateway: &url,
        meter: &meter_url,
    };
    printer.ready(&ready, talk(&ready, &app))?;
    let served = polarkit_gateway::serve_with_meter(gateway, listener, meter, stop.clone()).await;
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    Ok(served?)
}

fn talk(ready: &Ready<'_>, app: &str) -> String {
    let Ready { gateway, meter } = ready;
    format!(
        "\n  meter     {meter}   clients come here\n  app       {app}\n  gateway   {gateway}\n\n  Ctrl-C stops it.\n"
    )
}
