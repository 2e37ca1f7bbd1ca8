//! A gateway that listens, its Polar beside it, a clock that both share and nobody else moves.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use polarkit_gateway::{Config, Gateway, Hooks};
use polarkit_model::Clock;
use polarkit_sandbox::{Credentials, Options, Sandbox};
use reqwest::{Client, Method, RequestBuilder};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::answer::Answer;

/// The shop's own key.
pub(crate) const KEY: &str = "pk_test_0123456789abcdefghij";
/// The secret the fixtures are signed with, beside that of the sandbox's endpoint.
pub(crate) const SECRET: &str = "whsec_abcdefghijklmnopqrstuvwxyzABCDEFGHIJK4WQsSZ";
/// The secret of a newer endpoint: its decoded remainder is the key.
pub(crate) const NEWER_SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
pub(crate) const JWT_SECRET: &str = "a secret of thirty-two characters";

/// Stands still until it is moved.
#[derive(Debug)]
pub(crate) struct Still(AtomicI64);

impl Still {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(1_800_000_000_000_000)))
    }

    pub(crate) fn advance(&self, by: SignedDuration) {
        self.0
            .fetch_add(i64::try_from(by.as_micros()).unwrap(), Ordering::Relaxed);
    }
}

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.0.load(Ordering::Relaxed)).unwrap()
    }
}

pub(crate) struct World {
    pub(crate) url: String,
    /// Where the metering proxy is, with the settings that want one.
    pub(crate) meter: Option<String>,
    pub(crate) clock: Arc<Still>,
    pub(crate) sandbox: Sandbox,
    pub(crate) polar: polarkit::Polar,
    pub(crate) credentials: Credentials,
    pub(crate) gateway: Gateway,
    pub(crate) client: Client,
    folder: Arc<tempfile::TempDir>,
    settings: BTreeMap<String, String>,
    stop: CancellationToken,
    served: JoinHandle<std::io::Result<()>>,
    sandbox_stop: DropGuard,
}

impl World {
    /// A gateway with the settings of a team, on its own sandbox.
    pub(crate) async fn begin() -> Self {
        Self::with(&[]).await
    }

    /// The same, with further settings.
    pub(crate) async fn with(further: &[(&str, &str)]) -> Self {
        Self::begun(further, None).await
    }

    /// The same, with hooks.
    pub(crate) async fn hooked(hooks: Arc<dyn Hooks>) -> Self {
        Self::begun(&[], Some(hooks)).await
    }

    async fn begun(further: &[(&str, &str)], hooks: Option<Arc<dyn Hooks>>) -> Self {
        let clock = Still::new();
        let sandbox_stop = CancellationToken::new();
        let options = Options {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
            seed: 1,
            clock: Arc::<Still>::clone(&clock),
            public_url: None,
            data: None,
        };
        let sandbox = Sandbox::start(options, sandbox_stop.clone()).await.unwrap();
        let credentials = sandbox.credentials().unwrap();
        let polar_url = format!("http://{}", sandbox.address());
        let polar = polarkit::Polar::builder()
            .server(polarkit::Server::At(polar_url.clone()))
            .token(credentials.access_token.as_str())
            .build()
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let endpoint = endpoint(&polar, &url).await;
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let database = format!("sqlite:{}", folder.path().join("gateway.db").display());
        let settings = [
            ("POLAR_ACCESS_TOKEN", credentials.access_token.as_str()),
            (
                "POLAR_WEBHOOK_SECRET",
                &format!("{endpoint}, {SECRET}, {NEWER_SECRET}"),
            ),
            ("POLAR_ORGANIZATION_ID", &credentials.organization_id),
            ("POLAR_SERVER", &polar_url),
            ("DATABASE_URL", &database),
            (
                "SUCCESS_URL",
                "https://shop.example/thanks?checkout={CHECKOUT_ID}",
            ),
            ("POLARKIT_API_KEYS", KEY),
            ("POLARKIT_JWT_SECRET", JWT_SECRET),
            // Stories told by hand are about customers the sandbox does not have.
            ("POLARKIT_RECONCILE", "false"),
            ("POLARKIT_WATCHDOG", "off"),
        ];
        let all = settings.iter().chain(further);
        let settings: BTreeMap<String, String> = all
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let config = Config::from_variables(&settings).unwrap();
        let gateway = Gateway::open_with_hooks(config, Arc::<Still>::clone(&clock), hooks)
            .await
            .unwrap();
        let stop = CancellationToken::new();
        let (served, meter) = serve(&gateway, listener, &settings, &stop).await;
        let world = Self {
            url,
            meter,
            clock,
            sandbox,
            polar,
            credentials,
            gateway,
            client: client(),
            folder,
            settings,
            stop,
            served,
            sandbox_stop: sandbox_stop.drop_guard(),
        };
        world.get("/health").await.ok(); // it answers once everything runs
        world
    }

