//! The database file itself.

use std::os::unix::fs::PermissionsExt as _;

use crate::fixture;

/// Whoever else has an account on the machine must not read customers' data.
#[tokio::test]
async fn a_new_database_is_readable_by_its_owner_alone() {
    let (store, folder) = fixture::sqlite().await;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?}: {mode:o}", entry.path());
    }
    store.close().await;
}
