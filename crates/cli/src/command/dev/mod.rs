//! `polarkit dev`: sandbox, gateway and shop in one process, wired as a team would wire them.

mod endpoint;
mod home;

use std::collections::BTreeMap;
use std::sync::Arc;

use polarkit::{Polar, Server, SystemClock};
use polarkit_gateway::{Config, Gateway};
use polarkit_sandbox::{Credentials, Options, Sandbox};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::home::Home;
use super::sandbox::{LOOPBACK, SEED};
use super::serve::faulty;
use crate::args::Dev;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::shop::{self, Backend};
use crate::{listen, stop};

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Ready<'a> {
    gateway: &'a str,
    sandbox: &'a str,
    api_key: &'a str,
}

/// Serves both until a signal comes.
pub(super) async fn run(ask: Dev, printer: &Printer) -> Result<(), Failure> {
    let listener = listen::bind(LOOPBACK, ask.port, "--port").await?;
    let sandbox_listener = listen::bind(LOOPBACK, ask.sandbox_port, "--sandbox-port").await?;
    let (gateway_url, sandbox_url) = (listen::url(&listener)?, listen::url(&sandbox_listener)?);
    let home = Home::open(ask.data)?;
    let tasks = TaskTracker::new();
    let stop = stop::on_signal(&tasks)?;
    let sandbox = start_sandbox(sandbox_listener, &home, &stop).await?;
    let town = Town {
        credentials: sandbox
            .credentials()
            .ok_or_else(|| anyhow::anyhow!("no credentials"))?,
        gateway_url,
        sandbox_url,
        key: home.api_key()?,
    };
    let polar = town.polar()?;
    let secret = endpoint::ensure(&polar, &format!("{}/webhook/polar", town.gateway_url)).await?;
    let gateway = Gateway::open(town.config(&home, &secret)?, Arc::new(SystemClock)).await;
    let gateway = gateway.map_err(|error| Failure::remedied(error.remedy(), error))?;
    let routes = polarkit_gateway::router(gateway.clone());
    let shop = shop::router(Backend::new(
        routes.clone(),
        town.key.clone(),
        polar,
        sandbox.clone(),
    ));
    let ready = Ready {
        gateway: &town.gateway_url,
        sandbox: &town.sandbox_url,
        api_key: town.key.expose_secret(),
    };
    printer.ready(&ready, town.talk())?;
    let served =
        polarkit_gateway::serve_app(gateway, routes.merge(shop), listener, stop.clone()).await;
    stop.cancel();
    sandbox.join().await;
    tasks.close();
    tasks.wait().await;
    Ok(served?)
}

async fn start_sandbox(
    listener: TcpListener,
    home: &Home,
    stop: &CancellationToken,
) -> Result<Sandbox, Failure> {
    let options = Options {
        listener,
        seed: SEED,
        clock: Arc::new(SystemClock),
        public_url: None,
        data: home.sandbox(),
    };
    Ok(Sandbox::start(options, stop.clone()).await?)
}

/// Who is where, and what opens which door.
struct Town {
    credentials: Credentials,
    gateway_url: String,
    sandbox_url: String,
    key: SecretString,
}

impl Town {
    /// Polar as the shop's own server calls it.
    fn polar(&self) -> Result<Polar, Failure> {
        let server = Server::At(self.sandbox_url.clone());
        Ok(Polar::builder()
            .server(server)
            .token(self.credentials.access_token.as_str())
            .build()?)
    }

    /// The settings a team would put into its environment.
    fn config(&self, home: &Home, secret: &str) -> Result<Config, Failure> {
        let settings = [
            ("POLAR_ACCESS_TOKEN", self.credentials.access_token.clone()),
            ("POLAR_WEBHOOK_SECRET", secret.to_owned()),
            (
                "POLAR_ORGANIZATION_ID",
                self.credentials.organization_id.clone(),
            ),
            ("POLAR_SERVER", self.sandbox_url.clone()),
            ("DATABASE_URL", home.database_url()),
            (
                "SUCCESS_URL",
                format!("{}/shop?checkout={{CHECKOUT_ID}}", self.gateway_url),
            ),
            ("POLARKIT_API_KEYS", self.key.expose_secret().to_owned()),
            // Whoever tries this has their receiver here.
            (
                "POLARKIT_SUBSCRIBER_NETWORKS",
                "127.0.0.0/8, ::1".to_owned(),
            ),
        ];
        let settings: BTreeMap<String, String> = settings
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        Config::from_variables(&settings).map_err(|faults| faulty(&faults))
    }

    fn talk(&self) -> String {
        let Self {
            gateway_url,
            sandbox_url,
            key,
            ..
        } = self;
        let key = key.expose_secret();
        format!(
            "\n  shop      {gateway_url}/shop   buy with the card 4242 4242 4242 4242\
             \n  gateway   {gateway_url}   call it with the key {key}\
             \n  sandbox   {sandbox_url}   Polar, on this machine\
             \n\n  Ctrl-C stops it.\n"
        )
    }
}
