//! The journal beside a database file: what was acknowledged is there again, whatever happened to the
//! process and to the end of the file.

use std::collections::VecDeque;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;

use polarkit_store::{Error, Mail, Store};
use proptest::prelude::*;
use sqlx::{Connection as _, SqliteConnection};
use tempfile::TempDir;

use crate::fixture::sqlite_url;
use crate::inbox::mail;

/// A store that can be ended and opened again.
struct Shelf {
    folder: TempDir,
    store: Option<Store>,
}

impl Shelf {
    async fn new() -> Self {
        let mut shelf = Self {
            folder: tempfile::tempdir().unwrap(),
            store: None,
        };
        shelf.open().await;
        shelf
    }

    async fn open(&mut self) {
        let url = sqlite_url(&self.folder);
        self.store = Some(Store::open_to_serve(&url, 0).await.unwrap());
    }

    async fn close(&mut self) {
        self.store.take().unwrap().close().await;
    }

    fn store(&self) -> &Store {
        self.store.as_ref().unwrap()
    }

    /// The journal's files, the oldest first.
    fn files(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        files.retain(|file| file.to_string_lossy().contains("-intake-"));
        files.sort();
        files
    }

    async fn receive(&self, ids: &[&str]) {
        for id in ids {
            self.store().receive(letter(id)).await.unwrap();
        }
    }

    /// Takes some and keeps them taken, or not.
    async fn take(&self, limit: i64, keep: bool) -> Vec<Mail> {
        let mut tx = self.store().begin().await.unwrap();
        let taken = self.store().intake_take(&mut tx, limit).await.unwrap();
        if keep {
            tx.commit().await.unwrap();
        }
        taken
    }

    async fn ids(&self) -> Vec<String> {
        let taken = self.take(1_000, true).await;
        taken.into_iter().map(|mail| mail.webhook_id).collect()
    }
}

/// Its body depends on its id, so that none passes for another.
fn letter(id: &str) -> Mail {
    Mail {
        body: format!("{{\"id\":\"{id}\"}}").into_bytes().into(),
        ..mail(id, 7)
    }
}

/// Ends the process between two writes and leaves something at the end of the file.
async fn leave(shelf: &mut Shelf, rest: &[u8]) {
    shelf.close().await;
    let file = shelf.files().pop().unwrap();
    let mut file = OpenOptions::new().append(true).open(file).unwrap();
    file.write_all(rest).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waited_waits_after_a_restart_byte_for_byte() {
    let mut shelf = Shelf::new().await;
    shelf.receive(&["a", "b", "c"]).await;
    assert_eq!(shelf.take(1, true).await, [letter("a")]);
    shelf.close().await;
    shelf.open().await;
    let backlog = shelf.store().inbox_backlog().await.unwrap();
    assert_eq!((backlog.pending, backlog.oldest), (2, Some(7)));
    shelf.receive(&["d"]).await;
    let rest = [letter("b"), letter("c"), letter("d")];
    assert_eq!(shelf.take(9, true).await, rest);
    assert!(shelf.take(9, true).await.is_empty());
}

/// A write the process did not live to finish: nobody was told that it is durable.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_was_cut_off_costs_nothing_but_itself() {
    let mut shelf = Shelf::new().await;
    shelf.receive(&["a", "b"]).await;
    shelf.close().await;
    let file = shelf.files().pop().unwrap();
    let whole = std::fs::read(&file).unwrap();
    shelf.open().await;
    shelf.receive(&["c"]).await;
    shelf.close().await;
    let longer = std::fs::read(&file).unwrap();
    // However little, or much, of it came to the disk.
    for length in whole.len() + 1..longer.len() {
        std::fs::write(&file, &longer[..length]).unwrap();
        shelf.open().await;
        assert_eq!(shelf.take(9, false).await, [letter("a"), letter("b")]);
        assert_eq!(std::fs::read(&file).unwrap(), whole);
        shelf.close().await;
    }
    assert_eq!(shelf.files(), [file]);
    shelf.open().await;
    shelf.receive(&["d"]).await;
    assert_eq!(shelf.ids().await, ["a", "b", "d"]);
}

