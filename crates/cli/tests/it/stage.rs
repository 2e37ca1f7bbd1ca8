//! What a story about a real gateway needs around it: a sandbox as its Polar, a database, its settings.

use std::sync::Arc;

use jiff::Timestamp;
use polarkit::{Polar, SystemClock};
use polarkit_sandbox::{Options, Sandbox};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::delivery::SECRET;
use crate::http::Api;
use crate::process::{Running, folder, polarkit, wrapped};

/// The shop's own key.
pub(crate) const KEY: &str = "pk_a_key_of_these_tests_alone";

/// A sandbox in this process, a folder for the gateway's, and how to start one.
pub(crate) struct Stage {
    pub(crate) folder: TempDir,
    pub(crate) database_url: String,
    polar: Polar,
    settings: Vec<(String, String)>,
    _sandbox_stop: DropGuard,
}

impl Stage {
    /// With a database file of its own.
    pub(crate) async fn on_sqlite() -> Self {
        let folder = folder();
        let url = format!("sqlite:{}", folder.path().join("gateway.db").display());
        Self::begin(folder, url).await
    }

    /// With a database at this address.
    pub(crate) async fn at(database_url: String) -> Self {
        Self::begin(folder(), database_url).await
    }

    /// The same, in this folder.
    pub(crate) async fn begin(folder: TempDir, database_url: String) -> Self {
        let stop = CancellationToken::new();
        let options = Options {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
            seed: 1,
            clock: Arc::new(SystemClock),
            public_url: None,
            data: None,
        };
        let sandbox = Sandbox::start(options, stop.clone()).await.unwrap();
        let credentials = sandbox.credentials().unwrap();
        let polar = format!("http://{}", sandbox.address());
        let settings = [
            ("POLAR_ACCESS_TOKEN", credentials.access_token.as_str()),
            ("POLAR_WEBHOOK_SECRET", SECRET),
            ("POLAR_ORGANIZATION_ID", &credentials.organization_id),
            ("POLAR_SERVER", &polar),
            ("DATABASE_URL", &database_url),
            ("POLARKIT_API_KEYS", KEY),
            ("POLARKIT_SUBSCRIBER_NETWORKS", "127.0.0.0/8"),
            // Stories told by hand are about customers the sandbox does not have.
            ("POLARKIT_RECONCILE", "false"),
            ("POLARKIT_WATCHDOG", "off"),
            ("LOG_LEVEL", "error"),
        ];
        let server = polarkit::Server::At(polar.clone());
        let token = credentials.access_token.as_str();
        let builder = Polar::builder().server(server).token(token);
        let polar = builder.build().unwrap();
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            settings: settings.into(),
            folder,
            database_url,
            polar,
            _sandbox_stop: stop.drop_guard(),
        }
    }

    /// A setting for every gateway started from now on.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.settings.retain(|(known, _)| known != name);
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    /// Starts a gateway and waits until it is ready.
    pub(crate) async fn gateway(&self) -> Running {
        Running::of(self.serve()).await
    }

    /// The same, the process begun by a shell that says `exec "$@"` in the end.
    pub(crate) async fn gateway_by(&self, shell: &[&str]) -> Running {
        Running::of(wrapped(shell, &self.serve())).await
    }

    /// The command that starts a gateway.
    pub(crate) fn serve(&self) -> Command {
        polarkit(&self.folder, &["serve", "--port", "0"], &self.env())
    }

    /// What the sandbox itself says, with no gateway in between.
    pub(crate) fn polar(&self) -> &Polar {
        &self.polar
    }

    /// Everything in a list of the sandbox's.
    pub(crate) async fn list(&self, path: &str) -> Vec<Value> {
        let mut all = Vec::new();
        for page in 1.. {
            let call = self.polar.raw(path).query("limit", 100).query("page", page);
            let answer = call.await.unwrap();
            all.extend(answer["items"].as_array().unwrap().iter().cloned());
            if page >= answer["pagination"]["max_page"].as_i64().unwrap() {
                break;
            }
        }
        all
    }

    pub(crate) fn env(&self) -> Vec<(&str, &str)> {
        let settings = self.settings.iter();
        settings
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect()
    }
}

/// The gateway's API for the shop's server.
pub(crate) fn api(gateway: &Running) -> Api {
    Api::new(gateway.gateway(), Some(KEY))
}

#[expect(
    clippy::disallowed_methods,
    reason = "real processes live in real time"
)]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// A schema of its own on the server the test command starts.
#[expect(
    clippy::disallowed_methods,
    reason = "the test command says where its server is"
)]
pub(crate) async fn postgres() -> String {
    let server = std::env::var("POLARKIT_TEST_POSTGRES_URL")
        .expect("POLARKIT_TEST_POSTGRES_URL names the PostgreSQL server the tests may use");
    let schema = format!("cli_{}", uuid::Uuid::new_v4().simple());
    let pool = sqlx::PgPool::connect(&server).await.unwrap();
    let create = sqlx::AssertSqlSafe(format!("CREATE SCHEMA {schema}"));
    sqlx::query(create).execute(&pool).await.unwrap();
    pool.close().await;
    let mark = if server.contains('?') { '&' } else { '?' };
    format!("{server}{mark}options=-csearch_path%3D{schema}")
}
