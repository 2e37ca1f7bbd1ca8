//! `polarkit store move`: from a file to a server, when nobody is at either.

use jiff::Timestamp;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::delivery::{Delivery, SECRET};
use crate::http::{Api, client};
use crate::patience::eventually;
use crate::process::{Running, folder, run_in};

const KEY: &str = "pk_a_key_of_these_tests_alone";
const FILE: &str = "sqlite:gateway.db";

/// A database of its own on the server the test command starts.
#[expect(
    clippy::disallowed_methods,
    reason = "the test command says where its server is"
)]
async fn postgres() -> String {
    let server = std::env::var("POLARKIT_TEST_POSTGRES_URL")
        .expect("POLARKIT_TEST_POSTGRES_URL names the PostgreSQL server the tests may use");
    let name = format!("cli_{}", uuid::Uuid::new_v4().simple());
    let mut connection = PgConnection::connect(&server).await.unwrap();
    let create = AssertSqlSafe(format!("CREATE DATABASE {name}"));
    sqlx::query(create).execute(&mut connection).await.unwrap();
    let (host, _) = server.rsplit_once('/').unwrap();
    format!("{host}/{name}")
}

async fn start(folder: &tempfile::TempDir, sandbox: &Running, database: &str) -> Running {
    let env = [
        ("POLAR_ACCESS_TOKEN", "polar_oat_of_these_tests"),
        ("POLAR_WEBHOOK_SECRET", SECRET),
        (
            "POLAR_ORGANIZATION_ID",
            "00000000-0000-4000-8000-000000000000",
        ),
        ("POLAR_SERVER", sandbox.sandbox()),
        ("DATABASE_URL", database),
        ("POLARKIT_API_KEYS", KEY),
        ("LOG_LEVEL", "error"),
    ];
    Running::start(folder, &["serve", "--port", "0"], &env).await
}

async fn bought(gateway: &Running, delivery: &Delivery) {
    let api = Api::new(gateway.gateway(), Some(KEY));
    let path = format!("/api/customers/{}", delivery.customer);
    eventually("the order is there", async || {
        let answer = api.get(&path).await;
        (answer.body["orders"].as_array()?.len() == 1).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_moved_once_its_gateway_is_down_however_it_went_down() {
    let (folder, postgres) = (folder(), postgres().await);
    let sandbox = Running::start(&folder, &["sandbox", "--port", "0"], &[]).await;
    let gateway = start(&folder, &sandbox, FILE).await;
    let delivery = Delivery::of_a_paid_order(now());
    assert!(delivery.send(&client(), gateway.gateway(), now()).await);
    let ask = ["store", "move", "--from", FILE, "--to", &postgres, "--json"];
    let ended = run_in(&folder, &ask, &[]).await;
    let talk = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{talk}");
    assert!(talk.contains("the SQLite file is in use"), "{talk}");
    assert!(ended.stdout.is_empty());

    bought(&gateway, &delivery).await;
    gateway.kill().await;
    let ended = run_in(&folder, &ask, &[]).await;
    let talk = String::from_utf8(ended.stderr).unwrap();
    assert!(ended.status.success(), "{talk}");
    let answer: Value = serde_json::from_slice(&ended.stdout).unwrap();
    let tables = answer["tables"].as_array().unwrap();
    let inbox = tables.iter().find(|one| one["table"] == "inbox").unwrap();
    assert_eq!(inbox["rows"], 1, "{answer}");
    let gateway = start(&folder, &sandbox, &postgres).await;
    bought(&gateway, &delivery).await;
    assert!(gateway.terminate().await.success());

    let ended = run_in(&folder, &ask, &[]).await;
    let talk = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{talk}");
    assert!(talk.contains("is not empty"), "{talk}");
}

#[tokio::test]
async fn what_is_typed_wrong_is_told_and_no_password_is_shown() {
    let folder = folder();
    let to = "postgres://me:hush-hush@127.0.0.1:1/none";
    std::fs::write(folder.path().join("other.db"), "no database").unwrap();
    for (from, to, code) in [
        (FILE, to, 2),                // no such file
        (to, to, 2),                  // the wrong way round
        ("sqlite:other.db", FILE, 1), // it is looked at first
        ("mysql:hush-hush", to, 2),
    ] {
        let ended = run_in(&folder, &["store", "move", "--from", from, "--to", to], &[]).await;
        let talk = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(code), "{talk}");
        assert!(talk.contains("hint: ") && !talk.contains("hush"), "{talk}");
    }
    assert!(!folder.path().join("gateway.db").exists(), "it is not made");
}

#[expect(
    clippy::disallowed_methods,
    reason = "real processes live in real time"
)]
fn now() -> Timestamp {
    Timestamp::now()
}
