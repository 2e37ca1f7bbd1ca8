//! A database of an earlier version keeps what it knew.

use polarkit_store::{Notice, Store};
use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};

use crate::fixture::{postgres_database_url, postgres_url, sqlite_url};

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

/// As many as a balancer's nodes may start at once, on a database without tables.
async fn many_open_it_at_once(url: String) {
    let mut opening = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let url = url.clone();
        opening.spawn(async move { Store::open(&url).await });
    }
    for store in opening.join_all().await {
        let store = store.unwrap();
        assert_eq!(store.inbox_backlog().await.unwrap().pending, 0);
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_nodes_may_open_a_new_database_at_once_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    many_open_it_at_once(sqlite_url(&folder)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_nodes_may_open_a_new_database_at_once_on_postgresql() {
    many_open_it_at_once(postgres_url().await).await;
}

/// A later statement of a migration fails: of the earlier ones nothing stays, and the next start
/// does all of it.
macro_rules! breaks_off {
    ($pool:ty, $url:expr) => {{
        let pool = <$pool>::connect_with($url.parse().unwrap()).await.unwrap();
        // Made by somebody else, and in the way in the middle of the third migration.
        let in_the_way = sqlx::query("CREATE TABLE drift (x BIGINT)");
        in_the_way.execute(&pool).await.unwrap();
        for _ in 0..2 {
            let failed = Store::open(&$url).await.unwrap_err();
            assert!(
                matches!(failed, polarkit_store::Error::Migration(_)),
                "{failed:?}"
            );
        }
        let gone = sqlx::query("DROP TABLE drift");
        gone.execute(&pool).await.unwrap();
        pool.close().await;
    }};
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_broke_off_is_done_by_the_next_start_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = sqlite_url(&folder);
    let created = format!("{url}?mode=rwc");
    of_before!(sqlx::SqlitePool, created);
    breaks_off!(sqlx::SqlitePool, url);
    a_paid_order_stays_told(&url).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_broke_off_is_done_by_the_next_start_on_postgresql() {
    let url = postgres_url().await;
    of_before!(sqlx::PgPool, url);
    breaks_off!(sqlx::PgPool, url);
    a_paid_order_stays_told(&url).await;
}

/// A node dies in the middle of a migration: its half is undone, and the next is not in its way.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_dies_while_migrating_leaves_the_database_to_the_next() {
    let url = postgres_database_url().await;
    of_before!(sqlx::PgPool, url);
    let pool = sqlx::PgPool::connect_with(url.parse().unwrap())
        .await
        .unwrap();
    // Whoever reads it keeps the second migration from taking it away.
    let mut reader = pool.begin().await.unwrap();
    let read = sqlx::query("SELECT 1 FROM hook");
    read.execute(&mut *reader).await.unwrap();
    let stuck = "SELECT pid FROM pg_stat_activity \
         WHERE wait_event_type = 'Lock' AND datname = current_database()";
    let dying = tokio::spawn({
        let url = url.clone();
        async move { Store::open(&url).await.map(drop) }
    });
    let node: i32 = loop {
        let found = sqlx::query_scalar(stuck).fetch_optional(&pool).await;
        if let Some(found) = found.unwrap() {
            break found;
        }
        tokio::task::yield_now().await;
    };
    let die = sqlx::query("SELECT pg_terminate_backend($1)").bind(node);
    die.execute(&mut *reader).await.unwrap();
    assert!(dying.await.unwrap().is_err());
    reader.rollback().await.unwrap();
    pool.close().await;
    a_paid_order_stays_told(&url).await;
}
