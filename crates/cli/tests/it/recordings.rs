//! Deliveries of the real Polar server, byte for byte: they verify, and they project. They lie with
//! the conformance suite, so that `.ci/conformance` runs this test; without the suite it fails.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use polarkit::{Clock, Timestamp};
use polarkit_gateway::{Config, Gateway};
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::http::client;
use crate::patience::eventually;
use crate::process::folder;

/// Who the recordings are about.
const CUSTOMER: &str = "551a7b94";

#[derive(Deserialize)]
struct Recordings {
    endpoint_secret: String,
    deliveries: Vec<Recorded>,
}

#[derive(Deserialize)]
struct Recorded {
    r#type: String,
    headers: BTreeMap<String, String>,
    raw_body: String,
}

/// The moment of the recordings, for ever.
#[derive(Debug)]
struct Then(Timestamp);

impl Clock for Then {
    fn now(&self) -> Timestamp {
        self.0
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by .ci/conformance"]
async fn recorded_deliveries_of_the_real_server_verify_and_project() {
    let recordings = read();
    let folder = folder();
    let stop = CancellationToken::new();
    let mut tasks = JoinSet::new();
    let gateway = open(&folder, &recordings).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/webhook/polar", listener.local_addr().unwrap());
    tasks.spawn(polarkit_gateway::serve(
        gateway.clone(),
        listener,
        stop.clone(),
    ));

    for delivery in &recordings.deliveries {
        let mut request = client().post(&url).body(delivery.raw_body.clone());
        for (name, value) in &delivery.headers {
            request = request.header(name, value);
        }
        let status = request.send().await.unwrap().status();
        assert_eq!(status, 200, "{}", delivery.r#type);
    }
    eventually("the projection", async || {
        let backlog = gateway.store().inbox_backlog().await.unwrap();
        assert_eq!(
            backlog.dead, 0,
            "a recorded delivery could not be projected"
        );
        (backlog.pending == 0).then_some(())
    })
    .await;
    access_is_as_recorded(&gateway, &recordings).await;
    stop.cancel();
    tasks.join_next().await.unwrap().unwrap().unwrap();
}

/// The subscription is active; the benefit was granted and taken back.
async fn access_is_as_recorded(gateway: &Gateway, recordings: &Recordings) {
    let customer = recordings
        .deliveries
        .iter()
        .filter_map(|delivery| serde_json::from_str::<serde_json::Value>(&delivery.raw_body).ok())
        .find_map(|body| body["data"]["customer_id"].as_str().map(str::to_owned))
        .unwrap();
    assert!(customer.starts_with(CUSTOMER), "{customer}");
    let mut told: Vec<_> = gateway.store().entitlements(&customer).await.unwrap();
    told.sort_by(|one, other| one.source.cmp(&other.source));
    let told: Vec<_> = told
        .iter()
        .map(|row| (row.source.split(':').next().unwrap(), row.granted))
        .collect();
    assert_eq!(told, [("grant", false), ("subscription", true)]);
}

async fn open(folder: &tempfile::TempDir, recordings: &Recordings) -> Gateway {
    let seconds = &recordings.deliveries[0].headers["webhook-timestamp"];
    let clock = Then(Timestamp::from_second(seconds.parse().unwrap()).unwrap());
    let database = format!("sqlite:{}", folder.path().join("gateway.db").display());
    // Nobody listens there: what was delivered must be understood without asking.
    let settings = [
        ("POLAR_ACCESS_TOKEN", "polar_oat_of_these_tests"),
        ("POLAR_WEBHOOK_SECRET", recordings.endpoint_secret.as_str()),
        (
            "POLAR_ORGANIZATION_ID",
            "00000000-0000-4000-8000-000000000000",
        ),
        ("POLAR_SERVER", "http://127.0.0.1:9"),
        ("DATABASE_URL", &database),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = Config::from_variables(&BTreeMap::from(settings)).unwrap();
    Gateway::open(config, Arc::new(clock)).await.unwrap()
}

#[expect(
    clippy::disallowed_methods,
    reason = "where the suite lies is the test runner's affair"
)]
fn read() -> Recordings {
    let checkout = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let named = std::env::var("POLAR_CONFORMANCE");
    let suite = checkout.join(named.as_deref().unwrap_or("../shared/conformance"));
    let file = suite.join("recordings/signed_deliveries.json");
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}
