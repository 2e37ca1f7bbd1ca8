//! What could not be projected, once nothing is in its way any more.

use jiff::SignedDuration;
use polarkit_model::Clock as _;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};

use crate::event::{Delivery, ORDER, PRODUCT, deliver, event, order};
use crate::receiver::{HERE, Receiver, until_settled};
use crate::world::{World, postgres};

/// The database finds fault with the one order, as it does with a text that it cannot hold.
const POSTGRES_FAULT: [&str; 2] = [
    "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \
     $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '22000'; END $$",
    "CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON mirror FOR EACH ROW \
     WHEN (NEW.id = 'ORDER') EXECUTE FUNCTION refuse()",
];
const POSTGRES_MENDED: &str = "DROP TRIGGER refuse ON mirror";
const SQLITE_FAULT: [&str; 1] = [
    "CREATE TRIGGER refuse BEFORE INSERT ON mirror FOR EACH ROW \
     WHEN NEW.id = 'ORDER' BEGIN SELECT RAISE(ABORT, 'no'); END",
];
const SQLITE_MENDED: &str = "DROP TRIGGER refuse";

async fn run(url: &str, queries: &[&str]) {
    for query in queries {
        let query = sqlx::raw_sql(AssertSqlSafe(query.replace("ORDER", ORDER)));
        if url.starts_with("sqlite:") {
            let mut database = SqliteConnection::connect(url).await.unwrap();
            query.execute(&mut database).await.unwrap();
            database.close().await.unwrap();
        } else {
            let mut database = PgConnection::connect(url).await.unwrap();
            query.execute(&mut database).await.unwrap();
            database.close().await.unwrap();
        }
    }
}

async fn ask_again(world: &World) {
    let answer = world.post("/api/inbox/the-order/replay", json!({})).await;
    assert_eq!(answer.ok(), json!({"status": "pending"}));
}

/// As it is shown, once it is.
async fn shown(world: &World) -> Value {
    world.get("/api/inbox/the-order").await.body
}

async fn is_allowed(world: &World) -> bool {
    let question = format!("/api/entitlements/u_1/check?product={PRODUCT}");
    world.get(&question).await.ok()["allowed"] == true
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_dead_is_projected_once_when_its_cause_is_mended_on_postgresql() {
    let server = postgres().await;
    mended(&server, &POSTGRES_FAULT, POSTGRES_MENDED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_dead_is_projected_once_when_its_cause_is_mended_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("sqlite:{}", folder.path().join("gateway.db").display());
    mended(&file, &SQLITE_FAULT, SQLITE_MENDED).await;
}

async fn mended(url: &str, fault: &[&str], mend: &str) {
    let world = World::with(&[HERE, ("DATABASE_URL", url)]).await;
    let receiver = Receiver::start().await;
    let made = receiver.subscribe(&world, json!({})).await;
    run(url, fault).await;
    let paid = event("order.paid", 5, order("paid", true, 5));
    let paid = Delivery::of(&world, "the-order", &paid);
    paid.send(&world).await.ok();
    world
        .until("it is given up", async || {
            world.clock.advance(SignedDuration::from_secs(60));
            shown(&world).await["status"] == "dead"
        })
        .await;
    assert!(!is_allowed(&world).await);
    run(url, &[mend]).await;
    ask_again(&world).await;
    world.projected().await;
    let done = shown(&world).await;
    assert_eq!(
        (&done["status"], &done["error"]),
        (&json!("done"), &Value::Null)
    );
    assert!(is_allowed(&world).await);
    let dead = world.get("/api/dead-letters").await.ok();
    assert_eq!(dead["webhooks"], json!([]));
    // Neither another replay nor Polar's own repetition says it again.
    ask_again(&world).await;
    world.projected().await;
    let repeated = Delivery {
        sent_at: world.clock.now(),
        ..paid
    };
    repeated.send(&world).await.ok();
    deliver(&world, &[event("order.updated", 6, order("paid", true, 6))]).await;
    until_settled(&world, &made).await;
    let mut told = receiver.kinds();
    told.sort_unstable();
    assert_eq!(told, ["access.granted", "order.paid", "order.updated"]);
    world.stop().await.unwrap();
}
