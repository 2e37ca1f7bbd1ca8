//! A database that is taken, locked, read-only or away: said before anything starts, 503 while it runs.

use std::time::Instant;

use serde_json::json;
use sqlx::{Connection as _, SqliteConnection};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use crate::delivery::Delivery;
use crate::disk::{has_one_order, may_have_namespaces};
use crate::http::client;
use crate::patience::eventually;
use crate::process::{Running, ended, wrapped};
use crate::stage::{Stage, api, now, postgres};

/// What a start that fails says.
async fn refusal(stage: &Stage, shell: &[&str]) -> String {
    let serve = stage.serve();
    let ended = ended(wrapped(shell, &serve)).await;
    let talk = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{talk}");
    assert!(ended.stdout.is_empty(), "it never said that it is ready");
    talk
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_process_on_one_file_is_refused_until_the_first_is_gone() {
    let stage = Stage::on_sqlite().await;
    let first = stage.gateway().await;
    let talk = refusal(&stage, &["env"]).await;
    assert!(talk.contains("another polarkit works on this"), "{talk}");
    assert!(talk.contains("hint: end the other process"), "{talk}");
    let delivery = Delivery::of_a_paid_order(now());
    assert!(delivery.send(&client(), first.gateway(), now()).await);
    // A chore is welcome meanwhile, and a killed process holds nothing.
    let env = stage.env();
    let keys = crate::process::polarkit(&stage.folder, &["keys", "list"], &env);
    assert!(ended(keys).await.status.success());
    first.kill().await;
    let second = stage.gateway().await;
    has_one_order(&second, &delivery).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_cannot_be_written_is_named_before_anything_starts() {
    let stage = Stage::on_sqlite().await;
    stage.gateway().await.terminate().await;
    let file = stage.folder.path().join("gateway.db");
    let missing = format!(
        "sqlite:{}/nowhere/gateway.db",
        stage.folder.path().display()
    );
    let missing = format!("DATABASE_URL={missing}");
    let talk = refusal(&stage, &["env", &missing]).await;
    assert!(talk.contains("DATABASE_URL"), "{talk}");
    assert!(
        talk.contains("hint: the file and its folder must be"),
        "{talk}"
    );
    let other = stage.folder.path().join("other.db");
    std::fs::write(&other, [b'x'; 9_000]).unwrap();
    let other = format!("DATABASE_URL=sqlite:{}", other.display());
    let talk = refusal(&stage, &["env", &other]).await;
    assert!(
        talk.contains("hint: the file is damaged or no SQLite"),
        "{talk}"
    );
    let read_only = format!("DATABASE_URL=sqlite:{}?mode=ro", file.display());
    let talk = refusal(&stage, &["env", &read_only]).await;
    assert!(
        talk.contains("hint: the file and its folder must be"),
        "{talk}"
    );
    if !may_have_namespaces() {
        println!("no namespaces for users here: the disk itself stays writable");
        return;
    }
    let folder = stage.folder.path().to_str().unwrap();
    let mount = r#"mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@""#;
    let shell = ["unshare", "-r", "-m", "sh", "-c", mount, folder];
    let talk = refusal(&stage, &shell).await;
    assert!(talk.contains("Read-only file system"), "{talk}");
    assert!(talk.contains("not mounted read-only"), "{talk}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_of_another_process_is_waited_for_and_then_refused() {
    let stage = Stage::on_sqlite().await;
    let gateway = stage.gateway().await;
    let before = Delivery::of_a_paid_order(now());
    assert!(before.send(&client(), gateway.gateway(), now()).await);
    has_one_order(&gateway, &before).await;
    let mut other = SqliteConnection::connect(&stage.database_url)
        .await
        .unwrap();
    let locked = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    // A webhook needs no lock.
    let during = Delivery::of_a_paid_order(now());
    assert!(during.send(&client(), gateway.gateway(), now()).await);
    let began = Instant::now();
    let uses = json!({"external_customer_id": "u", "name": "call"});
    let refused = api(&gateway).post("/api/usage/track", uses.clone()).await;
    assert_eq!(refused.status, 503, "{}", refused.body);
    // Behind the projection, which waits as long.
    assert!(began.elapsed().as_secs() < 15, "{:?}", began.elapsed());
    has_one_order(&gateway, &before).await;
    locked.rollback().await.unwrap();
    has_one_order(&gateway, &during).await;
    let taken = api(&gateway).post("/api/usage/track", uses).await;
    assert_eq!(taken.status, 202, "{}", taken.body);
    other.close().await.unwrap();
    assert!(gateway.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_away_comes_back_to_a_gateway_that_never_stopped() {
    let server = postgres().await;
    let (link, url) = Link::to(&server).await;
    let stage = Stage::begin(crate::process::folder(), url).await;
    let gateway = stage.gateway().await;
    let before = Delivery::of_a_paid_order(now());
    assert!(before.send(&client(), gateway.gateway(), now()).await);
    has_one_order(&gateway, &before).await;
    link.cut();
    let during = Delivery::of_a_paid_order(now());
    is_refused(&during, &gateway).await;
    let ready = api(&gateway).get("/ready").await;
    assert_eq!((ready.status, &ready.body["store"]), (503, &false.into()));
    link.mend();
    is_taken_again(during, &gateway).await;
    has_one_order(&gateway, &before).await;
    assert!(gateway.terminate().await.success());
}

async fn is_refused(delivery: &Delivery, gateway: &Running) {
    let answer = delivery.answer(&client(), gateway.gateway(), now()).await;
    let answer = answer.expect("an answer, not silence");
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().contains_key("retry-after"));
}

async fn is_taken_again(delivery: Delivery, gateway: &Running) {
    let client = client();
    eventually("the delivery is taken", async || {
        let answer = delivery.answer(&client, gateway.gateway(), now()).await?;
        answer.status().is_success().then_some(())
    })
    .await;
    has_one_order(gateway, &delivery).await;
}

/// A way to a server that can be cut, as a restart of the server cuts it.
struct Link(watch::Sender<bool>);

impl Link {
    /// The link, and the same database's address through it.
    async fn to(server: &str) -> (Self, String) {
        let (_, rest) = server.split_once('@').unwrap();
        let (address, _) = rest.split_once('/').unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().to_string();
        let url = server.replacen(address, &own, 1);
        let (up, is_up) = watch::channel(true);
        let tasks = TaskTracker::new();
        let address = address.to_owned();
        tasks.clone().spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tasks.spawn(carry(stream, address.clone(), is_up.clone()));
            }
        });
        (Self(up), url)
    }

    fn cut(&self) {
        self.0.send_replace(false);
    }

    fn mend(&self) {
        self.0.send_replace(true);
    }
}

/// Carries bytes both ways while the link is up.
async fn carry(mut stream: TcpStream, server: String, mut is_up: watch::Receiver<bool>) {
    if !*is_up.borrow_and_update() {
        return;
    }
    let mut server = TcpStream::connect(server).await.unwrap();
    tokio::select! {
        _ = copy_bidirectional(&mut stream, &mut server) => {}
        _ = is_up.wait_for(|up| !up) => {}
    }
}
