//! `polarkit meter`: started before an app, killed under load, and nobody's answered use is lost.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::routing::get;
use futures_util::future::join_all;
use tokio::net::TcpListener;

use crate::http::{Api, client};
use crate::patience::eventually;
use crate::process::{Running, folder, polarkit, run};
use crate::stage::{Stage, postgres};
use crate::tables::Tables;

const CLIENTS: usize = 16;
/// Answers before the process is killed.
const ENOUGH: usize = 400;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_before_a_kill_is_delivered_after_it_on_sqlite() {
    answered_then_killed(Stage::on_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_before_a_kill_is_delivered_after_it_on_postgresql() {
    answered_then_killed(Stage::at(postgres().await).await).await;
}

async fn answered_then_killed(mut stage: Stage) {
    let app = app().await;
    let polar = stage
        .env()
        .into_iter()
        .find(|(name, _)| *name == "POLAR_SERVER");
    let polar = polar.unwrap().1.to_owned();
    // Nothing is delivered before the kill: what survives was durable.
    stage.set("POLAR_SERVER", "http://127.0.0.1:9");
    let args = [
        "meter",
        "--upstream",
        &app,
        "--port",
        "0",
        "--gateway-port",
        "0",
        "--customer-header",
        "x-customer-id",
        "--trust-networks",
        "127.0.0.1",
    ];
    let metered = Running::of(polarkit(&stage.folder, &args, &stage.env())).await;
    let url = metered.ready.meter.clone().unwrap();
    let answered = Arc::new(AtomicUsize::new(0));
    let clients = (0..CLIENTS).map(|number| ask(number, &url, &answered));
    let killed = async {
        eventually("enough is answered", async || {
            (answered.load(Ordering::Relaxed) >= ENOUGH).then_some(())
        })
        .await;
        metered.kill().await;
    };
    let (asked, ()) = tokio::join!(join_all(clients), killed);
    let answered: Vec<String> = asked.into_iter().flatten().collect();
    assert!(answered.len() >= ENOUGH);

    // Other nodes wait until the dead one's leases are over.
    let tables = Tables::at(&stage.database_url).await;
    tables.leases_end().await;
    tables.close().await;
    stage.set("POLAR_SERVER", &polar);
    let gateway = stage.gateway().await;
    eventually("all usage is delivered", async || {
        let metrics = Api::new(gateway.gateway(), Some(crate::stage::KEY))
            .get("/metrics")
            .await;
        metrics
            .body
            .as_str()?
            .contains("polarkit_usage_pending 0")
            .then_some(())
    })
    .await;
    let mut counted: BTreeMap<String, usize> = BTreeMap::new();
    for event in stage.list("/v1/events/").await {
        if let Some(customer) = event["external_customer_id"].as_str() {
            *counted.entry(customer.to_owned()).or_default() += 1;
        }
    }
    for customer in answered {
        assert_eq!(counted.get(&customer), Some(&1), "{customer}");
    }
}

/// Asks as a customer of its own each time, until nobody answers; gives those who were answered.
async fn ask(number: usize, url: &str, answered: &AtomicUsize) -> Vec<String> {
    let client = client();
    let mut customers = Vec::new();
    for call in 0.. {
        let customer = format!("u_{number}_{call}");
        let asked = client
            .get(format!("{url}/work"))
            .header("x-customer-id", &customer);
        let Ok(answer) = asked.send().await else {
            break;
        };
        if answer.text().await.as_deref().ok() != Some("done") {
            break;
        }
        answered.fetch_add(1, Ordering::Relaxed);
        customers.push(customer);
    }
    customers
}

/// An app in some other process, as far as the proxy can tell.
#[expect(clippy::disallowed_methods, reason = "it ends with the test's runtime")]
async fn app() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/work", get(async || "done"));
    tokio::spawn(axum::serve(listener, router).into_future());
    url
}

#[tokio::test]
async fn rules_that_are_wrong_are_told_by_line_and_nothing_starts() {
    let folder = folder();
    let rules = folder.path().join("rules.toml");
    std::fs::write(&rules, "[[rule]]\npath = \"/v1\"\nkind = \"lm\"\n").unwrap();
    let args = [
        "meter",
        "--upstream",
        "http://127.0.0.1:9",
        "--rules",
        rules.to_str().unwrap(),
    ];
    let ended = run(&args, &[]).await;
    let talk = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(2), "{talk}");
    assert!(
        talk.contains("POLARKIT_METER_RULES has faults; line 3: unknown variant `lm`"),
        "{talk}"
    );
    let nowhere = run(&["meter"], &[("POLAR_ACCESS_TOKEN", "x")]).await;
    assert_eq!(nowhere.status.code(), Some(2));
}
