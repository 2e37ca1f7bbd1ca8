//! A fresh store on each engine.

use std::sync::atomic::{AtomicU32, Ordering};

use polarkit_store::Store;

/// Runs each story on both engines.
macro_rules! on_every_store {
    ($($story:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $story() {
                let (store, folder) = $crate::fixture::sqlite().await;
                super::$story(store.clone()).await;
                store.close().await;
                drop(folder);
            })+
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $story() {
                let store = $crate::fixture::postgres().await;
                super::$story(store.clone()).await;
                store.close().await;
            })+
        }
    };
}
pub(crate) use on_every_store;

/// A database file that goes away with its folder, opened as a gateway does.
pub(crate) async fn sqlite() -> (Store, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_to_serve(&sqlite_url(&folder), 0).await.unwrap();
    (store, folder)
}

pub(crate) fn sqlite_url(folder: &tempfile::TempDir) -> String {
    format!("sqlite:{}", folder.path().join("store.db").display())
}

/// A schema of its own on the server the test command starts.
pub(crate) async fn postgres() -> Store {
    Store::open(&postgres_url().await).await.unwrap()
}

pub(crate) async fn postgres_url() -> String {
    let server = server();
    let schema = create("SCHEMA").await;
    let mark = if server.contains('?') { '&' } else { '?' };
    format!("{server}{mark}options=-csearch_path%3D{schema}")
}

/// A database of its own, for what locks the whole of it.
pub(crate) async fn postgres_database_url() -> String {
    let server = server();
    let (host, _) = server.rsplit_once('/').unwrap();
    format!("{host}/{}", create("DATABASE").await)
}

fn server() -> String {
    std::env::var("POLARKIT_TEST_POSTGRES_URL")
        .expect("POLARKIT_TEST_POSTGRES_URL names the PostgreSQL server the tests may use")
}

/// Makes a schema or a database; gives its name.
async fn create(what: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("store_{}_{number}", uuid::Uuid::new_v4().simple());
    let pool = sqlx::PgPool::connect(&server()).await.unwrap();
    let create = sqlx::AssertSqlSafe(format!("CREATE {what} {name}"));
    sqlx::query(create).execute(&pool).await.unwrap();
    pool.close().await;
    name
}