    /// Stops the gateway and starts another on the same database and address.
    pub(crate) async fn restart(self) -> Self {
        self.restarted(&[], async |_, _| {}).await
    }

    /// The same, with other settings.
    pub(crate) async fn restart_with(self, further: &[(&str, &str)]) -> Self {
        self.restarted(further, async |_, _| {}).await
    }

    /// The same, with something happening at Polar while no gateway runs.
    pub(crate) async fn restart_after(
        self,
        meanwhile: impl AsyncFnOnce(&polarkit::Polar, &Sandbox),
    ) -> Self {
        self.restarted(&[], meanwhile).await
    }

    /// Stops the gateway, moves its database to this one, and starts another there.
    pub(crate) async fn moved(self, to: &str) -> Self {
        let from = self.settings["DATABASE_URL"].clone();
        self.restarted(&[("DATABASE_URL", to)], async |_, _| {
            polarkit_store::transfer(&from, to, |_| {}).await.unwrap();
        })
        .await
    }

    /// The same, with other settings and something happening at Polar meanwhile.
    pub(crate) async fn restarted(
        self,
        further: &[(&str, &str)],
        meanwhile: impl AsyncFnOnce(&polarkit::Polar, &Sandbox),
    ) -> Self {
        let Self {
            url,
            clock,
            sandbox,
            polar,
            credentials,
            client,
            folder,
            mut settings,
            ..
        } = self;
        for (name, value) in further {
            settings.insert((*name).to_owned(), (*value).to_owned());
        }
        self.stop.cancel();
        self.served.await.unwrap().unwrap();
        meanwhile(&polar, &sandbox).await;
        let address = url.trim_start_matches("http://").to_owned();
        let config = Config::from_variables(&settings).unwrap();
        let gateway = Gateway::open(config, Arc::<Still>::clone(&clock))
            .await
            .unwrap();
        let listener = TcpListener::bind(&address).await.unwrap();
        let stop = CancellationToken::new();
        let (served, meter) = serve(&gateway, listener, &settings, &stop).await;
        let sandbox_stop = self.sandbox_stop;
        Self {
            url,
            meter,
            clock,
            sandbox,
            polar,
            credentials,
            gateway,
            client,
            folder,
            settings,
            stop,
            served,
            sandbox_stop,
        }
    }

    /// Stops the gateway and starts another on the same database, with further settings.
    pub(crate) async fn reset(mut self, further: &[(&str, &str)]) -> Self {
        let further = further
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.settings.extend(further);
        self.restart().await
    }

    /// Its settings, some of them otherwise.
    pub(crate) fn config_with(&self, further: &[(&str, &str)]) -> Config {
        let mut settings = self.settings.clone();
        for (name, value) in further {
            settings.insert((*name).to_owned(), (*value).to_owned());
        }
        Config::from_variables(&settings).unwrap()
    }

    /// Where its database is.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Stops the gateway and waits for it.
    pub(crate) async fn stop(self) -> std::io::Result<()> {
        self.stop.cancel();
        self.served.await.unwrap()
    }

