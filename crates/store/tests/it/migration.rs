//! A database of an earlier version keeps what it knew.

use polarkit_store::{Notice, Store};
use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};

use crate::fixture::{postgres_url, sqlite_url};

/// The tables as they first were, and two calls of hooks.
macro_rules! of_before {
    ($pool:ty, $url:expr) => {{
        let pool = <$pool>::connect_with($url.parse().unwrap()).await.unwrap();
        let text = include_str!("../../migrations/0001_first_tables.sql").into_sql_str();
        let kind = MigrationType::Simple;
        let first = Migration::new(1, "first tables".into(), kind, text, false);
        Migrator::with_migrations(vec![first])
            .run(&pool)
            .await
            .unwrap();
        for (id, kind) in [("order_paid:o1", "order_paid"), ("event:x", "event")] {
            let insert = "INSERT INTO hook (id, customer, kind, created_at, status, tries, due_at, \
                 payload) VALUES ($1, 'anna', $2, 5, 'done', 1, 5, '')";
            let insert = sqlx::query(insert).bind(id).bind(kind);
            insert.execute(&pool).await.unwrap();
        }
        pool.close().await;
    }};
}

async fn a_paid_order_stays_told(url: &str) {
    let store = Store::open(url).await.unwrap();
    let paid = |id: &str| Notice {
        id: id.to_owned(),
        customer: "anna".to_owned(),
        kind: "order.paid".to_owned(),
        products: "[]".to_owned(),
        body: Some(b"{}".to_vec()),
        to: Vec::new(),
    };
    let mut tx = store.begin().await.unwrap();
    let notices = [paid("order_paid:o1"), paid("order_paid:o2")];
    tx.tell(&notices, 9).await.unwrap();
    tx.commit().await.unwrap();
    let told = store.told_after(0, None, 10).await.unwrap();
    let told: Vec<&str> = told.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(told, ["order_paid:o2"], "the other was told before");
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_told_as_paid_by_hooks_are_not_told_again_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = sqlite_url(&folder);
    let created = format!("{url}?mode=rwc");
    of_before!(sqlx::SqlitePool, created);
    a_paid_order_stays_told(&url).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_told_as_paid_by_hooks_are_not_told_again_on_postgresql() {
    let url = postgres_url().await;
    of_before!(sqlx::PgPool, url);
    a_paid_order_stays_told(&url).await;
}