/// Where this text first stands in the only file.
fn place(shelf: &Shelf, text: &str) -> (PathBuf, Vec<u8>, usize) {
    let file = shelf.files().pop().unwrap();
    let bytes = std::fs::read(&file).unwrap();
    let mut windows = bytes.windows(text.len());
    let at = windows.position(|some| some == text.as_bytes()).unwrap();
    (file, bytes, at)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_damaged_costs_itself_alone_and_is_kept_aside() {
    let mut shelf = Shelf::new().await;
    shelf.receive(&["a", "b", "c"]).await;
    shelf.close().await;
    let (file, whole, at) = place(&shelf, "{\"id\":\"b\"");
    // In the body; then in the length, so that the record seems to be longer than the file.
    let head = at - "{}".len() - "1/utf8".len() - "b".len() - 12 - 24 - 8;
    for (at, bit) in [(at, 1), (head + 2, 1), (head + 3, 128), (head + 4, 1)] {
        let mut bytes = whole.clone();
        bytes[at] ^= bit;
        std::fs::write(&file, &bytes).unwrap();
        shelf.open().await;
        let left = [letter("a"), letter("c")];
        assert_eq!(shelf.take(9, false).await, left);
        shelf.close().await;
        let aside = format!("{}.damaged", file.display());
        assert_eq!(std::fs::read(&aside).unwrap(), bytes);
        std::fs::remove_file(aside).unwrap();
    }
    shelf.open().await;
    shelf.receive(&["d"]).await;
    assert_eq!(shelf.ids().await, ["a", "c", "d"]);
}

/// While the process runs: what follows is not held up.
#[tokio::test(flavor = "multi_thread")]
async fn what_turns_bad_under_a_running_process_holds_nothing_up() {
    for bad in ["b", "c"] {
        let shelf = Shelf::new().await;
        shelf.receive(&["a", "b", "c"]).await;
        let (file, mut bytes, at) = place(&shelf, &format!("{{\"id\":\"{bad}\""));
        bytes[at] ^= 1;
        std::fs::write(&file, &bytes).unwrap();
        let good = if bad == "b" { "c" } else { "b" };
        assert_eq!(shelf.ids().await, ["a", good]);
        shelf.receive(&["d"]).await;
        assert_eq!(shelf.ids().await, ["d"]);
        assert_eq!(shelf.store().inbox_backlog().await.unwrap().pending, 0);
        assert!(std::fs::exists(format!("{}.damaged", file.display())).unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_waits_for_ever_when_all_that_waits_is_damaged() {
    let shelf = Shelf::new().await;
    shelf.receive(&["a"]).await;
    let (file, mut bytes, at) = place(&shelf, "{\"id\":\"a\"");
    bytes[at] ^= 1;
    std::fs::write(&file, &bytes).unwrap();
    assert!(shelf.take(9, true).await.is_empty());
    assert_eq!(shelf.store().inbox_backlog().await.unwrap().pending, 0);
}

/// The database was deleted and the journal forgotten: what another shop was paid, perhaps with a
/// test card, is nobody's here.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_database_left_is_not_read() {
    let mut shelf = Shelf::new().await;
    shelf.receive(&["a"]).await;
    shelf.close().await;
    let file = shelf.files().pop().unwrap();
    let left = std::fs::read(&file).unwrap();
    for end in ["", "-wal", "-shm"] {
        let database = format!("{}{end}", shelf.folder.path().join("store.db").display());
        drop(std::fs::remove_file(database));
    }
    shelf.open().await;
    assert_eq!(shelf.store().inbox_backlog().await.unwrap().pending, 0);
    shelf.receive(&["b"]).await;
    assert_eq!(shelf.ids().await, ["b"]);
    let aside = format!("{}.other", file.display());
    assert_eq!(std::fs::read(aside).unwrap(), left);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_link_to_the_database_leads_to_its_journal_and_its_lock() {
    let mut shelf = Shelf::new().await;
    let link = shelf.folder.path().join("link.db");
    std::os::unix::fs::symlink(shelf.folder.path().join("store.db"), &link).unwrap();
    let url = format!("sqlite:{}", link.display());
    let refused = Store::open_to_serve(&url, 0).await.unwrap_err();
    assert!(matches!(refused, Error::InUse));
    shelf.receive(&["a"]).await;
    shelf.close().await;
    shelf.store = Some(Store::open_to_serve(&url, 0).await.unwrap());
    assert_eq!(shelf.ids().await, ["a"]);
}

/// Bodies name people: they do not stay when all is taken.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_does_not_stay_for_long() {
    let mut shelf = Shelf::new().await;
    let large = "x".repeat(300 << 10);
    let secret = "jane@example.com";
    shelf.receive(&[secret, &large]).await;
    assert_eq!(shelf.take(9, true).await.len(), 2);
    assert!(shelf.take(9, true).await.is_empty());
    shelf.receive(&["next"]).await;
    assert_eq!(shelf.ids().await, ["next"]);
    assert!(shelf.take(9, true).await.is_empty());
    let holds = |shelf: &Shelf, text: &str| {
        let files = shelf.files().into_iter();
        let mut bytes = files.flat_map(|file| std::fs::read(file).unwrap());
        let bytes: Vec<u8> = bytes.by_ref().collect();
        bytes
            .windows(text.len())
            .any(|some| some == text.as_bytes())
    };
    assert!(!holds(&shelf, secret));
    shelf.close().await;
    shelf.open().await;
    assert!(
        !holds(&shelf, "next"),
        "a start leaves nothing that is taken"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_larger_than_any_delivery_is_refused() {
    let shelf = Shelf::new().await;
    let large = Mail {
        body: vec![b'x'; 3 << 20].into(),
        ..mail("large", 1)
    };
    let refused = shelf.store().receive(large).await.unwrap_err();
    assert!(matches!(refused, Error::TooLarge));
}

/// Zeros are what a file system leaves where a length came to the disk and the bytes did not.
#[tokio::test(flavor = "multi_thread")]
async fn zeros_at_the_end_are_no_delivery() {
    let mut shelf = Shelf::new().await;
    shelf.receive(&["a"]).await;
    leave(&mut shelf, &[0; 4_096]).await;
    shelf.open().await;
    shelf.receive(&["b"]).await;
    assert_eq!(shelf.ids().await, ["a", "b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_another_kind_is_not_touched() {
    let mut shelf = Shelf::new().await;
    shelf.close().await;
    let file = shelf.files().pop().unwrap();
    std::fs::write(&file, "something else that is long enough").unwrap();
    let refused = Store::open_to_serve(&sqlite_url(&shelf.folder), 0).await;
    assert!(matches!(refused.unwrap_err(), Error::Journal(_)));
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text, "something else that is long enough");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_deleted_once_all_of_them_is_taken_for_good() {
    let shelf = Shelf::new().await;
    let large = Mail {
        body: vec![b'x'; 1 << 20].into(),
        ..mail("large", 1)
    };
    for _ in 0..140 {
        shelf.store().receive(large.clone()).await.unwrap();
    }
    assert_eq!(shelf.files().len(), 3, "64 MiB each");
    assert_eq!(shelf.take(100, false).await.len(), 100);
    assert_eq!(shelf.take(1, false).await.len(), 1);
    assert_eq!(shelf.files().len(), 3, "nothing was kept");
    for _ in 0..2 {
        assert_eq!(shelf.take(70, true).await.len(), 70);
    }
    assert!(shelf.take(1, true).await.is_empty());
    shelf.receive(&["last"]).await;
    assert_eq!(shelf.ids().await, ["last"]);
    assert!(shelf.take(1, true).await.is_empty());
    assert!(shelf.files().len() <= 2);
}

/// The database is of yesterday: what is in the inbox already comes again, and is known there.
#[tokio::test(flavor = "multi_thread")]
async fn an_older_database_reads_again_what_there_is() {
    let mut shelf = Shelf::new().await;
    shelf.receive(&["a"]).await;
    shelf.close().await;
    let database = shelf.folder.path().join("store.db");
    let older = std::fs::read(&database).unwrap();
    shelf.open().await;
    shelf.receive(&["b"]).await;
    assert_eq!(shelf.ids().await, ["a", "b"]);
    shelf.close().await;
    std::fs::write(&database, older).unwrap();
    shelf.open().await;
    assert_eq!(shelf.ids().await, ["a", "b"]);
}

/// However much older: what stands between was taken by another life of this database.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_millions_before_reads_again_what_there_is() {
    let mut shelf = Shelf::new().await;
    shelf.receive(&["a", "b"]).await;
    shelf.close().await;
    let database = SqliteConnection::connect(&sqlite_url(&shelf.folder)).await;
    let mut database = database.unwrap();
    let older = sqlx::query("UPDATE intake_journal SET position = position - 5000000");
    older.execute(&mut database).await.unwrap();
    database.close().await.unwrap();
    shelf.open().await;
    assert_eq!(shelf.ids().await, ["a", "b"]);
    assert_eq!(shelf.store().inbox_backlog().await.unwrap().pending, 0);
}

/// The journal is gone: nothing that comes now passes for something taken before.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_journal_begins_where_the_database_is() {
    let mut shelf = Shelf::new().await;
    shelf.receive(&["a", "b"]).await;
    assert_eq!(shelf.ids().await, ["a", "b"]);
    shelf.close().await;
    for file in shelf.files() {
        std::fs::remove_file(file).unwrap();
    }
    shelf.open().await;
    shelf.receive(&["c"]).await;
    assert_eq!(shelf.ids().await, ["c"]);
}

/// From a time before there was a journal, or written by a tool that does not serve.
#[tokio::test(flavor = "multi_thread")]
async fn a_line_in_the_table_comes_first() {
    let mut shelf = Shelf::new().await;
    shelf.receive(&["b"]).await;
    shelf.close().await;
    let store = Store::open(&sqlite_url(&shelf.folder)).await.unwrap();
    store.receive(letter("a")).await.unwrap();
    store.close().await;
    shelf.open().await;
    assert_eq!(shelf.store().inbox_backlog().await.unwrap().pending, 2);
    assert_eq!(shelf.ids().await, ["a"]);
    assert_eq!(shelf.ids().await, ["b"]);
}

#[derive(Debug, Clone)]
enum Step {
    Receive(usize),
    Take { limit: i64, keep: bool },
    Restart,
    Die { rest: Vec<u8> },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (1_usize..20).prop_map(Step::Receive),
        (1_i64..30, any::<bool>()).prop_map(|(limit, keep)| Step::Take { limit, keep }),
        Just(Step::Restart),
        prop::collection::vec(any::<u8>(), 0..64).prop_map(|rest| Step::Die { rest }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Against a line in memory that forgets nothing.
    #[test]
    fn it_is_a_line_that_lasts(steps in prop::collection::vec(step(), 1..25)) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(live(steps));
    }
}

async fn live(steps: Vec<Step>) {
    let mut shelf = Shelf::new().await;
    let mut line = VecDeque::new();
    let mut number = 0;
    for step in steps {
        match step {
            Step::Receive(count) => {
                let letters: Vec<Mail> = (number..number + count)
                    .map(|number| letter(&number.to_string()))
                    .collect();
                number += count;
                for one in letters {
                    shelf.store().receive(one.clone()).await.unwrap();
                    line.push_back(one);
                }
            }
            Step::Take { limit, keep } => {
                let taken = shelf.take(limit, keep).await;
                let most = line.len().min(usize::try_from(limit).unwrap());
                assert!(line.iter().take(most).eq(taken.iter()));
                if keep {
                    line.drain(..most);
                }
            }
            Step::Restart => {
                shelf.close().await;
                shelf.open().await;
            }
            Step::Die { rest } => {
                leave(&mut shelf, &rest).await;
                shelf.open().await;
            }
        }
        let backlog = shelf.store().inbox_backlog().await.unwrap();
        assert_eq!(usize::try_from(backlog.pending).unwrap(), line.len());
    }
    shelf.close().await;
}