    /// All that its database consists of, and what lies beside it.
    pub(crate) fn files(&self) -> Vec<u8> {
        let mut all = Vec::new();
        for file in std::fs::read_dir(self.folder.path()).unwrap() {
            let file = file.unwrap();
            if file.file_type().unwrap().is_file() {
                all.extend(std::fs::read(file.path()).unwrap());
            }
        }
        all
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    /// The client every call goes through.
    pub(crate) fn client(&self) -> Client {
        self.client.clone()
    }

    /// A call of the shop's server.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(
            self.request(Method::GET, path)
                .bearer_auth(KEY)
                .send()
                .await
                .unwrap(),
        )
        .await
    }

    /// The same, to another node.
    pub(crate) async fn get_at(&self, node: &str, path: &str) -> Answer {
        let call = self.client.get(format!("{node}{path}")).bearer_auth(KEY);
        Answer::of(call.send().await.unwrap()).await
    }

    /// A call of the shop's server.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        let call = self
            .request(Method::POST, path)
            .bearer_auth(KEY)
            .json(&body);
        Answer::of(call.send().await.unwrap()).await
    }

    /// A call of someone unknown.
    pub(crate) async fn post_anonymously(&self, path: &str, body: Value) -> Answer {
        Answer::of(
            self.request(Method::POST, path)
                .json(&body)
                .send()
                .await
                .unwrap(),
        )
        .await
    }

    /// Waits until nothing is left to do on either side.
    pub(crate) async fn settle(&self) {
        self.sandbox.settle().await.unwrap();
        self.projected().await;
    }

    /// Waits until every webhook taken is projected.
    pub(crate) async fn projected(&self) {
        self.until("the inbox is empty", async || {
            self.gateway.store().inbox_backlog().await.unwrap().pending == 0
        })
        .await;
    }

    /// Waits for a condition, for a while.
    pub(crate) async fn until(&self, what: &str, condition: impl AsyncFn() -> bool) {
        for _ in 0..1_000 {
            if condition().await {
                return;
            }
            pause(Duration::from_millis(10)).await;
        }
        panic!("it never came true that {what}");
    }
}

/// Serves the gateway, and the metering proxy where the settings name an app.
async fn serve(
    gateway: &Gateway,
    listener: TcpListener,
    settings: &BTreeMap<String, String>,
    stop: &CancellationToken,
) -> (JoinHandle<std::io::Result<()>>, Option<String>) {
    let (gateway, stop) = (gateway.clone(), stop.clone());
    if !settings.contains_key("POLARKIT_METER_UPSTREAM") {
        let served = polarkit_gateway::serve(gateway, listener, stop);
        return (spawn(served), None);
    }
    let meter = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", meter.local_addr().unwrap());
    let served = polarkit_gateway::serve_with_meter(gateway, listener, meter, stop);
    (spawn(served), Some(url))
}

/// A schema of its own on the server the test command starts.
#[expect(
    clippy::disallowed_methods,
    reason = "the test command says where its server is"
)]
pub(crate) async fn postgres() -> String {
    let server = std::env::var("POLARKIT_TEST_POSTGRES_URL")
        .expect("POLARKIT_TEST_POSTGRES_URL names the PostgreSQL server the tests may use");
    let schema = format!("gateway_{}", uuid::Uuid::new_v4().simple());
    let pool = sqlx::PgPool::connect(&server).await.unwrap();
    let create = sqlx::AssertSqlSafe(format!("CREATE SCHEMA {schema}"));
    sqlx::query(create).execute(&pool).await.unwrap();
    pool.close().await;
    let mark = if server.contains('?') { '&' } else { '?' };
    format!("{server}{mark}options=-csearch_path%3D{schema}")
}

async fn endpoint(polar: &polarkit::Polar, url: &str) -> String {
    use polarkit::model::{WebhookEventType, WebhookFormat};
    let events = WebhookEventType::KNOWN.to_vec();
    let hook = format!("{url}/webhook/polar");
    let endpoint = polar
        .webhooks()
        .create_endpoint(hook, WebhookFormat::Raw, events)
        .await
        .unwrap();
    endpoint.secret.reveal().to_owned()
}

/// A user's own token.
pub(crate) fn token(claims: &Value) -> SecretString {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
    use hmac::{Hmac, KeyInit as _, Mac as _};
    let header = BASE64.encode(json!({"alg": "HS256", "typ": "JWT"}).to_string());
    let signed = format!("{header}.{}", BASE64.encode(claims.to_string()));
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(JWT_SECRET.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    format!("{signed}.{}", BASE64.encode(mac.finalize().into_bytes())).into()
}

#[expect(
    clippy::disallowed_methods,
    reason = "waited for by the world that holds its handle"
)]
pub(crate) fn spawn(
    served: impl Future<Output = std::io::Result<()>> + Send + 'static,
) -> JoinHandle<std::io::Result<()>> {
    tokio::spawn(served)
}

#[expect(
    clippy::disallowed_methods,
    reason = "real servers on real sockets take real time"
)]
pub(crate) async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}

#[expect(
    clippy::disallowed_methods,
    reason = "the tests' one client, and it sets its timeout"
)]
pub(crate) fn client() -> Client {
    // Fails when another test of this process was first, which is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
    Client::builder()
        .timeout(Duration::from_mins(1))
        .build()
        .unwrap()
}
