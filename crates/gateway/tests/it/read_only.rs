//! A server that turns read-only while a gateway works on it, as one does that another took over from.

use serde_json::json;
use sqlx::{AssertSqlSafe, PgPool};

use crate::event::{Delivery, PRODUCT, event, order, subscription};
use crate::world::{World, postgres};

/// A database of its own on the tests' server, and how to change it from outside.
struct Database {
    admin: PgPool,
    name: String,
    url: String,
}

impl Database {
    async fn create() -> Self {
        let schema = postgres().await;
        let (server, _) = schema.split_once(['?', '&']).unwrap();
        let admin = PgPool::connect(server).await.unwrap();
        let name = format!("gateway_{}", uuid::Uuid::new_v4().simple());
        let create = AssertSqlSafe(format!("CREATE DATABASE {name}"));
        sqlx::query(create).execute(&admin).await.unwrap();
        let (address, _) = server.rsplit_once('/').unwrap();
        let url = format!("{address}/{name}");
        Self { admin, name, url }
    }

    /// From now on whoever connects may only read, or write again; who is connected is cut off.
    async fn read_only(&self, read_only: bool) {
        let name = &self.name;
        let change =
            format!("ALTER DATABASE {name} SET default_transaction_read_only = {read_only}");
        let change = sqlx::query(AssertSqlSafe(change));
        change.execute(&self.admin).await.unwrap();
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1";
        let end = sqlx::query(end).bind(name);
        end.execute(&self.admin).await.unwrap();
    }
}

async fn is_allowed(world: &World, product: &str) -> bool {
    let question = format!("/api/entitlements/u_1/check?product={product}");
    world.get(&question).await.ok()["allowed"] == true
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_turns_read_only_refuses_until_it_may_be_written_again() {
    let database = Database::create().await;
    let world = World::with(&[("DATABASE_URL", &database.url)]).await;
    let active = event("subscription.active", 4, subscription("active", 4));
    Delivery::of(&world, "before", &active)
        .send(&world)
        .await
        .ok();
    world.projected().await;
    database.read_only(true).await;
    let mut bought = order("paid", true, 5);
    bought["product_id"] = json!("another");
    let during = Delivery::of(&world, "during", &event("order.paid", 5, bought));
    for _ in 0..3 {
        let answer = during.send(&world).await;
        answer.refused(503, "overloaded");
        let wait = answer.headers["retry-after"].to_str().unwrap();
        assert!(wait.parse::<u32>().unwrap() > 0);
    }
    assert!(is_allowed(&world, PRODUCT).await, "what is known is read");
    database.read_only(false).await;
    assert_eq!(world.get("/api/inbox/during").await.status, 404);
    world
        .until("it is taken", async || {
            during.send(&world).await.status == 200
        })
        .await;
    world.projected().await;
    assert!(is_allowed(&world, "another").await);
    world.stop().await.unwrap();
}
