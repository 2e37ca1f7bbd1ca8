//! A SQLite store becomes one on PostgreSQL: whole, exactly, or not at all.

use std::collections::{BTreeMap, BTreeSet};

use polarkit_store::{Moved, Step, Store, TransferError, transfer};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use tempfile::TempDir;

use crate::fixture::{postgres_database_url, sqlite_url};
use crate::inbox::mail;

/// Enough for several batches.
const MANY: usize = 2_500;
const SCHEMA_OF_SQLITE: &str = "SELECT m.name, c.name, c.type, c.\"notnull\" FROM sqlite_master AS m \
     JOIN pragma_table_info(m.name) AS c WHERE m.type = 'table' AND m.name NOT LIKE '%sql%' \
     ORDER BY m.name, c.cid";
const SCHEMA_OF_POSTGRES: &str = "SELECT table_name::text, column_name::text, upper(data_type), \
     (is_nullable = 'NO')::int FROM information_schema.columns \
     WHERE table_schema = current_schema() AND table_name NOT LIKE '%sql%'";

/// A closed SQLite store, its tables as the migrations leave them.
async fn source() -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let url = sqlite_url(&folder);
    Store::open(&url).await.unwrap().close().await;
    (folder, url)
}

async fn moved(from: &str, to: &str) -> Result<Vec<Moved>, TransferError> {
    transfer(from, to, |_| {}).await
}

type Columns = BTreeMap<String, Vec<(String, String, bool)>>;

async fn columns(sqlite: &mut SqliteConnection) -> Columns {
    let rows: Vec<(String, String, String, i32)> = sqlx::query_as(SCHEMA_OF_SQLITE)
        .fetch_all(sqlite)
        .await
        .unwrap();
    let mut columns = Columns::new();
    for (table, column, kind, required) in rows {
        let column = (column, kind, required == 1);
        columns.entry(table).or_default().push(column);
    }
    columns
}

/// Puts rows into every table there is, whatever its columns: what a later migration adds is filled too.
async fn fill(url: &str) -> Columns {
    let mut sqlite = SqliteConnection::connect(url).await.unwrap();
    let columns = columns(&mut sqlite).await;
    let mut tx = sqlite.begin().await.unwrap();
    for (number, (table, columns)) in columns.iter().enumerate() {
        let rows = if table == "inbox" { MANY } else { 3 };
        let names: Vec<String> = columns
            .iter()
            .map(|(name, ..)| format!("\"{name}\""))
            .collect();
        let names = names.join(", ");
        for row in 0..rows {
            let values = columns
                .iter()
                .map(|(_, kind, required)| value(kind, *required, number, row));
            let values = values.collect::<Vec<_>>().join(", ");
            let insert = format!("INSERT INTO \"{table}\" ({names}) VALUES ({values})");
            sqlx::query(AssertSqlSafe(insert))
                .execute(&mut *tx)
                .await
                .unwrap();
        }
    }
    tx.commit().await.unwrap();
    sqlite.close().await.unwrap();
    columns
}

/// What is hard to carry over: the ends of the range, empty texts, quotes, other scripts, bytes that
/// are no text, and nothing at all.
fn value(kind: &str, required: bool, table: usize, row: usize) -> String {
    if !required && row.is_multiple_of(3) {
        return "NULL".to_owned();
    }
    match kind {
        "TEXT" if row == 1 => "''".to_owned(),
        "TEXT" => format!("'{table} “{row}” \\ ''é 漢 🦀'"),
        "BIGINT" if row == 1 => i64::MAX.to_string(),
        "BIGINT" if row == 2 => i64::MIN.to_string(),
        "BIGINT" => (row + 7).to_string(),
        "BOOLEAN" => (row % 2).to_string(),
        "BYTEA" => format!("x'00ff27{row:08x}'"),
        other => panic!("no rows are made for a column of the type {other}"),
    }
}

/// Every cell of a table, as text.
fn contents(columns: &[(String, String, bool)], bytes: &str, truth: &str) -> String {
    let cells = columns.iter().map(|(name, kind, _)| {
        let cell = match kind.as_str() {
            "BYTEA" => bytes.replace('?', name),
            "BOOLEAN" => truth.replace('?', name),
            _ => format!("CAST(\"{name}\" AS TEXT)"),
        };
        format!("CASE WHEN \"{name}\" IS NULL THEN 'nothing' ELSE '=' || {cell} END")
    });
    cells.collect::<Vec<_>>().join(" || '|' || ")
}

/// What a later migration adds and this forgets turns it red: the tables are compared with the
/// schema of both databases, cell by cell, by other means than those that moved them.
#[tokio::test(flavor = "multi_thread")]
async fn every_row_of_every_table_comes_along() {
    let (_folder, from) = source().await;
    let columns = fill(&from).await;
    let to = postgres_database_url().await;
    let report = moved(&from, &to).await.unwrap();

    let mut sqlite = SqliteConnection::connect(&from).await.unwrap();
    let mut postgres = PgConnection::connect(&to).await.unwrap();
    let there: Vec<(String, String, String, i32)> = sqlx::query_as(SCHEMA_OF_POSTGRES)
        .fetch_all(&mut postgres)
        .await
        .unwrap();
    let there: BTreeSet<_> = there
        .into_iter()
        .map(|(table, column, ..)| (table, column))
        .collect();
    let here = columns.iter().flat_map(|(table, columns)| {
        columns
            .iter()
            .map(|(column, ..)| (table.clone(), column.clone()))
    });
    assert_eq!(here.collect::<BTreeSet<_>>(), there);

    let reported: Vec<&str> = report.iter().map(|one| one.table.as_str()).collect();
    assert_eq!(reported, columns.keys().collect::<Vec<_>>());
    for (moved, (table, columns)) in report.iter().zip(&columns) {
        let from = contents(columns, "lower(hex(\"?\"))", "CAST(\"?\" AS TEXT)");
        let from = format!("SELECT {from} FROM \"{table}\"");
        let to = contents(
            columns,
            "encode(\"?\", 'hex')",
            "CAST(CAST(\"?\" AS INT) AS TEXT)",
        );
        let to = format!("SELECT {to} FROM \"{table}\"");
        let mut before: Vec<String> = sqlx::query_scalar(AssertSqlSafe(from))
            .fetch_all(&mut sqlite)
            .await
            .unwrap();
        let mut after: Vec<String> = sqlx::query_scalar(AssertSqlSafe(to))
            .fetch_all(&mut postgres)
            .await
            .unwrap();
        before.sort();
        after.sort();
        assert_eq!(before, after, "{table}");
        assert_eq!(moved.rows, u64::try_from(before.len()).unwrap(), "{table}");
        assert_eq!(moved.mended, 0);
    }
    // What was moved is a store.
    Store::open(&to).await.unwrap().close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_that_was_moved_stays_as_it_was() {
    let (folder, from) = source().await;
    fill(&from).await;
    let file = folder.path().join("store.db");
    let before = std::fs::read(&file).unwrap();
    moved(&from, &postgres_database_url().await).await.unwrap();
    assert!(before == std::fs::read(&file).unwrap());
    let names = std::fs::read_dir(folder.path()).unwrap();
    let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    names.retain(|name| name != "store.db-lock");
    assert_eq!(names, ["store.db"], "nothing else lies beside it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_open_is_not_moved() {
    let (_folder, from) = source().await;
    let to = postgres_database_url().await;
    let open = Store::open(&from).await.unwrap();
    let refused = moved(&from, &to).await.unwrap_err();
    assert!(matches!(refused, TransferError::SourceInUse), "{refused:?}");
    open.close().await;
    moved(&from, &to).await.unwrap();
}

/// What was acknowledged and not yet taken waits on in PostgreSQL; what was taken does not come again.
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_in_the_journal_comes_along() {
    let (_folder, from) = source().await;
    let store = Store::open_to_serve(&from, 0).await.unwrap();
    for id in ["taken", "a", "b"] {
        store.receive(mail(id, 1)).await.unwrap();
    }
    let mut tx = store.begin().await.unwrap();
    assert_eq!(store.intake_take(&mut tx, 1).await.unwrap().len(), 1);
    tx.commit().await.unwrap();
    store.close().await;
    let to = postgres_database_url().await;
    // A move that fails leaves all of it where it is.
    let failed = moved(&from, "postgres://127.0.0.1:1/nowhere").await;
    assert!(failed.is_err());
    let moved = moved(&from, &to).await.unwrap();
    let intake = moved.iter().find(|one| one.table == "intake").unwrap();
    assert_eq!(intake.rows, 2);
    let store = Store::open(&to).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let waiting = store.intake_take(&mut tx, 9).await.unwrap();
    assert_eq!(waiting, [mail("a", 1), mail("b", 1)]);
    drop(tx);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_journal_is_not_moved_in_part() {
    let (folder, from) = source().await;
    let store = Store::open_to_serve(&from, 0).await.unwrap();
    for id in ["a", "b"] {
        store.receive(mail(id, 1)).await.unwrap();
    }
    store.close().await;
    let entries = std::fs::read_dir(folder.path()).unwrap();
    let mut files = entries.map(|entry| entry.unwrap().path());
    let journal = files.find(|file| file.to_string_lossy().contains("-intake-"));
    let journal = journal.unwrap();
    let mut bytes = std::fs::read(&journal).unwrap();
    bytes[60] ^= 1;
    std::fs::write(&journal, &bytes).unwrap();
    let to = postgres_database_url().await;
    let refused = moved(&from, &to).await.unwrap_err();
    assert!(matches!(refused, TransferError::Store(_)), "{refused:?}");
    assert_eq!(std::fs::read(&journal).unwrap(), bytes);
    // A gateway sets aside what is damaged; then the rest moves.
    Store::open_to_serve(&from, 0).await.unwrap().close().await;
    let moved = moved(&from, &to).await.unwrap();
    let intake = moved.iter().find(|one| one.table == "intake").unwrap();
    assert_eq!(intake.rows, 1);
}

/// Nothing can be written that would be left behind.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_moved_cannot_be_opened_meanwhile() {
    let (_folder, from) = source().await;
    fill(&from).await;
    let to = postgres_database_url().await;
    let mut opened = None;
    let runtime = tokio::runtime::Handle::current();
    transfer(&from, &to, |_| {
        let (runtime, from) = (runtime.clone(), from.clone());
        // On a thread of its own, as a process of its own would.
        opened.get_or_insert_with(|| {
            std::thread::spawn(move || runtime.block_on(Store::open(&from)).is_err())
                .join()
                .unwrap()
        });
    })
    .await
    .unwrap();
    assert_eq!(opened, Some(true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_holds_anything_is_refused_and_left_alone() {
    let (_folder, from) = source().await;
    let to = postgres_database_url().await;
    let store = Store::open(&to).await.unwrap();
    store.lease("reconcile", "somebody", 1, 2).await.unwrap();
    store.close().await;
    let refused = moved(&from, &to).await.unwrap_err();
    assert!(
        matches!(&refused, TransferError::TargetNotEmpty(table) if table == "lease"),
        "{refused:?}"
    );
    let again = moved(&from, &to).await.unwrap_err();
    assert!(
        matches!(again, TransferError::TargetNotEmpty(_)),
        "the row is still there"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_with_empty_tables_is_as_good_as_none() {
    let (_folder, from) = source().await;
    fill(&from).await;
    let to = postgres_database_url().await;
    Store::open(&to).await.unwrap().close().await;
    moved(&from, &to).await.unwrap();
}

/// Else the gateway would begin a second life on a store that is still to come.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_opens_the_target_meanwhile_waits_for_the_end() {
    let (_folder, from) = source().await;
    fill(&from).await;
    let to = postgres_database_url().await;
    let (mut opening, mut early) = (None, false);
    transfer(&from, &to, |progress| {
        let to = to.clone();
        let task =
            opening.get_or_insert_with(|| tokio::spawn(async move { Store::open(&to).await }));
        early |= progress.step == Step::Verify && task.is_finished();
    })
    .await
    .unwrap();
    assert!(!early, "it was open before all was there");
    let store = opening.unwrap().await.unwrap().unwrap();
    assert_eq!(store.api_keys().await.unwrap().len(), 3);
    store.close().await;
}

/// PostgreSQL has no NUL in a text: SQLite has, and the row is as good without.
#[tokio::test(flavor = "multi_thread")]
async fn a_nul_in_a_text_is_replaced_and_told() {
    let (_folder, from) = source().await;
    let mut sqlite = SqliteConnection::connect(&from).await.unwrap();
    let insert = "INSERT INTO usage (id, customer, accepted_at, state, tries, due_at, body) \
         VALUES ('u1', $1, 1, 'pending', 0, 0, '{\"external_customer_id\":\"a\\u0000b\"}')";
    sqlx::query(insert)
        .bind("a\0b")
        .execute(&mut sqlite)
        .await
        .unwrap();
    sqlite.close().await.unwrap();
    let to = postgres_database_url().await;
    let report = moved(&from, &to).await.unwrap();
    let mended: Vec<_> = report.iter().filter(|one| one.mended > 0).collect();
    assert_eq!(mended.len(), 1);
    assert_eq!(
        (mended[0].table.as_str(), mended[0].rows, mended[0].mended),
        ("usage", 1, 1)
    );
    let mut postgres = PgConnection::connect(&to).await.unwrap();
    let query = sqlx::query_as("SELECT customer, body FROM usage");
    let row: (String, String) = query.fetch_one(&mut postgres).await.unwrap();
    assert_eq!(row.0, "a\u{fffd}b");
    assert!(
        row.1.contains("a\\u0000b"),
        "what goes to Polar is as it came"
    );
}

/// What fails, whenever, leaves nothing behind, and can be done again.
#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_fails_or_breaks_off_leaves_the_target_empty() {
    let (_folder, from) = source().await;
    fill(&from).await;
    let to = postgres_database_url().await;
    // Longer than PostgreSQL takes into an index, however well it packs it.
    let noise: String = (0..400)
        .map(|_| uuid::Uuid::new_v4().simple().to_string())
        .collect();
    let mut sqlite = SqliteConnection::connect(&from).await.unwrap();
    let insert = "INSERT INTO usage (id, customer, accepted_at, state, tries, due_at, body) \
         VALUES ($1, 'anna', 1, 'pending', 0, 0, '{}')";
    sqlx::query(insert)
        .bind(&noise)
        .execute(&mut sqlite)
        .await
        .unwrap();
    sqlite.close().await.unwrap();
    let refused = moved(&from, &to).await.unwrap_err();
    assert!(
        matches!(&refused, TransferError::Refused { table, .. } if table == "usage"),
        "{refused:?}"
    );
    let mut postgres = PgConnection::connect(&to).await.unwrap();
    let there = sqlx::query(SCHEMA_OF_POSTGRES)
        .fetch_all(&mut postgres)
        .await
        .unwrap();
    assert!(there.is_empty(), "no table is left");

    let mut sqlite = SqliteConnection::connect(&from).await.unwrap();
    sqlx::query("DELETE FROM usage WHERE id = $1")
        .bind(&noise)
        .execute(&mut sqlite)
        .await
        .unwrap();
    sqlite.close().await.unwrap();
    let (begun, copying) = tokio::sync::oneshot::channel::<()>();
    let (from_here, to_there, mut begun) = (from.clone(), to.clone(), Some(begun));
    let task =
        tokio::spawn(async move { transfer(&from_here, &to_there, |_| drop(begun.take())).await });
    copying.await.unwrap_err(); // the first batch is written
    task.abort();
    task.await.unwrap_err();
    moved(&from, &to).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_store_is_told_apart() {
    let (folder, from) = source().await;
    let to = postgres_database_url().await;
    let missing = format!("sqlite:{}", folder.path().join("none.db").display());
    assert!(matches!(
        moved(&missing, &to).await,
        Err(TransferError::NoSource(_))
    ));
    assert!(!folder.path().join("none.db").exists(), "it is not made");
    assert!(matches!(
        moved(&to, &from).await,
        Err(TransferError::Direction)
    ));
    assert!(matches!(
        moved(&from, &from).await,
        Err(TransferError::Direction)
    ));
    let other = format!("sqlite:{}", folder.path().join("other.db").display());
    let mut sqlite = SqliteConnection::connect(&format!("{other}?mode=rwc"))
        .await
        .unwrap();
    sqlx::query("CREATE TABLE recipe (name TEXT)")
        .execute(&mut sqlite)
        .await
        .unwrap();
    sqlite.close().await.unwrap();
    assert!(matches!(
        moved(&other, &to).await,
        Err(TransferError::UnknownSource(_))
    ));
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'later', TRUE, x'00', 0)";
    let mut sqlite = SqliteConnection::connect(&from).await.unwrap();
    sqlx::query(newer).execute(&mut sqlite).await.unwrap();
    sqlite.close().await.unwrap();
    assert!(matches!(
        moved(&from, &to).await,
        Err(TransferError::UnknownSource(_))
    ));
}
